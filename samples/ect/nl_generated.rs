// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
// Made by scripts/ynl-gen-rust from Documentation/netlink/specs/ect.yaml. Do not edit.

//! Ethernet Configuration Testing Protocol: what a namespace answers on its Ethernet devices, and
//! what it has answered.
//!
//! Generic netlink family `ect`.

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

/// The types of the attributes, by their sets.
pub(crate) mod attr {
    /// Of `config`.
    pub(crate) mod config {
        pub(crate) const SERVER: u16 = 1;
        pub(crate) const ASSISTANCE: u16 = 2;
    }

    /// Frames, since the module was loaded or the namespace was made.
    pub(crate) mod stats {
        pub(crate) const FORWARDED: u16 = 1;
        pub(crate) const NOT_SENT: u16 = 2;
        pub(crate) const REPLIES: u16 = 3;
        pub(crate) const OFF: u16 = 4;
        pub(crate) const GROUP: u16 = 5;
        pub(crate) const TRUNCATED: u16 = 6;
        pub(crate) const MALFORMED: u16 = 7;
        pub(crate) const BAD_ADDRESS: u16 = 8;
        pub(crate) const LOOPED: u16 = 9;
        pub(crate) const NO_MEMORY: u16 = 10;
    }
}

/// What requests may hold.
mod policy {
    use super::*;

    pub(super) static OP_CONFIG_SET: Table<3> = Table::for_family(&[
        (super::attr::config::SERVER, Policy::U8.max(1)),
        (super::attr::config::ASSISTANCE, Policy::U8.max(1)),
    ]);
}

/// What is nested in requests.
pub(crate) mod view {
    use super::*;
}

/// Requests.
pub(crate) mod request {
    use super::*;

    /// Attributes of a request `ConfigGet`.
    #[derive(Clone, Copy)]
    pub(crate) struct ConfigGet<'a>(pub(super) Attrs<'a>);

    impl<'a> ConfigGet<'a> {}

    impl View for ConfigGet<'static> {
        type On<'a> = ConfigGet<'a>;

        fn on(attrs: Attrs<'_>) -> ConfigGet<'_> {
            ConfigGet(attrs)
        }
    }

    impl<'a> From<ConfigGet<'a>> for Attrs<'a> {
        fn from(view: ConfigGet<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `ConfigSet`.
    #[derive(Clone, Copy)]
    pub(crate) struct ConfigSet<'a>(pub(super) Attrs<'a>);

    impl<'a> ConfigSet<'a> {
        /// 1 if frames to a device's own address are answered, else 0, which it is at first.
        pub(crate) fn server(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::config::SERVER)?;
            attr.value()
        }

        /// 1 if frames to the loopback assistance group cf:00:00:00:00:00 are answered as well, else
        /// 0, which it is at first. Without server nothing is answered.
        pub(crate) fn assistance(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::config::ASSISTANCE)?;
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
    pub(crate) type StatsGet<'a> = ConfigGet<'a>;
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

    /// Attributes of a message `ConfigGet`.
    pub(crate) struct ConfigGet<'a>(pub(super) Writer<'a>);

    impl Builder for ConfigGet<'static> {
        type On<'a> = ConfigGet<'a>;

        fn on(writer: Writer<'_>) -> ConfigGet<'_> {
            ConfigGet(writer)
        }
    }

    impl ConfigGet<'_> {
        /// 1 if frames to a device's own address are answered, else 0, which it is at first.
        pub(crate) fn server(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::config::SERVER, value)?;
            Ok(self)
        }

        /// 1 if frames to the loopback assistance group cf:00:00:00:00:00 are answered as well, else
        /// 0, which it is at first. Without server nothing is answered.
        pub(crate) fn assistance(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::config::ASSISTANCE, value)?;
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
        /// Sent on.
        pub(crate) fn forwarded(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::FORWARDED, value)?;
            Ok(self)
        }

        /// To be sent on, which the device did not do; it counts them as dropped.
        pub(crate) fn not_sent(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::NOT_SENT, value)?;
            Ok(self)
        }

        /// Answers to tests of this host's own programs, which hear them by sockets.
        pub(crate) fn replies(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::REPLIES, value)?;
            Ok(self)
        }

        /// Dropped, as server is off or the device is not an Ethernet one.
        pub(crate) fn off(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::OFF, value)?;
            Ok(self)
        }

        /// Dropped, as they were for all or for a group that is not answered.
        pub(crate) fn group(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::GROUP, value)?;
            Ok(self)
        }

        /// Dropped, as they ended before their current message.
        pub(crate) fn truncated(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::TRUNCATED, value)?;
            Ok(self)
        }

        /// Dropped, as skip count or function were none.
        pub(crate) fn malformed(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::MALFORMED, value)?;
            Ok(self)
        }

        /// Dropped, as they were to be sent on to a group or to no station.
        pub(crate) fn bad_address(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::BAD_ADDRESS, value)?;
            Ok(self)
        }

        /// Dropped, as they came from this station or were to be sent on to it.
        pub(crate) fn looped(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::LOOPED, value)?;
            Ok(self)
        }

        /// Dropped for want of memory.
        pub(crate) fn no_memory(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::NO_MEMORY, value)?;
            Ok(self)
        }
    }
}

/// The protocol of the family.
pub(crate) struct Spec;

impl genl::FamilySpec for Spec {
    const NAME: &'static CStr = c"ect";
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

/// A request `config-get`.
pub(crate) type ConfigGetRequest<'a, T> = genl::Request<'a, Server<T>, request::ConfigGet<'static>>;

/// The answer to a request `config-get`.
pub(crate) type ConfigGetReply<'a> = genl::Reply<'a, reply::ConfigGet<'static>>;

/// A request `config-set`.
pub(crate) type ConfigSetRequest<'a, T> = genl::Request<'a, Server<T>, request::ConfigSet<'static>>;

/// A request `stats-get`.
pub(crate) type StatsGetRequest<'a, T> = genl::Request<'a, Server<T>, request::StatsGet<'static>>;

/// The answer to a request `stats-get`.
pub(crate) type StatsGetReply<'a> = genl::Reply<'a, reply::StatsGet<'static>>;

/// What the family does: implemented by who serves it.
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// What the namespace answers.
    fn config_get(
        request: &ConfigGetRequest<'_, Self>,
        reply: ConfigGetReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Change what the namespace answers; what is not named stays.
    fn config_set(request: &ConfigSetRequest<'_, Self>, process: Process<'_>) -> Result;

    /// What became of the frames that the namespace has received.
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
        genl::Op::new_do::<op::ConfigGet<T>>(),
        genl::Op::new_do::<op::ConfigSet<T>>(),
        genl::Op::new_do::<op::StatsGet<T>>(),
    ];
}

/// The operations, as the layer calls them.
mod op {
    use super::*;

    pub(super) struct ConfigGet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for ConfigGet<T> {
        const COMMAND: u8 = 1;
        const POLICIES: Option<Policies> = None;

        type Request = super::request::ConfigGet<'static>;
        type Reply = super::reply::ConfigGet<'static>;

        fn run(
            request: &ConfigGetRequest<'_, T>,
            reply: ConfigGetReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::config_get(request, reply, process)
        }
    }

    pub(super) struct ConfigSet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for ConfigSet<T> {
        const COMMAND: u8 = 2;
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
