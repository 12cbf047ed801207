// SPDX-License-Identifier: GPL-2.0

//! Messages to userspace.

use core::marker::PhantomData;
use kernel::prelude::*;

use super::Full;
use crate::{
    bindings,
    context::Context,
    error::{
        econnrefused,
        to_result, //
    },
    nlattr::{
        Builder,
        Value,
        Writer, //
    }, //
};

/// A type of messages to userspace (`nlmsghdr`).
///
/// # Examples
///
/// ```
/// use kernet::{netlink::Message, nlattr::Writer, rtnl::message::rtm};
///
/// kernet::netlink_struct! {
///     /// `struct ifaddrmsg`.
///     struct Header {
///         family: u8,
///         prefixlen: u8,
///         flags: u8,
///         scope: u8,
///         index: u32,
///     }
/// }
///
/// /// An address was added, or is one of a dump's.
/// struct Address;
///
/// impl Message for Address {
///     const TYPE: u16 = rtm::NEWADDR;
///
///     type Header = Header;
///     type Builder = Writer<'static>;
/// }
/// ```
#[doc(alias = "nlmsghdr")]
pub trait Message: 'static {
    /// The type, `nlmsg_type`.
    #[doc(alias = "nlmsghdr::nlmsg_type")]
    const TYPE: u16;

    /// The protocol's header, before the attributes: at most 256 bytes (`nlmsg_data()`).
    #[doc(alias = "nlmsg_data")]
    type Header: Value;

    /// The builder of the attributes.
    type Builder: Builder;
}

/// No message: of a request that gets an acknowledgement alone. There is no header to send one with.
impl Message for () {
    const TYPE: u16 = bindings::NLMSG_NOOP as u16;

    type Header = Never;
    type Builder = Writer<'static>;
}

#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Never {}

impl Value for Never {
    const SIZE: usize = 0;

    type Bytes = [u8; 0];

    fn read(_: &[u8]) -> Option<Self> {
        None
    }

    fn bytes(self) -> [u8; 0] {
        match self {}
    }
}

/// Whom a message answers: the number of a socket and of its request; 0 for nobody.
#[derive(Clone, Copy, Default)]
pub(crate) struct Recipient {
    pub(crate) portid: u32,
    pub(crate) seq: u32,
}

/// A message that is complete, and not sent yet.
///
/// # Invariants
///
/// A netlink message that this value owns.
pub(crate) struct Buffer(*mut bindings::sk_buff);

impl Buffer {
    /// Makes a message, as large as it has to be: `write` is called again with a larger one, up to
    /// 64 KiB, when it says [`EMSGSIZE`].
    pub(crate) fn new<C: Context>(
        _context: C,
        mut write: impl FnMut(*mut bindings::sk_buff) -> Result,
    ) -> Result<Self> {
        const LARGEST: usize = 1 << 16;
        let mut size = bindings::NLMSG_DEFAULT_SIZE;
        loop {
            // SAFETY: No requirements.
            let skb = unsafe { bindings::nlmsg_new(size, C::GFP) };
            if skb.is_null() {
                return Err(ENOMEM);
            }
            // INVARIANT: Just made.
            let buffer = Self(skb);
            match write(skb) {
                Ok(()) => return Ok(buffer),
                Err(e) if e == EMSGSIZE && size < LARGEST => {
                    size = size.saturating_mul(4).min(LARGEST);
                }
                Err(e) => return Err(e),
            }
        }
    }

