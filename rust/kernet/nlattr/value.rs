// SPDX-License-Identifier: GPL-2.0

//! Values of fixed size in attributes and headers.

/// A type of fixed size, as an attribute or header holds it. Integers are in host byte order, those in
/// [`Be`] in network byte order.
///
/// # Examples
///
/// ```
/// kernet::netlink_struct! {
///     /// `struct ifaddrmsg`. The macro implements `Value`.
///     struct Header {
///         family: u8,
///         prefixlen: u8,
///         flags: u8,
///         scope: u8,
///         index: u32,
///     }
/// }
///
/// fn index(bytes: &[u8]) -> Option<u32> {
///     use kernet::nlattr::Value;
///
///     Header::read(bytes).map(|header| header.index)
/// }
/// ```
pub trait Value: Copy {
    /// The size in bytes.
    const SIZE: usize;

    /// The bytes of a value: an array of [`Self::SIZE`].
    type Bytes: AsRef<[u8]>;

    /// Reads the value at the start of `bytes`; `None` if there are too few bytes.
    fn read(bytes: &[u8]) -> Option<Self>;

    /// Returns the value as the bytes of a message.
    fn bytes(self) -> Self::Bytes;
}

/// A number in network byte order (`__be16`).
///
/// # Examples
///
/// ```
/// use kernet::nlattr::{Attrs, Be, Writer};
///
/// const PORT: u16 = 1;
///
/// /// A port as most families have it, in network byte order.
/// fn port(attrs: Attrs<'_>) -> Option<u16> {
///     attrs.get(PORT)?.be()
/// }
///
/// fn put_port(message: &mut Writer<'_>, port: u16) -> Result {
///     message.put_value(PORT, Be(port))
/// }
/// ```
#[doc(alias = "__be16")]
#[doc(alias = "__be32")]
#[doc(alias = "__be64")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Be<T>(pub T);

macro_rules! integer {
    ($($int:ident),+) => {$(
        impl Value for $int {
            const SIZE: usize = size_of::<$int>();

            type Bytes = [u8; size_of::<$int>()];

            #[inline]
            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.first_chunk().map(|bytes| Self::from_ne_bytes(*bytes))
            }

            #[inline]
            fn bytes(self) -> Self::Bytes {
                self.to_ne_bytes()
            }
        }

        impl Value for Be<$int> {
            const SIZE: usize = size_of::<$int>();

            type Bytes = [u8; size_of::<$int>()];

            #[inline]
            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.first_chunk().map(|bytes| Be($int::from_be_bytes(*bytes)))
            }

            #[inline]
            fn bytes(self) -> Self::Bytes {
                self.0.to_be_bytes()
            }
        }
    )+};
}

integer!(u8, u16, u32, u64, i8, i16, i32, i64);

impl<const N: usize> Value for [u8; N] {
    const SIZE: usize = N;

    type Bytes = [u8; N];

    #[inline]
    fn read(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk().copied()
    }

    #[inline]
    fn bytes(self) -> Self::Bytes {
        self
    }
}

/// Bits, and a selector that says which of them are set or cleared; in host byte order.
///
/// # Examples
///
/// ```
/// use kernet::nlattr::{Attrs, Bitfield32, Policy};
///
/// const FLAGS: u16 = 1;
///
/// const POLICY: Policy = Policy::bitfield32(0x3);
///
/// /// What the flags are after a request, which changes those that it selects.
/// fn changed(flags: u32, attrs: Attrs<'_>) -> u32 {
///     match attrs.get(FLAGS).and_then(|attr| attr.value()) {
///         Some(Bitfield32 { value, selector }) => flags & !selector | value & selector,
///         None => flags,
///     }
/// }
/// ```
#[doc(alias = "nla_bitfield32")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bitfield32 {
    /// The bits.
    pub value: u32,
    /// The bits that are meant.
    #[doc(alias = "nla_bitfield32::selector")]
    pub selector: u32,
}

impl Value for Bitfield32 {
    const SIZE: usize = 8;

    type Bytes = [u8; 8];

    fn read(bytes: &[u8]) -> Option<Self> {
        let (value, selector) = bytes.split_at_checked(4)?;
        Some(Self {
            value: u32::read(value)?,
            selector: u32::read(selector)?,
        })
    }

    fn bytes(self) -> Self::Bytes {
        let mut bytes = [0; 8];
        let at = put(&mut bytes, 0, self.value);
        put(&mut bytes, at, self.selector);
        bytes
    }
}

/// The most bytes that a protocol's own header has.
pub(crate) const HEADER_MAX: usize = 256;

/// Fails to compile for a header that is longer than [`HEADER_MAX`].
pub(crate) const fn check_header<V: Value>() {
    assert!(V::SIZE <= HEADER_MAX, "a header of more than 256 bytes");
}

