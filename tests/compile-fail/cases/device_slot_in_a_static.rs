// SPDX-License-Identifier: GPL-2.0
// error: mismatched types

//! A slot for a device in a static of the module, whose memory goes when the module does.

#![forbid(unsafe_code)]

use kernet::netdev::DeviceSlot;

pub static SLOT: DeviceSlot = DeviceSlot::new();
