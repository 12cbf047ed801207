// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
// Made by scripts/ynl-gen-rust from tests/modules/natted/natted.yaml. Do not edit.

//! Rules of NAT, one for each point and family, for tests.
//!
//! Generic netlink family `natted`.

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
    /// `family` of the specification.
    pub(crate) enum Family {
        /// `ipv4`.
        Ipv4 = 0,
        /// `ipv6`.
        Ipv6 = 1,
        /// `inet`.
        Inet = 2,
    }
}

kernet::netlink_enum! {
    /// `point` of the specification.
    pub(crate) enum Point {
        /// `prerouting`.
        Prerouting = 0,
        /// `local-in`.
        LocalIn = 1,
        /// `local-out`.
        LocalOut = 2,
        /// `postrouting`.
        Postrouting = 3,
    }
}

kernet::netlink_enum! {
    /// `action` of the specification.
    pub(crate) enum Action {
        /// `leave`.
        Leave = 0,
        /// `drop`.
        Drop = 1,
        /// `snat`.
        Snat = 2,
        /// `dnat`.
        Dnat = 3,
        /// `masquerade`.
        Masquerade = 4,
        /// `redirect`.
        Redirect = 5,
    }
}

/// The types of the attributes, by their sets.
pub(crate) mod attr {
    /// Of `switch`.
    pub(crate) mod switch {
        pub(crate) const FAMILY: u16 = 1;
        pub(crate) const ENABLED: u16 = 2;
    }

    /// Of `rule`.
    pub(crate) mod rule {
        pub(crate) const POINT: u16 = 1;
        pub(crate) const FAMILY: u16 = 2;
        pub(crate) const ACTION: u16 = 3;
        pub(crate) const PROTOCOL: u16 = 4;
        pub(crate) const PORT: u16 = 5;
        pub(crate) const DEVICE: u16 = 6;
        pub(crate) const FIRST: u16 = 7;
        pub(crate) const LAST: u16 = 8;
        pub(crate) const FIRST_PORT: u16 = 9;
        pub(crate) const LAST_PORT: u16 = 10;
        pub(crate) const RANDOM: u16 = 11;
        pub(crate) const FULLY_RANDOM: u16 = 12;
        pub(crate) const PERSISTENT: u16 = 13;
    }

    /// Packets of which it was asked, by the points.
    pub(crate) mod stats {
        pub(crate) const PREROUTING: u16 = 1;
        pub(crate) const LOCAL_IN: u16 = 2;
        pub(crate) const LOCAL_OUT: u16 = 3;
        pub(crate) const POSTROUTING: u16 = 4;
    }
}

/// What requests may hold.
mod policy {
    use super::*;

    pub(super) static OP_SWITCH_SET: Table<3> = Table::for_family(&[
        (super::attr::switch::FAMILY, Policy::U32.max(2)),
        (super::attr::switch::ENABLED, Policy::U8.max(1)),
    ]);

    pub(super) static OP_RULE_SET: Table<14> = Table::for_family(&[
        (super::attr::rule::POINT, Policy::U32.max(3)),
        (super::attr::rule::FAMILY, Policy::U32.max(2)),
        (super::attr::rule::ACTION, Policy::U32.max(5)),
        (super::attr::rule::PROTOCOL, Policy::U8),
        (super::attr::rule::PORT, Policy::U16),
        (super::attr::rule::DEVICE, Policy::U32),
        (super::attr::rule::FIRST, Policy::exact(16)),
        (super::attr::rule::LAST, Policy::exact(16)),
        (super::attr::rule::FIRST_PORT, Policy::U16),
        (super::attr::rule::LAST_PORT, Policy::U16),
        (super::attr::rule::RANDOM, Policy::FLAG),
        (super::attr::rule::FULLY_RANDOM, Policy::FLAG),
        (super::attr::rule::PERSISTENT, Policy::FLAG),
    ]);
}

/// What is nested in requests.
pub(crate) mod view {
    use super::*;
}

/// Requests.
pub(crate) mod request {
    use super::*;

