// SPDX-License-Identifier: GPL-2.0

//! Notifiers of devices.

use kernel::prelude::*;

use super::Chain;
use crate::{
    bindings,
    context::Rtnl,
    netdev::{
        Device,
        DeviceEvent, //
    },
};

/// A notifier of the devices in all namespaces.
///
/// # Examples
///
/// ```
/// use kernet::{context::Rtnl, netdev::Device, notifier::{DeviceEvent, DeviceNotifier}};
///
/// impl DeviceNotifier for Example {
///     fn event(event: DeviceEvent, device: &Device, _rtnl: Rtnl<'_>) {
///         if event == DeviceEvent::Unregister {
///             pr_info!("{} goes\n", device.name());
///         }
///     }
/// }
/// ```
#[doc(alias = "register_netdevice_notifier")]
pub trait DeviceNotifier: Send + Sync + 'static {
    /// Reports a change of `device`, in the namespace that [`Device::net`] returns
    /// (`notifier_block::notifier_call`).
    ///
    /// When the module is loaded, each existing device is reported as [`DeviceEvent::Register`] and
    /// [`DeviceEvent::Up`]; when it is unloaded, as going down and unregistered.
    #[doc(alias = "notifier_block::notifier_call")]
    fn event(event: DeviceEvent, device: &Device, rtnl: Rtnl<'_>);
}

/// The chain that calls a [`DeviceNotifier`] (`netdev_chain`).
#[doc(alias = "netdev_chain")]
pub struct Devices;

// SAFETY: `unregister_netdevice_notifier()` takes RTNL, under which calls are made; it fails only
// for a block that is not registered.
unsafe impl<N: DeviceNotifier> Chain<N> for Devices {
    const NAME: &'static str = "device";

    unsafe fn register(block: *mut bindings::notifier_block) -> c_int {
        // SAFETY: By the caller's promise.
        unsafe { bindings::register_netdevice_notifier(block) }
    }

    unsafe fn unregister(block: *mut bindings::notifier_block) {
        // SAFETY: By the caller's promise.
        unsafe { bindings::unregister_netdevice_notifier(block) };
    }

    #[inline]
    unsafe fn call(event: u32, info: *mut c_void) {
        if let Some(event) = DeviceEvent::from_raw(event) {
            // SAFETY: The chain passes a `struct netdev_notifier_info`, under RTNL; the device is
            // alive during the call.
            let (device, rtnl) = unsafe {
                let info = info.cast::<bindings::netdev_notifier_info>();
                (Device::from_raw((*info).dev), Rtnl::assume())
            };
            N::event(event, device, rtnl);
        }
    }
}
