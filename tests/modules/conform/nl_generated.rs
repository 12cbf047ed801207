// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
// Made by scripts/ynl-gen-rust from tests/modules/conform/conform.yaml. Do not edit.

//! Every type of attribute and every shape of operation, for tests.
//!
//! Generic netlink family `conform`.

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
    /// `colour` of the specification.
    pub(crate) enum Colour {
        /// `red`.
        Red = 0,
        /// `green`.
        Green = 1,
        /// `blue`.
        Blue = 2,
    }
}

kernet::netlink_enum! {
    /// `sparse` of the specification.
    pub(crate) enum Sparse {
        /// `one`.
        One = 1,
        /// `four`.
        Four = 4,
        /// `nine`.
        Nine = 9,
    }
}

kernet::netlink_flags! {
    /// `option` of the specification.
    pub(crate) struct OptionType {
        /// `a`.
        const A = 0x1;
        /// `b`.
        const B = 0x2;
        /// `c`.
        const C = 0x4;
    }
}

/// `key-len` of the specification.
pub(crate) const KEY_LEN: u32 = 4;

/// `low-3` of the specification.
pub(crate) const LOW_3: i64 = -3;

/// `low-5` of the specification.
pub(crate) const LOW_5: i64 = -5;

/// `low-70` of the specification.
pub(crate) const LOW_70: i64 = -70;

/// `low-100000` of the specification.
pub(crate) const LOW_100000: i64 = -100000;

kernet::netlink_struct! {
    /// `pair` of the specification.
    pub(crate) struct Pair {
        /// `first`.
        first: u32,
        /// `second`.
        second: Be<u32>,
    }
}

/// The types of the attributes, by their sets.
pub(crate) mod attr {
    /// Of `inner`.
    pub(crate) mod inner {
        pub(crate) const NUMBER: u16 = 1;
        pub(crate) const TEXT: u16 = 2;
        pub(crate) const DEEP: u16 = 3;
    }

    /// Of `deep`.
    pub(crate) mod deep {
        pub(crate) const BOTTOM: u16 = 1;
    }

    /// Of `element`.
    pub(crate) mod element {
        pub(crate) const NUMBER: u16 = 1;
    }

    /// Of `value`.
    pub(crate) mod value {
        pub(crate) const U8: u16 = 1;
        pub(crate) const U16: u16 = 2;
        pub(crate) const U32: u16 = 3;
        pub(crate) const U64: u16 = 4;
        pub(crate) const S8: u16 = 5;
        pub(crate) const S16: u16 = 6;
        pub(crate) const S32: u16 = 7;
        pub(crate) const S64: u16 = 8;
        pub(crate) const UINT: u16 = 9;
        pub(crate) const SINT: u16 = 10;
        pub(crate) const BE16: u16 = 11;
        pub(crate) const BE32: u16 = 12;
        pub(crate) const FLAG: u16 = 13;
        pub(crate) const TEXT: u16 = 14;
        pub(crate) const LOOSE: u16 = 15;
        pub(crate) const KEY: u16 = 16;
        pub(crate) const LONG: u16 = 17;
        pub(crate) const SHORT: u16 = 18;
        pub(crate) const ANY: u16 = 19;
        pub(crate) const BITS: u16 = 20;
        pub(crate) const MASK: u16 = 21;
        pub(crate) const COLOUR: u16 = 22;
        pub(crate) const SPARSE: u16 = 23;
        pub(crate) const INNER: u16 = 24;
        pub(crate) const MANY: u16 = 25;
        pub(crate) const ARRAY: u16 = 26;
        pub(crate) const HOLE: u16 = 27;
        pub(crate) const PAD: u16 = 28;
        pub(crate) const PAIR: u16 = 29;
        pub(crate) const WORDS: u16 = 30;
        pub(crate) const PLAIN32: u16 = 31;
        pub(crate) const PLAIN64: u16 = 32;
        pub(crate) const NESTS: u16 = 33;
        pub(crate) const EVERYWHERE: u16 = 34;
        pub(crate) const SINGLE: u16 = 35;
        pub(crate) const OUTSIDE: u16 = 36;
    }

    /// Of `object`.
    pub(crate) mod object {
        pub(crate) const ID: u16 = 1;
        pub(crate) const COUNT: u16 = 2;
        pub(crate) const DATA: u16 = 3;
        pub(crate) const WITHOUT: u16 = 4;
    }
}

/// What requests may hold.
mod policy {
    use super::*;

    static VALUE_U64_RANGE: Range = Range::new(100000, 4000000000);
    static VALUE_S64_RANGE: SignedRange = SignedRange::new(-100000, 100000);
    static OBJECT_COUNT_RANGE: Range = Range::new(1, 100000);

    pub(super) static ELEMENT: Table<2> =
        Table::for_family(&[(super::attr::element::NUMBER, Policy::U32.max(7))]);

    pub(super) static DEEP: Table<2> =
        Table::for_family(&[(super::attr::deep::BOTTOM, Policy::U8.min(3))]);

    pub(super) static INNER: Table<4> = Table::for_family(&[
        (super::attr::inner::NUMBER, Policy::U32.max(7)),
        (super::attr::inner::TEXT, Policy::string(4)),
        (super::attr::inner::DEEP, Policy::nested(DEEP.policies())),
    ]);

    pub(super) static OP_CHECK: Table<34> = Table::for_family(&[
        (super::attr::value::U8, Policy::U8.max(10)),
        (super::attr::value::U16, Policy::U16.min(5)),
        (super::attr::value::U32, Policy::U32.range(3, 9)),
        (
            super::attr::value::U64,
            Policy::U64.within(&VALUE_U64_RANGE),
        ),
        (super::attr::value::S8, Policy::S8.min(-3)),
        (super::attr::value::S16, Policy::S16.max(-3)),
        (super::attr::value::S32, Policy::S32.range(-5, 5)),
        (
            super::attr::value::S64,
            Policy::S64.within_signed(&VALUE_S64_RANGE),
        ),
        (super::attr::value::UINT, Policy::UINT.max(70)),
        (super::attr::value::SINT, Policy::SINT.range(-70, 70)),
        (super::attr::value::BE16, Policy::BE16.max(258)),
        (super::attr::value::BE32, Policy::BE32.min(258)),
        (super::attr::value::FLAG, Policy::FLAG),
        (super::attr::value::TEXT, Policy::string(8)),
        (super::attr::value::LOOSE, Policy::unterminated(8)),
        (super::attr::value::KEY, Policy::exact(4)),
        (super::attr::value::LONG, Policy::min_len(3)),
        (super::attr::value::SHORT, Policy::max_len(6)),
        (super::attr::value::ANY, Policy::BINARY),
        (super::attr::value::BITS, Policy::bitfield32(0x7)),
        (super::attr::value::MASK, Policy::U32.mask(0x7)),
        (super::attr::value::COLOUR, Policy::U8.max(2)),
        (
            super::attr::value::SPARSE,
            Policy::U32.one_of::<super::Sparse>(),
        ),
        (super::attr::value::INNER, Policy::nested(INNER.policies())),
        (super::attr::value::MANY, Policy::U16.max(99)),
        (
            super::attr::value::ARRAY,
            Policy::nested_array(ELEMENT.policies()),
        ),
        (super::attr::value::PAIR, Policy::BINARY),
        (super::attr::value::WORDS, Policy::BINARY),
        (super::attr::value::PLAIN32, Policy::U32),
        (super::attr::value::PLAIN64, Policy::U64),
        (super::attr::value::NESTS, Policy::nested(INNER.policies())),
    ]);

