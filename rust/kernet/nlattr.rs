// SPDX-License-Identifier: GPL-2.0

//! Netlink attributes: policies, parsed requests, messages.
//!
//! C header: [`include/net/netlink.h`](srctree/include/net/netlink.h)
//!
//! The kernel validates a request against a [`Table`] of policies before any code of a module
//! sees it: strictly, so that unknown attributes, wrong lengths and values out of range are
//! refused with an extended ack that points at the attribute. What is left for a module is what a
//! policy cannot say; it refuses by [`ExtAck`].

use core::{
    ffi::c_int,
    marker::PhantomData,
    ptr,
    slice, //
};
use kernel::{
    error::to_result,
    prelude::*, //
};

use crate::bindings;

mod policy;
mod writer;

pub use policy::{
    Policy,
    Table, //
};
pub use writer::{
    total_size,
    Writer, //
};

/// An attribute of a request.
///
/// # Invariants
///
/// Points to an attribute, with its payload, that is not changed or freed for `'a`.
#[doc(alias = "nlattr")]
#[derive(Clone, Copy)]
pub struct Attr<'a>(&'a bindings::nlattr);

impl<'a> Attr<'a> {
    /// # Safety
    ///
    /// `attr` fulfils the type invariants.
    unsafe fn from_raw(attr: *const bindings::nlattr) -> Self {
        // INVARIANT: By the caller's promise.
        // SAFETY: As above.
        Self(unsafe { &*attr })
    }

    pub(crate) fn as_raw(self) -> *const bindings::nlattr {
        self.0
    }

    /// The payload.
    #[doc(alias = "nla_data")]
    pub fn bytes(self) -> &'a [u8] {
        let header = size_of::<bindings::nlattr>();
        let len = usize::from(self.0.nla_len).saturating_sub(header);
        // SAFETY: The payload follows the header, by the type invariants.
        unsafe { slice::from_raw_parts(ptr::from_ref(self.0).cast::<u8>().add(header), len) }
    }

    /// The payload as a fixed number of bytes; `None` if it has another length.
    pub fn array<const N: usize>(self) -> Option<[u8; N]> {
        self.bytes().try_into().ok()
    }

    /// The payload without the terminating NUL, if it has one.
    #[doc(alias = "nla_strscpy")]
    pub fn string(self) -> &'a [u8] {
        let bytes = self.bytes();
        bytes.split(|byte| *byte == 0).next().unwrap_or(bytes)
    }

    /// Parses the nested attributes, strictly.
    ///
    /// # Errors
    ///
    /// What the policies refuse, named in the extended ack.
    #[doc(alias = "nla_parse_nested")]
    pub fn nested<const N: usize>(
        self,
        table: &'static Table<N>,
        extack: ExtAck<'_>,
    ) -> Result<Nested<'a, N>> {
        let mut attrs = [ptr::null_mut(); N];
        let max = c_int::try_from(N.saturating_sub(1)).map_err(|_| EINVAL)?;
        // SAFETY: `attrs` has room for types up to `max`, the table as many policies.
        to_result(unsafe {
            bindings::nla_parse_nested(
                attrs.as_mut_ptr(),
                max,
                self.0,
                table.as_raw(),
                extack.as_raw(),
            )
        })?;
        Ok(Nested(attrs, PhantomData))
    }
}

/// Nested attributes that were parsed, by type.
pub struct Nested<'a, const N: usize>([*mut bindings::nlattr; N], PhantomData<&'a ()>);

impl<'a, const N: usize> Nested<'a, N> {
    /// The attributes.
    pub fn attrs(&self) -> Attrs<'_> {
        Attrs(&self.0)
    }
}

/// The attributes of a request, by type.
///
/// # Invariants
///
/// Each pointer is null or as [`Attr`] wants it.
#[derive(Clone, Copy)]
pub struct Attrs<'a>(&'a [*mut bindings::nlattr]);

impl<'a> Attrs<'a> {
    /// No attributes.
    pub const EMPTY: Self = Self(&[]);

    /// # Safety
    ///
    /// `attrs` is null or has `max + 1` pointers, each null or as [`Attr`] wants it for `'a`.
    pub(crate) unsafe fn from_raw(attrs: *mut *mut bindings::nlattr, max: u32) -> Self {
        if attrs.is_null() {
            return Self::EMPTY;
        }
        // INVARIANT: By the caller's promise.
        // SAFETY: As above.
        Self(unsafe { slice::from_raw_parts(attrs, max as usize + 1) })
    }

