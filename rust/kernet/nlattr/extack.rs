// SPDX-License-Identifier: GPL-2.0

//! The extended ack.

use core::{
    cell::UnsafeCell,
    ptr, //
};
use kernel::prelude::*;

use super::Attr;
use crate::bindings;

/// The extended ack of a request: where to put the reason of a refusal.
///
/// # Examples
///
/// ```
/// use kernet::nlattr::{Attrs, ExtAck};
///
/// const TTL: u16 = 1;
///
/// /// What no policy can say. `ip` prints the message.
/// fn check(attrs: Attrs<'_>, is_fragmented: bool, extack: ExtAck<'_>) -> Result {
///     match attrs.get(TTL) {
///         Some(ttl) if is_fragmented => {
///             Err(extack.bad_attr(Some(ttl), EINVAL, fmt!("a fixed TTL wants path MTU discovery")))
///         }
///         _ => Ok(()),
///     }
/// }
/// ```
#[doc(alias = "netlink_ext_ack")]
#[derive(Clone, Copy)]
pub struct ExtAck<'a>(Option<&'a UnsafeCell<bindings::netlink_ext_ack>>);

impl<'a> ExtAck<'a> {
    /// No extended ack, where there is no request.
    pub const NONE: Self = Self(None);

    /// # Safety
    ///
    /// `extack` is null, or valid and this thread's alone for `'a`.
    pub(crate) unsafe fn from_raw(extack: *mut bindings::netlink_ext_ack) -> Self {
        // SAFETY: By the caller's promise.
        Self(unsafe { extack.cast_const().cast::<UnsafeCell<_>>().as_ref() })
    }

    pub(crate) fn as_raw(self) -> *mut bindings::netlink_ext_ack {
        self.0.map_or(ptr::null_mut(), |extack| extack.get())
    }

    /// Sets the message, and returns `error` (`NL_SET_ERR_MSG_FMT`). A message that is too long for
    /// the kernel's buffer is cut off.
    ///
    /// If there is a message already, it stays.
    #[doc(alias = "NL_SET_ERR_MSG_FMT")]
    #[cold]
    pub fn error(self, error: Error, message: core::fmt::Arguments<'_>) -> Error {
        if let Some(extack) = self.0 {
            let mut text = [0; bindings::NETLINK_MAX_FMTMSG_LEN as usize];
            let mut cursor = Cursor {
                buffer: &mut text,
                at: 0,
            };
            // What does not fit is left out. What is formatted may set a message of its own.
            let _ = core::fmt::Write::write_fmt(&mut cursor, message);
            cursor.finish();
            // SAFETY: This thread's alone; not borrowed by anybody else meanwhile.
            let extack = unsafe { &mut *extack.get() };
            if extack._msg.is_null() {
                extack._msg_buf = text;
                extack._msg = extack._msg_buf.as_ptr().cast();
            }
        }
        error
    }

    /// As [`Self::error`], and points at the attribute that was refused
    /// (`NL_SET_ERR_MSG_ATTR_FMT`).
    #[doc(alias = "NL_SET_ERR_MSG_ATTR_FMT")]
    #[cold]
    pub fn bad_attr(
        self,
        attr: Option<Attr<'_>>,
        error: Error,
        message: core::fmt::Arguments<'_>,
    ) -> Error {
        if let (Some(extack), Some(attr)) = (self.0, attr) {
            // SAFETY: This thread's alone; not borrowed by anybody else meanwhile.
            unsafe { (*extack.get()).bad_attr = attr.as_raw() };
        }
        self.error(error, message)
    }

    /// Says that an attribute is missing in a nest, or in the message if `nest` is null.
    #[cold]
    pub(super) fn missing_in(self, nest: *const bindings::nlattr, r#type: u16) -> Error {
        if let Some(extack) = self.0 {
            // SAFETY: This thread's alone; not borrowed by anybody else meanwhile.
            let extack = unsafe { &mut *extack.get() };
            extack.miss_type = r#type;
            extack.miss_nest = nest;
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

#[kunit_tests(kernet_extack)]
mod tests {
    use super::*;
    use core::fmt::Write;

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
}
