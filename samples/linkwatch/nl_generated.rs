// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
// Made by scripts/ynl-gen-rust from Documentation/netlink/specs/linkwatch.yaml. Do not edit.

//! Network devices of a namespace, and what happens to them.
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
    }
}

/// The types of the attributes, by their sets.
pub(crate) mod attr {
    /// Of `device`.
    pub(crate) mod device {
        pub(crate) const SEQUENCE: u16 = 1;
        pub(crate) const EVENT: u16 = 2;
        pub(crate) const IFINDEX: u16 = 3;
        pub(crate) const NAME: u16 = 4;
        pub(crate) const UP: u16 = 5;
        pub(crate) const CARRIER: u16 = 6;
        pub(crate) const MTU: u16 = 7;
        pub(crate) const ADDRESS: u16 = 8;
        pub(crate) const HARDWARE_TYPE: u16 = 9;
    }
}

/// What requests may hold.
mod policy {
    use super::*;
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

    impl View for DeviceGet<'static> {
        type On<'a> = DeviceGet<'a>;

        fn on(attrs: Attrs<'_>) -> DeviceGet<'_> {
            DeviceGet(attrs)
        }
    }

    impl<'a> DeviceGet<'a> {
        /// The attributes, by type.
        pub(crate) fn attrs(self) -> Attrs<'a> {
            self.0
        }
    }
}

/// What is nested in replies and notifications.
pub(crate) mod build {
    use super::*;
    use kernet::nlattr::{Array, Builder};
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
        /// Number of the event, counted per namespace from 1. In a dump, that of the last event
        /// before it: who listens first and dumps then goes on with the next number.
        pub(crate) fn sequence(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::device::SEQUENCE, value)?;
            Ok(self)
        }

        /// What has happened; absent in a dump.
        pub(crate) fn event(&mut self, value: super::Event) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::device::EVENT, value.raw() as u32)?;
            Ok(self)
        }

        /// Attribute `ifindex`.
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

        /// 1 if there is a carrier, else 0.
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

    /// Attributes of a message `DeviceEvent`.
    pub(crate) type DeviceEvent<'a> = DeviceGet<'a>;
}

/// The protocol of the family.
pub(crate) struct Wire;

impl genl::Protocol for Wire {
    const NAME: &'static CStr = c"linkwatch";
    const VERSION: u32 = 1;
    const GROUPS: &'static [genl::McastGroup] = &[genl::McastGroup::new(c"events")];

    fn slot() -> &'static genl::Slot {
        static SLOT: genl::Slot = genl::Slot::new();
        &SLOT
    }
}

/// The multicast groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// `events`.
    Events,
}

impl Group {
    fn from_index(index: usize) -> Option<Self> {
        match index {
            0 => Some(Self::Events),
            _ => None,
        }
    }
}

/// The multicast groups, as types.
pub(crate) mod group {
    use super::*;

    /// `events`.
    pub(crate) struct Events;

    impl genl::Group for Events {
        type Protocol = Wire;

        const INDEX: usize = 0;
    }
}

/// What nobody has asked for.
pub(crate) mod notify {
    use super::*;

    /// Something has happened to a device.
    pub(crate) struct DeviceEvent;

    impl genl::Notification for DeviceEvent {
        type Group = group::Events;
        type Builder = reply::DeviceEvent<'static>;

        const COMMAND: u8 = 2;
    }
}

/// A request `device-get`.
pub(crate) type DeviceGetRequest<'a, T> = genl::Request<'a, Served<T>, request::DeviceGet<'static>>;

/// The answer to a request `device-get`.
pub(crate) type DeviceGetEntries<'a> = genl::Entries<'a, reply::DeviceGet<'static>>;

/// What the family does: implemented by who serves it.
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// Where a dump of `device-get` goes on.
    type DeviceGetDump: Send + 'static;

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

    /// A socket begins to listen to a group.
    fn bind(_group: Group, _process: Process<'_>) {}

    /// A socket no longer listens to a group.
    fn unbind(_group: Group, _process: Process<'_>) {}
}

/// The family, served by `T`.
pub(crate) struct Served<T>(PhantomData<fn() -> T>);

/// The registration of the family, served by `T`.
pub(crate) type Registration<T> = genl::Registration<Served<T>>;

impl<T: Operations> genl::Family for Served<T> {
    type Protocol = Wire;
    type Socket = ();

    const OPS: &'static [genl::Op<Self>] = &[genl::Op::new_dump::<op::DeviceGet<T>>()];

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

    impl<T: Operations> genl::Dump<Served<T>> for DeviceGet<T> {
        const COMMAND: u8 = 1;
        const POLICIES: Option<Policies> = None;

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
}