    pub(super) static OP_LIST: Table<2> =
        Table::for_family(&[(super::attr::value::U8, Policy::U8.max(10))]);

    pub(super) static OP_LIST_DUMP: Table<32> = Table::for_family(&[
        (super::attr::value::U32, Policy::U32.range(3, 9)),
        (super::attr::value::PLAIN32, Policy::U32),
    ]);

    pub(super) static OP_LENIENT: Table<25> = Table::for_family(&[
        (super::attr::value::U8, Policy::U8.max(10)),
        (super::attr::value::U32, Policy::U32.range(3, 9)),
        (super::attr::value::TEXT, Policy::string(8)),
        (super::attr::value::INNER, Policy::nested(INNER.policies())),
    ]);

    pub(super) static OP_TELL: Table<36> = Table::for_family(&[
        (super::attr::value::PLAIN32, Policy::U32),
        (super::attr::value::EVERYWHERE, Policy::FLAG),
        (super::attr::value::SINGLE, Policy::FLAG),
    ]);

    pub(super) static OP_OBJECT_ADD: Table<4> = Table::for_family(&[
        (super::attr::object::ID, Policy::U32),
        (
            super::attr::object::COUNT,
            Policy::U32.within(&OBJECT_COUNT_RANGE),
        ),
        (super::attr::object::DATA, Policy::max_len(64)),
    ]);

    pub(super) static OP_OBJECT_DEL: Table<3> = Table::for_family(&[
        (super::attr::object::ID, Policy::U32),
        (
            super::attr::object::COUNT,
            Policy::U32.within(&OBJECT_COUNT_RANGE),
        ),
    ]);

    pub(super) static OP_OBJECT_GET: Table<5> =
        Table::for_family(&[(super::attr::object::WITHOUT, Policy::U32)]);
}

/// What is nested in requests.
pub(crate) mod view {
    use super::*;

    /// Attributes of `element`.
    #[derive(Clone, Copy)]
    pub(crate) struct Element<'a>(pub(super) Nest<'a, 2>);

    impl<'a> Element<'a> {
        /// The attributes, by type.
        pub(crate) fn attrs(&self) -> Attrs<'_> {
            self.0.attrs()
        }

        /// Attribute `number`.
        pub(crate) fn number(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::element::NUMBER)?;
            attr.value()
        }
    }

    /// Attributes of `deep`.
    #[derive(Clone, Copy)]
    pub(crate) struct Deep<'a>(pub(super) Nest<'a, 2>);

    impl<'a> Deep<'a> {
        /// The attributes, by type.
        pub(crate) fn attrs(&self) -> Attrs<'_> {
            self.0.attrs()
        }

        /// Attribute `bottom`.
        pub(crate) fn bottom(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::deep::BOTTOM)?;
            attr.value()
        }
    }

    /// Attributes of `inner`.
    #[derive(Clone, Copy)]
    pub(crate) struct Inner<'a>(pub(super) Nest<'a, 4>);

    impl<'a> Inner<'a> {
        /// The attributes, by type.
        pub(crate) fn attrs(&self) -> Attrs<'_> {
            self.0.attrs()
        }

        /// Attribute `number`.
        pub(crate) fn number(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::inner::NUMBER)?;
            attr.value()
        }

        /// Attribute `text`.
        pub(crate) fn text(&self) -> Option<&'a [u8]> {
            let attr = self.0.get(super::attr::inner::TEXT)?;
            Some(attr.string())
        }

        /// Attribute `deep`.
        pub(crate) fn deep(&self) -> Option<super::view::Deep<'a>> {
            let attr = self.0.get(super::attr::inner::DEEP)?;
            Some(super::view::Deep(attr.nest()))
        }
    }
}

/// Requests.
pub(crate) mod request {
    use super::*;

