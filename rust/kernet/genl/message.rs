// SPDX-License-Identifier: GPL-2.0

//! Messages to userspace.

use core::{
    marker::PhantomData,
    slice, //
};
use kernel::prelude::*;

use super::{
    request::net,
    FamilyServer,
    Request, //
};
use crate::{
    bindings,
    context::{
        Context,
        Process, //
    },
    error::to_result,
    netlink::{
        of_userspace,
        Buffer,
        Open,
        Recipient,
        Replied, //
    },
    netns::Net,
    nlattr::{
        Builder,
        View,
        Writer, //
    }, //
};

/// The one reply to a `do` request, not sent yet (`genlmsg_new()`).
///
/// # Invariants
///
/// `info` is the core's of a request that goes on for `'a`.
#[doc(alias = "genlmsg_new")]
pub struct Reply<'a, B> {
    info: &'a bindings::genl_info,
    command: u8,
    _builder: PhantomData<fn() -> B>,
}

impl<'a, B: Builder> Reply<'a, B> {
    #[inline]
    pub(super) fn new<F: FamilyServer, V: View>(request: &Request<'a, F, V>) -> Self {
        let info = request.info();
        // INVARIANT: As the request.
        Self {
            info,
            // SAFETY: The core sets it to the header of the message, which is valid.
            command: unsafe { (*info.genlhdr).cmd },
            _builder: PhantomData,
        }
    }

    /// Sets the reply's command, for a family whose replies have other commands than its requests
    /// (`genlmsghdr::cmd`).
    #[doc(alias = "genlmsghdr::cmd")]
    pub fn with_command(mut self, command: u8) -> Self {
        self.command = command;
        self
    }

    /// Builds the reply, to be sent when what it tells of has been done (`genlmsg_new()`).
    ///
    /// What cannot be taken back is done after all that may fail, so that an error means that nothing has changed. If
    /// `fill` returns [`EMSGSIZE`], it is called again with a larger message, up to 64 KiB.
    ///
    /// # Errors
    ///
    /// The error of `fill`; [`ENOMEM`].
    #[doc(alias = "genlmsg_new")]
    pub fn prepare(
        self,
        process: Process<'_>,
        mut fill: impl FnMut(&mut B::On<'_>) -> Result,
    ) -> Result<Prepared<'a>> {
        let header = Header::of(self.info, self.command);
        // SAFETY: An operation of the family runs, so it is registered.
        let message = unsafe {
            build(self.info.family, header, process, |writer| {
                fill(&mut B::on(writer))
            })?
        };
        // INVARIANT: As the reply.
        Ok(Prepared {
            info: self.info,
            message,
        })
    }

    /// Builds and sends the reply (`genlmsg_reply()`).
    ///
    /// If `fill` returns [`EMSGSIZE`], it is called again with a larger message, up to 64 KiB.
    ///
    /// # Errors
    ///
    /// The error of `fill`; [`ENOMEM`]; [`EAGAIN`] when the socket has no room.
    #[doc(alias = "genlmsg_reply")]
    pub fn send(
        self,
        process: Process<'_>,
        fill: impl FnMut(&mut B::On<'_>) -> Result,
    ) -> Result<Replied> {
        self.prepare(process, fill)?.unicast()
    }

    /// Sends no reply: userspace gets an acknowledgement, if it has asked for one
    /// (`netlink_ack()`).
    #[doc(alias = "netlink_ack")]
    pub fn ack_only(self) -> Replied {
        Replied(())
    }
}

/// A reply that has been built, by [`Reply::prepare`], and not sent yet (`genlmsg_end()`).
///
/// # Invariants
///
/// `info` is the core's of a request that goes on for `'a`.
#[doc(alias = "genlmsg_end")]
pub struct Prepared<'a> {
    info: &'a bindings::genl_info,
    message: Buffer,
}

impl Prepared<'_> {
    fn unicast(self) -> Result<Replied> {
        // SAFETY: By the type invariants.
        let net = unsafe { net(self.info) };
        unicast(self.message, net, self.info.snd_portid)?;
        Ok(Replied(()))
    }

    /// Sends it (`genlmsg_reply()`). If the socket has no room for it, what it tells of is done nevertheless: userspace
    /// gets an acknowledgement alone, if it has asked for one.
    #[doc(alias = "genlmsg_reply")]
    pub fn send(self) -> Replied {
        self.unicast().unwrap_or(Replied(()))
    }
}

#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) to: Recipient,
    pub(super) command: u8,
}

impl Header {
    /// Of an answer to a request.
    #[inline]
    pub(super) fn of(info: &bindings::genl_info, command: u8) -> Self {
        Self {
            to: Recipient {
                portid: info.snd_portid,
                seq: info.snd_seq,
            },
            command,
        }
    }
}

/// Makes a message, as large as it has to be.
///
/// # Safety
///
/// `family` is valid, and has been registered once.
pub(super) unsafe fn build(
    family: *const bindings::genl_family,
    header: Header,
    context: impl Context,
    mut fill: impl FnMut(Writer<'_>) -> Result,
) -> Result<Buffer> {
    Buffer::new(context, |skb| {
        // SAFETY: The message is new; the family is as `begin` wants it, by the caller's promise.
        let (writer, open) = unsafe { begin(skb, family, 0, header) }.ok_or(EMSGSIZE)?;
        open.close(fill(writer))
    })
}

/// Sends a message to one socket of a namespace.
#[inline]
pub(super) fn unicast(message: Buffer, net: &Net, portid: u32) -> Result {
    of_userspace(portid)?;
    // SAFETY: The message is given away; the namespace is alive.
    to_result(unsafe { bindings::genlmsg_unicast(net.as_raw(), message.into_raw(), portid) })
}

/// Begins a message: its writer, and what ends it.
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
) -> Option<(Writer<'a>, Open<'a>)> {
    // SAFETY: By the caller's promise; checks that there is room.
    let start = unsafe {
        bindings::genlmsg_put(
            skb,
            header.to.portid,
            header.to.seq,
            family,
            flags as c_int,
            header.command,
        )
    };
    if start.is_null() {
        return None;
    }
    // SAFETY: By the caller's promise. Before the family's header are generic netlink's and netlink's.
    let (writer, len, open) = unsafe {
        let message = start
            .cast::<bindings::genlmsghdr>()
            .sub(1)
            .cast::<bindings::nlmsghdr>()
            .sub(1);
        (
            Writer::from_raw(skb),
            (*family).hdrsize as usize,
            Open::from_raw(skb, message),
        )
    };
    if len == 0 {
        return Some((writer, open));
    }
    // SAFETY: `genlmsg_put()` has made room for the family's header, which nobody else uses, and
    // attributes are put behind it.
    let own = unsafe {
        start.cast::<u8>().write_bytes(0, len);
        slice::from_raw_parts_mut(start.cast::<u8>(), len)
    };
    Some((writer.with_header(own), open))
}
