// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
// Made by scripts/ynl-gen-rust from Documentation/netlink/specs/linkwatch.yaml. Do not edit.

//! Devices, addresses, neighbours and routes of a namespace, and what happens to them, in one
//! numbered stream.
//!
//! Generic netlink family `linkwatch`.

#![allow(dead_code, unused_imports)]

use core::marker::PhantomData;
use kernel::prelude::*;
use kernet::{
    context::Process,
    genl,
    nlattr::{
        Attr,
        Attrs,
        Be,
        Bitfield32,
        Enum,
        Nest,
        Policies,
        Policy,
        Range,
        SignedRange,
        Table,
        Value,
        View,
        Writer, //
    }, //
};

kernet::netlink_enum! {
    /// `event` of the specification.
    pub(crate) enum Event {
        /// The device was made, or has come from another namespace.
        Register = 1,
        /// The device was deleted, or goes to another namespace.
        Unregister = 2,
        /// `up`.
        Up = 3,
        /// `down`.
        Down = 4,
        /// `rename`.
        Rename = 5,
        /// Carrier, operational state or flags have changed.
        Carrier = 6,
        /// `mtu`.
        Mtu = 7,
        /// `address`.
        Address = 8,
        /// The object is there, as the message says, whether it was there before or not.
        Set = 9,
        /// The object that the message names is gone.
        Delete = 10,
        /// `hardware-type`.
        HardwareType = 11,
    }
}

kernet::netlink_enum! {
    /// `neighbour-state` of the specification.
    pub(crate) enum NeighbourState {
        /// `reachable`.
        Reachable = 1,
        /// `stale`.
        Stale = 2,
        /// `delay`.
        Delay = 3,
        /// `probe`.
        Probe = 4,
        /// `failed`.
        Failed = 5,
        /// `permanent`.
        Permanent = 6,
    }
}

/// The types of the attributes, by their sets.
pub(crate) mod attr {
    /// Of `device`.
    pub(crate) mod device {
        pub(crate) const SEQUENCE: u16 = 1;
        pub(crate) const PREVIOUS: u16 = 2;
        pub(crate) const EVENT: u16 = 3;
        pub(crate) const IFINDEX: u16 = 4;
        pub(crate) const NAME: u16 = 5;
        pub(crate) const UP: u16 = 6;
        pub(crate) const CARRIER: u16 = 7;
        pub(crate) const MTU: u16 = 8;
        pub(crate) const ADDRESS: u16 = 9;
        pub(crate) const HARDWARE_TYPE: u16 = 10;
    }

    /// Of `address`.
    pub(crate) mod address {
        pub(crate) const SEQUENCE: u16 = 1;
        pub(crate) const PREVIOUS: u16 = 2;
        pub(crate) const EVENT: u16 = 3;
        pub(crate) const IFINDEX: u16 = 4;
        pub(crate) const ADDRESS: u16 = 5;
        pub(crate) const PREFIX_LENGTH: u16 = 6;
        pub(crate) const PEER: u16 = 7;
        pub(crate) const BROADCAST: u16 = 8;
        pub(crate) const SCOPE: u16 = 9;
        pub(crate) const LABEL: u16 = 10;
        pub(crate) const SECONDARY: u16 = 11;
    }

    /// Of `neighbour`.
    pub(crate) mod neighbour {
        pub(crate) const SEQUENCE: u16 = 1;
        pub(crate) const PREVIOUS: u16 = 2;
        pub(crate) const EVENT: u16 = 3;
        pub(crate) const IFINDEX: u16 = 4;
        pub(crate) const ADDRESS: u16 = 5;
        pub(crate) const STATE: u16 = 6;
        pub(crate) const HARDWARE_ADDRESS: u16 = 7;
    }