    /// Attributes of a request `Check`.
    #[derive(Clone, Copy)]
    pub(crate) struct Check<'a>(pub(super) Attrs<'a>);

    impl<'a> Check<'a> {
        /// Attribute `u8`.
        pub(crate) fn u8(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::value::U8)?;
            attr.value()
        }

        /// Attribute `u16`.
        pub(crate) fn u16(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::value::U16)?;
            attr.value()
        }

        /// Attribute `u32`.
        pub(crate) fn u32(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::value::U32)?;
            attr.value()
        }

        /// Attribute `u64`.
        pub(crate) fn u64(&self) -> Option<u64> {
            let attr = self.0.get(super::attr::value::U64)?;
            attr.value()
        }

        /// Attribute `s8`.
        pub(crate) fn s8(&self) -> Option<i8> {
            let attr = self.0.get(super::attr::value::S8)?;
            attr.value()
        }

        /// Attribute `s16`.
        pub(crate) fn s16(&self) -> Option<i16> {
            let attr = self.0.get(super::attr::value::S16)?;
            attr.value()
        }

        /// Attribute `s32`.
        pub(crate) fn s32(&self) -> Option<i32> {
            let attr = self.0.get(super::attr::value::S32)?;
            attr.value()
        }

        /// Attribute `s64`.
        pub(crate) fn s64(&self) -> Option<i64> {
            let attr = self.0.get(super::attr::value::S64)?;
            attr.value()
        }

        /// Attribute `uint`.
        pub(crate) fn uint(&self) -> Option<u64> {
            let attr = self.0.get(super::attr::value::UINT)?;
            attr.uint()
        }

        /// Attribute `sint`.
        pub(crate) fn sint(&self) -> Option<i64> {
            let attr = self.0.get(super::attr::value::SINT)?;
            attr.sint()
        }

        /// Attribute `be16`.
        pub(crate) fn be16(&self) -> Option<u16> {
            let attr = self.0.get(super::attr::value::BE16)?;
            attr.be::<u16>()
        }

        /// Attribute `be32`.
        pub(crate) fn be32(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::value::BE32)?;
            attr.be::<u32>()
        }

        /// Attribute `flag`.
        pub(crate) fn flag(&self) -> bool {
            self.0.flag(super::attr::value::FLAG)
        }

        /// Attribute `text`.
        pub(crate) fn text(&self) -> Option<&'a [u8]> {
            let attr = self.0.get(super::attr::value::TEXT)?;
            Some(attr.string())
        }

        /// Attribute `loose`.
        pub(crate) fn loose(&self) -> Option<&'a [u8]> {
            let attr = self.0.get(super::attr::value::LOOSE)?;
            Some(attr.string())
        }

        /// Attribute `key`.
        pub(crate) fn key(&self) -> Option<[u8; 4]> {
            let attr = self.0.get(super::attr::value::KEY)?;
            attr.value()
        }

        /// Attribute `long`.
        pub(crate) fn long(&self) -> Option<&'a [u8]> {
            let attr = self.0.get(super::attr::value::LONG)?;
            Some(attr.bytes())
        }

        /// Attribute `short`.
        pub(crate) fn short(&self) -> Option<&'a [u8]> {
            let attr = self.0.get(super::attr::value::SHORT)?;
            Some(attr.bytes())
        }

        /// Attribute `any`.
        pub(crate) fn any(&self) -> Option<&'a [u8]> {
            let attr = self.0.get(super::attr::value::ANY)?;
            Some(attr.bytes())
        }

        /// Attribute `bits`.
        pub(crate) fn bits(&self) -> Option<Bitfield32> {
            let attr = self.0.get(super::attr::value::BITS)?;
            attr.value()
        }

        /// Attribute `mask`.
        pub(crate) fn mask(&self) -> Option<super::OptionType> {
            let attr = self.0.get(super::attr::value::MASK)?;
            attr.number().map(super::OptionType::from_bits)
        }

        /// Attribute `colour`.
        pub(crate) fn colour(&self) -> Option<super::Colour> {
            let attr = self.0.get(super::attr::value::COLOUR)?;
            attr.one_of()
        }

        /// Attribute `sparse`.
        pub(crate) fn sparse(&self) -> Option<super::Sparse> {
            let attr = self.0.get(super::attr::value::SPARSE)?;
            attr.one_of()
        }

        /// Attribute `inner`.
        pub(crate) fn inner(&self) -> Option<super::view::Inner<'a>> {
            let attr = self.0.get(super::attr::value::INNER)?;
            Some(super::view::Inner(attr.nest()))
        }

        /// Attribute `many`.
        pub(crate) fn many(&self) -> impl Iterator<Item = u16> + Clone + 'a {
            self.0
                .all(super::attr::value::MANY)
                .filter_map(|attr| attr.value())
        }

        /// Attribute `array`.
        ///
        /// Each with its index.
        pub(crate) fn array(
            &self,
        ) -> impl Iterator<Item = (u16, super::view::Element<'a>)> + Clone + 'a {
            self.0
                .all(super::attr::value::ARRAY)
                .flat_map(|attr| attr.attrs().iter())
                .map(|attr| (attr.r#type(), super::view::Element(attr.nest())))
        }

        /// Attribute `pair`.
        pub(crate) fn pair(&self) -> Option<super::Pair> {
            let attr = self.0.get(super::attr::value::PAIR)?;
            attr.value()
        }

        /// Attribute `words`.
        pub(crate) fn words(&self) -> Option<impl Iterator<Item = u32> + Clone + 'a> {
            let attr = self.0.get(super::attr::value::WORDS)?;
            Some(attr.values())
        }

        /// Attribute `plain32`.
        pub(crate) fn plain32(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::value::PLAIN32)?;
            attr.value()
        }

        /// Attribute `plain64`.
        pub(crate) fn plain64(&self) -> Option<u64> {
            let attr = self.0.get(super::attr::value::PLAIN64)?;
            attr.value()
        }

        /// Attribute `nests`.
        pub(crate) fn nests(&self) -> impl Iterator<Item = super::view::Inner<'a>> + Clone + 'a {
            self.0
                .all(super::attr::value::NESTS)
                .map(|attr| super::view::Inner(attr.nest()))
        }
    }

    impl View for Check<'static> {
        type On<'a> = Check<'a>;

        fn on(attrs: Attrs<'_>) -> Check<'_> {
            Check(attrs)
        }
    }

    impl<'a> From<Check<'a>> for Attrs<'a> {
        fn from(view: Check<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `Echo`.
    pub(crate) type Echo<'a> = Check<'a>;

    /// Attributes of a request `List`.
    #[derive(Clone, Copy)]
    pub(crate) struct List<'a>(pub(super) Attrs<'a>);

    impl<'a> List<'a> {
        /// Attribute `u8`.
        pub(crate) fn u8(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::value::U8)?;
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

    /// Attributes of a request `ListDump`.
    #[derive(Clone, Copy)]
    pub(crate) struct ListDump<'a>(pub(super) Attrs<'a>);

    impl<'a> ListDump<'a> {
        /// Attribute `u32`.
        pub(crate) fn u32(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::value::U32)?;
            attr.value()
        }

        /// Attribute `plain32`.
        pub(crate) fn plain32(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::value::PLAIN32)?;
            attr.value()
        }
    }

    impl View for ListDump<'static> {
        type On<'a> = ListDump<'a>;

        fn on(attrs: Attrs<'_>) -> ListDump<'_> {
            ListDump(attrs)
        }
    }

    impl<'a> From<ListDump<'a>> for Attrs<'a> {
        fn from(view: ListDump<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `Mine`.
    pub(crate) type Mine<'a> = List<'a>;

    /// Attributes of a request `Root`.
    pub(crate) type Root<'a> = List<'a>;

    /// Attributes of a request `Lenient`.
    #[derive(Clone, Copy)]
    pub(crate) struct Lenient<'a>(pub(super) Attrs<'a>);

    impl<'a> Lenient<'a> {
        /// Attribute `u8`.
        pub(crate) fn u8(&self) -> Option<u8> {
            let attr = self.0.get(super::attr::value::U8)?;
            attr.value()
        }

        /// Attribute `u32`.
        pub(crate) fn u32(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::value::U32)?;
            attr.value()
        }

        /// Attribute `text`.
        pub(crate) fn text(&self) -> Option<&'a [u8]> {
            let attr = self.0.get(super::attr::value::TEXT)?;
            Some(attr.string())
        }

        /// Attribute `inner`.
        pub(crate) fn inner(&self) -> Option<super::view::Inner<'a>> {
            let attr = self.0.get(super::attr::value::INNER)?;
            Some(super::view::Inner(attr.nest()))
        }
    }

    impl View for Lenient<'static> {
        type On<'a> = Lenient<'a>;

        fn on(attrs: Attrs<'_>) -> Lenient<'_> {
            Lenient(attrs)
        }
    }

    impl<'a> From<Lenient<'a>> for Attrs<'a> {
        fn from(view: Lenient<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `LenientDump`.
    pub(crate) type LenientDump<'a> = List<'a>;

    /// Attributes of a request `Hooked`.
    pub(crate) type Hooked<'a> = List<'a>;

    /// Attributes of a request `Count`.
    #[derive(Clone, Copy)]
    pub(crate) struct Count<'a>(pub(super) Attrs<'a>);

    impl<'a> Count<'a> {}

    impl View for Count<'static> {
        type On<'a> = Count<'a>;

        fn on(attrs: Attrs<'_>) -> Count<'_> {
            Count(attrs)
        }
    }

    impl<'a> From<Count<'a>> for Attrs<'a> {
        fn from(view: Count<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `Bare`.
    pub(crate) type Bare<'a> = Count<'a>;

    /// Attributes of a request `Tell`.
    #[derive(Clone, Copy)]
    pub(crate) struct Tell<'a>(pub(super) Attrs<'a>);

    impl<'a> Tell<'a> {
        /// Attribute `plain32`.
        pub(crate) fn plain32(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::value::PLAIN32)?;
            attr.value()
        }

        /// Attribute `everywhere`.
        pub(crate) fn everywhere(&self) -> bool {
            self.0.flag(super::attr::value::EVERYWHERE)
        }

        /// Attribute `single`.
        pub(crate) fn single(&self) -> bool {
            self.0.flag(super::attr::value::SINGLE)
        }
    }

    impl View for Tell<'static> {
        type On<'a> = Tell<'a>;

        fn on(attrs: Attrs<'_>) -> Tell<'_> {
            Tell(attrs)
        }
    }

    impl<'a> From<Tell<'a>> for Attrs<'a> {
        fn from(view: Tell<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `Alive`.
    pub(crate) type Alive<'a> = Count<'a>;

    /// Attributes of a request `ObjectAdd`.
    #[derive(Clone, Copy)]
    pub(crate) struct ObjectAdd<'a>(pub(super) Attrs<'a>);

    impl<'a> ObjectAdd<'a> {
        /// Attribute `id`.
        pub(crate) fn id(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::object::ID)?;
            attr.value()
        }

        /// How many, from id on; one if absent.
        pub(crate) fn count(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::object::COUNT)?;
            attr.value()
        }

        /// Attribute `data`.
        pub(crate) fn data(&self) -> Option<&'a [u8]> {
            let attr = self.0.get(super::attr::object::DATA)?;
            Some(attr.bytes())
        }
    }

    impl View for ObjectAdd<'static> {
        type On<'a> = ObjectAdd<'a>;

        fn on(attrs: Attrs<'_>) -> ObjectAdd<'_> {
            ObjectAdd(attrs)
        }
    }

    impl<'a> From<ObjectAdd<'a>> for Attrs<'a> {
        fn from(view: ObjectAdd<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `ObjectDel`.
    #[derive(Clone, Copy)]
    pub(crate) struct ObjectDel<'a>(pub(super) Attrs<'a>);

    impl<'a> ObjectDel<'a> {
        /// Attribute `id`.
        pub(crate) fn id(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::object::ID)?;
            attr.value()
        }

        /// How many, from id on; one if absent.
        pub(crate) fn count(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::object::COUNT)?;
            attr.value()
        }
    }

    impl View for ObjectDel<'static> {
        type On<'a> = ObjectDel<'a>;

        fn on(attrs: Attrs<'_>) -> ObjectDel<'_> {
            ObjectDel(attrs)
        }
    }

    impl<'a> From<ObjectDel<'a>> for Attrs<'a> {
        fn from(view: ObjectDel<'a>) -> Attrs<'a> {
            view.0
        }
    }

    /// Attributes of a request `ObjectGet`.
    #[derive(Clone, Copy)]
    pub(crate) struct ObjectGet<'a>(pub(super) Attrs<'a>);

    impl<'a> ObjectGet<'a> {
        /// The object that does not let itself be put into an answer.
        pub(crate) fn without(&self) -> Option<u32> {
            let attr = self.0.get(super::attr::object::WITHOUT)?;
            attr.value()
        }
    }

    impl View for ObjectGet<'static> {
        type On<'a> = ObjectGet<'a>;

        fn on(attrs: Attrs<'_>) -> ObjectGet<'_> {
            ObjectGet(attrs)
        }
    }

    impl<'a> From<ObjectGet<'a>> for Attrs<'a> {
        fn from(view: ObjectGet<'a>) -> Attrs<'a> {
            view.0
        }
    }
}

