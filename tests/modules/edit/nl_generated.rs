// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
// Made by scripts/ynl-gen-rust from tests/modules/edit/edit.yaml. Do not edit.

//! Changes packets, for tests.
//!
//! Generic netlink family `edit`.

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
    /// `point` of the specification.
    pub(crate) enum Point {
        /// `prerouting`.
        Prerouting = 0,
        /// `local-in`.
        LocalIn = 1,
        /// `forward`.
        Forward = 2,
        /// `local-out`.
        LocalOut = 3,
        /// `postrouting`.
        Postrouting = 4,
    }
}

kernet::netlink_enum! {
    /// What a device says of the checksum of what it receives.
    pub(crate) enum Sum {
        /// `as-it-is`.
        AsItIs = 0,
        /// `none`.
        None = 1,
        /// `verified`.
        Verified = 2,
        /// `complete`.
        Complete = 3,
    }
}

kernet::netlink_enum! {
    /// What a device does with the VLAN tag of what is sent by it.
    pub(crate) enum Tag {
        /// `keep`.
        Keep = 0,
        /// `push`.
        Push = 1,
        /// `pop`.
        Pop = 2,
        /// `replace`.
        Replace = 3,
    }
}

/// The types of the attributes, by their sets.
pub(crate) mod attr {
    /// Of `rule`.
    pub(crate) mod rule {
        pub(crate) const INDEX: u16 = 1;
        pub(crate) const POINT: u16 = 2;
        pub(crate) const PROTOCOL: u16 = 3;
        pub(crate) const IF_SOURCE_PORT: u16 = 4;
        pub(crate) const IF_DESTINATION_PORT: u16 = 5;
        pub(crate) const HOP_LIMIT: u16 = 6;
        pub(crate) const DECREMENT: u16 = 7;
        pub(crate) const DSCP: u16 = 8;
        pub(crate) const ECN: u16 = 9;
        pub(crate) const CONGESTED: u16 = 10;
        pub(crate) const SOURCE: u16 = 11;
        pub(crate) const DESTINATION: u16 = 12;
        pub(crate) const SOURCE_PORT: u16 = 13;
        pub(crate) const DESTINATION_PORT: u16 = 14;
        pub(crate) const WINDOW: u16 = 15;
        pub(crate) const REROUTE: u16 = 16;
        pub(crate) const RATE: u16 = 17;
        pub(crate) const BURST: u16 = 18;
        pub(crate) const REJECT: u16 = 19;
    }

    /// What the namespace's devices do.
    pub(crate) mod device {
        pub(crate) const TAG: u16 = 1;
        pub(crate) const TCI: u16 = 2;
        pub(crate) const SERVICE: u16 = 3;
        pub(crate) const SUM: u16 = 4;
    }

    /// How many packets what was done to.
    pub(crate) mod stats {
        pub(crate) const EDITED: u16 = 1;
        pub(crate) const TOO_SHORT: u16 = 2;
        pub(crate) const MALFORMED: u16 = 3;
        pub(crate) const ABSENT: u16 = 4;
        pub(crate) const OUT_OF_RANGE: u16 = 5;
        pub(crate) const UNSUPPORTED: u16 = 6;
        pub(crate) const NO_MEMORY: u16 = 7;
        pub(crate) const LIMITED: u16 = 8;
        pub(crate) const UNROUTED: u16 = 9;
    }
}

/// What requests may hold.
mod policy {
    use super::*;

    pub(super) static OP_RULE_SET: Table<20> = Table::for_family(&[
        (super::attr::rule::INDEX, Policy::U32.max(3)),
        (super::attr::rule::POINT, Policy::U32.max(4)),
        (super::attr::rule::PROTOCOL, Policy::U8),
        (super::attr::rule::IF_SOURCE_PORT, Policy::U16),
        (super::attr::rule::IF_DESTINATION_PORT, Policy::U16),
        (super::attr::rule::HOP_LIMIT, Policy::U8),
        (super::attr::rule::DECREMENT, Policy::U8),
        (super::attr::rule::DSCP, Policy::U8),
        (super::attr::rule::ECN, Policy::U8),
        (super::attr::rule::CONGESTED, Policy::U8),
        (super::attr::rule::SOURCE, Policy::exact(16)),
        (super::attr::rule::DESTINATION, Policy::exact(16)),
        (super::attr::rule::SOURCE_PORT, Policy::U16),
        (super::attr::rule::DESTINATION_PORT, Policy::U16),
        (super::attr::rule::WINDOW, Policy::U16),
        (super::attr::rule::REROUTE, Policy::U8),
        (super::attr::rule::RATE, Policy::U32),
        (super::attr::rule::BURST, Policy::U32),
        (super::attr::rule::REJECT, Policy::U8.range(1, 2)),
    ]);

    pub(super) static OP_DEVICE_SET: Table<5> = Table::for_family(&[
        (super::attr::device::TAG, Policy::U32.max(3)),
        (super::attr::device::TCI, Policy::U16),
        (super::attr::device::SERVICE, Policy::U8),
        (super::attr::device::SUM, Policy::U32.max(3)),
    ]);
}