    /// Of `route`.
    pub(crate) mod route {
        pub(crate) const SEQUENCE: u16 = 1;
        pub(crate) const PREVIOUS: u16 = 2;
        pub(crate) const EVENT: u16 = 3;
        pub(crate) const IFINDEX: u16 = 4;
        pub(crate) const TABLE: u16 = 5;
        pub(crate) const DESTINATION: u16 = 6;
        pub(crate) const DESTINATION_LENGTH: u16 = 7;
        pub(crate) const SOURCE: u16 = 8;
        pub(crate) const SOURCE_LENGTH: u16 = 9;
        pub(crate) const TYPE: u16 = 10;
        pub(crate) const PROTOCOL: u16 = 11;
        pub(crate) const METRIC: u16 = 12;
        pub(crate) const TOS: u16 = 13;
        pub(crate) const SCOPE: u16 = 14;
        pub(crate) const PREFERRED_SOURCE: u16 = 15;
        pub(crate) const NEXTHOP_ID: u16 = 16;
        pub(crate) const NEXTHOP: u16 = 17;
    }

    /// Of `nexthop`.
    pub(crate) mod nexthop {
        pub(crate) const IFINDEX: u16 = 1;
        pub(crate) const GATEWAY: u16 = 2;
        pub(crate) const WEIGHT: u16 = 3;
    }
}

/// What requests may hold.
mod policy {
    use super::*;

    pub(super) static OP_DEVICE_GET: Table<5> =
        Table::for_family(&[(super::attr::device::IFINDEX, Policy::U32)]);

    pub(super) static OP_ADDRESS_GET: Table<5> =
        Table::for_family(&[(super::attr::address::IFINDEX, Policy::U32)]);

    pub(super) static OP_NEIGHBOUR_GET: Table<5> =
        Table::for_family(&[(super::attr::neighbour::IFINDEX, Policy::U32)]);

    pub(super) static OP_ROUTE_GET: Table<5> =
        Table::for_family(&[(super::attr::route::IFINDEX, Policy::U32)]);
}

/// What is nested in requests.
pub(crate) mod view {
    use super::*;
}

/// Requests.
pub(crate) mod request {
    use super::*;

    /// Attributes of a request `DeviceGet`.
    #[derive(Clone, Copy)]
    pub(crate) struct DeviceGet<'a>(pub(super) Attrs<'a>);

    impl<'a> DeviceGet<'a> {
        /// Index of the device. In a request, the one device that is asked about.
        pub(crate) fn ifindex(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::device::IFINDEX)?;
            attr.value()
        }
    }

    impl View for DeviceGet<'static> {
        type On<'a> = DeviceGet<'a>;

        fn on(attrs: Attrs<'_>) -> DeviceGet<'_> {
            DeviceGet(attrs)
        }
    }

    impl<'a> From<DeviceGet<'a>> for Attrs<'a> {
        fn from(view: DeviceGet<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `AddressGet`.
    #[derive(Clone, Copy)]
    pub(crate) struct AddressGet<'a>(pub(super) Attrs<'a>);

    impl<'a> AddressGet<'a> {
        /// Index of the device that has it. In a request, the one device that is asked about.
        pub(crate) fn ifindex(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::address::IFINDEX)?;
            attr.value()
        }
    }

    impl View for AddressGet<'static> {
        type On<'a> = AddressGet<'a>;

        fn on(attrs: Attrs<'_>) -> AddressGet<'_> {
            AddressGet(attrs)
        }
    }

    impl<'a> From<AddressGet<'a>> for Attrs<'a> {
        fn from(view: AddressGet<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `NeighbourGet`.
    #[derive(Clone, Copy)]
    pub(crate) struct NeighbourGet<'a>(pub(super) Attrs<'a>);

    impl<'a> NeighbourGet<'a> {
        /// Index of the device that it is on. In a request, the one device that is asked about.
        pub(crate) fn ifindex(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::neighbour::IFINDEX)?;
            attr.value()
        }
    }

    impl View for NeighbourGet<'static> {
        type On<'a> = NeighbourGet<'a>;

        fn on(attrs: Attrs<'_>) -> NeighbourGet<'_> {
            NeighbourGet(attrs)
        }
    }

    impl<'a> From<NeighbourGet<'a>> for Attrs<'a> {
        fn from(view: NeighbourGet<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `RouteGet`.
    #[derive(Clone, Copy)]
    pub(crate) struct RouteGet<'a>(pub(super) Attrs<'a>);

    impl<'a> RouteGet<'a> {
        /// In a request, the one device that is asked about, of some next hop.
        pub(crate) fn ifindex(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::route::IFINDEX)?;
            attr.value()
        }
    }

    impl View for RouteGet<'static> {
        type On<'a> = RouteGet<'a>;

        fn on(attrs: Attrs<'_>) -> RouteGet<'_> {
            RouteGet(attrs)
        }
    }

    impl<'a> From<RouteGet<'a>> for Attrs<'a> {
        fn from(view: RouteGet<'a>) -> Attrs<'a> {
            view.0
        }
    }
}