/// What is nested in replies and notifications.
pub(crate) mod build {
    use super::*;
    use kernet::nlattr::{Array, Builder};

    /// Attributes of `element`.
    pub(crate) struct Element<'a>(pub(super) Writer<'a>);

    impl Builder for Element<'static> {
        type On<'a> = Element<'a>;

        fn on(writer: Writer<'_>) -> Element<'_> {
            Element(writer)
        }
    }

    impl Element<'_> {
        /// Attribute `number`.
        pub(crate) fn number(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::element::NUMBER, value)?;
            Ok(self)
        }
    }

    /// Attributes of `deep`.
    pub(crate) struct Deep<'a>(pub(super) Writer<'a>);

    impl Builder for Deep<'static> {
        type On<'a> = Deep<'a>;

        fn on(writer: Writer<'_>) -> Deep<'_> {
            Deep(writer)
        }
    }

    impl Deep<'_> {
        /// Attribute `bottom`.
        pub(crate) fn bottom(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::deep::BOTTOM, value)?;
            Ok(self)
        }
    }

    /// Attributes of `inner`.
    pub(crate) struct Inner<'a>(pub(super) Writer<'a>);

    impl Builder for Inner<'static> {
        type On<'a> = Inner<'a>;

        fn on(writer: Writer<'_>) -> Inner<'_> {
            Inner(writer)
        }
    }

    impl Inner<'_> {
        /// Attribute `number`.
        pub(crate) fn number(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::inner::NUMBER, value)?;
            Ok(self)
        }

        /// Attribute `text`.
        pub(crate) fn text(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put_string(super::attr::inner::TEXT, value)?;
            Ok(self)
        }

        /// Attribute `deep`.
        pub(crate) fn deep(
            &mut self,
            fill: impl FnOnce(&mut super::build::Deep<'_>) -> Result,
        ) -> Result<&mut Self> {
            self.0
                .build::<super::build::Deep<'static>>(super::attr::inner::DEEP, fill)?;
            Ok(self)
        }
    }
}