    pub(crate) fn as_raw(self) -> *mut *mut bindings::nlattr {
        self.0.as_ptr().cast_mut()
    }

    /// The attribute of a type, if the request has one.
    pub fn get(self, r#type: u16) -> Option<Attr<'a>> {
        let attr = *self.0.get(usize::from(r#type))?;
        if attr.is_null() {
            return None;
        }
        // SAFETY: By the type invariants.
        Some(unsafe { Attr::from_raw(attr) })
    }

    /// The attribute of a type, which has to be there.
    ///
    /// # Errors
    ///
    /// [`EINVAL`], with the missing type in the extended ack.
    #[doc(alias = "GENL_REQ_ATTR_CHECK")]
    pub fn require(self, r#type: u16, extack: ExtAck<'_>) -> Result<Attr<'a>> {
        self.get(r#type).ok_or_else(|| extack.missing(r#type))
    }

    /// Whether the request has a flag.
    pub fn flag(self, r#type: u16) -> bool {
        self.get(r#type).is_some()
    }

    /// An unsigned byte.
    #[doc(alias = "nla_get_u8")]
    pub fn u8(self, r#type: u16) -> Option<u8> {
        self.get(r#type)?.array().map(u8::from_ne_bytes)
    }

    /// An unsigned 16-bit integer, in host byte order.
    #[doc(alias = "nla_get_u16")]
    pub fn u16(self, r#type: u16) -> Option<u16> {
        self.get(r#type)?.array().map(u16::from_ne_bytes)
    }

    /// An unsigned 32-bit integer, in host byte order.
    #[doc(alias = "nla_get_u32")]
    pub fn u32(self, r#type: u16) -> Option<u32> {
        self.get(r#type)?.array().map(u32::from_ne_bytes)
    }

    /// An unsigned integer of 32 or 64 bits, in host byte order.
    #[doc(alias = "nla_get_uint")]
    pub fn uint(self, r#type: u16) -> Option<u64> {
        let attr = self.get(r#type)?;
        attr.array()
            .map(|bytes| u64::from(u32::from_ne_bytes(bytes)))
            .or_else(|| attr.array().map(u64::from_ne_bytes))
    }
}

/// Where the reason of a refusal goes: `struct netlink_ext_ack`.
#[derive(Clone, Copy)]
pub struct ExtAck<'a>(Option<&'a core::cell::UnsafeCell<bindings::netlink_ext_ack>>);

impl<'a> ExtAck<'a> {
    /// For requests of nobody.
    pub const NONE: Self = Self(None);

    /// # Safety
    ///
    /// `extack` is null, or valid and this thread's alone for `'a`.
    pub(crate) unsafe fn from_raw(extack: *mut bindings::netlink_ext_ack) -> Self {
        // SAFETY: By the caller's promise.
        Self(unsafe {
            extack
                .cast_const()
                .cast::<core::cell::UnsafeCell<_>>()
                .as_ref()
        })
    }

    pub(crate) fn as_raw(self) -> *mut bindings::netlink_ext_ack {
        self.0.map_or(ptr::null_mut(), |extack| extack.get())
    }

    /// Sets the message, cut off where the kernel's buffer ends, and gives back the error.
    ///
    /// The first message stays.
    #[doc(alias = "NL_SET_ERR_MSG_FMT")]
    pub fn error(self, error: Error, message: core::fmt::Arguments<'_>) -> Error {
        if let Some(extack) = self.0 {
            // SAFETY: This thread's alone; not borrowed by anybody else meanwhile.
            let extack = unsafe { &mut *extack.get() };
            if extack._msg.is_null() {
                let buffer: &mut [u8] = &mut extack._msg_buf;
                let mut cursor = Cursor { buffer, at: 0 };
                // What does not fit is left out.
                let _ = core::fmt::Write::write_fmt(&mut cursor, message);
                cursor.finish();
                extack._msg = extack._msg_buf.as_ptr().cast();
            }
        }
        error
    }

    /// As [`Self::error`], and points at the attribute that is to blame.
    #[doc(alias = "NL_SET_ERR_MSG_ATTR_FMT")]
    pub fn bad_attr(
        self,
        attr: Option<Attr<'_>>,
        error: Error,
        message: core::fmt::Arguments<'_>,
    ) -> Error {
        if let (Some(extack), Some(attr)) = (self.0, attr) {
            // SAFETY: This thread's alone; not borrowed by anybody else meanwhile.
            unsafe { (*extack.get()).bad_attr = attr.0 };
        }
        self.error(error, message)
    }

    /// Says that an attribute is missing.
    #[doc(alias = "NL_SET_ERR_ATTR_MISS")]
    pub fn missing(self, r#type: u16) -> Error {
        if let Some(extack) = self.0 {
            // SAFETY: This thread's alone; not borrowed by anybody else meanwhile.
            unsafe { (*extack.get()).miss_type = r#type };
        }
        self.error(EINVAL, format_args!("a required attribute is missing"))
    }
}

struct Cursor<'a> {
    buffer: &'a mut [u8],
    at: usize,
}

impl Cursor<'_> {
    fn finish(self) {
        let last = self.buffer.len().saturating_sub(1);
        if let Some(end) = self.buffer.get_mut(self.at.min(last)) {
            *end = 0;
        }
    }
}

impl core::fmt::Write for Cursor<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        // One byte is the NUL's.
        let end = self.buffer.len().saturating_sub(1);
        let free = self.buffer.get_mut(self.at..end).ok_or(core::fmt::Error)?;
        let len = text.len().min(free.len());
        for (to, from) in free.iter_mut().zip(text.as_bytes()) {
            *to = *from;
        }
        self.at = self.at.saturating_add(len);
        if len < text.len() {
            return Err(core::fmt::Error);
        }
        Ok(())
    }
}

#[kunit_tests(kernet_nlattr)]
mod tests {
    use super::*;
    use crate::context::kunit::process;
    use core::fmt::Write;

    static TABLE: Table<4> = Table::new(&[
        (1, Policy::U32.range(1, 9)),
        (2, Policy::exact(4)),
        (3, Policy::string(8)),
    ]);

    #[test]
    fn a_long_message_is_cut_off() {
        let mut buffer = [0xff; 6];
        let mut cursor = Cursor {
            buffer: &mut buffer,
            at: 0,
        };
        assert!(cursor.write_str("ab").is_ok());
        assert!(cursor.write_str("cdefg").is_err());
        cursor.finish();
        assert_eq!(&buffer, b"abcde\0");
    }

    #[test]
    fn nested_attributes_are_read_back() {
        let read = process(|process| -> Result<(Option<u32>, Option<[u8; 4]>, usize)> {
            Writer::scratch(process, |writer| {
                writer.nest(7, |nest| {
                    nest.put_u32(1, 5)?;
                    nest.put(2, &[1, 2, 3, 4])?;
                    nest.put(3, b"name\0")
                })
            })?
            .with(|attr| {
                let nested = attr.nested(&TABLE, ExtAck::NONE)?;
                let attrs = nested.attrs();
                Ok((
                    attrs.u32(1),
                    attrs.get(2).and_then(|attr| attr.array()),
                    attrs.get(3).map_or(0, |attr| attr.string().len()),
                ))
            })
        });
        assert!(matches!(read, Ok((Some(5), Some([1, 2, 3, 4]), 4))));
    }

    #[test]
    fn policies_refuse() {
        fn refused(fill: fn(&mut Writer<'_>) -> Result) -> bool {
            let result = process(|process| {
                Writer::scratch(process, |writer| writer.nest(7, fill))?
                    .with(|attr| attr.nested(&TABLE, ExtAck::NONE).map(|_| ()))
            });
            result.is_err()
        }
        assert!(!refused(|w| w.put_u32(1, 9)));
        assert!(refused(|w| w.put_u32(1, 10)));
        assert!(refused(|w| w.put_u32(1, 0)));
        assert!(refused(|w| w.put_u8(1, 1)));
        assert!(refused(|w| w.put(2, &[1, 2, 3])));
        assert!(refused(|w| w.put(3, b"much too long\0")));
        assert!(refused(|w| w.put_u32(4, 1)));
    }

    #[test]
    fn a_nest_that_fails_leaves_nothing() {
        let len = process(|process| {
            Writer::scratch(process, |writer| {
                let _ = writer.nest(7, |nest| {
                    nest.put_u32(1, 5)?;
                    Err(EINVAL)
                });
                Ok(())
            })
            .map(|message| message.len())
        });
        assert!(matches!(len, Ok(0)));
    }
}