    /// Attributes of a request `SwitchSet`.
    #[derive(Clone, Copy)]
    pub(crate) struct SwitchSet<'a>(pub(super) Attrs<'a>);

    impl<'a> SwitchSet<'a> {
        /// Attribute `family`.
        pub(crate) fn family(&self) -> Option<super::Family> {
            let attr = self.0.get(super::attr::switch::FAMILY)?;
            attr.one_of()
        }

        /// 1 switches NAT on, 0 off.
        pub(crate) fn enabled(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::switch::ENABLED)?;
            attr.value()
        }
    }

    impl View for SwitchSet<'static> {
        type On<'a> = SwitchSet<'a>;

        fn on(attrs: Attrs<'_>) -> SwitchSet<'_> {
            SwitchSet(attrs)
        }
    }

    impl<'a> From<SwitchSet<'a>> for Attrs<'a> {
        fn from(view: SwitchSet<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `RuleSet`.
    #[derive(Clone, Copy)]
    pub(crate) struct RuleSet<'a>(pub(super) Attrs<'a>);

    impl<'a> RuleSet<'a> {
        /// Attribute `point`.
        pub(crate) fn point(&self) -> Option<super::Point> {
            let attr = self.0.get(super::attr::rule::POINT)?;
            attr.one_of()
        }

        /// For whose packets it is; of inet for both.
        pub(crate) fn family(&self) -> Option<super::Family> {
            let attr = self.0.get(super::attr::rule::FAMILY)?;
            attr.one_of()
        }

        /// Attribute `action`.
        pub(crate) fn action(&self) -> Option<super::Action> {
            let attr = self.0.get(super::attr::rule::ACTION)?;
            attr.one_of()
        }

        /// Of the connection; any if it is 0 or not given.
        pub(crate) fn protocol(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::rule::PROTOCOL)?;
            attr.value()
        }

        /// The destination's, before it is translated; any if it is 0 or not given.
        pub(crate) fn port(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::rule::PORT)?;
            attr.value()
        }

        /// The index of the device from which the packet comes, or to which it goes; any if it is 0 or not given.
        pub(crate) fn device(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::rule::DEVICE)?;
            attr.value()
        }

        /// An IPv6 address, or an IPv4 address as one.
        pub(crate) fn first(&self) -> Option<[u8; 16]> {
            let attr = self.0.get(super::attr::rule::FIRST)?;
            attr.value()
        }

        /// As first, which it is if it is not given.
        pub(crate) fn last(&self) -> Option<[u8; 16]> {
            let attr = self.0.get(super::attr::rule::LAST)?;
            attr.value()
        }

        /// Attribute `first-port`.
        pub(crate) fn first_port(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::rule::FIRST_PORT)?;
            attr.value()
        }

        /// As first-port, which it is if it is not given.
        pub(crate) fn last_port(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::rule::LAST_PORT)?;
            attr.value()
        }

        /// Attribute `random`.
        pub(crate) fn random(&self) -> bool {
            self.0.flag(super::attr::rule::RANDOM)
        }

        /// Attribute `fully-random`.
        pub(crate) fn fully_random(&self) -> bool {
            self.0.flag(super::attr::rule::FULLY_RANDOM)
        }

        /// Attribute `persistent`.
        pub(crate) fn persistent(&self) -> bool {
            self.0.flag(super::attr::rule::PERSISTENT)
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
        /// Attribute `prerouting`.
        pub(crate) fn prerouting(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::PREROUTING, value)?;
            Ok(self)
        }

        /// Attribute `local-in`.
        pub(crate) fn local_in(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::LOCAL_IN, value)?;
            Ok(self)
        }

        /// Attribute `local-out`.
        pub(crate) fn local_out(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::LOCAL_OUT, value)?;
            Ok(self)
        }

        /// Attribute `postrouting`.
        pub(crate) fn postrouting(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::POSTROUTING, value)?;
            Ok(self)
        }
    }
}

/// The protocol of the family.
pub(crate) struct Spec;

impl genl::FamilySpec for Spec {
    const NAME: &'static CStr = c"natted";
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

/// A request `switch-set`.
pub(crate) type SwitchSetRequest<'a, T> = genl::Request<'a, Server<T>, request::SwitchSet<'static>>;

/// A request `rule-set`.
pub(crate) type RuleSetRequest<'a, T> = genl::Request<'a, Server<T>, request::RuleSet<'static>>;

/// A request `stats-get`.
pub(crate) type StatsGetRequest<'a, T> = genl::Request<'a, Server<T>, request::StatsGet<'static>>;

/// The answer to a request `stats-get`.
pub(crate) type StatsGetReply<'a> = genl::Reply<'a, reply::StatsGet<'static>>;

/// What the family does: implemented by who serves it.
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// Switch NAT on or off in the namespace.
    fn switch_set(request: &SwitchSetRequest<'_, Self>, process: Process<'_>) -> Result;

    /// Replace a rule of the namespace.
    fn rule_set(request: &RuleSetRequest<'_, Self>, process: Process<'_>) -> Result;

    /// How often each point was asked.
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
        genl::Op::new_do::<op::SwitchSet<T>>(),
        genl::Op::new_do::<op::RuleSet<T>>(),
        genl::Op::new_do::<op::StatsGet<T>>(),
    ];
}

/// The operations, as the layer calls them.
mod op {
    use super::*;

    pub(super) struct SwitchSet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for SwitchSet<T> {
        const COMMAND: u8 = 1;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_SWITCH_SET.policies());

        type Request = super::request::SwitchSet<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &SwitchSetRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::switch_set(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct RuleSet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for RuleSet<T> {
        const COMMAND: u8 = 2;
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