/// Replies and notifications.
pub(crate) mod reply {
    use super::*;
    use kernet::nlattr::{Array, Builder};

    /// Attributes of a message `Echo`.
    pub(crate) struct Echo<'a>(pub(super) Writer<'a>);

    impl Builder for Echo<'static> {
        type On<'a> = Echo<'a>;

        fn on(writer: Writer<'_>) -> Echo<'_> {
            Echo(writer)
        }
    }

    impl Echo<'_> {
        /// Attribute `u8`.
        pub(crate) fn u8(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::U8, value)?;
            Ok(self)
        }

        /// Attribute `u16`.
        pub(crate) fn u16(&mut self, value: u16) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::U16, value)?;
            Ok(self)
        }

        /// Attribute `u32`.
        pub(crate) fn u32(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::U32, value)?;
            Ok(self)
        }

        /// Attribute `u64`.
        pub(crate) fn u64(&mut self, value: u64) -> Result<&mut Self> {
            self.0
                .put_64bit(super::attr::value::U64, value, super::attr::value::PAD)?;
            Ok(self)
        }

        /// Attribute `s8`.
        pub(crate) fn s8(&mut self, value: i8) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::S8, value)?;
            Ok(self)
        }

        /// Attribute `s16`.
        pub(crate) fn s16(&mut self, value: i16) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::S16, value)?;
            Ok(self)
        }

        /// Attribute `s32`.
        pub(crate) fn s32(&mut self, value: i32) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::S32, value)?;
            Ok(self)
        }

        /// Attribute `s64`.
        pub(crate) fn s64(&mut self, value: i64) -> Result<&mut Self> {
            self.0
                .put_64bit(super::attr::value::S64, value, super::attr::value::PAD)?;
            Ok(self)
        }

        /// Attribute `uint`.
        pub(crate) fn uint(&mut self, value: u64) -> Result<&mut Self> {
            self.0.put_uint(super::attr::value::UINT, value)?;
            Ok(self)
        }

        /// Attribute `sint`.
        pub(crate) fn sint(&mut self, value: i64) -> Result<&mut Self> {
            self.0.put_sint(super::attr::value::SINT, value)?;
            Ok(self)
        }

        /// Attribute `be16`.
        pub(crate) fn be16(&mut self, value: u16) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::BE16, Be(value))?;
            Ok(self)
        }

        /// Attribute `be32`.
        pub(crate) fn be32(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::BE32, Be(value))?;
            Ok(self)
        }

        /// Attribute `flag`.
        pub(crate) fn flag(&mut self) -> Result<&mut Self> {
            self.0.put_flag(super::attr::value::FLAG)?;
            Ok(self)
        }

        /// Attribute `text`.
        pub(crate) fn text(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put_string(super::attr::value::TEXT, value)?;
            Ok(self)
        }

        /// Attribute `loose`.
        pub(crate) fn loose(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put_string(super::attr::value::LOOSE, value)?;
            Ok(self)
        }

        /// Attribute `key`.
        pub(crate) fn key(&mut self, value: &[u8; 4]) -> Result<&mut Self> {
            self.0.put(super::attr::value::KEY, value)?;
            Ok(self)
        }

        /// Attribute `long`.
        pub(crate) fn long(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::value::LONG, value)?;
            Ok(self)
        }

        /// Attribute `short`.
        pub(crate) fn short(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::value::SHORT, value)?;
            Ok(self)
        }

        /// Attribute `any`.
        pub(crate) fn any(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::value::ANY, value)?;
            Ok(self)
        }

        /// Attribute `bits`.
        pub(crate) fn bits(&mut self, value: Bitfield32) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::BITS, value)?;
            Ok(self)
        }

        /// Attribute `mask`.
        pub(crate) fn mask(&mut self, value: super::OptionType) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::value::MASK, value.bits() as u32)?;
            Ok(self)
        }

        /// Attribute `colour`.
        pub(crate) fn colour(&mut self, value: super::Colour) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::value::COLOUR, value.raw() as u8)?;
            Ok(self)
        }

        /// Attribute `sparse`.
        pub(crate) fn sparse(&mut self, value: super::Sparse) -> Result<&mut Self> {
            self.0
                .put_value(super::attr::value::SPARSE, value.raw() as u32)?;
            Ok(self)
        }

        /// Attribute `inner`.
        pub(crate) fn inner(
            &mut self,
            fill: impl FnOnce(&mut super::build::Inner<'_>) -> Result,
        ) -> Result<&mut Self> {
            self.0
                .build::<super::build::Inner<'static>>(super::attr::value::INNER, fill)?;
            Ok(self)
        }

        /// Attribute `many`.
        ///
        /// One of several.
        pub(crate) fn many(&mut self, value: u16) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::MANY, value)?;
            Ok(self)
        }

        /// Attribute `array`.
        pub(crate) fn array(
            &mut self,
            fill: impl FnOnce(&mut Array<'_, super::build::Element<'static>>) -> Result,
        ) -> Result<&mut Self> {
            self.0
                .build::<Array<'static, super::build::Element<'static>>>(
                    super::attr::value::ARRAY,
                    fill,
                )?;
            Ok(self)
        }

        /// Attribute `pair`.
        pub(crate) fn pair(&mut self, value: super::Pair) -> Result<&mut Self> {
            self.0
                .put_64bit(super::attr::value::PAIR, value, super::attr::value::PAD)?;
            Ok(self)
        }

        /// Attribute `words`.
        pub(crate) fn words(&mut self, values: &[u32]) -> Result<&mut Self> {
            self.0.put_values(super::attr::value::WORDS, values)?;
            Ok(self)
        }

        /// Attribute `plain32`.
        pub(crate) fn plain32(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::PLAIN32, value)?;
            Ok(self)
        }

        /// Attribute `plain64`.
        pub(crate) fn plain64(&mut self, value: u64) -> Result<&mut Self> {
            self.0
                .put_64bit(super::attr::value::PLAIN64, value, super::attr::value::PAD)?;
            Ok(self)
        }

        /// Attribute `nests`.
        ///
        /// One of several.
        pub(crate) fn nests(
            &mut self,
            fill: impl FnOnce(&mut super::build::Inner<'_>) -> Result,
        ) -> Result<&mut Self> {
            self.0
                .build::<super::build::Inner<'static>>(super::attr::value::NESTS, fill)?;
            Ok(self)
        }
    }

    /// Attributes of a message `List`.
    pub(crate) struct List<'a>(pub(super) Writer<'a>);

    impl Builder for List<'static> {
        type On<'a> = List<'a>;

        fn on(writer: Writer<'_>) -> List<'_> {
            List(writer)
        }
    }

    impl List<'_> {
        /// Attribute `u8`.
        pub(crate) fn u8(&mut self, value: u8) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::U8, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `ListDump`.
    pub(crate) struct ListDump<'a>(pub(super) Writer<'a>);

    impl Builder for ListDump<'static> {
        type On<'a> = ListDump<'a>;

        fn on(writer: Writer<'_>) -> ListDump<'_> {
            ListDump(writer)
        }
    }

    impl ListDump<'_> {
        /// Attribute `plain32`.
        pub(crate) fn plain32(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::PLAIN32, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `LenientDump`.
    pub(crate) type LenientDump<'a> = List<'a>;

    /// Attributes of a message `Hooked`.
    pub(crate) type Hooked<'a> = ListDump<'a>;

    /// Attributes of a message `Count`.
    pub(crate) type Count<'a> = ListDump<'a>;

    /// Attributes of a message `Alive`.
    pub(crate) struct Alive<'a>(pub(super) Writer<'a>);

    impl Builder for Alive<'static> {
        type On<'a> = Alive<'a>;

        fn on(writer: Writer<'_>) -> Alive<'_> {
            Alive(writer)
        }
    }

    impl Alive<'_> {
        /// Attribute `plain32`.
        pub(crate) fn plain32(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::PLAIN32, value)?;
            Ok(self)
        }

        /// Attribute `many`.
        ///
        /// One of several.
        pub(crate) fn many(&mut self, value: u16) -> Result<&mut Self> {
            self.0.put_value(super::attr::value::MANY, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `ObjectGet`.
    pub(crate) struct ObjectGet<'a>(pub(super) Writer<'a>);

    impl Builder for ObjectGet<'static> {
        type On<'a> = ObjectGet<'a>;

        fn on(writer: Writer<'_>) -> ObjectGet<'_> {
            ObjectGet(writer)
        }
    }

    impl ObjectGet<'_> {
        /// Attribute `id`.
        pub(crate) fn id(&mut self, value: u32) -> Result<&mut Self> {
            self.0.put_value(super::attr::object::ID, value)?;
            Ok(self)
        }

        /// Attribute `data`.
        pub(crate) fn data(&mut self, value: &[u8]) -> Result<&mut Self> {
            self.0.put(super::attr::object::DATA, value)?;
            Ok(self)
        }
    }

    /// Attributes of a message `Told`.
    pub(crate) type Told<'a> = ListDump<'a>;
}

