// SPDX-License-Identifier: GPL-2.0

//! What happens to a device, as notifiers and devices above it are told.

use crate::bindings;

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
    /// The name has changed (`NETDEV_CHANGENAME`).
    #[doc(alias = "NETDEV_CHANGENAME")]
    Rename,
    /// The MTU has changed.
    #[doc(alias = "NETDEV_CHANGEMTU")]
    Mtu,
    /// Offloads, or the headroom that it needs, have changed (`NETDEV_FEAT_CHANGE`).
    #[doc(alias = "NETDEV_FEAT_CHANGE")]
    Features,
    /// The hardware address has changed (`NETDEV_CHANGEADDR`).
    #[doc(alias = "NETDEV_CHANGEADDR")]
    HardwareAddress,
    /// The hardware type has changed, and with it the length of addresses
    /// (`NETDEV_POST_TYPE_CHANGE`).
    #[doc(alias = "NETDEV_POST_TYPE_CHANGE")]
    HardwareType,
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
            bindings::netdev_cmd_NETDEV_POST_TYPE_CHANGE => DeviceEvent::HardwareType,
            _ => return None,
        })
    }
}
