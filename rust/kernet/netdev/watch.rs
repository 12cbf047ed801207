// SPDX-License-Identifier: GPL-2.0

//! kernet's own notifier of devices: what refers to a device is told, or given up, when it changes or goes.

use kernel::{
    prelude::*,
    types::Opaque, //
};

use super::{
    device_slot,
    lower,
    reference,
    rx_handler,
    Device,
    DeviceEvent, //
};
use crate::{
    bindings,
    context::Rtnl,
    error::to_result, //
};

struct Block(Opaque<bindings::notifier_block>);

// SAFETY: Only the core touches the block, under its own lock.
unsafe impl Sync for Block {}

static BLOCK: Block = Block(Opaque::zeroed());

/// The registration of the notifier, as long as kernet is loaded.
pub(crate) struct Watch(());

impl Watch {
    /// Registers.
    ///
    /// # Safety
    ///
    /// Called once, when kernet is loaded, before any module can be there that uses it.
    pub(crate) unsafe fn new() -> Result<Self> {
        let block = bindings::notifier_block {
            notifier_call: Some(notified),
            ..pin_init::zeroed()
        };
        // SAFETY: Nobody else knows the lock and the block yet. The block is a static, and unregistered
        // before kernet is unloaded.
        to_result(unsafe {
            reference::init_lock();
            BLOCK.0.get().write(block);
            bindings::register_netdevice_notifier(BLOCK.0.get())
        })?;
        Ok(Self(()))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Each device is reported as going, so that no slot that was leaked refers to one any more.
        // SAFETY: Registered by `new`. kernet is unloaded, in process context.
        unsafe { bindings::unregister_netdevice_notifier(BLOCK.0.get()) };
    }
}

/// # Safety
///
/// Called by the chain.
unsafe extern "C" fn notified(
    _block: *mut bindings::notifier_block,
    event: usize,
    info: *mut c_void,
) -> c_int {
    // SAFETY: The chain passes a `struct netdev_notifier_info`, under RTNL; the device is there for the call.
    let (device, rtnl) = unsafe {
        let info = info.cast::<bindings::netdev_notifier_info>();
        (Device::from_raw((*info).dev), Rtnl::assume())
    };
    match u32::try_from(event) {
        Ok(bindings::netdev_cmd_NETDEV_UNREGISTER) => {
            if device.is_registered(rtnl) {
                // It is moved to another namespace.
                lower::leaves(device, rtnl);
                lower::changed(device, DeviceEvent::Unregister, rtnl);
            } else {
                lower::gone(device, rtnl);
                rx_handler::gone(device, rtnl);
            }
            device_slot::gone(device.as_raw(), rtnl);
        }
        Ok(bindings::netdev_cmd_NETDEV_PRE_TYPE_CHANGE) => {
            // Who is above takes it for an Ethernet device.
            if lower::is_lower(device, rtnl) || rx_handler::is_handled(device, rtnl) {
                return bindings::NOTIFY_BAD as c_int;
            }
        }
        Ok(event) => {
            if event == bindings::netdev_cmd_NETDEV_REGISTER {
                lower::arrives(device, rtnl);
            }
            if let Some(event) = DeviceEvent::from_raw(event) {
                lower::changed(device, event, rtnl);
            }
        }
        Err(_) => (),
    }
    bindings::NOTIFY_DONE as c_int
}