/// The protocol of the family.
pub(crate) struct Spec;

impl genl::FamilySpec for Spec {
    const NAME: &'static CStr = c"conform";
    const VERSION: u32 = 1;
    const GROUPS: &'static [genl::McastGroup] = &[
        genl::McastGroup::new(c"events"),
        genl::McastGroup {
            net_admin: true,
            ..genl::McastGroup::new(c"guarded")
        },
    ];
}

kernet::slot!(Spec: genl::Slot);

/// The multicast groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Group {
    /// `events`.
    Events,
    /// `guarded`.
    Guarded,
}

impl Group {
    fn from_index(index: usize) -> Option<Self> {
        match index {
            0 => Some(Self::Events),
            1 => Some(Self::Guarded),
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

    /// `guarded`.
    pub(crate) struct Guarded;

    impl genl::Group for Guarded {
        type Spec = Spec;

        const INDEX: usize = 1;
    }
}

/// What nobody has asked for.
pub(crate) mod notify {
    use super::*;

    /// What was told.
    pub(crate) struct Told;

    impl genl::Notification for Told {
        type Group = group::Events;
        type Builder = reply::Told<'static>;

        const COMMAND: u8 = 11;
    }
}

/// A request `check`.
pub(crate) type CheckRequest<'a, T> = genl::Request<'a, Server<T>, request::Check<'static>>;

/// A request `echo`.
pub(crate) type EchoRequest<'a, T> = genl::Request<'a, Server<T>, request::Echo<'static>>;

/// The answer to a request `echo`.
pub(crate) type EchoReply<'a> = genl::Reply<'a, reply::Echo<'static>>;

/// A request `list`.
pub(crate) type ListRequest<'a, T> = genl::Request<'a, Server<T>, request::List<'static>>;

/// The answer to a request `list`.
pub(crate) type ListReply<'a> = genl::Reply<'a, reply::List<'static>>;

/// A request `list-dump`.
pub(crate) type ListDumpRequest<'a, T> = genl::Request<'a, Server<T>, request::ListDump<'static>>;

/// The answer to a request `list-dump`.
pub(crate) type ListDumpEntries<'a> = genl::Entries<'a, reply::ListDump<'static>>;

/// A request `mine`.
pub(crate) type MineRequest<'a, T> = genl::Request<'a, Server<T>, request::Mine<'static>>;

/// A request `root`.
pub(crate) type RootRequest<'a, T> = genl::Request<'a, Server<T>, request::Root<'static>>;

/// A request `lenient`.
pub(crate) type LenientRequest<'a, T> = genl::Request<'a, Server<T>, request::Lenient<'static>>;

/// A request `lenient-dump`.
pub(crate) type LenientDumpRequest<'a, T> =
    genl::Request<'a, Server<T>, request::LenientDump<'static>>;

/// The answer to a request `lenient-dump`.
pub(crate) type LenientDumpEntries<'a> = genl::Entries<'a, reply::LenientDump<'static>>;

/// A request `hooked`.
pub(crate) type HookedRequest<'a, T> = genl::Request<'a, Server<T>, request::Hooked<'static>>;

/// The answer to a request `hooked`.
pub(crate) type HookedReply<'a> = genl::Reply<'a, reply::Hooked<'static>>;

/// A request `count`.
pub(crate) type CountRequest<'a, T> = genl::Request<'a, Server<T>, request::Count<'static>>;

/// The answer to a request `count`.
pub(crate) type CountReply<'a> = genl::Reply<'a, reply::Count<'static>>;

/// A request `bare`.
pub(crate) type BareRequest<'a, T> = genl::Request<'a, Server<T>, request::Bare<'static>>;

/// A request `tell`.
pub(crate) type TellRequest<'a, T> = genl::Request<'a, Server<T>, request::Tell<'static>>;

/// A request `alive`.
pub(crate) type AliveRequest<'a, T> = genl::Request<'a, Server<T>, request::Alive<'static>>;

/// The answer to a request `alive`.
pub(crate) type AliveReply<'a> = genl::Reply<'a, reply::Alive<'static>>;

/// A request `object-add`.
pub(crate) type ObjectAddRequest<'a, T> = genl::Request<'a, Server<T>, request::ObjectAdd<'static>>;

/// A request `object-del`.
pub(crate) type ObjectDelRequest<'a, T> = genl::Request<'a, Server<T>, request::ObjectDel<'static>>;

/// A request `object-get`.
pub(crate) type ObjectGetRequest<'a, T> = genl::Request<'a, Server<T>, request::ObjectGet<'static>>;

/// The answer to a request `object-get`.
pub(crate) type ObjectGetEntries<'a> = genl::Entries<'a, reply::ObjectGet<'static>>;

/// What the family does: implemented by who serves it.
pub(crate) trait Operations: Sized + Send + Sync + 'static {
    /// What is kept for each socket that asks for it.
    type Socket: Default + Send + Sync + 'static;

    /// What `conform-pre` lends to operations; dropped after them.
    type ConformPre<'a>;

    /// Where a dump of `list` goes on.
    type ListDump: Send + 'static;

    /// Where a dump of `lenient` goes on.
    type LenientDump: Send + 'static;

    /// Where a dump of `object-get` goes on.
    type ObjectGetDump: Send + 'static;

    /// Called before the operations that name `conform-pre`.
    fn conform_pre<'a>(
        request: &genl::Request<'a, Server<Self>, Attrs<'static>>,
        process: Process<'_>,
    ) -> Result<Self::ConformPre<'a>>;

