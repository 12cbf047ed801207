// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
// Made by scripts/ynl-gen-rust from tests/modules/stateful/stateful.yaml. Do not edit.

//! A filter of connections, for tests.
//!
//! Generic netlink family `stateful`.

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

/// The types of the attributes, by their sets.
pub(crate) mod attr {
    /// Of `config`.
    pub(crate) mod config {
        pub(crate) const FAMILY: u16 = 1;
        pub(crate) const TRACKING: u16 = 2;
        pub(crate) const OUTSIDE: u16 = 3;
        pub(crate) const MARK: u16 = 4;
        pub(crate) const MASK: u16 = 5;
    }

    /// Packets at the filter.
    pub(crate) mod stats {
        pub(crate) const INVALID: u16 = 1;
        pub(crate) const UNTRACKED: u16 = 2;
        pub(crate) const NEW: u16 = 3;
        pub(crate) const ESTABLISHED: u16 = 4;
        pub(crate) const RELATED: u16 = 5;
        pub(crate) const REPLY: u16 = 6;
        pub(crate) const DROPPED: u16 = 7;
        pub(crate) const EARLY: u16 = 8;
        pub(crate) const MARK_ERRORS: u16 = 9;
    }

    /// The last packet's.
    pub(crate) mod connection {
        pub(crate) const PROTOCOL: u16 = 1;
        pub(crate) const SOURCE: u16 = 2;
        pub(crate) const DESTINATION: u16 = 3;
        pub(crate) const PORTS: u16 = 4;
        pub(crate) const REPLY_SOURCE: u16 = 5;
        pub(crate) const REPLY_DESTINATION: u16 = 6;
        pub(crate) const REPLY_PORTS: u16 = 7;
        pub(crate) const MARK: u16 = 8;
        pub(crate) const ZONE: u16 = 9;
        pub(crate) const CONFIRMED: u16 = 10;
        pub(crate) const SEEN_REPLY: u16 = 11;
        pub(crate) const ASSURED: u16 = 12;
    }
}

/// What requests may hold.
mod policy {
    use super::*;

    pub(super) static OP_CONFIG_SET: Table<6> = Table::for_family(&[
        (super::attr::config::FAMILY, Policy::U32.max(2)),
        (super::attr::config::TRACKING, Policy::U8.max(1)),
        (super::attr::config::OUTSIDE, Policy::U32),
        (super::attr::config::MARK, Policy::U32),
        (super::attr::config::MASK, Policy::U32),
    ]);
}

/// What is nested in requests.
pub(crate) mod view {
    use super::*;
}

/// Requests.
pub(crate) mod request {
    use super::*;