/// What is nested in replies and notifications.
pub(crate) mod build {
    use super::*;
    use kernet::nlattr::{Array, Builder};

    /// Attributes of `nexthop`.
    pub(crate) struct Nexthop<'a>(pub(super) Writer<'a>);

    impl Builder for Nexthop<'static> {
        type On<'a> = Nexthop<'a>;

        fn on(writer: Writer<'_>) -> Nexthop<'_> {
            Nexthop(writer)
        }
    }

    impl Nexthop<'_> {
        /// Index of the device; absent if there is none.
        pub(crate) fn ifindex(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::nexthop::IFINDEX, value)?;
            Ok(self)
        }

        /// 4 or 16 bytes; absent if the destination is on the link.
        pub(crate) fn gateway(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::nexthop::GATEWAY, value)?;
            Ok(self)
        }

        /// The share of flows that it gets, from 1 on.
        pub(crate) fn weight(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::nexthop::WEIGHT, value)?;
            Ok(self)
        }
    }
}

/// Replies and notifications.
pub(crate) mod reply {
    use super::*;
    use kernet::nlattr::{Array, Builder};

    /// Attributes of a message `DeviceGet`.
    pub(crate) struct DeviceGet<'a>(pub(super) Writer<'a>);

    impl Builder for DeviceGet<'static> {
        type On<'a> = DeviceGet<'a>;

        fn on(writer: Writer<'_>) -> DeviceGet<'_> {
            DeviceGet(writer)
        }
    }

    impl DeviceGet<'_> {
        /// Number of the event, counted per namespace from 1, all kinds together. In a dump, that of
        /// the last event that the entry knows of: who listens first and dumps then goes on with
        /// the next number.
        pub(crate) fn sequence(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::device::SEQUENCE, value)?;
            Ok(self)
        }

        /// Number of the event about a device before this one, 0 if there was none: who has seen
        /// another one last has missed some. Absent in a dump.
        pub(crate) fn previous(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::device::PREVIOUS, value)?;
            Ok(self)
        }

        /// What has happened; absent in a dump.
        pub(crate) fn event(&mut self, value: super::Event) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::device::EVENT, value.raw() as u32)?;
            Ok(self)
        }

        /// Index of the device. In a request, the one device that is asked about.
        pub(crate) fn ifindex(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::device::IFINDEX, value)?;
            Ok(self)
        }

        /// Attribute `name`.
        pub(crate) fn name(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put_string(super::attr::device::NAME, value)?;
            Ok(self)
        }

        /// 1 if the device is administratively up, else 0.
        pub(crate) fn up(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::device::UP, value)?;
            Ok(self)
        }

        /// 1 if there is a carrier, else 0; absent of a device that is down, which need not know.
        pub(crate) fn carrier(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::device::CARRIER, value)?;
            Ok(self)
        }

        /// In bytes.
        pub(crate) fn mtu(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::device::MTU, value)?;
            Ok(self)
        }

        /// Hardware address; absent if the device has none.
        pub(crate) fn address(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::device::ADDRESS, value)?;
            Ok(self)
        }

        /// ARPHRD_* number.
        pub(crate) fn hardware_type(&mut self, value: u16) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::device::HARDWARE_TYPE, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `AddressGet`.
    pub(crate) struct AddressGet<'a>(pub(super) Writer<'a>);

    impl Builder for AddressGet<'static> {
        type On<'a> = AddressGet<'a>;

        fn on(writer: Writer<'_>) -> AddressGet<'_> {
            AddressGet(writer)
        }
    }

    impl AddressGet<'_> {
        /// Number of the event, counted per namespace from 1, all kinds together. In a dump, that of
        /// the last event that the entry knows of: who listens first and dumps then goes on with
        /// the next number.
        pub(crate) fn sequence(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::address::SEQUENCE, value)?;
            Ok(self)
        }

        /// Number of the event about a address before this one, 0 if there was none: who has seen
        /// another one last has missed some. Absent in a dump.
        pub(crate) fn previous(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::address::PREVIOUS, value)?;
            Ok(self)
        }

        /// What has happened; absent in a dump.
        pub(crate) fn event(&mut self, value: super::Event) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::address::EVENT, value.raw() as u32)?;
            Ok(self)
        }

        /// Index of the device that has it. In a request, the one device that is asked about.
        pub(crate) fn ifindex(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::address::IFINDEX, value)?;
            Ok(self)
        }

        /// 4 or 16 bytes. With the device, and for IPv4 the prefix' length and the peer, it names
        /// the object.
        pub(crate) fn address(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::address::ADDRESS, value)?;
            Ok(self)
        }

        /// In bits; of the peer's address, if there is one.
        pub(crate) fn prefix_length(&mut self, value: u8) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::address::PREFIX_LENGTH, value)?;
            Ok(self)
        }

        /// The other end, of an IPv4 address with a peer.
        pub(crate) fn peer(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::address::PEER, value)?;
            Ok(self)
        }

        /// Of an IPv4 address that has one.
        pub(crate) fn broadcast(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::address::BROADCAST, value)?;
            Ok(self)
        }

        /// RT_SCOPE_* number, of an IPv4 address.
        pub(crate) fn scope(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::address::SCOPE, value)?;
            Ok(self)
        }

        /// Of an IPv4 address.
        pub(crate) fn label(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put_string(super::attr::address::LABEL, value)?;
            Ok(self)
        }

        /// Another IPv4 address with the same prefix was there before.
        pub(crate) fn secondary(&mut self) -> Result<&mut Self> {
            self.0.put_flag(super::attr::address::SECONDARY)?;
            Ok(self)
        }
    }

    /// Attributes of a message `NeighbourGet`.
    pub(crate) struct NeighbourGet<'a>(pub(super) Writer<'a>);

    impl Builder for NeighbourGet<'static> {
        type On<'a> = NeighbourGet<'a>;

        fn on(writer: Writer<'_>) -> NeighbourGet<'_> {
            NeighbourGet(writer)
        }
    }

    impl NeighbourGet<'_> {
        /// Number of the event, counted per namespace from 1, all kinds together. In a dump, that of
        /// the last event that the entry knows of: who listens first and dumps then goes on with
        /// the next number.
        pub(crate) fn sequence(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::neighbour::SEQUENCE, value)?;
            Ok(self)
        }

        /// Number of the event about a neighbour before this one, 0 if there was none: who has seen
        /// another one last has missed some. Absent in a dump.
        pub(crate) fn previous(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::neighbour::PREVIOUS, value)?;
            Ok(self)
        }

        /// What has happened; absent in a dump.
        pub(crate) fn event(&mut self, value: super::Event) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::neighbour::EVENT, value.raw() as u32)?;
            Ok(self)
        }

        /// Index of the device that it is on. In a request, the one device that is asked about.
        pub(crate) fn ifindex(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::neighbour::IFINDEX, value)?;
            Ok(self)
        }

        /// 4 or 16 bytes. With the device it names the object.
        pub(crate) fn address(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::neighbour::ADDRESS, value)?;
            Ok(self)
        }

        /// Absent when it is deleted.
        pub(crate) fn state(&mut self, value: super::NeighbourState) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::neighbour::STATE, value.raw() as u32)?;
            Ok(self)
        }

        /// Absent if it is not known, or the device has none.
        pub(crate) fn hardware_address(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0
                .put(super::attr::neighbour::HARDWARE_ADDRESS, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `RouteGet`.
    pub(crate) struct RouteGet<'a>(pub(super) Writer<'a>);

    impl Builder for RouteGet<'static> {
        type On<'a> = RouteGet<'a>;

        fn on(writer: Writer<'_>) -> RouteGet<'_> {
            RouteGet(writer)
        }
    }

    impl RouteGet<'_> {
        /// Number of the event, counted per namespace from 1, all kinds together. In a dump, that of
        /// the last event that the entry knows of: who listens first and dumps then goes on with
        /// the next number.
        pub(crate) fn sequence(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::route::SEQUENCE, value)?;
            Ok(self)
        }

        /// Number of the event about a route before this one, 0 if there was none: who has seen
        /// another one last has missed some. Absent in a dump.
        pub(crate) fn previous(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::route::PREVIOUS, value)?;
            Ok(self)
        }

        /// What has happened; absent in a dump.
        pub(crate) fn event(&mut self, value: super::Event) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::route::EVENT, value.raw() as u32)?;
            Ok(self)
        }

        /// Number of the table. With the destination, and the source, it names the object: of several
        /// routes to a destination the first one, by tos and metric, is the object.
        pub(crate) fn table(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::route::TABLE, value)?;
            Ok(self)
        }

        /// 4 or 16 bytes.
        pub(crate) fn destination(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::route::DESTINATION, value)?;
            Ok(self)
        }

        /// In bits.
        pub(crate) fn destination_length(&mut self, value: u8) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::route::DESTINATION_LENGTH, value)?;
            Ok(self)
        }

        /// Of an IPv6 route that is for some sources alone.
        pub(crate) fn source(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::route::SOURCE, value)?;
            Ok(self)
        }

        /// In bits.
        pub(crate) fn source_length(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::route::SOURCE_LENGTH, value)?;
            Ok(self)
        }

        /// RTN_* number.
        pub(crate) fn r#type(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::route::TYPE, value)?;
            Ok(self)
        }

        /// RTPROT_* number.
        pub(crate) fn protocol(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::route::PROTOCOL, value)?;
            Ok(self)
        }

        /// Attribute `metric`.
        pub(crate) fn metric(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::route::METRIC, value)?;
            Ok(self)
        }

        /// Absent if 0.
        pub(crate) fn tos(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::route::TOS, value)?;
            Ok(self)
        }

        /// RT_SCOPE_* number, of an IPv4 route.
        pub(crate) fn scope(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::route::SCOPE, value)?;
            Ok(self)
        }

        /// Of an IPv4 route that has one.
        pub(crate) fn preferred_source(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::route::PREFERRED_SOURCE, value)?;
            Ok(self)
        }

        /// Number of the next hop object; then there is no next hop.
        pub(crate) fn nexthop_id(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::route::NEXTHOP_ID, value)?;
            Ok(self)
        }

        /// Attribute `nexthop`.
        ///
        /// One of several.
        pub(crate) fn nexthop(
            &mut self,
            fill: impl FnOnce(&mut super::build::Nexthop<'_>) -> Result,
        ) -> Result<&mut Self> {
            self.0
                .build::<super::build::Nexthop<'static>>(super::attr::route::NEXTHOP, fill)?;
            Ok(self)
        }
    }

    /// Attributes of a message `DeviceEvent`.
    pub(crate) type DeviceEvent<'a> = DeviceGet<'a>;

    /// Attributes of a message `AddressEvent`.
    pub(crate) type AddressEvent<'a> = AddressGet<'a>;

    /// Attributes of a message `NeighbourEvent`.
    pub(crate) type NeighbourEvent<'a> = NeighbourGet<'a>;

    /// Attributes of a message `RouteEvent`.
    pub(crate) type RouteEvent<'a> = RouteGet<'a>;
}

