// SPDX-License-Identifier: GPL-2.0

//! Network devices.
//!
//! C header: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h)
//!
//! [`Device`] is any device, borrowed in a callback. A device of a module's own is a
//! [`DriverDevice<D>`], where `D` implements [`Driver`] and is the device's private data. Only a
//! link kind makes such devices ([`rtnl::Link`](crate::rtnl::Link)).
//!
//! # Lifetime of the private data
//!
//! The private data is made before the device is registered. It is dropped in `priv_destructor`:
//! after `unregister_netdevice()`, two grace periods and the last reference to the device, in
//! process context, without RTNL. No callback of the device can run by then. Before that, under
//! RTNL and followed by a grace period, kernet removes the device from where others find it: from
//! its peer and from a [`DeviceMap`].

mod count;
mod device;
mod device_slot;
mod driver;
mod driver_device;
mod event;
mod features;
mod filter;
mod follow;
mod hardware_address;
mod lookup;
mod lower;
mod map;
mod name;
mod ops;
mod port_map;
mod private;
mod queue;
mod raw_ip;
mod receive;
mod reference;
mod rings;
pub mod rx_handler;
mod setup;
mod stats;
mod timer;
mod transmit;
mod tx_ring;
mod watch;
mod work;
mod xmit;

pub use count::PacketError;
pub use device::Device;
pub use device_slot::DeviceSlot;
pub use driver::Driver;
pub use driver_device::DriverDevice;
pub use event::DeviceEvent;
pub use features::Features;
pub use filter::{
    Addresses,
    RxFlags,
    Vlan, //
};
pub use hardware_address::HardwareAddress;
pub use map::DeviceMap;
pub use name::Name;
pub(crate) use ops::Ops;
pub use port_map::PortMap;
pub(crate) use private::{
    create,
    destroy,
    Priv, //
};
pub use queue::{
    Requeued,
    Transmit,
    TxQueue, //
};
pub use raw_ip::LinkLayer;
pub(crate) use reference::with_lock;
pub use rings::{
    RingSizes,
    Rings, //
};
pub(crate) use setup::possible_mtu;
pub use setup::Setup;
pub use stats::{
    Counter,
    LinkStats,
    LinkTotals, //
};
pub use transmit::{
    Concurrent,
    Locked,
    Sender,
    TxMode, //
};
pub use tx_ring::Completions;
pub(crate) use tx_ring::Places;
pub(crate) use watch::Watch;