/// What is nested in requests.
pub(crate) mod view {
    use super::*;
}

/// Requests.
pub(crate) mod request {
    use super::*;

    /// Attributes of a request `RuleSet`.
    #[derive(Clone, Copy)]
    pub(crate) struct RuleSet<'a>(pub(super) Attrs<'a>);

    impl<'a> RuleSet<'a> {
        /// Attribute `index`.
        pub(crate) fn index(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::rule::INDEX)?;
            attr.value()
        }

        /// Where it changes packets; nowhere if it is not given.
        pub(crate) fn point(&self) -> Option<super::Point> {
            let attr = self.0.get(super::attr::rule::POINT)?;
            attr.one_of()
        }

        /// Those of which; all if it is not given.
        pub(crate) fn protocol(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::PROTOCOL)?;
            attr.value()
        }

        /// Attribute `if-source-port`.
        pub(crate) fn if_source_port(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::rule::IF_SOURCE_PORT)?;
            attr.value()
        }

        /// Attribute `if-destination-port`.
        pub(crate) fn if_destination_port(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::rule::IF_DESTINATION_PORT)?;
            attr.value()
        }

        /// Attribute `hop-limit`.
        pub(crate) fn hop_limit(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::HOP_LIMIT)?;
            attr.value()
        }

        /// 1 takes one from the hop limit.
        pub(crate) fn decrement(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::DECREMENT)?;
            attr.value()
        }

        /// Attribute `dscp`.
        pub(crate) fn dscp(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::DSCP)?;
            attr.value()
        }

        /// Attribute `ecn`.
        pub(crate) fn ecn(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::ECN)?;
            attr.value()
        }

        /// 1 marks those whose transport takes part.
        pub(crate) fn congested(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::CONGESTED)?;
            attr.value()
        }

        /// An IPv6 address, or an IPv4 address as one.
        pub(crate) fn source(&self) -> Option<[u8; 16]> {
            let attr = self.0.get(super::attr::rule::SOURCE)?;
            attr.value()
        }

        /// Attribute `destination`.
        pub(crate) fn destination(&self) -> Option<[u8; 16]> {
            let attr = self.0.get(super::attr::rule::DESTINATION)?;
            attr.value()
        }

        /// Attribute `source-port`.
        pub(crate) fn source_port(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::rule::SOURCE_PORT)?;
            attr.value()
        }

        /// Attribute `destination-port`.
        pub(crate) fn destination_port(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::rule::DESTINATION_PORT)?;
            attr.value()
        }

        /// Of TCP.
        pub(crate) fn window(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::rule::WINDOW)?;
            attr.value()
        }

        /// 1 looks the route up again.
        pub(crate) fn reroute(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::REROUTE)?;
            attr.value()
        }

        /// How many packets in a second; those above are dropped.
        pub(crate) fn rate(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::rule::RATE)?;
            attr.value()
        }

        /// How many at once.
        pub(crate) fn burst(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::rule::BURST)?;
            attr.value()
        }

        /// 1 answers by a reset of TCP, 2 by an error of ICMP, and drops.
        pub(crate) fn reject(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::REJECT)?;
            attr.value()
        }
    }

    impl View for RuleSet<'static> {
        type On<'a> = RuleSet<'a>;

        fn on(attrs: Attrs<'_>) -> RuleSet<'_> {
            RuleSet(attrs)
        }
    }

    impl<'a> From<RuleSet<'a>> for Attrs<'a> {
        fn from(view: RuleSet<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `DeviceSet`.
    #[derive(Clone, Copy)]
    pub(crate) struct DeviceSet<'a>(pub(super) Attrs<'a>);

    impl<'a> DeviceSet<'a> {
        /// Attribute `tag`.
        pub(crate) fn tag(&self) -> Option<super::Tag> {
            let attr = self.0.get(super::attr::device::TAG)?;
            attr.one_of()
        }

        /// Attribute `tci`.
        pub(crate) fn tci(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::device::TCI)?;
            attr.value()
        }

        /// 1 if it is one of IEEE 802.1ad.
        pub(crate) fn service(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::device::SERVICE)?;
            attr.value()
        }

        /// Attribute `sum`.
        pub(crate) fn sum(&self) -> Option<super::Sum> {
            let attr = self.0.get(super::attr::device::SUM)?;
            attr.one_of()
        }
    }

    impl View for DeviceSet<'static> {
        type On<'a> = DeviceSet<'a>;

        fn on(attrs: Attrs<'_>) -> DeviceSet<'_> {
            DeviceSet(attrs)
        }
    }

    impl<'a> From<DeviceSet<'a>> for Attrs<'a> {
        fn from(view: DeviceSet<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `StatsGet`.
    #[derive(Clone, Copy)]
    pub(crate) struct StatsGet<'a>(pub(super) Attrs<'a>);

    impl<'a> StatsGet<'a> {}

    impl View for StatsGet<'static> {
        type On<'a> = StatsGet<'a>;

        fn on(attrs: Attrs<'_>) -> StatsGet<'_> {
            StatsGet(attrs)
        }
    }

    impl<'a> From<StatsGet<'a>> for Attrs<'a> {
        fn from(view: StatsGet<'a>) -> Attrs<'a> {
            view.0
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

    /// Attributes of a message `StatsGet`.
    pub(crate) struct StatsGet<'a>(pub(super) Writer<'a>);

    impl Builder for StatsGet<'static> {
        type On<'a> = StatsGet<'a>;

        fn on(writer: Writer<'_>) -> StatsGet<'_> {
            StatsGet(writer)
        }
    }

    impl StatsGet<'_> {
        /// Attribute `edited`.
        pub(crate) fn edited(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::EDITED, value)?;
            Ok(self)
        }

        /// Attribute `too-short`.
        pub(crate) fn too_short(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::TOO_SHORT, value)?;
            Ok(self)
        }

        /// Attribute `malformed`.
        pub(crate) fn malformed(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::MALFORMED, value)?;
            Ok(self)
        }

        /// Attribute `absent`.
        pub(crate) fn absent(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::ABSENT, value)?;
            Ok(self)
        }

        /// Attribute `out-of-range`.
        pub(crate) fn out_of_range(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::OUT_OF_RANGE, value)?;
            Ok(self)
        }

        /// Attribute `unsupported`.
        pub(crate) fn unsupported(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::UNSUPPORTED, value)?;
            Ok(self)
        }

        /// Attribute `no-memory`.
        pub(crate) fn no_memory(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::NO_MEMORY, value)?;
            Ok(self)
        }

        /// Dropped, as there were too many.
        pub(crate) fn limited(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::LIMITED, value)?;
            Ok(self)
        }

        /// Dropped, as there was no other route.
        pub(crate) fn unrouted(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::UNROUTED, value)?;
            Ok(self)
        }
    }
}

