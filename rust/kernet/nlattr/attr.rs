// SPDX-License-Identifier: GPL-2.0

//! Attributes of requests.

use core::{
    ffi::c_int,
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    },
    slice, //
};
use kernel::prelude::*;

use super::{
    Be,
    Enum,
    ExtAck,
    Table,
    Value, //
};
use crate::{
    bindings,
    error::to_result, //
};

const HEADER: usize = size_of::<bindings::nlattr>();

/// An attribute of a request.
///
/// # Invariants
///
/// Points to an attribute, with its payload, that is not changed or freed for `'a`.
#[doc(alias = "nlattr")]
#[derive(Clone, Copy)]
pub struct Attr<'a>(NonNull<bindings::nlattr>, PhantomData<&'a [u8]>);

impl<'a> Attr<'a> {
    /// # Safety
    ///
    /// `attr` fulfils the type invariants.
    pub(super) unsafe fn from_raw(attr: NonNull<bindings::nlattr>) -> Self {
        // INVARIANT: By the caller's promise.
        Self(attr, PhantomData)
    }

    pub(crate) fn as_raw(self) -> *const bindings::nlattr {
        self.0.as_ptr()
    }

    fn header(self) -> bindings::nlattr {
        // SAFETY: Valid, by the type invariants.
        unsafe { self.0.read_unaligned() }
    }

    /// The type, without its flags.
    #[doc(alias = "nla_type")]
    #[inline]
    pub fn r#type(self) -> u16 {
        self.header().nla_type & bindings::NLA_TYPE_MASK as u16
    }

    /// The payload (`nla_data()`).
    #[doc(alias = "nla_data")]
    #[inline]
    pub fn bytes(self) -> &'a [u8] {
        let len = usize::from(self.header().nla_len).saturating_sub(HEADER);
        // SAFETY: The payload follows the header, by the type invariants.
        unsafe { slice::from_raw_parts(self.0.as_ptr().cast::<u8>().add(HEADER), len) }
    }

    /// The payload as an array of bytes; `None` if it has another length.
    pub fn array<const N: usize>(self) -> Option<[u8; N]> {
        self.bytes().try_into().ok()
    }

    /// The value at the start of the payload; `None` if the payload is too short (`nla_memcpy()`).
    #[doc(alias = "nla_memcpy")]
    #[inline]
    pub fn value<V: Value>(self) -> Option<V> {
        V::read(self.bytes())
    }

    /// The payload as an array of values. A remainder that is too short for a value is ignored.
    pub fn values<V: Value + 'static>(self) -> impl Iterator<Item = V> + Clone + 'a {
        self.bytes()
            .chunks_exact(V::SIZE.max(1))
            .filter_map(V::read)
    }

    /// A number in network byte order, in host byte order; `None` if the payload is too short
    /// (`nla_get_be16()`).
    #[doc(alias = "nla_get_be16")]
    #[doc(alias = "nla_get_be32")]
    pub fn be<V>(self) -> Option<V>
    where
        Be<V>: Value,
    {
        self.value().map(|Be(value)| value)
    }

    /// An unsigned integer of 32 or 64 bits, in host byte order.
    #[doc(alias = "nla_get_uint")]
    #[inline]
    pub fn uint(self) -> Option<u64> {
        self.array()
            .map(|bytes| u64::from(u32::from_ne_bytes(bytes)))
            .or_else(|| self.array().map(u64::from_ne_bytes))
    }

    /// A signed integer of 32 or 64 bits, in host byte order.
    #[doc(alias = "nla_get_sint")]
    pub fn sint(self) -> Option<i64> {
        self.array()
            .map(|bytes| i64::from(i32::from_ne_bytes(bytes)))
            .or_else(|| self.array().map(i64::from_ne_bytes))
    }

    /// An unsigned integer of the payload's width, in host byte order.
    pub fn number(self) -> Option<u64> {
        match self.bytes().len() {
            1 => self.value::<u8>().map(u64::from),
            2 => self.value::<u16>().map(u64::from),
            4 => self.value::<u32>().map(u64::from),
            8 => self.value(),
            _ => None,
        }
    }

    /// A value of an enumeration, in the payload's width; `None` for an unknown number.
    pub fn one_of<E: Enum>(self) -> Option<E> {
        self.number().and_then(E::from_raw)
    }

    /// The payload as a string, without its terminating NUL if it has one (`nla_strscpy()`).
    #[doc(alias = "nla_strscpy")]
    pub fn string(self) -> &'a [u8] {
        let bytes = self.bytes();
        bytes.split(|byte| *byte == 0).next().unwrap_or(bytes)
    }

    /// The nested attributes, which a policy of the request has admitted (`nla_for_each_nested()`).
    /// Each look-up searches all of them; [`Self::nest`] indexes them once.
    #[doc(alias = "nla_for_each_nested")]
    #[inline]
    pub fn attrs(self) -> Attrs<'a> {
        // INVARIANT: There are no places.
        Attrs(Index::Nested(self, &[]))
    }

    /// The nested attributes, indexed by type up to `N - 1` (`nla_parse_nested()`). A policy of the
    /// request has admitted them.
    #[doc(alias = "nla_parse_nested")]
    #[inline]
    pub fn nest<const N: usize>(self) -> Nest<'a, N> {
        Nest::new(self)
    }

    /// The nested attributes, after strict validation.
    ///
    /// # Errors
    ///
    /// The error of the policy that refuses an attribute, which the extended ack names.
    #[doc(alias = "nla_validate_nested")]
    pub fn nested<const N: usize>(
        self,
        table: &'static Table<N>,
        extack: ExtAck<'_>,
    ) -> Result<Nest<'a, N>> {
        let max = c_int::try_from(N.saturating_sub(1)).map_err(|_| EINVAL)?;
        // SAFETY: The attribute is valid, by the type invariants; the table has policies up to
        // type `max`. Without an array nothing is stored.
        to_result(unsafe {
            bindings::nla_parse_nested(
                ptr::null_mut(),
                max,
                self.as_raw(),
                table.as_raw(),
                extack.as_raw(),
            )
        })?;
        Ok(self.nest())
    }
}

