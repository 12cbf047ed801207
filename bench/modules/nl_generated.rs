// SPDX-License-Identifier: GPL-2.0
// Made by scripts/ynl-gen-rust from bench/modules/bench_family.yaml. Do not edit.

//! Answers, lists, parses and tells, to be counted.
//!
//! Generic netlink family `bench-rust`.

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
    /// Of `entry`.
    pub(crate) mod entry {
        pub(crate) const ID: u16 = 1;
        pub(crate) const NAME: u16 = 2;
        pub(crate) const UP: u16 = 3;
        pub(crate) const VALUE: u16 = 4;
        pub(crate) const ADDRESS: u16 = 5;
        pub(crate) const COUNT: u16 = 6;
        pub(crate) const NEST: u16 = 7;
    }

    /// Of `numbers`.
    pub(crate) mod numbers {
        pub(crate) const N1: u16 = 1;
        pub(crate) const N2: u16 = 2;
        pub(crate) const N3: u16 = 3;
        pub(crate) const N4: u16 = 4;
        pub(crate) const N5: u16 = 5;
        pub(crate) const N6: u16 = 6;
        pub(crate) const N7: u16 = 7;
        pub(crate) const N8: u16 = 8;
        pub(crate) const N9: u16 = 9;
        pub(crate) const N10: u16 = 10;
        pub(crate) const N11: u16 = 11;
        pub(crate) const N12: u16 = 12;
        pub(crate) const N13: u16 = 13;
        pub(crate) const N14: u16 = 14;
        pub(crate) const N15: u16 = 15;
        pub(crate) const N16: u16 = 16;
    }
}

/// What requests may hold.
mod policy {
    use super::*;

    pub(super) static NUMBERS: Table<17> = Table::for_family(&[
        (super::attr::numbers::N1, Policy::U32),
        (super::attr::numbers::N2, Policy::U32),
        (super::attr::numbers::N3, Policy::U32),
        (super::attr::numbers::N4, Policy::U32),
        (super::attr::numbers::N5, Policy::U32),
        (super::attr::numbers::N6, Policy::U32),
        (super::attr::numbers::N7, Policy::U32),
        (super::attr::numbers::N8, Policy::U32),
        (super::attr::numbers::N9, Policy::U32),
        (super::attr::numbers::N10, Policy::U32),
        (super::attr::numbers::N11, Policy::U32),
        (super::attr::numbers::N12, Policy::U32),
        (super::attr::numbers::N13, Policy::U32),
        (super::attr::numbers::N14, Policy::U32),
        (super::attr::numbers::N15, Policy::U32),
        (super::attr::numbers::N16, Policy::U32),
    ]);

    pub(super) static OP_GET: Table<2> =
        Table::for_family(&[(super::attr::entry::ID, Policy::U32)]);

    pub(super) static OP_LIST: Table<7> =
        Table::for_family(&[(super::attr::entry::COUNT, Policy::U32)]);

    pub(super) static OP_PARSE: Table<8> =
        Table::for_family(&[(super::attr::entry::NEST, Policy::nested(NUMBERS.policies()))]);
}

/// What is nested in requests.
pub(crate) mod view {
    use super::*;

    /// Attributes of `numbers`.
    #[derive(Clone, Copy)]
    pub(crate) struct Numbers<'a>(pub(super) Nest<'a, 17>);

    impl<'a> Numbers<'a> {
        /// The attributes, by type.
        pub(crate) fn attrs(&self) -> Attrs<'_> {
            self.0.attrs()
        }

        /// Attribute `n1`.
        pub(crate) fn n1(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N1)?;
            attr.value()
        }

        /// Attribute `n2`.
        pub(crate) fn n2(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N2)?;
            attr.value()
        }

        /// Attribute `n3`.
        pub(crate) fn n3(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N3)?;
            attr.value()
        }

        /// Attribute `n4`.
        pub(crate) fn n4(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N4)?;
            attr.value()
        }

        /// Attribute `n5`.
        pub(crate) fn n5(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N5)?;
            attr.value()
        }

        /// Attribute `n6`.
        pub(crate) fn n6(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N6)?;
            attr.value()
        }

        /// Attribute `n7`.
        pub(crate) fn n7(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N7)?;
            attr.value()
        }

        /// Attribute `n8`.
        pub(crate) fn n8(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N8)?;
            attr.value()
        }

        /// Attribute `n9`.
        pub(crate) fn n9(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N9)?;
            attr.value()
        }

        /// Attribute `n10`.
        pub(crate) fn n10(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N10)?;
            attr.value()
        }

        /// Attribute `n11`.
        pub(crate) fn n11(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N11)?;
            attr.value()
        }

        /// Attribute `n12`.
        pub(crate) fn n12(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N12)?;
            attr.value()
        }

        /// Attribute `n13`.
        pub(crate) fn n13(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N13)?;
            attr.value()
        }

        /// Attribute `n14`.
        pub(crate) fn n14(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N14)?;
            attr.value()
        }

        /// Attribute `n15`.
        pub(crate) fn n15(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N15)?;
            attr.value()
        }

        /// Attribute `n16`.
        pub(crate) fn n16(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::numbers::N16)?;
            attr.value()
        }
    }
}

