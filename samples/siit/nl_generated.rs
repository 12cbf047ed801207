// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
// Made by scripts/ynl-gen-rust from Documentation/netlink/specs/siit.yaml. Do not edit.

//! Explicit address mappings (RFC 7757) of translators between IPv4 and IPv6.
//!
//! Generic netlink family `siit`.

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
    /// An IPv4 prefix and the IPv6 prefix that stands for it. What is behind the IPv4 prefix is behind
    /// the IPv6 prefix, too, which has to leave room for it.
    pub(crate) mod mapping {
        pub(crate) const IPV4: u16 = 1;
        pub(crate) const IPV4_LEN: u16 = 2;
        pub(crate) const IPV6: u16 = 3;
        pub(crate) const IPV6_LEN: u16 = 4;
    }

    /// Of `siit`.
    pub(crate) mod siit {
        pub(crate) const IFINDEX: u16 = 1;
        pub(crate) const MAPPING: u16 = 2;
        pub(crate) const COUNT: u16 = 3;
    }
}

/// What requests may hold.
mod policy {
    use super::*;

    pub(super) static MAPPING: Table<5> = Table::for_family(&[
        (super::attr::mapping::IPV4, Policy::BE32),
        (super::attr::mapping::IPV4_LEN, Policy::U8.max(32)),
        (super::attr::mapping::IPV6, Policy::exact(16)),
        (super::attr::mapping::IPV6_LEN, Policy::U8.max(128)),
    ]);

    pub(super) static OP_MAPPING_REPLACE: Table<3> = Table::for_family(&[
        (super::attr::siit::IFINDEX, Policy::U32.min(1)),
        (
            super::attr::siit::MAPPING,
            Policy::nested(MAPPING.policies()),
        ),
    ]);

    pub(super) static OP_MAPPING_GET: Table<2> =
        Table::for_family(&[(super::attr::siit::IFINDEX, Policy::U32.min(1))]);
}

/// What is nested in requests.
pub(crate) mod view {
    use super::*;

    /// Attributes of `mapping`.
    #[derive(Clone, Copy)]
    pub(crate) struct Mapping<'a>(pub(super) Nest<'a, 5>);

    impl<'a> Mapping<'a> {
        /// The attributes, by type.
        pub(crate) fn attrs(&self) -> Attrs<'_> {
            self.0.attrs()
        }

        /// Without bits behind the prefix.
        pub(crate) fn ipv4(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::mapping::IPV4)?;
            attr.be::<u32>()
        }

        /// In bits; 32 if absent.
        pub(crate) fn ipv4_len(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::mapping::IPV4_LEN)?;
            attr.value()
        }

        /// Without bits behind the prefix.
        pub(crate) fn ipv6(&self) -> Option<[u8; 16]> {
            let attr = self.0.get(super::attr::mapping::IPV6)?;
            attr.value()
        }

        /// In bits; 128 if absent.
        pub(crate) fn ipv6_len(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::mapping::IPV6_LEN)?;
            attr.value()
        }
    }
}

/// Requests.
pub(crate) mod request {
    use super::*;

    /// Attributes of a request `MappingReplace`.
    #[derive(Clone, Copy)]
    pub(crate) struct MappingReplace<'a>(pub(super) Attrs<'a>);

    impl<'a> MappingReplace<'a> {
        /// The translator's device.
        pub(crate) fn ifindex(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::siit::IFINDEX)?;
            attr.value()
        }

        /// No two of a translator have the same IPv4 prefix, or the same IPv6 prefix. Prefixes may be
        /// in each other: the longest one that matches counts.
        pub(crate) fn mapping(
            &self,
        ) -> impl Iterator<Item = super::view::Mapping<'a>> + Clone + 'a {
            self.0
                .all(super::attr::siit::MAPPING)
                .map(|attr| super::view::Mapping(attr.nest()))
        }
    }

    impl View for MappingReplace<'static> {
        type On<'a> = MappingReplace<'a>;

        fn on(attrs: Attrs<'_>) -> MappingReplace<'_> {
            MappingReplace(attrs)
        }
    }

    impl<'a> From<MappingReplace<'a>> for Attrs<'a> {
        fn from(view: MappingReplace<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `MappingAdd`.
    pub(crate) type MappingAdd<'a> = MappingReplace<'a>;

    /// Attributes of a request `MappingDel`.
    pub(crate) type MappingDel<'a> = MappingReplace<'a>;

    /// Attributes of a request `MappingGet`.
    #[derive(Clone, Copy)]
    pub(crate) struct MappingGet<'a>(pub(super) Attrs<'a>);

    impl<'a> MappingGet<'a> {
        /// The translator's device.
        pub(crate) fn ifindex(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::siit::IFINDEX)?;
            attr.value()
        }
    }

    impl View for MappingGet<'static> {
        type On<'a> = MappingGet<'a>;

        fn on(attrs: Attrs<'_>) -> MappingGet<'_> {
            MappingGet(attrs)
        }
    }

    impl<'a> From<MappingGet<'a>> for Attrs<'a> {
        fn from(view: MappingGet<'a>) -> Attrs<'a> {
            view.0
        }
    }
}