    /// Makes a message of a kind.
    pub(crate) fn of<M: Message>(
        to: Recipient,
        header: M::Header,
        context: impl Context,
        mut fill: impl FnMut(&mut <M::Builder as Builder>::On<'_>) -> Result,
    ) -> Result<Self> {
        Self::new(context, |skb| {
            // SAFETY: The message is new, and nobody else's while this runs.
            let (writer, open) = unsafe { Open::new::<M>(skb, to, 0, header) }.ok_or(EMSGSIZE)?;
            open.close(fill(&mut M::Builder::on(writer)))
        })
    }

    /// Sends it to one socket of the namespace that `from`, the kernel's socket, is of.
    ///
    /// # Errors
    ///
    /// As [`of_userspace`]; what the core says.
    ///
    /// # Safety
    ///
    /// `from` is a valid kernel's socket.
    pub(crate) unsafe fn unicast(self, from: *mut bindings::sock, portid: u32) -> Result {
        of_userspace(portid)?;
        // SAFETY: By the caller's promise; the message is given away. Does not sleep.
        to_result(unsafe { bindings::nlmsg_unicast(from, self.into_raw(), portid) })
    }

    #[inline]
    pub(crate) fn into_raw(self) -> *mut bindings::sk_buff {
        core::mem::ManuallyDrop::new(self).0
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: Owned, by the type invariants.
        unsafe { bindings::nlmsg_free(self.0) };
    }
}

/// Refuses 0, the number of the kernel's own sockets: the message would be taken for a request, and
/// answered here and now, whatever the context.
///
/// # Errors
///
/// [`econnrefused`], as for a number that no socket has.
pub(crate) fn of_userspace(portid: u32) -> Result {
    if portid == 0 {
        return Err(econnrefused());
    }
    Ok(())
}

/// That nobody listens, or the last listener has just left, is no error.
pub(crate) fn sent(result: Result) -> Result {
    match result {
        Err(e) if e == ESRCH => Ok(()),
        result => result,
    }
}

/// A message that has been begun at the end of a packet, and is ended or taken back.
///
/// # Invariants
///
/// `start` is where it begins in `skb`, which is this value's alone but for its writer.
pub(crate) struct Open<'a> {
    skb: *mut bindings::sk_buff,
    start: *mut bindings::nlmsghdr,
    _skb: PhantomData<&'a mut bindings::sk_buff>,
}

impl<'a> Open<'a> {
    /// Begins a message of a kind; `None` if there is no room for it.
    ///
    /// # Safety
    ///
    /// `skb` is a netlink message of the caller's alone for `'a`.
    pub(crate) unsafe fn new<M: Message>(
        skb: *mut bindings::sk_buff,
        to: Recipient,
        flags: u32,
        header: M::Header,
    ) -> Option<(Writer<'a>, Self)> {
        let bytes = header.bytes();
        let bytes = bytes.as_ref();
        // Which may be as many as it likes to say: none is sent with more than 16 bits count.
        let len = c_int::from(u16::try_from(bytes.len()).ok()?);
        // SAFETY: By the caller's promise; checks that there is room.
        let start = unsafe {
            bindings::nlmsg_put(
                skb,
                to.portid,
                to.seq,
                c_int::from(M::TYPE),
                len,
                flags as c_int,
            )
        };
        if start.is_null() {
            return None;
        }
        // SAFETY: `nlmsg_put()` has made room for the protocol's header behind netlink's, which
        // nobody else uses; attributes are put behind it.
        unsafe {
            let place = start.add(1).cast::<u8>();
            place.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        }
        // SAFETY: By the caller's promise; the message was begun above.
        unsafe { Some((Writer::from_raw(skb), Self::from_raw(skb, start))) }
    }

    /// # Safety
    ///
    /// A message was begun at `start` in `skb`, which is the caller's alone for `'a`, but for the
    /// message's writer.
    pub(crate) unsafe fn from_raw(
        skb: *mut bindings::sk_buff,
        start: *mut bindings::nlmsghdr,
    ) -> Self {
        // INVARIANT: By the caller's promise.
        Self {
            skb,
            start,
            _skb: PhantomData,
        }
    }

    /// Ends the message, or takes it back if it could not be filled.
    #[inline]
    pub(crate) fn close(self, filled: Result) -> Result {
        // SAFETY: By the type invariants.
        unsafe {
            match filled {
                Ok(()) => bindings::nlmsg_end(self.skb, self.start),
                Err(_) => bindings::nlmsg_cancel(self.skb, self.start),
            }
        }
        filled
    }

    /// As [`Self::close`], of an entry of a dump.
    ///
    /// # Safety
    ///
    /// `callback` is the core's of the dump, and valid.
    #[inline]
    pub(super) unsafe fn close_entry(
        self,
        callback: *mut bindings::netlink_callback,
        filled: Result,
    ) -> Result<(), Full> {
        // SAFETY: By the caller's promise; the message was begun, by the type invariants.
        unsafe {
            // Not of an entry that is taken back: it would take the flag with it. A dump without
            // generations has none to compare.
            if filled.is_ok() && (*callback).seq != 0 {
                bindings::nl_dump_check_consistent(callback, self.start);
            }
        }
        self.close(filled).map_err(|e| {
            if e == EMSGSIZE {
                Full::Message
            } else {
                Full::Error(e)
            }
        })
    }
}