/// The protocol of the family.
pub(crate) struct Spec;

impl genl::FamilySpec for Spec {
    const NAME: &'static CStr = c"linkwatch";
    const VERSION: u32 = 1;
    const GROUPS: &'static [genl::McastGroup] = &[
        genl::McastGroup::new(c"devices"),
        genl::McastGroup::new(c"addresses"),
        genl::McastGroup::new(c"neighbours"),
        genl::McastGroup::new(c"routes"),
    ];
}

kernet::slot!(Spec: genl::Slot);

/// The multicast groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// `devices`.
    Devices,
    /// `addresses`.
    Addresses,
    /// `neighbours`.
    Neighbours,
    /// `routes`.
    Routes,
}

impl Group {
    fn from_index(index: usize) -> Option<Self> {
        match index {
            0 => Some(Self::Devices),
            1 => Some(Self::Addresses),
            2 => Some(Self::Neighbours),
            3 => Some(Self::Routes),
            _ => None,
        }
    }
}

/// The multicast groups, as types.
pub(crate) mod group {
    use super::*;

    /// `devices`.
    pub(crate) struct Devices;

    impl genl::Group for Devices {
        type Spec = Spec;

        const INDEX: usize = 0;
    }

    /// `addresses`.
    pub(crate) struct Addresses;