    /// Attributes of a request `ConfigSet`.
    #[derive(Clone, Copy)]
    pub(crate) struct ConfigSet<'a>(pub(super) Attrs<'a>);

    impl<'a> ConfigSet<'a> {
        /// For whose packets tracking is switched.
        pub(crate) fn family(&self) -> Option<super::Family> {
            let attr = self.0.get(super::attr::config::FAMILY)?;
            attr.one_of()
        }

        /// 1 switches it on, 0 off.
        pub(crate) fn tracking(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::config::TRACKING)?;
            attr.value()
        }

        /// The index of the device from which no connection may begin; 0 for none.
        pub(crate) fn outside(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::config::OUTSIDE)?;
            attr.value()
        }

        /// What each packet's connection is marked with.
        pub(crate) fn mark(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::config::MARK)?;
            attr.value()
        }

        /// The bits of the mark that are set; all if it is not given.
        pub(crate) fn mask(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::config::MASK)?;
            attr.value()
        }
    }

    impl View for ConfigSet<'static> {
        type On<'a> = ConfigSet<'a>;

        fn on(attrs: Attrs<'_>) -> ConfigSet<'_> {
            ConfigSet(attrs)
        }
    }

    impl<'a> From<ConfigSet<'a>> for Attrs<'a> {
        fn from(view: ConfigSet<'a>) -> Attrs<'a> {
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

    /// Attributes of a request `ConnectionGet`.
    pub(crate) type ConnectionGet<'a> = StatsGet<'a>;
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
        /// Attribute `invalid`.
        pub(crate) fn invalid(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::INVALID, value)?;
            Ok(self)
        }

        /// Attribute `untracked`.
        pub(crate) fn untracked(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::UNTRACKED, value)?;
            Ok(self)
        }

        /// Attribute `new`.
        pub(crate) fn new(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::NEW, value)?;
            Ok(self)
        }

        /// Attribute `established`.
        pub(crate) fn established(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::ESTABLISHED, value)?;
            Ok(self)
        }

        /// Attribute `related`.
        pub(crate) fn related(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::RELATED, value)?;
            Ok(self)
        }

        /// Of those with a connection, those that go to who has begun it.
        pub(crate) fn reply(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::REPLY, value)?;
            Ok(self)
        }

        /// From outside, and of no connection that there was.
        pub(crate) fn dropped(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::DROPPED, value)?;
            Ok(self)
        }

        /// Those that had a connection in front of tracking's own hook.
        pub(crate) fn early(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::EARLY, value)?;
            Ok(self)
        }

        /// Those whose connection could not be marked.
        pub(crate) fn mark_errors(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::MARK_ERRORS, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `ConnectionGet`.
    pub(crate) struct ConnectionGet<'a>(pub(super) Writer<'a>);

    impl Builder for ConnectionGet<'static> {
        type On<'a> = ConnectionGet<'a>;

        fn on(writer: Writer<'_>) -> ConnectionGet<'_> {
            ConnectionGet(writer)
        }
    }

    impl ConnectionGet<'_> {
        /// Attribute `protocol`.
        pub(crate) fn protocol(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::connection::PROTOCOL, value)?;
            Ok(self)
        }

        /// An IPv6 address, or an IPv4 address as one, of the original direction.
        pub(crate) fn source(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::connection::SOURCE, value)?;
            Ok(self)
        }

        /// Attribute `destination`.
        pub(crate) fn destination(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::connection::DESTINATION, value)?;
            Ok(self)
        }

        /// The source port's bits before those of the destination; or an ICMP identifier's before type and code.
        pub(crate) fn ports(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::connection::PORTS, value)?;
            Ok(self)
        }

        /// Attribute `reply-source`.
        pub(crate) fn reply_source(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::connection::REPLY_SOURCE, value)?;
            Ok(self)
        }

        /// Attribute `reply-destination`.
        pub(crate) fn reply_destination(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0
                .put(super::attr::connection::REPLY_DESTINATION, value)?;
            Ok(self)
        }

        /// Attribute `reply-ports`.
        pub(crate) fn reply_ports(&mut self, value: u32) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::connection::REPLY_PORTS, value)?;
            Ok(self)
        }

        /// Attribute `mark`.
        pub(crate) fn mark(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::connection::MARK, value)?;
            Ok(self)
        }

        /// Attribute `zone`.
        pub(crate) fn zone(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::connection::ZONE, value)?;
            Ok(self)
        }

        /// Attribute `confirmed`.
        pub(crate) fn confirmed(&mut self, value: u8) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::connection::CONFIRMED, value)?;
            Ok(self)
        }

        /// Attribute `seen-reply`.
        pub(crate) fn seen_reply(&mut self, value: u8) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::connection::SEEN_REPLY, value)?;
            Ok(self)
        }

        /// Attribute `assured`.
        pub(crate) fn assured(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::connection::ASSURED, value)?;
            Ok(self)
        }
    }
}

/// The protocol of the family.
pub(crate) struct Spec;

impl genl::FamilySpec for Spec {
    const NAME: &'static CStr = c"stateful";
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

/// A request `config-set`.
pub(crate) type ConfigSetRequest<'a, T> = genl::Request<'a, Server<T>, request::ConfigSet<'static>>;

/// A request `stats-get`.
pub(crate) type StatsGetRequest<'a, T> = genl::Request<'a, Server<T>, request::StatsGet<'static>>;

/// The answer to a request `stats-get`.
pub(crate) type StatsGetReply<'a> = genl::Reply<'a, reply::StatsGet<'static>>;

/// A request `connection-get`.
pub(crate) type ConnectionGetRequest<'a, T> =
    genl::Request<'a, Server<T>, request::ConnectionGet<'static>>;

/// The answer to a request `connection-get`.
pub(crate) type ConnectionGetReply<'a> = genl::Reply<'a, reply::ConnectionGet<'static>>;

/// What the family does: implemented by who serves it.
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// Change what is done in the namespace.
    fn config_set(request: &ConfigSetRequest<'_, Self>, process: Process<'_>) -> Result;

    /// What the filter has seen there.
    fn stats_get(
        request: &StatsGetRequest<'_, Self>,
        reply: StatsGetReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// The connection that it has seen last.
    fn connection_get(
        request: &ConnectionGetRequest<'_, Self>,
        reply: ConnectionGetReply<'_>,
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
        genl::Op::new_do::<op::ConfigSet<T>>(),
        genl::Op::new_do::<op::StatsGet<T>>(),
        genl::Op::new_do::<op::ConnectionGet<T>>(),
    ];
}

/// The operations, as the layer calls them.
mod op {
    use super::*;

    pub(super) struct ConfigSet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for ConfigSet<T> {
        const COMMAND: u8 = 1;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_CONFIG_SET.policies());

        type Request = super::request::ConfigSet<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &ConfigSetRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::config_set(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct StatsGet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for StatsGet<T> {
        const COMMAND: u8 = 2;
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

    pub(super) struct ConnectionGet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for ConnectionGet<T> {
        const COMMAND: u8 = 3;
        const POLICIES: Option<Policies> = None;

        type Request = super::request::ConnectionGet<'static>;
        type Reply = super::reply::ConnectionGet<'static>;

        fn run(
            request: &ConnectionGetRequest<'_, T>,
            reply: ConnectionGetReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::connection_get(request, reply, process)
        }
    }
}