/// Where attributes are.
#[derive(Clone, Copy)]
enum Index<'a> {
    /// Pointers, by type, and the attributes one after the other, if that is known.
    Parsed(&'a [*mut bindings::nlattr], &'a [u8]),
    /// A nest and the places in it, by type, if it is a [`Nest`].
    Nested(Attr<'a>, &'a [u16]),
}

/// The attribute of a type in a nest.
///
/// # Safety
///
/// Each place is 0, or where an attribute begins in the nest, in bytes from its header on.
#[inline]
unsafe fn placed<'a>(nest: Attr<'a>, places: &[u16], r#type: u16) -> Option<Attr<'a>> {
    match *places.get(usize::from(r#type))? {
        0 => None,
        // SAFETY: By the caller's promise; what is in the nest is valid as long as that is.
        place => Some(unsafe { Attr::from_raw(nest.0.byte_add(usize::from(place))) }),
    }
}

/// The attributes of a request or of a nest, by type (`nla_parse()`). If a type occurs several
/// times, the last one counts.
///
/// # Invariants
///
/// Each pointer is null or as [`Attr`] wants it; each place is as `placed` wants it.
#[doc(alias = "nla_parse")]
#[derive(Clone, Copy)]
pub struct Attrs<'a>(Index<'a>);

impl<'a> Attrs<'a> {
    /// No attributes.
    // INVARIANT: There are no pointers.
    pub const EMPTY: Self = Self(Index::Parsed(&[], &[]));

    /// The attributes of a request, which are one after the other in `stream` if that is known.
    ///
    /// # Safety
    ///
    /// `attrs` is null or has `max + 1` pointers, each null or as [`Attr`] wants it for `'a`.
    #[inline]
    pub(crate) unsafe fn from_raw(
        attrs: *mut *mut bindings::nlattr,
        max: u32,
        stream: &'a [u8],
    ) -> Self {
        if attrs.is_null() {
            return Self::EMPTY;
        }
        // SAFETY: By the caller's promise.
        let attrs = unsafe { slice::from_raw_parts(attrs, max as usize + 1) };
        // INVARIANT: As above.
        Self(Index::Parsed(attrs, stream))
    }