    impl genl::Group for Addresses {
        type Spec = Spec;

        const INDEX: usize = 1;
    }

    /// `neighbours`.
    pub(crate) struct Neighbours;

    impl genl::Group for Neighbours {
        type Spec = Spec;

        const INDEX: usize = 2;
    }

    /// `routes`.
    pub(crate) struct Routes;

    impl genl::Group for Routes {
        type Spec = Spec;

        const INDEX: usize = 3;
    }
}

/// What nobody has asked for.
pub(crate) mod notify {
    use super::*;

    /// Something has happened to a device.
    pub(crate) struct DeviceEvent;

    impl genl::Notification for DeviceEvent {
        type Group = group::Devices;
        type Builder = reply::DeviceEvent<'static>;

        const COMMAND: u8 = 2;
    }

    /// Something has happened to an address.
    pub(crate) struct AddressEvent;

    impl genl::Notification for AddressEvent {
        type Group = group::Addresses;
        type Builder = reply::AddressEvent<'static>;

        const COMMAND: u8 = 4;
    }

    /// Something has happened to a neighbour.
    pub(crate) struct NeighbourEvent;

    impl genl::Notification for NeighbourEvent {
        type Group = group::Neighbours;
        type Builder = reply::NeighbourEvent<'static>;

        const COMMAND: u8 = 6;
    }

