// SPDX-License-Identifier: GPL-2.0

//! Appending attributes to a message.

use core::{
    ffi::{
        c_int,
        c_void, //
    },
    marker::PhantomData, //
};
use kernel::prelude::*;

use super::{
    copy,
    Value, //
};
use crate::{
    bindings,
    error::to_result, //
};

/// The end of a netlink message, where attributes are appended.
///
/// Like `struct sk_buff *` of the `nla_put` functions in C.
///
/// # Invariants
///
/// The packet is a netlink message that is this writer's alone for `'a`.
///
/// # Examples
///
/// ```
/// use kernet::nlattr::Writer;
///
/// const NAME: u16 = 1;
/// const LIMIT: u16 = 2;
/// const RATE: u16 = 1;
///
/// /// A name, and a nest with a rate.
/// fn fill(message: &mut Writer<'_>, name: &[u8], rate: u64) -> Result {
///     message.put_string(NAME, name)?;
///     message.nest(LIMIT, |limit| limit.put_uint(RATE, rate))
/// }
/// ```
pub struct Writer<'a> {
    skb: &'a mut bindings::sk_buff,
    /// The family's own header, before the attributes.
    header: &'a mut [u8],
}

impl<'a> Writer<'a> {
    /// # Safety
    ///
    /// `skb` is a netlink message that is the caller's alone for `'a`.
    pub(crate) unsafe fn from_raw(skb: *mut bindings::sk_buff) -> Self {
        // INVARIANT: By the caller's promise.
        Self {
            // SAFETY: As above.
            skb: unsafe { &mut *skb },
            header: &mut [],
        }
    }

    pub(crate) fn with_header(self, header: &'a mut [u8]) -> Self {
        Self { header, ..self }
    }

