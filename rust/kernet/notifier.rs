// SPDX-License-Identifier: GPL-2.0

//! Being told what happens to network devices.
//!
//! C header: [`include/linux/notifier.h`](srctree/include/linux/notifier.h)

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque,
    ThisModule, //
};

use crate::{
    bindings,
    context::Rtnl,
    module::{
        failed,
        Part, //
    },
    netdev::Device, //
};

/// What has happened to a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceEvent {
    /// It has come into the namespace: made, or moved there.
    Register,
    /// It leaves the namespace: deleted, or moved away.
    Unregister,
    /// It is up.
    Up,
    /// It is about to go down.
    GoingDown,
    /// It is down.
    Down,
    /// Carrier, operational state or flags have changed.
    Change,
    /// It has another name.
    Rename,
    /// It has another MTU.
    Mtu,
    /// It has another hardware address.
    Address,
}

impl DeviceEvent {
    fn from_raw(event: usize) -> Option<Self> {
        Some(match u32::try_from(event).ok()? {
            bindings::netdev_cmd_NETDEV_REGISTER => DeviceEvent::Register,
            bindings::netdev_cmd_NETDEV_UNREGISTER => DeviceEvent::Unregister,
            bindings::netdev_cmd_NETDEV_UP => DeviceEvent::Up,
            bindings::netdev_cmd_NETDEV_GOING_DOWN => DeviceEvent::GoingDown,
            bindings::netdev_cmd_NETDEV_DOWN => DeviceEvent::Down,
            bindings::netdev_cmd_NETDEV_CHANGE => DeviceEvent::Change,
            bindings::netdev_cmd_NETDEV_CHANGENAME => DeviceEvent::Rename,
            bindings::netdev_cmd_NETDEV_CHANGEMTU => DeviceEvent::Mtu,
            bindings::netdev_cmd_NETDEV_CHANGEADDR => DeviceEvent::Address,
            _ => return None,
        })
    }
}

/// Somebody who is told of the devices of all namespaces.
#[doc(alias = "netdevice_notifier")]
pub trait DeviceNotifier: Send + Sync + 'static {
    /// Something has happened to `device`; it is in the namespace that it says it is in.
    ///
    /// When the module is loaded it is told [`DeviceEvent::Register`] and [`DeviceEvent::Up`] of
    /// the devices there are; when it is unloaded, of their going.
    fn event(event: DeviceEvent, device: &Device, rtnl: Rtnl<'_>);
}

/// The registration of a notifier.
///
/// Unregistering takes RTNL, under which all notifiers are called: none runs afterwards.
#[doc(alias = "register_netdevice_notifier")]
pub struct Registration<N: DeviceNotifier> {
    block: Opaque<bindings::notifier_block>,
    _notifier: PhantomData<N>,
}

// SAFETY: Only the core touches the block, under its own lock.
unsafe impl<N: DeviceNotifier> Send for Registration<N> {}
// SAFETY: As above.
unsafe impl<N: DeviceNotifier> Sync for Registration<N> {}

// SAFETY: `register_netdevice_notifier()` registers or fails. `unregister_netdevice_notifier()`
// returns with no call running or to come, as calls are made under the RTNL that it takes.
unsafe impl<N: DeviceNotifier> Part for Registration<N> {
    unsafe fn register(
        slot: *mut Self,
        _module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        let block = bindings::notifier_block {
            notifier_call: Some(Self::call),
            ..pin_init::zeroed()
        };
        // SAFETY: `slot` is valid for writes, and stays where it is until it is unregistered.
        to_result(unsafe {
            let field = Opaque::cast_into(&raw const (*slot).block);
            ptr::write(field, block);
            bindings::register_netdevice_notifier(field)
        })
        .map_err(|e| failed(name, fmt!("device notifier"), e))
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: Registered, by the caller's promise. It fails only for a block that is not.
        unsafe {
            bindings::unregister_netdevice_notifier(Opaque::cast_into(&raw const (*slot).block))
        };
    }
}

impl<N: DeviceNotifier> Registration<N> {
    /// # Safety
    ///
    /// Called by the core with a `struct netdev_notifier_info`, under RTNL.
    unsafe extern "C" fn call(
        _block: *mut bindings::notifier_block,
        event: usize,
        info: *mut c_void,
    ) -> c_int {
        if let Some(event) = DeviceEvent::from_raw(event) {
            // SAFETY: By the caller's promise; the device is alive during the call.
            let (device, rtnl) = unsafe {
                let info = info.cast::<bindings::netdev_notifier_info>();
                (Device::from_raw((*info).dev), Rtnl::assume())
            };
            N::event(event, device, rtnl);
        }
        bindings::NOTIFY_DONE as c_int
    }
}
