// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
// Made by scripts/ynl-gen-rust from Documentation/netlink/specs/tcp_bbr3.yaml. Do not edit.

//! What BBRv3 knows of the paths of a namespace's TCP sockets, and what it does.
//!
//! Generic netlink family `tcp-bbr3`.

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
    /// A state of the draft's state machine.
    pub(crate) enum Phase {
        /// `startup`.
        Startup = 0,
        /// `drain`.
        Drain = 1,
        /// `probe-bw-down`.
        ProbeBwDown = 2,
        /// `probe-bw-cruise`.
        ProbeBwCruise = 3,
        /// `probe-bw-refill`.
        ProbeBwRefill = 4,
        /// `probe-bw-up`.
        ProbeBwUp = 5,
        /// `probe-rtt`.
        ProbeRtt = 6,
    }
}

/// The types of the attributes, by their sets.
pub(crate) mod attr {
    /// A socket. The numbers are those at the beginning of its last round, or phase. Volumes are in
    /// packets.
    pub(crate) mod socket {
        pub(crate) const COOKIE: u16 = 1;
        pub(crate) const LOCAL: u16 = 2;
        pub(crate) const LOCAL_PORT: u16 = 3;
        pub(crate) const REMOTE: u16 = 4;
        pub(crate) const REMOTE_PORT: u16 = 5;
        pub(crate) const PHASE: u16 = 6;
        pub(crate) const FULL: u16 = 7;
        pub(crate) const ROUNDS: u16 = 8;
        pub(crate) const BANDWIDTH: u16 = 9;
        pub(crate) const MAX_BANDWIDTH: u16 = 10;
        pub(crate) const MIN_RTT: u16 = 11;
        pub(crate) const INFLIGHT_LONGTERM: u16 = 12;
        pub(crate) const INFLIGHT_SHORTTERM: u16 = 13;
        pub(crate) const CWND: u16 = 14;
        pub(crate) const PACING_RATE: u16 = 15;
    }

    /// Since the module was loaded, in all namespaces.
    pub(crate) mod stats {
        pub(crate) const FALLBACKS: u16 = 1;
        pub(crate) const SOCKETS: u16 = 2;
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

    /// Attributes of a request `SocketGet`.
    #[derive(Clone, Copy)]
    pub(crate) struct SocketGet<'a>(pub(super) Attrs<'a>);

    impl<'a> SocketGet<'a> {}

    impl View for SocketGet<'static> {
        type On<'a> = SocketGet<'a>;

        fn on(attrs: Attrs<'_>) -> SocketGet<'_> {
            SocketGet(attrs)
        }
    }

    impl<'a> From<SocketGet<'a>> for Attrs<'a> {
        fn from(view: SocketGet<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `StatsGet`.
    pub(crate) type StatsGet<'a> = SocketGet<'a>;
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

    /// Attributes of a message `SocketGet`.
    pub(crate) struct SocketGet<'a>(pub(super) Writer<'a>);

    impl Builder for SocketGet<'static> {
        type On<'a> = SocketGet<'a>;

        fn on(writer: Writer<'_>) -> SocketGet<'_> {
            SocketGet(writer)
        }
    }

    impl SocketGet<'_> {
        /// Identifies the socket, as `ss -e` shows it after `sk`.
        pub(crate) fn cookie(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_value(super::attr::socket::COOKIE, value)?;
            Ok(self)
        }