    /// Reborrows the writer, without the header.
    #[inline]
    pub fn reborrow(&mut self) -> Writer<'_> {
        // INVARIANT: `self` is borrowed meanwhile.
        Writer {
            skb: self.skb,
            header: &mut [],
        }
    }

    /// Bytes of the message.
    pub(crate) fn len(&self) -> usize {
        self.skb.len as usize
    }

    /// Bytes that the message has room for.
    pub(crate) fn room(&self) -> usize {
        // SAFETY: The message is ours, by the type invariants.
        usize::try_from(unsafe { bindings::skb_tailroom(self.skb) }).unwrap_or(0)
    }

    /// Takes back what was appended since the message had `len` bytes.
    pub(crate) fn trim(&mut self, len: usize) {
        if let Ok(len) = u32::try_from(len) {
            // SAFETY: As above. Shortens it, if at all.
            unsafe { bindings::skb_trim(self.skb, len) };
        }
    }

    /// Sets the family's own header, which is zero otherwise (`genlmsg_put()`).
    ///
    /// # Errors
    ///
    /// [`EINVAL`] when the header has another size.
    #[doc(alias = "genlmsg_put")]
    pub fn set_header<V: Value>(&mut self, header: V) -> Result {
        if self.header.len() != V::SIZE {
            return Err(EINVAL);
        }
        copy(self.header, header);
        Ok(())
    }

    /// Appends an attribute.
    ///
    /// # Errors
    ///
    /// [`EMSGSIZE`] when the message has no room for it, or the payload does not fit into the 16 bits of
    /// the attribute's length.
    #[doc(alias = "nla_put")]
    #[inline]
    pub fn put(&mut self, r#type: u16, payload: &[u8]) -> Result {
        let len = length(payload.len())?;
        // SAFETY: The message is ours, by the type invariants; the payload is `len` bytes.
        to_result(unsafe {
            bindings::nla_put(
                self.skb,
                c_int::from(r#type),
                len,
                payload.as_ptr().cast::<c_void>(),
            )
        })
    }

    /// Appends an attribute whose payload is `parts`, one after the other.
    ///
    /// For few bytes, of a number that the compiler knows: they are stored where they belong.
    #[inline]
    fn put_parts<const N: usize>(&mut self, r#type: u16, parts: [&[u8]; N]) -> Result {
        let len = parts
            .iter()
            .fold(0usize, |len, part| len.saturating_add(part.len()));
        // SAFETY: The message is ours, by the type invariants; checks that there is room.
        let attr = unsafe { bindings::nla_reserve(self.skb, c_int::from(r#type), length(len)?) };
        if attr.is_null() {
            return Err(EMSGSIZE);
        }
        // SAFETY: The parts together have the `len` bytes behind the header, which are the
        // attribute's, and nobody else refers to those.
        unsafe {
            let mut place = attr.add(1).cast::<u8>();
            for part in parts {
                place.copy_from_nonoverlapping(part.as_ptr(), part.len());
                place = place.add(part.len());
            }
        }
        Ok(())
    }

    /// Appends a value (`nla_put()`).
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    #[doc(alias = "nla_put")]
    #[inline]
    pub fn put_value<V: Value>(&mut self, r#type: u16, value: V) -> Result {
        self.put_parts(r#type, [value.bytes().as_ref()])
    }

    /// Appends a value whose payload is aligned to 8 bytes if the architecture needs that. An
    /// attribute of type `pad` fills the gap.
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    #[doc(alias = "nla_put_64bit")]
    #[inline]
    pub fn put_64bit<V: Value>(&mut self, r#type: u16, value: V, pad: u16) -> Result {
        let bytes = value.bytes();
        let payload = bytes.as_ref();
        let len = length(payload.len())?;
        // SAFETY: The message is ours, by the type invariants; the payload is `len` bytes.
        to_result(unsafe {
            bindings::nla_put_64bit(
                self.skb,
                c_int::from(r#type),
                len,
                payload.as_ptr().cast::<c_void>(),
                c_int::from(pad),
            )
        })
    }

    /// Appends an array of values as one attribute (`nla_put()`).
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    #[doc(alias = "nla_put")]
    #[inline]
    pub fn put_values<V: Value>(&mut self, r#type: u16, values: &[V]) -> Result {
        let len = values.len().checked_mul(V::SIZE).ok_or(EMSGSIZE)?;
        let payload = self.reserve(r#type, len)?;
        for (place, value) in payload.chunks_exact_mut(V::SIZE.max(1)).zip(values) {
            copy(place, *value);
        }
        Ok(())
    }

    /// Appends an attribute whose payload is zero, and lends that.
    #[doc(alias = "nla_reserve")]
    #[inline]
    fn reserve(&mut self, r#type: u16, len: usize) -> Result<&mut [u8]> {
        // SAFETY: The message is ours, by the type invariants; checks that there is room.
        let attr = unsafe { bindings::nla_reserve(self.skb, c_int::from(r#type), length(len)?) };
        if attr.is_null() {
            return Err(EMSGSIZE);
        }
        // SAFETY: `len` bytes behind the header are the attribute's, in the message, which is
        // borrowed as long as they are; zeroed before they are lent.
        Ok(unsafe {
            let start = attr.cast::<u8>().add(size_of::<bindings::nlattr>());
            start.write_bytes(0, len);
            core::slice::from_raw_parts_mut(start, len)
        })
    }

    /// Appends a flag.
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    #[doc(alias = "nla_put_flag")]
    #[inline]
    pub fn put_flag(&mut self, r#type: u16) -> Result {
        self.put(r#type, &[])
    }

    /// Appends an unsigned byte.
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    #[doc(alias = "nla_put_u8")]
    #[inline]
    pub fn put_u8(&mut self, r#type: u16, value: u8) -> Result {
        self.put_value(r#type, value)
    }

    /// Appends an unsigned 16-bit integer, in host byte order.
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    #[doc(alias = "nla_put_u16")]
    #[inline]
    pub fn put_u16(&mut self, r#type: u16, value: u16) -> Result {
        self.put_value(r#type, value)
    }

    /// Appends an unsigned 32-bit integer, in host byte order.
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    #[doc(alias = "nla_put_u32")]
    #[inline]
    pub fn put_u32(&mut self, r#type: u16, value: u32) -> Result {
        self.put_value(r#type, value)
    }

    /// Appends an unsigned integer, in host byte order, in 32 bits if they suffice, otherwise in 64.
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    #[doc(alias = "nla_put_uint")]
    #[inline]
    pub fn put_uint(&mut self, r#type: u16, value: u64) -> Result {
        match u32::try_from(value) {
            Ok(value) => self.put_value(r#type, value),
            Err(_) => self.put_value(r#type, value),
        }
    }

    /// Appends a signed integer, in host byte order, in 32 bits if they suffice, otherwise in 64.
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    #[doc(alias = "nla_put_sint")]
    #[inline]
    pub fn put_sint(&mut self, r#type: u16, value: i64) -> Result {
        match i32::try_from(value) {
            Ok(value) => self.put_value(r#type, value),
            Err(_) => self.put_value(r#type, value),
        }
    }

    /// Appends a string, which has no NUL, and a NUL.
    ///
    /// # Errors
    ///
    /// As [`Self::put`].
    #[doc(alias = "nla_put_string")]
    #[inline]
    pub fn put_string(&mut self, r#type: u16, string: &[u8]) -> Result {
        self.put_parts(r#type, [string, b"\0"])
    }

    /// Appends a nest with the attributes that `fill` appends (`nla_nest_end()`). If `fill` fails,
    /// the message is as before.
    ///
    /// # Errors
    ///
    /// The error of `fill`, or [`EMSGSIZE`].
    #[doc(alias = "nla_nest_end")]
    #[doc(alias = "nla_nest_start")]
    #[inline]
    pub fn nest(&mut self, r#type: u16, fill: impl FnOnce(&mut Writer<'_>) -> Result) -> Result {
        // SAFETY: The message is ours, by the type invariants.
        let start = unsafe { bindings::nla_nest_start(self.skb, c_int::from(r#type)) };
        if start.is_null() {
            return Err(EMSGSIZE);
        }
        let result = fill(&mut self.reborrow()).and_then(|()| {
            // SAFETY: `start` is where the nest began, in this message. Refuses a nest whose
            // length does not fit into its header.
            match unsafe { bindings::nla_nest_end_safe(self.skb, start) } {
                end if end < 0 => Err(Error::from_errno(end)),
                _ => Ok(()),
            }
        });
        if result.is_err() {
            // SAFETY: As above.
            unsafe { bindings::nla_nest_cancel(self.skb, start) };
        }
        result
    }

    /// Appends a nest with the attributes that `fill` puts by a builder (`nla_nest_start()`). If
    /// `fill` fails, the message is as before.
    ///
    /// # Errors
    ///
    /// As [`Self::nest`].
    #[doc(alias = "nla_nest_start")]
    pub fn build<B: Builder>(
        &mut self,
        r#type: u16,
        fill: impl FnOnce(&mut B::On<'_>) -> Result,
    ) -> Result {
        self.nest(r#type, |nest| fill(&mut B::on(nest.reborrow())))
    }
}

#[inline]
fn length(len: usize) -> Result<c_int> {
    // The length of an attribute, with its header, has 16 bits.
    if len > usize::from(u16::MAX) - size_of::<bindings::nlattr>() {
        return Err(EMSGSIZE);
    }
    c_int::try_from(len).map_err(|_| EMSGSIZE)
}

/// A typed end of a message. Generated code has one per message and nest.
///
/// # Examples
///
/// ```
/// use kernet::nlattr::{Builder, Writer};
///
/// /// The end of a message that has a limit, which is attribute 1.
/// struct Limits;
///
/// struct LimitsOn<'a>(Writer<'a>);
///
/// impl Builder for Limits {
///     type On<'a> = LimitsOn<'a>;
///
///     fn on(writer: Writer<'_>) -> LimitsOn<'_> {
///         LimitsOn(writer)
///     }
/// }
///
/// impl LimitsOn<'_> {
///     fn put_limit(&mut self, limit: u32) -> Result {
///         self.0.put_u32(1, limit)
///     }
/// }
/// ```
pub trait Builder {
    /// The builder at an end borrowed for `'a`.
    type On<'a>;

    /// Makes the builder.
    fn on(writer: Writer<'_>) -> Self::On<'_>;
}

impl Builder for Writer<'static> {
    type On<'a> = Writer<'a>;

    fn on(writer: Writer<'_>) -> Writer<'_> {
        writer
    }
}

/// A nest of nests, whose types are an index or a kind.
#[doc(alias = "NLA_NESTED_ARRAY")]
pub struct Array<'a, B>(Writer<'a>, PhantomData<fn() -> B>);

impl<B: Builder> Array<'_, B> {
    /// Appends an element (`nla_nest_start()`).
    ///
    /// # Errors
    ///
    /// The error of `fill`, or [`EMSGSIZE`].
    #[doc(alias = "nla_nest_start")]
    #[inline]
    pub fn put(&mut self, r#type: u16, fill: impl FnOnce(&mut B::On<'_>) -> Result) -> Result {
        self.0.build::<B>(r#type, fill)
    }
}

impl<B: Builder> Builder for Array<'static, B> {
    type On<'a> = Array<'a, B>;

    fn on(writer: Writer<'_>) -> Array<'_, B> {
        Array(writer, PhantomData)
    }
}

/// The size in a message of an attribute whose payload has `payload` bytes.
#[doc(alias = "nla_total_size")]
pub const fn total_size(payload: usize) -> usize {
    // A header of 4 bytes, and padding to a multiple of 4.
    (payload + 4).next_multiple_of(4)
}

#[cfg(CONFIG_KUNIT = "y")]
mod scratch {
    use super::*;
    use crate::{
        context::Process,
        nlattr::Attr, //
    };

    /// A message of attributes alone, for KUnit cases.
    pub(in crate::nlattr) struct Scratch(*mut bindings::sk_buff);

    impl Scratch {
        pub(in crate::nlattr) fn len(&self) -> u32 {
            // SAFETY: The message is ours.
            unsafe { (*self.0).len }
        }

        /// Lends the first attribute.
        pub(in crate::nlattr) fn with<R>(
            &self,
            f: impl FnOnce(Attr<'_>) -> Result<R>,
        ) -> Result<R> {
            if self.len() < 4 {
                return Err(EINVAL);
            }
            // SAFETY: The message is ours, linear, and begins with an attribute.
            f(unsafe { Attr::from_raw(core::ptr::NonNull::new_unchecked((*self.0).data.cast())) })
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            // SAFETY: The message is ours.
            unsafe { bindings::nlmsg_free(self.0) };
        }
    }

    impl Writer<'_> {
        pub(in crate::nlattr) fn scratch(
            _process: Process<'_>,
            size: usize,
            fill: impl FnOnce(&mut Writer<'_>) -> Result,
        ) -> Result<Scratch> {
            // SAFETY: No requirements.
            let skb = unsafe { bindings::nlmsg_new(size, bindings::GFP_KERNEL) };
            if skb.is_null() {
                return Err(ENOMEM);
            }
            let scratch = Scratch(skb);
            // SAFETY: The message is new.
            fill(&mut unsafe { Writer::from_raw(skb) })?;
            Ok(scratch)
        }
    }
}