/// What is nested in replies and notifications.
pub(crate) mod build {
    use super::*;
    use kernet::nlattr::{Array, Builder};

    /// Attributes of `mapping`.
    pub(crate) struct Mapping<'a>(pub(super) Writer<'a>);

    impl Builder for Mapping<'static> {
        type On<'a> = Mapping<'a>;

        fn on(writer: Writer<'_>) -> Mapping<'_> {
            Mapping(writer)
        }
    }

    impl Mapping<'_> {
        /// Without bits behind the prefix.
        pub(crate) fn ipv4(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::mapping::IPV4, Be(value))?;
            Ok(self)
        }

        /// In bits; 32 if absent.
        pub(crate) fn ipv4_len(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::mapping::IPV4_LEN, value)?;
            Ok(self)
        }

        /// Without bits behind the prefix.
        pub(crate) fn ipv6(&mut self, value: &[u8; 16]) -> Result<&mut Self> {
            self.0.put(super::attr::mapping::IPV6, value)?;
            Ok(self)
        }

        /// In bits; 128 if absent.
        pub(crate) fn ipv6_len(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::mapping::IPV6_LEN, value)?;
            Ok(self)
        }
    }
}

/// Replies and notifications.
pub(crate) mod reply {
    use super::*;
    use kernet::nlattr::{Array, Builder};

    /// Attributes of a message `MappingReplace`.
    pub(crate) struct MappingReplace<'a>(pub(super) Writer<'a>);

    impl Builder for MappingReplace<'static> {
        type On<'a> = MappingReplace<'a>;

        fn on(writer: Writer<'_>) -> MappingReplace<'_> {
            MappingReplace(writer)
        }
    }

    impl MappingReplace<'_> {
        /// Number of mappings that there are then.
        pub(crate) fn count(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::siit::COUNT, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `MappingAdd`.
    pub(crate) type MappingAdd<'a> = MappingReplace<'a>;

    /// Attributes of a message `MappingDel`.
    pub(crate) type MappingDel<'a> = MappingReplace<'a>;

    /// Attributes of a message `MappingGet`.
    pub(crate) struct MappingGet<'a>(pub(super) Writer<'a>);

    impl Builder for MappingGet<'static> {
        type On<'a> = MappingGet<'a>;

        fn on(writer: Writer<'_>) -> MappingGet<'_> {
            MappingGet(writer)
        }
    }

    impl MappingGet<'_> {
        /// No two of a translator have the same IPv4 prefix, or the same IPv6 prefix. Prefixes may be
        /// in each other: the longest one that matches counts.
        ///
        /// One of several.
        pub(crate) fn mapping(
            &mut self,
            fill: impl FnOnce(&mut super::build::Mapping<'_>) -> Result,
        ) -> Result<&mut Self> {
            self.0
                .build::<super::build::Mapping<'static>>(super::attr::siit::MAPPING, fill)?;
            Ok(self)
        }
    }
}

/// The protocol of the family.
pub(crate) struct Spec;

impl genl::FamilySpec for Spec {
    const NAME: &'static CStr = c"siit";
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

/// A request `mapping-replace`.
pub(crate) type MappingReplaceRequest<'a, T> =
    genl::Request<'a, Server<T>, request::MappingReplace<'static>>;

/// The answer to a request `mapping-replace`.
pub(crate) type MappingReplaceReply<'a> = genl::Reply<'a, reply::MappingReplace<'static>>;

/// A request `mapping-add`.
pub(crate) type MappingAddRequest<'a, T> =
    genl::Request<'a, Server<T>, request::MappingAdd<'static>>;

/// The answer to a request `mapping-add`.
pub(crate) type MappingAddReply<'a> = genl::Reply<'a, reply::MappingAdd<'static>>;

/// A request `mapping-del`.
pub(crate) type MappingDelRequest<'a, T> =
    genl::Request<'a, Server<T>, request::MappingDel<'static>>;

/// The answer to a request `mapping-del`.
pub(crate) type MappingDelReply<'a> = genl::Reply<'a, reply::MappingDel<'static>>;

/// A request `mapping-get`.
pub(crate) type MappingGetRequest<'a, T> =
    genl::Request<'a, Server<T>, request::MappingGet<'static>>;

/// The answer to a request `mapping-get`.
pub(crate) type MappingGetEntries<'a> = genl::Entries<'a, reply::MappingGet<'static>>;

/// What the family does: implemented by who serves it.
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// Where a dump of `mapping-get` goes on.
    type MappingGetDump: Send + 'static;