/// Requests.
pub(crate) mod request {
    use super::*;

    /// Attributes of a request `Get`.
    #[derive(Clone, Copy)]
    pub(crate) struct Get<'a>(pub(super) Attrs<'a>);

    impl<'a> Get<'a> {
        /// Attribute `id`.
        pub(crate) fn id(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::entry::ID)?;
            attr.value()
        }
    }

    impl View for Get<'static> {
        type On<'a> = Get<'a>;

        fn on(attrs: Attrs<'_>) -> Get<'_> {
            Get(attrs)
        }
    }

    impl<'a> From<Get<'a>> for Attrs<'a> {
        fn from(view: Get<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `List`.
    #[derive(Clone, Copy)]
    pub(crate) struct List<'a>(pub(super) Attrs<'a>);

    impl<'a> List<'a> {
        /// Attribute `count`.
        pub(crate) fn count(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::entry::COUNT)?;
            attr.value()
        }
    }

    impl View for List<'static> {
        type On<'a> = List<'a>;

        fn on(attrs: Attrs<'_>) -> List<'_> {
            List(attrs)
        }
    }

    impl<'a> From<List<'a>> for Attrs<'a> {
        fn from(view: List<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `Parse`.
    #[derive(Clone, Copy)]
    pub(crate) struct Parse<'a>(pub(super) Attrs<'a>);

    impl<'a> Parse<'a> {
        /// Attribute `nest`.
        pub(crate) fn nest(&self) -> Option<super::view::Numbers<'a>> {
            let attr = self.0.get(super::attr::entry::NEST)?;
            Some(super::view::Numbers(attr.nest()))
        }
    }

    impl View for Parse<'static> {
        type On<'a> = Parse<'a>;

        fn on(attrs: Attrs<'_>) -> Parse<'_> {
            Parse(attrs)
        }
    }

    impl<'a> From<Parse<'a>> for Attrs<'a> {
        fn from(view: Parse<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `Notify`.
    pub(crate) type Notify<'a> = Get<'a>;

    /// Attributes of a request `Nothing`.
    pub(crate) type Nothing<'a> = Get<'a>;
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

    /// Attributes of a message `Get`.
    pub(crate) struct Get<'a>(pub(super) Writer<'a>);

    impl Builder for Get<'static> {
        type On<'a> = Get<'a>;

        fn on(writer: Writer<'_>) -> Get<'_> {
            Get(writer)
        }
    }

    impl Get<'_> {
        /// Attribute `id`.
        pub(crate) fn id(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::entry::ID, value)?;
            Ok(self)
        }

        /// Attribute `name`.
        pub(crate) fn name(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put_string(super::attr::entry::NAME, value)?;
            Ok(self)
        }

        /// Attribute `up`.
        pub(crate) fn up(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::entry::UP, value)?;
            Ok(self)
        }

        /// Attribute `value`.
        pub(crate) fn value(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::entry::VALUE, value)?;
            Ok(self)
        }

        /// Attribute `address`.
        pub(crate) fn address(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::entry::ADDRESS, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `List`.
    pub(crate) type List<'a> = Get<'a>;

    /// Attributes of a message `Told`.
    pub(crate) type Told<'a> = Get<'a>;
}

/// The protocol of the family.
pub(crate) struct Spec;

impl genl::FamilySpec for Spec {
    const NAME: &'static CStr = c"bench-rust";
    const VERSION: u32 = 1;
    const GROUPS: &'static [genl::McastGroup] = &[genl::McastGroup::new(c"events")];
}

kernet::slot!(Spec: genl::Slot);

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
        type Spec = Spec;

        const INDEX: usize = 0;
    }
}

