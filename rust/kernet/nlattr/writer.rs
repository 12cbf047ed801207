// SPDX-License-Identifier: GPL-2.0

//! Attributes of a message that is being built.

use core::ffi::{
    c_int,
    c_void, //
};
use kernel::{
    error::to_result,
    prelude::*, //
};

use crate::bindings;

/// The end of a netlink message, where attributes are appended.
///
/// # Invariants
///
/// The packet is a netlink message that is this writer's alone for `'a`.
pub struct Writer<'a>(&'a mut bindings::sk_buff);

impl<'a> Writer<'a> {
    /// # Safety
    ///
    /// `skb` is a netlink message that is the caller's alone for `'a`.
    pub(crate) unsafe fn from_raw(skb: *mut bindings::sk_buff) -> Self {
        // INVARIANT: By the caller's promise.
        // SAFETY: As above.
        Self(unsafe { &mut *skb })
    }

    /// Appends an attribute.
    ///
    /// # Errors
    ///
    /// [`EMSGSIZE`] when the message has no room for it.
    #[doc(alias = "nla_put")]
    pub fn put(&mut self, r#type: u16, payload: &[u8]) -> Result {
        let len = c_int::try_from(payload.len()).map_err(|_| EMSGSIZE)?;
        if len > c_int::from(u16::MAX) - 4 {
            return Err(EMSGSIZE);
        }
        // SAFETY: The message is ours, by the type invariants; the payload is `len` bytes.
        to_result(unsafe {
            bindings::nla_put(
                self.0,
                c_int::from(r#type),
                len,
                payload.as_ptr().cast::<c_void>(),
            )
        })
    }

    /// Appends a flag.
    pub fn put_flag(&mut self, r#type: u16) -> Result {
        self.put(r#type, &[])
    }

    /// Appends an unsigned byte.
    pub fn put_u8(&mut self, r#type: u16, value: u8) -> Result {
        self.put(r#type, &[value])
    }

    /// Appends an unsigned 16-bit integer, in host byte order.
    pub fn put_u16(&mut self, r#type: u16, value: u16) -> Result {
        self.put(r#type, &value.to_ne_bytes())
    }

    /// Appends an unsigned 32-bit integer, in host byte order.
    pub fn put_u32(&mut self, r#type: u16, value: u32) -> Result {
        self.put(r#type, &value.to_ne_bytes())
    }

    /// Appends an unsigned integer in 32 bits if they are enough, in 64 otherwise.
    #[doc(alias = "nla_put_uint")]
    pub fn put_uint(&mut self, r#type: u16, value: u64) -> Result {
        // SAFETY: The message is ours, by the type invariants.
        to_result(unsafe { bindings::nla_put_uint(self.0, c_int::from(r#type), value) })
    }

    /// Appends a string and its NUL.
    pub fn put_string(&mut self, r#type: u16, string: &[u8]) -> Result {
        let mut bytes = [0; 256];
        let (text, _nul) = bytes
            .get_mut(..=string.len())
            .and_then(|bytes| bytes.split_at_mut_checked(string.len()))
            .ok_or(EMSGSIZE)?;
        text.copy_from_slice(string);
        self.put(r#type, bytes.get(..=string.len()).ok_or(EMSGSIZE)?)
    }

    /// Appends a nest with what `fill` appends; nothing at all if that fails.
    ///
    /// # Errors
    ///
    /// What `fill` says, or [`EMSGSIZE`].
    #[doc(alias = "nla_nest_start")]
    pub fn nest(&mut self, r#type: u16, fill: impl FnOnce(&mut Writer<'_>) -> Result) -> Result {
        // SAFETY: The message is ours, by the type invariants.
        let start = unsafe { bindings::nla_nest_start(self.0, c_int::from(r#type)) };
        if start.is_null() {
            return Err(EMSGSIZE);
        }
        let result = fill(&mut Writer(self.0)).and_then(|()| {
            // SAFETY: `start` is where the nest began, in this message. Refuses a nest whose
            // length does not fit into its header.
            match unsafe { bindings::nla_nest_end(self.0, start) } {
                end if end < 0 => Err(Error::from_errno(end)),
                _ => Ok(()),
            }
        });
        if result.is_err() {
            // SAFETY: As above.
            unsafe { bindings::nla_nest_cancel(self.0, start) };
        }
        result
    }
}

/// The bytes that an attribute with a payload of `payload` bytes takes in a message.
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
            f(unsafe { Attr::from_raw((*self.0).data.cast()) })
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
            fill: impl FnOnce(&mut Writer<'_>) -> Result,
        ) -> Result<Scratch> {
            // SAFETY: No requirements.
            let skb = unsafe { bindings::nlmsg_new(512, bindings::GFP_KERNEL) };
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
