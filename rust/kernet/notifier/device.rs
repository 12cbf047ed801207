// SPDX-License-Identifier: GPL-2.0

//! Notifiers of devices.

use kernel::prelude::*;

use super::Chain;
use crate::{
    bindings,
    context::Rtnl,
    netdev::Device, //
};

/// A change of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceEvent {
    /// The device came into the namespace: made there, or moved there.
    #[doc(alias = "NETDEV_REGISTER")]
    Register,
    /// The device leaves the namespace: deleted, or moved away.
    #[doc(alias = "NETDEV_UNREGISTER")]
    Unregister,
    /// The device is up.
    #[doc(alias = "NETDEV_UP")]
    Up,
    /// The device is about to go down.
    #[doc(alias = "NETDEV_GOING_DOWN")]
    GoingDown,
    /// The device is down.
    #[doc(alias = "NETDEV_DOWN")]
    Down,
    /// Carrier, operational state or flags have changed.
    #[doc(alias = "NETDEV_CHANGE")]
    Change,
    /// The name has changed.
    #[doc(alias = "NETDEV_CHANGENAME")]
    Rename,
    /// The MTU has changed.
    #[doc(alias = "NETDEV_CHANGEMTU")]
    Mtu,
    /// Offloads, or the headroom that it needs, have changed.
    #[doc(alias = "NETDEV_FEAT_CHANGE")]
    Features,
    /// The hardware address has changed.
    #[doc(alias = "NETDEV_CHANGEADDR")]
    HardwareAddress,
}

impl DeviceEvent {
    pub(crate) fn from_raw(event: u32) -> Option<Self> {
        Some(match event {
            bindings::netdev_cmd_NETDEV_REGISTER => DeviceEvent::Register,
            bindings::netdev_cmd_NETDEV_UNREGISTER => DeviceEvent::Unregister,
            bindings::netdev_cmd_NETDEV_UP => DeviceEvent::Up,
            bindings::netdev_cmd_NETDEV_GOING_DOWN => DeviceEvent::GoingDown,
            bindings::netdev_cmd_NETDEV_DOWN => DeviceEvent::Down,
            bindings::netdev_cmd_NETDEV_CHANGE => DeviceEvent::Change,
            bindings::netdev_cmd_NETDEV_CHANGENAME => DeviceEvent::Rename,
            bindings::netdev_cmd_NETDEV_CHANGEMTU => DeviceEvent::Mtu,
            bindings::netdev_cmd_NETDEV_FEAT_CHANGE => DeviceEvent::Features,
            bindings::netdev_cmd_NETDEV_CHANGEADDR => DeviceEvent::HardwareAddress,
            _ => return None,
        })
    }
}

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
    /// Reports a change of `device`, in the namespace that [`Device::net`] returns.
    ///
    /// When the module is loaded, each existing device is reported as [`DeviceEvent::Register`] and
    /// [`DeviceEvent::Up`]; when it is unloaded, as going down and unregistered.
    #[doc(alias = "notifier_block::notifier_call")]
    fn event(event: DeviceEvent, device: &Device, rtnl: Rtnl<'_>);
}

/// The chain that calls a [`DeviceNotifier`].
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
