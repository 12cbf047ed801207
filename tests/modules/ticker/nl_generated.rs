// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
// Made by scripts/ynl-gen-rust from tests/modules/ticker/ticker.yaml. Do not edit.

//! Timers and work of a namespace and of a module, for tests.
//!
//! Generic netlink family `ticker`.

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
    /// `source` of the specification.
    pub(crate) enum Source {
        /// `timer`.
        Timer = 0,
        /// `work`.
        Work = 1,
    }
}

/// The types of the attributes, by their sets.
pub(crate) mod attr {
    /// Of `config`.
    pub(crate) mod config {
        pub(crate) const TIMER: u16 = 1;
        pub(crate) const WORK: u16 = 2;
        pub(crate) const LINGER: u16 = 3;
    }

    /// How often what has run.
    pub(crate) mod stats {
        pub(crate) const TIMER: u16 = 1;
        pub(crate) const WORK: u16 = 2;
        pub(crate) const WORKING: u16 = 3;
        pub(crate) const MODULE_TIMER: u16 = 4;
        pub(crate) const MODULE_WORK: u16 = 5;
    }

    /// Of `tick`.
    pub(crate) mod tick {
        pub(crate) const SOURCE: u16 = 1;
        pub(crate) const COUNT: u16 = 2;
    }
}

/// What requests may hold.
mod policy {
    use super::*;

    pub(super) static OP_CONFIG_SET: Table<4> = Table::for_family(&[
        (super::attr::config::TIMER, Policy::U32),
        (super::attr::config::WORK, Policy::U32),
        (super::attr::config::LINGER, Policy::U32.max(10000)),
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
        /// The period of the namespace's timer in milliseconds; 0 stops it.
        pub(crate) fn timer(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::config::TIMER)?;
            attr.value()
        }

        /// That of its work.
        pub(crate) fn work(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::config::WORK)?;
            attr.value()
        }

        /// How long work runs, with RTNL and without, in milliseconds.
        pub(crate) fn linger(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::config::LINGER)?;
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
        /// The namespace's timer.
        pub(crate) fn timer(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::TIMER, value)?;
            Ok(self)
        }

        /// Its work.
        pub(crate) fn work(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::WORK, value)?;
            Ok(self)
        }

        /// How many work items of the module run now.
        pub(crate) fn working(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::WORKING, value)?;
            Ok(self)
        }

        /// The module's timer, since it was loaded.
        pub(crate) fn module_timer(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::MODULE_TIMER, value)?;
            Ok(self)
        }

        /// The module's work.
        pub(crate) fn module_work(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::stats::MODULE_WORK, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `Tick`.
    pub(crate) struct Tick<'a>(pub(super) Writer<'a>);

    impl Builder for Tick<'static> {
        type On<'a> = Tick<'a>;

        fn on(writer: Writer<'_>) -> Tick<'_> {
            Tick(writer)
        }
    }

    impl Tick<'_> {
        /// Attribute `source`.
        pub(crate) fn source(&mut self, value: super::Source) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::tick::SOURCE, value.raw() as u32)?;
            Ok(self)
        }

        /// How often that has run in this namespace.
        pub(crate) fn count(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::tick::COUNT, value)?;
            Ok(self)
        }
    }
}

/// The protocol of the family.
pub(crate) struct Spec;

impl genl::FamilySpec for Spec {
    const NAME: &'static CStr = c"ticker";
    const VERSION: u32 = 1;
    const GROUPS: &'static [genl::McastGroup] = &[genl::McastGroup::new(c"ticks")];
}

kernet::slot!(Spec: genl::Slot);

/// The multicast groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// `ticks`.
    Ticks,
}

impl Group {
    fn from_index(index: usize) -> Option<Self> {
        match index {
            0 => Some(Self::Ticks),
            _ => None,
        }
    }
}

/// The multicast groups, as types.
pub(crate) mod group {
    use super::*;

    /// `ticks`.
    pub(crate) struct Ticks;

    impl genl::Group for Ticks {
        type Spec = Spec;

        const INDEX: usize = 0;
    }
}

/// What nobody has asked for.
pub(crate) mod notify {
    use super::*;

    /// Something has run.
    pub(crate) struct Tick;

    impl genl::Notification for Tick {
        type Group = group::Ticks;
        type Builder = reply::Tick<'static>;

        const COMMAND: u8 = 3;
    }
}

/// A request `config-set`.
pub(crate) type ConfigSetRequest<'a, T> = genl::Request<'a, Server<T>, request::ConfigSet<'static>>;

/// A request `stats-get`.
pub(crate) type StatsGetRequest<'a, T> = genl::Request<'a, Server<T>, request::StatsGet<'static>>;

/// The answer to a request `stats-get`.
pub(crate) type StatsGetReply<'a> = genl::Reply<'a, reply::StatsGet<'static>>;

/// What the family does: implemented by who serves it.
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// Change what runs in the namespace.
    fn config_set(request: &ConfigSetRequest<'_, Self>, process: Process<'_>) -> Result;

    /// What has run.
    fn stats_get(
        request: &StatsGetRequest<'_, Self>,
        reply: StatsGetReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

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
        genl::Op::new_do::<op::ConfigSet<T>>(),
        genl::Op::new_do::<op::StatsGet<T>>(),
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
}