    /// Take every attribute, and answer by an acknowledgement.
    fn check(request: &CheckRequest<'_, Self>, process: Process<'_>) -> Result;

    /// Answer with what was asked.
    fn echo(
        request: &EchoRequest<'_, Self>,
        reply: EchoReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Answer with numbers below that in the request; a dump counts up to plain32.
    fn list(
        request: &ListRequest<'_, Self>,
        reply: ListReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Begins a dump `list`.
    fn list_start(
        request: &ListDumpRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Self::ListDump>;

    /// Answer with numbers below that in the request; a dump counts up to plain32.
    ///
    /// Puts the next entries, and moves `dump` past each.
    fn list_dump(
        request: &ListDumpRequest<'_, Self>,
        dump: &mut Self::ListDump,
        entries: &mut ListDumpEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), genl::Full>;

    /// Only for administrators of the namespace.
    fn mine(request: &MineRequest<'_, Self>, process: Process<'_>) -> Result;

    /// Only for administrators of the machine.
    fn root(request: &RootRequest<'_, Self>, process: Process<'_>) -> Result;

    /// As old families check.
    fn lenient(request: &LenientRequest<'_, Self>, process: Process<'_>) -> Result;

    /// Begins a dump `lenient`.
    fn lenient_start(
        request: &LenientDumpRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Self::LenientDump>;

    /// As old families check.
    ///
    /// Puts the next entries, and moves `dump` past each.
    fn lenient_dump(
        request: &LenientDumpRequest<'_, Self>,
        dump: &mut Self::LenientDump,
        entries: &mut LenientDumpEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), genl::Full>;

    /// Refused by its hook unless u8 is 1; answers what the hook lends.
    fn hooked(
        request: &HookedRequest<'_, Self>,
        lent: Self::ConformPre<'_>,
        reply: HookedReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// How often this socket has asked.
    fn count(
        request: &CountRequest<'_, Self>,
        reply: CountReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Takes no attribute, and answers by an acknowledgement.
    fn bare(request: &BareRequest<'_, Self>, process: Process<'_>) -> Result;

    /// Tell the listeners of a namespace, of all (everywhere), or who asks alone (single).
    fn tell(request: &TellRequest<'_, Self>, process: Process<'_>) -> Result;

    /// How many states of dumps, sockets and hooks there are, and how many listeners.
    fn alive(
        request: &AliveRequest<'_, Self>,
        reply: AliveReply<'_>,
        process: Process<'_>,
    ) -> Result<genl::Replied>;

    /// Make objects, where there are none.
    fn object_add(request: &ObjectAddRequest<'_, Self>, process: Process<'_>) -> Result;

    /// Delete objects, where there are some.
    fn object_del(request: &ObjectDelRequest<'_, Self>, process: Process<'_>) -> Result;

    /// Begins a dump `object-get`.
    fn object_get_start(
        request: &ObjectGetRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Self::ObjectGetDump>;

    /// Dump the objects of the namespace.
    ///
    /// Puts the next entries, and moves `dump` past each.
    fn object_get_dump(
        request: &ObjectGetRequest<'_, Self>,
        dump: &mut Self::ObjectGetDump,
        entries: &mut ObjectGetEntries<'_>,
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
    type Socket = T::Socket;

    const OPS: &'static [genl::Op<Self>] = &[
        genl::Op::new_do::<op::Check<T>>(),
        genl::Op::new_do::<op::Echo<T>>(),
        genl::Op::new_do::<op::List<T>>(),
        genl::Op::new_dump::<op::ListDump<T>>(),
        genl::Op::new_do::<op::Mine<T>>(),
        genl::Op::new_do::<op::Root<T>>(),
        genl::Op::new_do::<op::Lenient<T>>(),
        genl::Op::new_dump::<op::LenientDump<T>>(),
        genl::Op::new_do::<op::Hooked<T>>(),
        genl::Op::new_do::<op::Count<T>>(),
        genl::Op::new_do::<op::Bare<T>>(),
        genl::Op::new_do::<op::Tell<T>>(),
        genl::Op::new_do::<op::Alive<T>>(),
        genl::Op::new_do::<op::ObjectAdd<T>>(),
        genl::Op::new_do::<op::ObjectDel<T>>(),
        genl::Op::new_dump::<op::ObjectGet<T>>(),
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

    pub(super) struct Check<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Check<T> {
        const COMMAND: u8 = 1;
        const POLICIES: Option<Policies> = Some(policy::OP_CHECK.policies());

        type Request = super::request::Check<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &CheckRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::check(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct Echo<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Echo<T> {
        const COMMAND: u8 = 2;
        const POLICIES: Option<Policies> = Some(policy::OP_CHECK.policies());

        type Request = super::request::Echo<'static>;
        type Reply = super::reply::Echo<'static>;

        fn run(
            request: &EchoRequest<'_, T>,
            reply: EchoReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::echo(request, reply, process)
        }
    }

    pub(super) struct List<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for List<T> {
        const COMMAND: u8 = 3;
        const POLICIES: Option<Policies> = Some(policy::OP_LIST.policies());

        type Request = super::request::List<'static>;
        type Reply = super::reply::List<'static>;

        fn run(
            request: &ListRequest<'_, T>,
            reply: ListReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::list(request, reply, process)
        }
    }

    pub(super) struct ListDump<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Dump<Server<T>> for ListDump<T> {
        const COMMAND: u8 = 3;
        const POLICIES: Option<Policies> = Some(policy::OP_LIST_DUMP.policies());

        type Request = super::request::ListDump<'static>;
        type Reply = super::reply::ListDump<'static>;
        type State = T::ListDump;

        fn start(request: &ListDumpRequest<'_, T>, process: Process<'_>) -> Result<T::ListDump> {
            T::list_start(request, process)
        }

        fn run(
            request: &ListDumpRequest<'_, T>,
            dump: &mut T::ListDump,
            entries: &mut ListDumpEntries<'_>,
            process: Process<'_>,
        ) -> Result<(), genl::Full> {
            T::list_dump(request, dump, entries, process)
        }
    }

    pub(super) struct Mine<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Mine<T> {
        const COMMAND: u8 = 4;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_LIST.policies());

        type Request = super::request::Mine<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &MineRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::mine(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct Root<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Root<T> {
        const COMMAND: u8 = 5;
        const ACCESS: genl::Access = genl::Access::Admin;
        const POLICIES: Option<Policies> = Some(policy::OP_LIST.policies());

        type Request = super::request::Root<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &RootRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::root(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct Lenient<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Lenient<T> {
        const COMMAND: u8 = 6;
        const POLICIES: Option<Policies> = Some(policy::OP_LENIENT.policies());
        const VALIDATION: genl::Validation = genl::Validation::LIBERAL;

        type Request = super::request::Lenient<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &LenientRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::lenient(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct LenientDump<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Dump<Server<T>> for LenientDump<T> {
        const COMMAND: u8 = 6;
        const POLICIES: Option<Policies> = Some(policy::OP_LIST.policies());
        const VALIDATION: genl::Validation = genl::Validation::LIBERAL;

        type Request = super::request::LenientDump<'static>;
        type Reply = super::reply::LenientDump<'static>;
        type State = T::LenientDump;

        fn start(
            request: &LenientDumpRequest<'_, T>,
            process: Process<'_>,
        ) -> Result<T::LenientDump> {
            T::lenient_start(request, process)
        }

        fn run(
            request: &LenientDumpRequest<'_, T>,
            dump: &mut T::LenientDump,
            entries: &mut LenientDumpEntries<'_>,
            process: Process<'_>,
        ) -> Result<(), genl::Full> {
            T::lenient_dump(request, dump, entries, process)
        }
    }

    pub(super) struct Hooked<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Hooked<T> {
        const COMMAND: u8 = 7;
        const POLICIES: Option<Policies> = Some(policy::OP_LIST.policies());

        type Request = super::request::Hooked<'static>;
        type Reply = super::reply::Hooked<'static>;

        fn run(
            request: &HookedRequest<'_, T>,
            reply: HookedReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            let lent = T::conform_pre(&request.untyped(), process)?;
            T::hooked(request, lent, reply, process)
        }
    }

    pub(super) struct Count<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Count<T> {
        const COMMAND: u8 = 8;
        const POLICIES: Option<Policies> = None;

        type Request = super::request::Count<'static>;
        type Reply = super::reply::Count<'static>;

        fn run(
            request: &CountRequest<'_, T>,
            reply: CountReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::count(request, reply, process)
        }
    }

    pub(super) struct Bare<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Bare<T> {
        const COMMAND: u8 = 9;
        const POLICIES: Option<Policies> = None;

        type Request = super::request::Bare<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &BareRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::bare(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct Tell<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Tell<T> {
        const COMMAND: u8 = 10;
        const POLICIES: Option<Policies> = Some(policy::OP_TELL.policies());

        type Request = super::request::Tell<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &TellRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::tell(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct Alive<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for Alive<T> {
        const COMMAND: u8 = 12;
        const POLICIES: Option<Policies> = None;

        type Request = super::request::Alive<'static>;
        type Reply = super::reply::Alive<'static>;

        fn run(
            request: &AliveRequest<'_, T>,
            reply: AliveReply<'_>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::alive(request, reply, process)
        }
    }

    pub(super) struct ObjectAdd<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for ObjectAdd<T> {
        const COMMAND: u8 = 13;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_OBJECT_ADD.policies());

        type Request = super::request::ObjectAdd<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &ObjectAddRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::object_add(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct ObjectDel<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Do<Server<T>> for ObjectDel<T> {
        const COMMAND: u8 = 14;
        const ACCESS: genl::Access = genl::Access::NamespaceAdmin;
        const POLICIES: Option<Policies> = Some(policy::OP_OBJECT_DEL.policies());

        type Request = super::request::ObjectDel<'static>;
        type Reply = Writer<'static>;

        fn run(
            request: &ObjectDelRequest<'_, T>,
            reply: genl::Reply<'_, Writer<'static>>,
            process: Process<'_>,
        ) -> Result<genl::Replied> {
            T::object_del(request, process)?;
            Ok(reply.ack_only())
        }
    }

    pub(super) struct ObjectGet<T>(PhantomData<fn() -> T>);

    impl<T: Operations> genl::Dump<Server<T>> for ObjectGet<T> {
        const COMMAND: u8 = 15;
        const POLICIES: Option<Policies> = Some(policy::OP_OBJECT_GET.policies());

        type Request = super::request::ObjectGet<'static>;
        type Reply = super::reply::ObjectGet<'static>;
        type State = T::ObjectGetDump;

        fn start(
            request: &ObjectGetRequest<'_, T>,
            process: Process<'_>,
        ) -> Result<T::ObjectGetDump> {
            T::object_get_start(request, process)
        }

        fn run(
            request: &ObjectGetRequest<'_, T>,
            dump: &mut T::ObjectGetDump,
            entries: &mut ObjectGetEntries<'_>,
            process: Process<'_>,
        ) -> Result<(), genl::Full> {
            T::object_get_dump(request, dump, entries, process)
        }
    }
}