/// What nobody has asked for.
pub(crate) mod notify {
    use super::*;

    /// An entry.
    pub(crate) struct Told;

    impl genl::Notification for Told {
        type Group = group::Events;
        type Builder = reply::Told<'static>;

        const COMMAND: u8 = 6;
    }
}

/// A request `get`.
pub(crate) type GetRequest<'a, T> = genl::Request<'a, Server<T>, request::Get<'static>>;

/// The answer to a request `get`.
pub(crate) type GetReply<'a> = genl::Reply<'a, reply::Get<'static>>;

/// A request `list`.
pub(crate) type ListRequest<'a, T> = genl::Request<'a, Server<T>, request::List<'static>>;

/// The answer to a request `list`.
pub(crate) type ListEntries<'a> = genl::Entries<'a, reply::List<'static>>;

/// A request `parse`.
pub(crate) type ParseRequest<'a, T> = genl::Request<'a, Server<T>, request::Parse<'static>>;

/// A request `notify`.
pub(crate) type NotifyRequest<'a, T> = genl::Request<'a, Server<T>, request::Notify<'static>>;

/// A request `nothing`.
pub(crate) type NothingRequest<'a, T> = genl::Request<'a, Server<T>, request::Nothing<'static>>;

/// What the family does: implemented by who serves it.
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// Where a dump of `list` goes on.
    type ListDump: Send + 'static;

    /// An entry.
    fn get(
        request: &GetRequest<'_, Self>,
        reply: GetReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Begins a dump `list`.
    fn list_start(request: &ListRequest<'_, Self>, process: Process<'_>) -> Result<Self::ListDump>;

    /// As many entries as are wanted.
    ///
    /// Puts the next entries, and moves `dump` past each.
    fn list_dump(
        request: &ListRequest<'_, Self>,
        dump: &mut Self::ListDump,
        entries: &mut ListEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), genl::Full>;

    /// Adds up what is nested.
    fn parse(request: &ParseRequest<'_, Self>, process: Process<'_>) -> Result;

    /// Tells the group of an entry.
    fn notify(request: &NotifyRequest<'_, Self>, process: Process<'_>) -> Result;

    /// Does nothing.
    fn nothing(request: &NothingRequest<'_, Self>, process: Process<'_>) -> Result;

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
        genl::Op::new_do::<op::Get<T>>(),
        genl::Op::new_dump::<op::List<T>>(),
        genl::Op::new_do::<op::Parse<T>>(),
        genl::Op::new_do::<op::Notify<T>>(),
        genl::Op::new_do::<op::Nothing<T>>(),
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

    pub(super) struct Get<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Get<T> {
        const COMMAND: u8 = 1;
        const POLICIES: Option<Policies> = Some(policy::OP_GET.policies());

        type Request = super::request::Get<'static>;
        type Reply = super::reply::Get<'static>;

        fn run(
            request: &GetRequest<'_, T>,
            reply: GetReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::get(request, reply, process)
        }
    }

    pub(super) struct List<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Dump<Server<T>> for List<T> {
        const COMMAND: u8 = 2;
        const POLICIES: Option<Policies> = Some(policy::OP_LIST.policies());

        type Request = super::request::List<'static>;
        type Reply = super::reply::List<'static>;
        type State = T::ListDump;

        fn start(request: &ListRequest<'_, T>, process: Process<'_>) -> Result<T::ListDump> {
            T::list_start(request, process)
        }

        fn run(
            request: &ListRequest<'_, T>,
            dump: &mut T::ListDump,
            entries: &mut ListEntries<'_>,
            process: Process<'_>,
        ) -> Result<(), genl::Full> {
            T::list_dump(request, dump, entries, process)
        }
    }

    pub(super) struct Parse<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Parse<T> {
        const COMMAND: u8 = 3;
        const POLICIES: Option<Policies> = Some(policy::OP_PARSE.policies());

        type Request = super::request::Parse<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &ParseRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::parse(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct Notify<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Notify<T> {
        const COMMAND: u8 = 4;
        const POLICIES: Option<Policies> = Some(policy::OP_GET.policies());

        type Request = super::request::Notify<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &NotifyRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::notify(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct Nothing<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Nothing<T> {
        const COMMAND: u8 = 5;
        const POLICIES: Option<Policies> = Some(policy::OP_GET.policies());

        type Request = super::request::Nothing<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &NothingRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::nothing(request, process)?;
            Ok(reply.ack_only())
        }
    }
}