/// The protocol of the family.
pub(crate) struct Spec;

impl genl::FamilySpec for Spec {
    const NAME: &'static CStr = c"edit";
    const VERSION: u32 = 1;
    const GROUPS: &'static [genl::McastGroup] = &[];
}

kernet::slot!(Spec: genl::Slot);

/// The multicast groups, as types.
pub(crate) mod group {
    use super::*;
}

/// What nobody has asked for.
pub(crate) mod notify {
    use super::*;
}

/// A request `rule-set`.
pub(crate) type RuleSetRequest<'a, T> = genl::Request<'a, Server<T>, request::RuleSet<'static>>;

/// A request `device-set`.
pub(crate) type DeviceSetRequest<'a, T> = genl::Request<'a, Server<T>, request::DeviceSet<'static>>;

/// A request `stats-get`.
pub(crate) type StatsGetRequest<'a, T> = genl::Request<'a, Server<T>, request::StatsGet<'static>>;

/// The answer to a request `stats-get`.
pub(crate) type StatsGetReply<'a> = genl::Reply<'a, reply::StatsGet<'static>>;

/// What the family does: implemented by who serves it.
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// Replace a rule of the namespace.
    fn rule_set(request: &RuleSetRequest<'_, Self>, process: Process<'_>) -> Result;

    /// Change what the namespace's devices do.
    fn device_set(request: &DeviceSetRequest<'_, Self>, process: Process<'_>) -> Result;

    /// What was done in the namespace.
    fn stats_get(
        request: &StatsGetRequest<'_, Self>,
        reply: StatsGetReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;
}

/// The family, served by `T`.
pub(crate) struct Server<T>(PhantomData<fn() -> T>);

/// The registration of the family, served by `T`.
pub(crate) type Registration<T> = genl::Registration<Server<T>>;

impl<T: Operations> genl::FamilyServer for Server<T> {
    type Spec = Spec;
    type Socket = ();

    const OPS: &'static [genl::Op<Self>] = &[
        genl::Op::new_do::<op::RuleSet<T>>(),
        genl::Op::new_do::<op::DeviceSet<T>>(),
        genl::Op::new_do::<op::StatsGet<T>>(),
    ];
}

/// The operations, as the layer calls them.
mod op {
    use super::*;

    pub(super) struct RuleSet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for RuleSet<T> {
        const COMMAND: u8 = 1;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_RULE_SET.policies());

        type Request = super::request::RuleSet<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &RuleSetRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::rule_set(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct DeviceSet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for DeviceSet<T> {
        const COMMAND: u8 = 2;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_DEVICE_SET.policies());

        type Request = super::request::DeviceSet<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &DeviceSetRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::device_set(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct StatsGet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for StatsGet<T> {
        const COMMAND: u8 = 3;
        const POLICIES: Option<Policies> = None;

        type Request = super::request::StatsGet<'static>;
        type Reply = super::reply::StatsGet<'static>;

        fn run(
            request: &StatsGetRequest<'_, T>,
            reply: StatsGetReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::stats_get(request, reply, process)
        }
    }
}
