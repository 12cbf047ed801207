// SPDX-License-Identifier: GPL-2.0

//! Requests.

use core::{
    marker::PhantomData,
    ops::Deref,
    ptr,
    slice, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::{
    FamilyServer,
    FamilySpec,
    Registration, //
};
use crate::{
    bindings,
    context::Process,
    module::Declared,
    netns::Net,
    nlattr::{
        Attr,
        Attrs,
        ExtAck,
        Value,
        View, //
    }, //
};

/// A request of userspace, with its attributes as the view `V` shows them (`genl_info`).
///
/// # Invariants
///
/// `info` is the core's of a request to `F`, with all that it refers to; `skb` is its packet.
#[doc(alias = "genl_info")]
pub struct Request<'a, F: FamilyServer, V: View> {
    view: V::On<'a>,
    info: &'a bindings::genl_info,
    skb: *const bindings::sk_buff,
    _family: PhantomData<fn() -> F>,
}

impl<'a, F: FamilyServer, V: View> Request<'a, F, V> {
    /// # Safety
    ///
    /// `info` is that of a request to `F` in `skb`, whose attributes, if any, were parsed up to
    /// type `max`; all that it refers to is valid for `'a`.
    #[inline]
    pub(super) unsafe fn new(
        info: &'a bindings::genl_info,
        skb: *const bindings::sk_buff,
        max: u32,
    ) -> Self {
        // SAFETY: By the caller's promise. The core has found the message to have both headers, and
        // the attributes are the rest of it. Without policies nothing was parsed, and what there
        // may be has not been validated: there are none then.
        let attrs = unsafe {
            let message =
                slice::from_raw_parts(info.nlhdr.cast::<u8>(), (*info.nlhdr).nlmsg_len as usize);
            Attrs::from_raw(
                info.attrs,
                max,
                message.get(Self::ATTRIBUTES..).unwrap_or(&[]),
            )
        };
        // INVARIANT: As above.
        Self {
            view: V::on(attrs),
            info,
            skb,
            _family: PhantomData,
        }
    }

    /// Where the family's own header begins in a message.
    const HEADER: usize = size_of::<bindings::nlmsghdr>() + size_of::<bindings::genlmsghdr>();

    /// Where the attributes begin in a message.
    const ATTRIBUTES: usize =
        Self::HEADER + F::Spec::HEADER.next_multiple_of(bindings::NLMSG_ALIGNTO as usize);

    /// The attributes, which the policies have admitted.
    #[doc(alias = "genl_info::attrs")]
    #[inline]
    pub fn attrs(&self) -> Attrs<'a> {
        self.view.into()
    }

    /// The request without the types of its operation, for a function that several operations call.
    pub fn untyped(&self) -> Request<'a, F, Attrs<'static>> {
        // INVARIANT: As `self`.
        Request {
            view: self.attrs(),
            info: self.info,
            skb: self.skb,
            _family: PhantomData,
        }
    }

    /// The extended ack: where to put the reason of a refusal.
    #[doc(alias = "genl_info::extack")]
    #[inline]
    pub fn extack(&self) -> ExtAck<'a> {
        // SAFETY: By the type invariants.
        unsafe { ExtAck::from_raw(self.info.extack) }
    }

    /// Unwraps an attribute that must be there: its type, and what its getter has returned
    /// (`GENL_REQ_ATTR_CHECK`).
    ///
    /// # Errors
    ///
    /// [`EINVAL`], with the missing type in the extended ack.
    #[doc(alias = "GENL_REQ_ATTR_CHECK")]
    #[inline]
    pub fn required<T>(&self, r#type: u16, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.attrs().missing(r#type, self.extack()))
    }

    /// Refuses the request because of an attribute (`NL_SET_ERR_MSG_ATTR_FMT`).
    #[doc(alias = "NL_SET_ERR_MSG_ATTR_FMT")]
    pub fn bad_attr(
        &self,
        attr: Option<Attr<'_>>,
        error: Error,
        message: core::fmt::Arguments<'_>,
    ) -> Error {
        self.extack().bad_attr(attr, error, message)
    }

    /// Refuses the request (`GENL_SET_ERR_MSG_FMT`).
    #[doc(alias = "GENL_SET_ERR_MSG_FMT")]
    pub fn error(&self, error: Error, message: core::fmt::Arguments<'_>) -> Error {
        self.extack().error(error, message)
    }

    /// The namespace of the socket that the request came from.
    #[doc(alias = "genl_info_net")]
    #[inline]
    pub fn net(&self) -> &'a Net {
        // SAFETY: By the type invariants.
        unsafe { net(self.info) }
    }

    /// The state of the family's module in [that namespace](Self::net), while the request is
    /// answered (`net_generic()`).
    #[doc(alias = "net_generic")]
    #[inline]
    pub fn state<M: Declared>(&self) -> Option<&'a M::State> {
        // SAFETY: `M` is the module that the family is a part of: a crate has no other. Its state is
        // dropped when no request is answered any more, or the namespace has died, which the request's
        // socket keeps.
        unsafe { self.net().published::<M>() }
    }

    /// The port id of the socket that has sent the request, in its namespace.
    /// [`Notification::unicast`](super::Notification::unicast) sends to it.
    #[doc(alias = "snd_portid")]
    #[inline]
    pub fn portid(&self) -> u32 {
        self.info.snd_portid
    }

    /// The core's description of the request, which is valid, with all that it refers to.
    #[inline]
    pub(super) fn info(&self) -> &'a bindings::genl_info {
        self.info
    }

    /// The family's own header; `None` if it is smaller than `T` (`genl_info_userhdr()`).
    #[doc(alias = "genl_info_userhdr")]
    pub fn header<T: Value>(&self) -> Option<T> {
        // SAFETY: The core refuses messages without this header.
        let header = unsafe {
            slice::from_raw_parts(
                self.info.nlhdr.cast::<u8>().add(Self::HEADER),
                F::Spec::HEADER,
            )
        };
        T::read(header)
    }

    /// The family's state for the socket, which the first call makes (`genl_sk_priv_get()`).
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    #[doc(alias = "genl_sk_priv_get")]
    pub fn socket(&self, _process: Process<'_>) -> Result<Arc<F::Socket>> {
        // SAFETY: An operation of the family runs, so it is registered: dumps begin when the module is
        // loaded, which they hold. Netlink keeps the sender's socket, which is open, in the packet's
        // control block.
        unsafe {
            let sender = (*(&raw const (*self.skb).cb).cast::<bindings::netlink_skb_parms>()).sk;
            Registration::<F>::sockets(self.info.family).get(
                self.net().as_raw(),
                self.portid(),
                sender,
            )
        }
    }
}

impl<'a, F: FamilyServer, V: View> Deref for Request<'a, F, V> {
    type Target = V::On<'a>;

    #[inline]
    fn deref(&self) -> &V::On<'a> {
        &self.view
    }
}

/// The namespace of a request's socket.
///
/// # Safety
///
/// `info` is the core's of a request that goes on for `'a`.
#[inline]
pub(super) unsafe fn net<'a>(info: &'a bindings::genl_info) -> &'a Net {
    // SAFETY: The socket of the request, which goes on by the caller's promise, keeps the namespace.
    unsafe { Net::from_raw(bindings::genl_info_net(ptr::from_ref(info).cast_mut())) }
}
