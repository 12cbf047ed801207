// SPDX-License-Identifier: GPL-2.0

//! Messages to userspace.

use core::{
    marker::PhantomData,
    slice, //
};
use kernel::prelude::*;

use super::{
    request::net,
    Family,
    Request, //
};
use crate::{
    bindings,
    context::{
        Context,
        Process, //
    },
    error::to_result,
    netns::Net,
    nlattr::{
        Builder,
        View,
        Writer, //
    }, //
};

/// That a request has its reply, or needs none. Made by [`Reply`].
#[must_use]
pub struct Replied(pub(super) ());

/// The one reply to a `do` request, not sent yet.
///
/// # Invariants
///
/// `info` is the core's of a request that goes on for `'a`.
pub struct Reply<'a, B> {
    info: &'a bindings::genl_info,
    command: u8,
    _builder: PhantomData<fn() -> B>,
}

impl<'a, B: Builder> Reply<'a, B> {
    #[inline]
    pub(super) fn new<F: Family, V: View>(request: &Request<'a, F, V>) -> Self {
        let info = request.info();
        // INVARIANT: As the request.
        Self {
            info,
            // SAFETY: The core sets it to the header of the message, which is valid.
            command: unsafe { (*info.genlhdr).cmd },
            _builder: PhantomData,
        }
    }

    /// As [`Self::send`], under a command of its own: of families whose replies are numbered apart
    /// from their requests.
    pub fn with_command(mut self, command: u8) -> Self {
        self.command = command;
        self
    }

    /// Sends the reply.
    ///
    /// `fill` is called again with a larger message, up to 64 KiB, when it says [`EMSGSIZE`].
    ///
    /// # Errors
    ///
    /// What `fill` says, [`ENOMEM`], or that the socket has no room for it.
    #[doc(alias = "genlmsg_reply")]
    pub fn send(
        self,
        process: Process<'_>,
        mut fill: impl FnMut(&mut B::On<'_>) -> Result,
    ) -> Result<Replied> {
        let header = Header::of(self.info, self.command);
        // SAFETY: An operation of the family runs, so it is registered.
        let message = unsafe {
            Message::new(self.info.family, header, process, |writer| {
                fill(&mut B::on(writer))
            })?
        };
        // SAFETY: By the type invariants.
        message.unicast(unsafe { net(self.info) }, header.portid)?;
        Ok(Replied(()))
    }

    /// Sends none: userspace gets an acknowledgement, if it has asked for one.
    pub fn none(self) -> Replied {
        Replied(())
    }
}

#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) portid: u32,
    pub(super) seq: u32,
    pub(super) command: u8,
}

impl Header {
    /// Of an answer to a request.
    #[inline]
    pub(super) fn of(info: &bindings::genl_info, command: u8) -> Self {
        Self {
            portid: info.snd_portid,
            seq: info.snd_seq,
            command,
        }
    }
}

/// A message that is complete, and not sent yet.
///
/// # Invariants
///
/// A netlink message that this value owns.
pub(super) struct Message(*mut bindings::sk_buff);

impl Message {
    /// Makes a message, as large as it has to be.
    ///
    /// # Safety
    ///
    /// `family` is valid, and has been registered once.
    pub(super) unsafe fn new<C: Context>(
        family: *const bindings::genl_family,
        header: Header,
        _context: C,
        mut fill: impl FnMut(Writer<'_>) -> Result,
    ) -> Result<Self> {
        const LARGEST: usize = 1 << 16;
        let mut size = bindings::GENLMSG_DEFAULT_SIZE;
        loop {
            // SAFETY: No requirements.
            let skb = unsafe { bindings::nlmsg_new(size, C::GFP) };
            if skb.is_null() {
                return Err(ENOMEM);
            }
            // INVARIANT: Just made.
            let message = Self(skb);
            // SAFETY: The message is ours; the family is as `begin` wants it, by the caller's
            // promise.
            let (writer, start) = unsafe { begin(skb, family, 0, header).ok_or(EMSGSIZE)? };
            match fill(writer) {
                Ok(()) => {
                    // SAFETY: Begun above.
                    unsafe { bindings::genlmsg_end(skb, start) };
                    return Ok(message);
                }
                Err(e) if e == EMSGSIZE && size < LARGEST => size = size.saturating_mul(4),
                Err(e) => return Err(e),
            }
        }
    }

    /// Sends it to one socket of a namespace.
    #[inline]
    pub(super) fn unicast(self, net: &Net, portid: u32) -> Result {
        // SAFETY: The message is given away; the namespace is alive.
        to_result(unsafe { bindings::genlmsg_unicast(net.as_raw(), self.into_raw(), portid) })
    }

    #[inline]
    pub(super) fn into_raw(self) -> *mut bindings::sk_buff {
        core::mem::ManuallyDrop::new(self).0
    }
}

impl Drop for Message {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: Owned, by the type invariants.
        unsafe { bindings::nlmsg_free(self.0) };
    }
}

/// Begins a message: its writer, and the pointer that ends or cancels it.
///
/// # Safety
///
/// `skb` is a netlink message of the caller's alone for `'a`. `family` is valid, and has been
/// registered once.
#[inline]
pub(super) unsafe fn begin<'a>(
    skb: *mut bindings::sk_buff,
    family: *const bindings::genl_family,
    flags: u32,
    header: Header,
) -> Option<(Writer<'a>, *mut c_void)> {
    // SAFETY: By the caller's promise; checks that there is room.
    let start = unsafe {
        bindings::genlmsg_put(
            skb,
            header.portid,
            header.seq,
            family,
            flags as c_int,
            header.command,
        )
    };
    if start.is_null() {
        return None;
    }
    // SAFETY: By the caller's promise.
    let (writer, len) = unsafe { (Writer::from_raw(skb), (*family).hdrsize as usize) };
    if len == 0 {
        return Some((writer, start));
    }
    // SAFETY: `genlmsg_put()` has made room for the family's header, which nobody else uses, and
    // attributes are put behind it.
    let own = unsafe {
        start.cast::<u8>().write_bytes(0, len);
        slice::from_raw_parts_mut(start.cast::<u8>(), len)
    };
    Some((writer.with_header(own), start))
}