    /// Put mappings in the place of all there are, at once: each packet is translated by those from
    /// before or by these.
    fn mapping_replace(
        request: &MappingReplaceRequest<'_, Self>,
        reply: MappingReplaceReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Add mappings, all of them at once or none.
    fn mapping_add(
        request: &MappingAddRequest<'_, Self>,
        reply: MappingAddReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Delete mappings, all of them at once or none.
    fn mapping_del(
        request: &MappingDelRequest<'_, Self>,
        reply: MappingDelReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Begins a dump `mapping-get`.
    fn mapping_get_start(
        request: &MappingGetRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Self::MappingGetDump>;

    /// Get the mappings of a translator.
    ///
    /// Puts the next entries, and moves `dump` past each.
    fn mapping_get_dump(
        request: &MappingGetRequest<'_, Self>,
        dump: &mut Self::MappingGetDump,
        entries: &mut MappingGetEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), genl::Full>;
}

/// The family, served by `T`.
pub(crate) struct Server<T>(PhantomData<fn() -> T>);

/// The registration of the family, served by `T`.
pub(crate) type Registration<T> = genl::Registration<Server<T>>;

impl<T: Operations> genl::FamilyServer for Server<T> {
    type Spec = Spec;
    type Socket = ();

    const OPS: &'static [genl::Op<Self>] = &[
        genl::Op::new_do::<op::MappingReplace<T>>(),
        genl::Op::new_do::<op::MappingAdd<T>>(),
        genl::Op::new_do::<op::MappingDel<T>>(),
        genl::Op::new_dump::<op::MappingGet<T>>(),
    ];
}

/// The operations, as the layer calls them.
mod op {
    use super::*;

    pub(super) struct MappingReplace<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for MappingReplace<T> {
        const COMMAND: u8 = 1;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_MAPPING_REPLACE.policies());

        type Request = super::request::MappingReplace<'static>;
        type Reply = super::reply::MappingReplace<'static>;

        fn run(
            request: &MappingReplaceRequest<'_, T>,
            reply: MappingReplaceReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::mapping_replace(request, reply, process)
        }
    }

    pub(super) struct MappingAdd<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for MappingAdd<T> {
        const COMMAND: u8 = 2;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_MAPPING_REPLACE.policies());

        type Request = super::request::MappingAdd<'static>;
        type Reply = super::reply::MappingAdd<'static>;

        fn run(
            request: &MappingAddRequest<'_, T>,
            reply: MappingAddReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::mapping_add(request, reply, process)
        }
    }

    pub(super) struct MappingDel<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for MappingDel<T> {
        const COMMAND: u8 = 3;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_MAPPING_REPLACE.policies());

        type Request = super::request::MappingDel<'static>;
        type Reply = super::reply::MappingDel<'static>;

        fn run(
            request: &MappingDelRequest<'_, T>,
            reply: MappingDelReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::mapping_del(request, reply, process)
        }
    }

    pub(super) struct MappingGet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Dump<Server<T>> for MappingGet<T> {
        const COMMAND: u8 = 4;
        const POLICIES: Option<Policies> = Some(policy::OP_MAPPING_GET.policies());

        type Request = super::request::MappingGet<'static>;
        type Reply = super::reply::MappingGet<'static>;
        type State = T::MappingGetDump;

        fn start(
            request: &MappingGetRequest<'_, T>,
            process: Process<'_>,
        ) -> Result<T::MappingGetDump> {
            T::mapping_get_start(request, process)
        }

        fn run(
            request: &MappingGetRequest<'_, T>,
            dump: &mut T::MappingGetDump,
            entries: &mut MappingGetEntries<'_>,
            process: Process<'_>,
        ) -> Result<(), genl::Full> {
            T::mapping_get_dump(request, dump, entries, process)
        }
    }
}