        /// Address, 4 or 16 bytes in network byte order.
        pub(crate) fn local(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::socket::LOCAL, value)?;
            Ok(self)
        }

        /// In host byte order.
        pub(crate) fn local_port(&mut self, value: u16) -> Result<&mut Self> {
            self.0.put_value(super::attr::socket::LOCAL_PORT, value)?;
            Ok(self)
        }

        /// Attribute `remote`.
        pub(crate) fn remote(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::socket::REMOTE, value)?;
            Ok(self)
        }

        /// Attribute `remote-port`.
        pub(crate) fn remote_port(&mut self, value: u16) -> Result<&mut Self> {
            self.0.put_value(super::attr::socket::REMOTE_PORT, value)?;
            Ok(self)
        }

        /// Attribute `phase`.
        pub(crate) fn phase(&mut self, value: super::Phase) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::socket::PHASE, value.raw() as u8)?;
            Ok(self)
        }

        /// 1 if the pipe was full once, else 0.
        pub(crate) fn full(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::socket::FULL, value)?;
            Ok(self)
        }

        /// Round trips since the socket was connected; wraps.
        pub(crate) fn rounds(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::socket::ROUNDS, value)?;
            Ok(self)
        }

        /// What the socket may send, in bytes per second.
        pub(crate) fn bandwidth(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_value(super::attr::socket::BANDWIDTH, value)?;
            Ok(self)
        }

        /// What the path has delivered, in bytes per second.
        pub(crate) fn max_bandwidth(&mut self, value: u64) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::socket::MAX_BANDWIDTH, value)?;
            Ok(self)
        }

        /// The round trip time of an empty queue, in microseconds; absent if there was none.
        pub(crate) fn min_rtt(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::socket::MIN_RTT, value)?;
            Ok(self)
        }

        /// What may be in flight, as the last probing has shown; absent if it showed no bound.
        pub(crate) fn inflight_longterm(&mut self, value: u32) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::socket::INFLIGHT_LONGTERM, value)?;
            Ok(self)
        }

        /// What may be in flight, as losses of this cycle have shown; absent without losses.
        pub(crate) fn inflight_shortterm(&mut self, value: u32) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::socket::INFLIGHT_SHORTTERM, value)?;
            Ok(self)
        }

        /// The congestion window.
        pub(crate) fn cwnd(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::socket::CWND, value)?;
            Ok(self)
        }

        /// In bytes per second.
        pub(crate) fn pacing_rate(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_value(super::attr::socket::PACING_RATE, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `StatsGet`.
    pub(crate) struct StatsGet<'a>(pub(super) Writer<'a>);

    impl Builder for StatsGet<'static> {
        type On<'a> = StatsGet<'a>;

        fn on(writer: Writer<'_>) -> StatsGet<'_> {
            StatsGet(writer)
        }
    }

    impl StatsGet<'_> {
        /// How many sockets got no memory, and use Reno.
        pub(crate) fn fallbacks(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::FALLBACKS, value)?;
            Ok(self)
        }

        /// How many sockets of this namespace use BBRv3.
        pub(crate) fn sockets(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::stats::SOCKETS, value)?;
            Ok(self)
        }
    }
}

/// The protocol of the family.
pub(crate) struct Spec;

impl genl::FamilySpec for Spec {
    const NAME: &'static CStr = c"tcp-bbr3";
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

/// A request `socket-get`.
pub(crate) type SocketGetRequest<'a, T> = genl::Request<'a, Server<T>, request::SocketGet<'static>>;

/// The answer to a request `socket-get`.
pub(crate) type SocketGetEntries<'a> = genl::Entries<'a, reply::SocketGet<'static>>;

/// A request `stats-get`.
pub(crate) type StatsGetRequest<'a, T> = genl::Request<'a, Server<T>, request::StatsGet<'static>>;

/// The answer to a request `stats-get`.
pub(crate) type StatsGetReply<'a> = genl::Reply<'a, reply::StatsGet<'static>>;

/// What the family does: implemented by who serves it.
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// Where a dump of `socket-get` goes on.
    type SocketGetDump: Send + 'static;

    /// Begins a dump `socket-get`.
    fn socket_get_start(
        request: &SocketGetRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Self::SocketGetDump>;

    /// All sockets of the namespace.
    ///
    /// Puts the next entries, and moves `dump` past each.
    fn socket_get_dump(
        request: &SocketGetRequest<'_, Self>,
        dump: &mut Self::SocketGetDump,
        entries: &mut SocketGetEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), genl::Full>;

    /// How many sockets there are.
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
        genl::Op::new_dump::<op::SocketGet<T>>(),
        genl::Op::new_do::<op::StatsGet<T>>(),
    ];
}

/// The operations, as the layer calls them.
mod op {
    use super::*;

    pub(super) struct SocketGet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Dump<Server<T>> for SocketGet<T> {
        const COMMAND: u8 = 1;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = None;

        type Request = super::request::SocketGet<'static>;
        type Reply = super::reply::SocketGet<'static>;
        type State = T::SocketGetDump;

        fn start(
            request: &SocketGetRequest<'_, T>,
            process: Process<'_>,
        ) -> Result<T::SocketGetDump> {
            T::socket_get_start(request, process)
        }

        fn run(
            request: &SocketGetRequest<'_, T>,
            dump: &mut T::SocketGetDump,
            entries: &mut SocketGetEntries<'_>,
            process: Process<'_>,
        ) -> Result<(), genl::Full> {
            T::socket_get_dump(request, dump, entries, process)
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
}
