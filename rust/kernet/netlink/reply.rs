// SPDX-License-Identifier: GPL-2.0

//! Replies to requests.

use core::marker::PhantomData;
use kernel::prelude::*;

use super::{
    Buffer,
    Message,
    Recipient, //
};
use crate::{
    bindings,
    context::Context,
    nlattr::Builder, //
};

/// Proof that a request has its reply, or needs none. [`Reply`] and generic netlink's `Reply`
/// return it.
#[must_use]
pub struct Replied(pub(crate) ());

/// The one reply to a [`Do`](super::Do), not sent yet (`nlmsg_new()`).
///
/// # Invariants
///
/// `from` is the kernel's socket that the request came to, which is valid for `'a`.
#[doc(alias = "nlmsg_new")]
pub struct Reply<'a, M> {
    from: *mut bindings::sock,
    to: Recipient,
    _request: PhantomData<&'a ()>,
    _message: PhantomData<fn() -> M>,
}

impl<M: Message> Reply<'_, M> {
    /// # Safety
    ///
    /// `from` is as the type invariants want it.
    pub(super) unsafe fn new(from: *mut bindings::sock, to: Recipient) -> Self {
        // INVARIANT: By the caller's promise.
        Self {
            from,
            to,
            _request: PhantomData,
            _message: PhantomData,
        }
    }

    /// Builds and sends the reply (`rtnl_unicast()`).
    ///
    /// If `fill` returns [`EMSGSIZE`], it is called again with a larger message, up to 64 KiB.
    ///
    /// # Errors
    ///
    /// The error of `fill`; [`ENOMEM`]; [`EAGAIN`] when the socket has no room.
    #[doc(alias = "rtnl_unicast")]
    #[doc(alias = "nlmsg_unicast")]
    pub fn send(
        self,
        header: M::Header,
        context: impl Context,
        fill: impl FnMut(&mut <M::Builder as Builder>::On<'_>) -> Result,
    ) -> Result<Replied> {
        let message = Buffer::of::<M>(self.to, header, context, fill)?;
        // SAFETY: By the type invariants.
        unsafe { message.unicast(self.from, self.to.portid)? };
        Ok(Replied(()))
    }

    /// Sends no reply: userspace gets an acknowledgement, if it has asked for one
    /// (`netlink_ack()`).
    #[doc(alias = "netlink_ack")]
    pub fn ack_only(self) -> Replied {
        Replied(())
    }
}
