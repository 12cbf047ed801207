// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A device, kept beyond the callback.

#![forbid(unsafe_code)]

use kernet::netdev::Device;

pub fn keep(device: &Device) -> &'static Device {
    device
}