    /// The pointers by type, if there are such, or null.
    pub(crate) fn as_raw(self) -> *mut *mut bindings::nlattr {
        match self.0 {
            Index::Parsed(attrs, _) => attrs.as_ptr().cast_mut(),
            Index::Nested(..) => ptr::null_mut(),
        }
    }

    /// The attribute of a type, if there is one: `tb[TYPE]` in C.
    #[inline]
    pub fn get(self, r#type: u16) -> Option<Attr<'a>> {
        match self.0 {
            Index::Parsed(attrs, _) => {
                let attr = NonNull::new(*attrs.get(usize::from(r#type))?)?;
                // SAFETY: By the type invariants.
                Some(unsafe { Attr::from_raw(attr) })
            }
            Index::Nested(_, []) => self.look_for(r#type),
            // SAFETY: By the type invariants.
            Index::Nested(nest, places) => unsafe { placed(nest, places, r#type) },
        }
    }

    /// The last attribute of a type, where nothing is known but their order.
    #[cold]
    fn look_for(self, r#type: u16) -> Option<Attr<'a>> {
        self.all(r#type).last()
    }

    /// All attributes in their order (`nla_for_each_attr()`).
    ///
    /// For a link request, only a table of the attributes is known, so this yields none.
    #[doc(alias = "nla_for_each_attr")]
    pub fn iter(self) -> Iter<'a> {
        Iter(match self.0 {
            Index::Parsed(_, stream) => stream,
            Index::Nested(nest, _) => nest.bytes(),
        })
    }

    /// All attributes of a type, in their order (`nla_for_each_attr_type()`). See [`Self::iter`].
    #[doc(alias = "nla_for_each_attr_type")]
    pub fn all(self, r#type: u16) -> impl Iterator<Item = Attr<'a>> + Clone + 'a {
        self.iter().filter(move |attr| attr.r#type() == r#type)
    }

    /// Returns an attribute that must be there, by its type (`GENL_REQ_ATTR_CHECK`).
    ///
    /// # Errors
    ///
    /// [`EINVAL`], with the missing type in the extended ack.
    #[doc(alias = "GENL_REQ_ATTR_CHECK")]
    #[inline]
    pub fn require(self, r#type: u16, extack: ExtAck<'_>) -> Result<Attr<'a>> {
        self.get(r#type).ok_or_else(|| self.missing(r#type, extack))
    }

    /// Reports in the extended ack that an attribute is missing, and returns the error
    /// (`NL_SET_ERR_ATTR_MISS`).
    #[doc(alias = "NL_SET_ERR_ATTR_MISS")]
    #[cold]
    pub fn missing(self, r#type: u16, extack: ExtAck<'_>) -> Error {
        let nest = match self.0 {
            Index::Parsed(..) => ptr::null(),
            Index::Nested(nest, _) => nest.as_raw(),
        };
        extack.missing_in(nest, r#type)
    }

    /// Whether a flag is set.
    #[doc(alias = "nla_get_flag")]
    #[inline]
    pub fn flag(self, r#type: u16) -> bool {
        self.get(r#type).is_some()
    }

    /// An unsigned byte.
    #[doc(alias = "nla_get_u8")]
    #[inline]
    pub fn u8(self, r#type: u16) -> Option<u8> {
        self.get(r#type)?.value()
    }

    /// An unsigned 16-bit integer, in host byte order.
    #[doc(alias = "nla_get_u16")]
    #[inline]
    pub fn u16(self, r#type: u16) -> Option<u16> {
        self.get(r#type)?.value()
    }

    /// An unsigned 32-bit integer, in host byte order.
    #[doc(alias = "nla_get_u32")]
    #[inline]
    pub fn u32(self, r#type: u16) -> Option<u32> {
        self.get(r#type)?.value()
    }

    /// An unsigned integer of 32 or 64 bits, in host byte order.
    #[doc(alias = "nla_get_uint")]
    #[inline]
    pub fn uint(self, r#type: u16) -> Option<u64> {
        self.get(r#type)?.uint()
    }
}

/// The attributes of a nest, indexed by type up to `N - 1` (`nla_parse_nested()`). If a type occurs
/// several times, the last one counts.
///
/// The index takes 2 bytes of the stack per type.
///
/// # Invariants
///
/// The places are as `placed` wants them.
#[doc(alias = "nla_parse_nested")]
#[derive(Clone, Copy)]
pub struct Nest<'a, const N: usize> {
    nest: Attr<'a>,
    places: [u16; N],
}

impl<'a, const N: usize> Nest<'a, N> {
    #[inline]
    fn new(nest: Attr<'a>) -> Self {
        const { assert!(N <= 512, "more types than the stack has room for") };
        let mut places = [0; N];
        for attr in nest.attrs().iter() {
            if let Some(place) = places.get_mut(usize::from(attr.r#type())) {
                // What is in a nest begins behind its header, and the length of a nest has 16 bits.
                *place = attr.0.addr().get().wrapping_sub(nest.0.addr().get()) as u16;
            }
        }
        // INVARIANT: Found there.
        Self { nest, places }
    }

    /// The attributes, borrowed with the index.
    #[inline]
    pub fn attrs(&self) -> Attrs<'_> {
        // INVARIANT: By those of this type.
        Attrs(Index::Nested(self.nest, &self.places))
    }

    /// The attribute of a type, if there is one.
    #[inline]
    pub fn get(&self, r#type: u16) -> Option<Attr<'a>> {
        // SAFETY: By the type invariants.
        unsafe { placed(self.nest, &self.places, r#type) }
    }

    /// All attributes of a type, in their order (`nla_for_each_nested_type()`).
    #[doc(alias = "nla_for_each_nested_type")]
    pub fn all(&self, r#type: u16) -> impl Iterator<Item = Attr<'a>> + Clone + 'a {
        self.nest.attrs().all(r#type)
    }

    /// Whether a flag is set.
    #[doc(alias = "nla_get_flag")]
    #[inline]
    pub fn flag(&self, r#type: u16) -> bool {
        self.get(r#type).is_some()
    }
}

/// An iterator of attributes in their order (`nla_next()`).
#[doc(alias = "nla_next")]
#[derive(Clone)]
pub struct Iter<'a>(&'a [u8]);

impl<'a> Iterator for Iter<'a> {
    type Item = Attr<'a>;

    #[doc(alias = "nla_next")]
    fn next(&mut self) -> Option<Attr<'a>> {
        let len = usize::from(u16::read(self.0)?);
        if len < HEADER {
            return None;
        }
        let attr = self.0.get(..len)?;
        let end = len.next_multiple_of(bindings::NLA_ALIGNTO as usize);
        self.0 = self.0.get(end..).unwrap_or(&[]);
        // SAFETY: `attr` is a header, with its payload, and borrowed for `'a`.
        Some(unsafe { Attr::from_raw(NonNull::from(attr).cast()) })
    }
}

/// A typed view of attributes. Generated code has one per request.
///
/// # Examples
///
/// ```
/// use kernet::nlattr::{Attrs, View};
///
/// /// Attributes with a limit, which is attribute 1.
/// struct Limits;
///
/// #[derive(Clone, Copy)]
/// struct LimitsOn<'a>(Attrs<'a>);
///
/// impl View for Limits {
///     type On<'a> = LimitsOn<'a>;
///
///     fn on(attrs: Attrs<'_>) -> LimitsOn<'_> {
///         LimitsOn(attrs)
///     }
/// }
///
/// impl<'a> From<LimitsOn<'a>> for Attrs<'a> {
///     fn from(limits: LimitsOn<'a>) -> Self {
///         limits.0
///     }
/// }
///
/// impl LimitsOn<'_> {
///     fn limit(self) -> Option<u32> {
///         self.0.u32(1)
///     }
/// }
/// ```
pub trait View {
    /// The view of attributes borrowed for `'a`.
    type On<'a>: Copy + Into<Attrs<'a>>;

    /// Makes the view.
    fn on(attrs: Attrs<'_>) -> Self::On<'_>;
}

impl View for Attrs<'static> {
    type On<'a> = Attrs<'a>;

    #[inline]
    fn on(attrs: Attrs<'_>) -> Attrs<'_> {
        attrs
    }
}
