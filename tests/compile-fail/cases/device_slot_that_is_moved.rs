// SPDX-License-Identifier: GPL-2.0
// error: no method named `replace` found for opaque type

//! A slot for a device that is not at a place of its own, where kernet finds it.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::Rtnl,
    netdev::{Device, DeviceSlot},
};

pub fn on_the_stack(device: &Device, rtnl: Rtnl<'_>) -> Result<DeviceSlot> {
    let slot = DeviceSlot::new();
    slot.replace(Some(device), rtnl)?;
    Ok(slot)
}