    /// Something has happened to a route.
    pub(crate) struct RouteEvent;

    impl genl::Notification for RouteEvent {
        type Group = group::Routes;
        type Builder = reply::RouteEvent<'static>;

        const COMMAND: u8 = 8;
    }
}

/// A request `device-get`.
pub(crate) type DeviceGetRequest<'a, T> = genl::Request<'a, Server<T>, request::DeviceGet<'static>>;

/// The answer to a request `device-get`.
pub(crate) type DeviceGetEntries<'a> = genl::Entries<'a, reply::DeviceGet<'static>>;

/// A request `address-get`.
pub(crate) type AddressGetRequest<'a, T> =
    genl::Request<'a, Server<T>, request::AddressGet<'static>>;

/// The answer to a request `address-get`.
pub(crate) type AddressGetEntries<'a> = genl::Entries<'a, reply::AddressGet<'static>>;

/// A request `neighbour-get`.
pub(crate) type NeighbourGetRequest<'a, T> =
    genl::Request<'a, Server<T>, request::NeighbourGet<'static>>;

/// The answer to a request `neighbour-get`.
pub(crate) type NeighbourGetEntries<'a> = genl::Entries<'a, reply::NeighbourGet<'static>>;

/// A request `route-get`.
pub(crate) type RouteGetRequest<'a, T> = genl::Request<'a, Server<T>, request::RouteGet<'static>>;