/// Copies the bytes of a value to where there is room for them. Those of one that is not as long as it
/// says are cut off.
#[inline]
pub(crate) fn copy<V: Value>(to: &mut [u8], value: V) {
    for (to, from) in to.iter_mut().zip(value.bytes().as_ref()) {
        *to = *from;
    }
}

/// Writes a value into `bytes` at `at`, and says where it ends. For [`netlink_struct!`](crate::netlink_struct!).
#[doc(hidden)]
pub fn put<V: Value>(bytes: &mut [u8], at: usize, value: V) -> usize {
    let end = at.saturating_add(V::SIZE);
    if let Some(place) = bytes.get_mut(at..end) {
        copy(place, value);
    }
    end
}

/// Reads a value and says what follows it. For [`netlink_struct!`](crate::netlink_struct!).
#[doc(hidden)]
pub fn take<V: Value>(bytes: &[u8]) -> Option<(V, &[u8])> {
    let (value, rest) = bytes.split_at_checked(V::SIZE)?;
    Some((V::read(value)?, rest))
}

/// An enumeration. [`netlink_enum!`](crate::netlink_enum!) implements it.
///
/// # Examples
///
/// ```
/// use kernet::nlattr::{Attrs, Policy, Table};
///
/// kernet::netlink_enum! {
///     /// What to do with a packet. The macro implements `Enum`.
///     enum Action {
///         Accept = 1,
///         Drop = 2,
///     }
/// }
///
/// const ACTION: u16 = 1;
///
/// static POLICY: Table<2> = Table::new(&[(ACTION, Policy::U8.one_of::<Action>())]);
///
/// fn action(attrs: Attrs<'_>) -> Action {
///     attrs.get(ACTION).and_then(|attr| attr.one_of()).unwrap_or(Action::Accept)
/// }
/// ```
pub trait Enum: Copy + 'static {
    /// The value of a number.
    fn from_raw(raw: u64) -> Option<Self>;

    /// The number of a value.
    fn raw(self) -> u64;
}

/// Declares an enumeration of a netlink family.
#[macro_export]
macro_rules! netlink_enum {
    (
        $(#[$attr:meta])*
        $vis:vis enum $name:ident {
            $($(#[$entry_attr:meta])* $entry:ident = $value:literal,)*
        }
    ) => {
        $(#[$attr])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name {
            $($(#[$entry_attr])* $entry,)*
        }

        impl $crate::nlattr::Enum for $name {
            fn from_raw(raw: u64) -> Option<Self> {
                match raw {
                    $($value => Some(Self::$entry),)*
                    _ => None,
                }
            }

            fn raw(self) -> u64 {
                match self {
                    $(Self::$entry => $value,)*
                }
            }
        }
    };
}

/// Declares a set of flags of a netlink family.
#[macro_export]
macro_rules! netlink_flags {
    (
        $(#[$attr:meta])*
        $vis:vis struct $name:ident {
            $($(#[$entry_attr:meta])* const $entry:ident = $value:literal;)*
        }
    ) => {
        $(#[$attr])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        $vis struct $name(u64);

        impl $name {
            $($(#[$entry_attr])* $vis const $entry: Self = Self($value);)*

            /// The flags in `bits`, with those that have no name.
            $vis const fn from_bits(bits: u64) -> Self {
                Self(bits)
            }

            /// The flags as bits.
            $vis const fn bits(self) -> u64 {
                self.0
            }

            /// Whether all of `flags` are set.
            $vis const fn contains(self, flags: Self) -> bool {
                self.0 & flags.0 == flags.0
            }
        }

        impl ::core::ops::BitOr for $name {
            type Output = Self;

            fn bitor(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
        }
    };
}

/// Declares a C structure of a netlink family, without gaps between its members.
#[macro_export]
macro_rules! netlink_struct {
    (
        $(#[$attr:meta])*
        $vis:vis struct $name:ident {
            $($(#[$field_attr:meta])* $field:ident: $type:ty,)+
        }
    ) => {
        $(#[$attr])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis struct $name {
            $($(#[$field_attr])* $vis $field: $type,)+
        }

        impl $crate::nlattr::Value for $name {
            const SIZE: usize = 0 $(+ <$type as $crate::nlattr::Value>::SIZE)+;

            type Bytes = [u8; 0 $(+ <$type as $crate::nlattr::Value>::SIZE)+];

            fn read(bytes: &[u8]) -> Option<Self> {
                $(let ($field, bytes) = $crate::nlattr::take::<$type>(bytes)?;)+
                let _ = bytes;
                Some(Self { $($field),+ })
            }

            fn bytes(self) -> Self::Bytes {
                let mut bytes = [0; <Self as $crate::nlattr::Value>::SIZE];
                let at = 0;
                $(let at = $crate::nlattr::put(&mut bytes, at, self.$field);)+
                let _ = at;
                bytes
            }
        }
    };
}