/// The answer to a request `route-get`.
pub(crate) type RouteGetEntries<'a> = genl::Entries<'a, reply::RouteGet<'static>>;

/// What the family does: implemented by who serves it.
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// Where a dump of `device-get` goes on.
    type DeviceGetDump: Send + 'static;

    /// Where a dump of `address-get` goes on.
    type AddressGetDump: Send + 'static;

    /// Where a dump of `neighbour-get` goes on.
    type NeighbourGetDump: Send + 'static;

    /// Where a dump of `route-get` goes on.
    type RouteGetDump: Send + 'static;

    /// Begins a dump `device-get`.
    fn device_get_start(
        request: &DeviceGetRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Self::DeviceGetDump>;

    /// Dump the devices of the namespace.
    ///
    /// Puts the next entries, and moves `dump` past each.
    fn device_get_dump(
        request: &DeviceGetRequest<'_, Self>,
        dump: &mut Self::DeviceGetDump,
        entries: &mut DeviceGetEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), genl::Full>;

    /// Begins a dump `address-get`.
    fn address_get_start(
        request: &AddressGetRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Self::AddressGetDump>;

    /// Dump the addresses of the namespace's devices.
    ///
    /// Puts the next entries, and moves `dump` past each.
    fn address_get_dump(
        request: &AddressGetRequest<'_, Self>,
        dump: &mut Self::AddressGetDump,
        entries: &mut AddressGetEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), genl::Full>;

    /// Begins a dump `neighbour-get`.
    fn neighbour_get_start(
        request: &NeighbourGetRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Self::NeighbourGetDump>;

    /// Dump the neighbours that have been resolved, or could not be.
    ///
    /// Puts the next entries, and moves `dump` past each.
    fn neighbour_get_dump(
        request: &NeighbourGetRequest<'_, Self>,
        dump: &mut Self::NeighbourGetDump,
        entries: &mut NeighbourGetEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), genl::Full>;

    /// Begins a dump `route-get`.
    fn route_get_start(
        request: &RouteGetRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Self::RouteGetDump>;

    /// Dump the routes of the namespace, the first one to each destination of each table.
    ///
    /// Puts the next entries, and moves `dump` past each.
    fn route_get_dump(
        request: &RouteGetRequest<'_, Self>,
        dump: &mut Self::RouteGetDump,
        entries: &mut RouteGetEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), genl::Full>;

    /// A socket begins to listen to a group.
    fn bind(_group: Group, _process: Process<'_>) {}

    /// A socket no longer listens to a group.
    fn unbind(_group: Group, _process: Process<'_>) {}
}

/// The family, served by `T`.
pub(crate) struct Server<T>(PhantomData<fn() -> T>);

/// The registration of the family, served by `T`.
pub(crate) type Registration<T> = genl::Registration<Server<T>>;

impl<T: Operations> genl::FamilyServer for Server<T> {
    type Spec = Spec;
    type Socket = ();

    const OPS: &'static [genl::Op<Self>] = &[
        genl::Op::new_dump::<op::DeviceGet<T>>(),
        genl::Op::new_dump::<op::AddressGet<T>>(),
        genl::Op::new_dump::<op::NeighbourGet<T>>(),
        genl::Op::new_dump::<op::RouteGet<T>>(),
    ];

    fn bind(group: usize, process: Process<'_>) {
        if let Some(group) = Group::from_index(group) {
            T::bind(group, process);
        }
    }

    fn unbind(group: usize, process: Process<'_>) {
        if let Some(group) = Group::from_index(group) {
            T::unbind(group, process);
        }
    }
}

/// The operations, as the layer calls them.
mod op {
    use super::*;

    pub(super) struct DeviceGet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Dump<Server<T>> for DeviceGet<T> {
        const COMMAND: u8 = 1;
        const POLICIES: Option<Policies> = Some(policy::OP_DEVICE_GET.policies());

        type Request = super::request::DeviceGet<'static>;
        type Reply = super::reply::DeviceGet<'static>;
        type State = T::DeviceGetDump;

        fn start(
            request: &DeviceGetRequest<'_, T>,
            process: Process<'_>,
        ) -> Result<T::DeviceGetDump> {
            T::device_get_start(request, process)
        }

        fn run(
            request: &DeviceGetRequest<'_, T>,
            dump: &mut T::DeviceGetDump,
            entries: &mut DeviceGetEntries<'_>,
            process: Process<'_>,
        ) -> Result<(), genl::Full> {
            T::device_get_dump(request, dump, entries, process)
        }
    }

    pub(super) struct AddressGet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Dump<Server<T>> for AddressGet<T> {
        const COMMAND: u8 = 3;
        const POLICIES: Option<Policies> = Some(policy::OP_ADDRESS_GET.policies());

        type Request = super::request::AddressGet<'static>;
        type Reply = super::reply::AddressGet<'static>;
        type State = T::AddressGetDump;

        fn start(
            request: &AddressGetRequest<'_, T>,
            process: Process<'_>,
        ) -> Result<T::AddressGetDump> {
            T::address_get_start(request, process)
        }

        fn run(
            request: &AddressGetRequest<'_, T>,
            dump: &mut T::AddressGetDump,
            entries: &mut AddressGetEntries<'_>,
            process: Process<'_>,
        ) -> Result<(), genl::Full> {
            T::address_get_dump(request, dump, entries, process)
        }
    }

    pub(super) struct NeighbourGet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Dump<Server<T>> for NeighbourGet<T> {
        const COMMAND: u8 = 5;
        const POLICIES: Option<Policies> = Some(policy::OP_NEIGHBOUR_GET.policies());

        type Request = super::request::NeighbourGet<'static>;
        type Reply = super::reply::NeighbourGet<'static>;
        type State = T::NeighbourGetDump;

        fn start(
            request: &NeighbourGetRequest<'_, T>,
            process: Process<'_>,
        ) -> Result<T::NeighbourGetDump> {
            T::neighbour_get_start(request, process)
        }

        fn run(
            request: &NeighbourGetRequest<'_, T>,
            dump: &mut T::NeighbourGetDump,
            entries: &mut NeighbourGetEntries<'_>,
            process: Process<'_>,
        ) -> Result<(), genl::Full> {
            T::neighbour_get_dump(request, dump, entries, process)
        }
    }

    pub(super) struct RouteGet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Dump<Server<T>> for RouteGet<T> {
        const COMMAND: u8 = 7;
        const POLICIES: Option<Policies> = Some(policy::OP_ROUTE_GET.policies());

        type Request = super::request::RouteGet<'static>;
        type Reply = super::reply::RouteGet<'static>;
        type State = T::RouteGetDump;

        fn start(
            request: &RouteGetRequest<'_, T>,
            process: Process<'_>,
        ) -> Result<T::RouteGetDump> {
            T::route_get_start(request, process)
        }

        fn run(
            request: &RouteGetRequest<'_, T>,
            dump: &mut T::RouteGetDump,
            entries: &mut RouteGetEntries<'_>,
            process: Process<'_>,
        ) -> Result<(), genl::Full> {
            T::route_get_dump(request, dump, entries, process)
        }
    }
}
