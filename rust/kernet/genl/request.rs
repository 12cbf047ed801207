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
    Family,
    Protocol,
    Registration, //
};
use crate::{
    bindings,
    context::Process,
    netns::Net,
    nlattr::{
        Attr,
        Attrs,
        ExtAck,
        Value,
        View, //
    }, //
};

/// A request that userspace has sent, with its attributes as `V` shows them.
pub struct Request<'a, F: Family, V: View> {
    view: V::On<'a>,
    attrs: Attrs<'a>,
    info: &'a bindings::genl_info,
    extack: ExtAck<'a>,
    net: &'a Net,
    _family: PhantomData<fn() -> F>,
}

impl<'a, F: Family, V: View> Request<'a, F, V> {
    /// # Safety
    ///
    /// `info` is that of a request to `F`, whose attributes, if any, were parsed up to
    /// type `max`; all is valid for `'a`, as is `extack`.
    pub(super) unsafe fn new(
        info: &'a bindings::genl_info,
        max: u32,
        extack: *mut bindings::netlink_ext_ack,
    ) -> Self {
        // SAFETY: By the caller's promise. The core has found the message to have both headers, and
        // the attributes are the rest of it.
        let (parsed, message) = unsafe {
            (
                Attrs::from_raw(info.attrs, max),
                slice::from_raw_parts(info.nlhdr.cast::<u8>(), (*info.nlhdr).nlmsg_len as usize),
            )
        };
        // Without policies nothing was parsed, and what there may be has not been validated.
        let attrs = if info.attrs.is_null() {
            parsed
        } else {
            parsed.within(message.get(Self::ATTRIBUTES..).unwrap_or(&[]))
        };
        Self {
            view: V::on(attrs),
            attrs,
            info,
            // SAFETY: As above.
            extack: unsafe { ExtAck::from_raw(extack) },
            // SAFETY: The socket of the request keeps the namespace.
            net: unsafe { Net::from_raw(bindings::genl_info_net(ptr::from_ref(info).cast_mut())) },
            _family: PhantomData,
        }
    }

    /// Where the family's own header begins in a message.
    const HEADER: usize = size_of::<bindings::nlmsghdr>() + size_of::<bindings::genlmsghdr>();

    /// Where the attributes begin in a message.
    const ATTRIBUTES: usize =
        Self::HEADER + F::Protocol::HEADER.next_multiple_of(bindings::NLMSG_ALIGNTO as usize);

    /// The attributes, as their policies have admitted them.
    pub fn attrs(&self) -> Attrs<'a> {
        self.attrs
    }

    /// The request without the types of its operation, as a hook of several gets it.
    pub fn untyped(&self) -> Request<'a, F, Attrs<'static>> {
        Request {
            view: self.attrs,
            attrs: self.attrs,
            info: self.info,
            extack: self.extack,
            net: self.net,
            _family: PhantomData,
        }
    }

    /// Where to say why the request is refused.
    pub fn extack(&self) -> ExtAck<'a> {
        self.extack
    }

    /// An attribute that has to be there, by its type and what a getter says of it.
    ///
    /// # Errors
    ///
    /// [`EINVAL`], with the missing type in the extended ack.
    #[doc(alias = "GENL_REQ_ATTR_CHECK")]
    pub fn required<T>(&self, r#type: u16, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| self.attrs.missing(r#type, self.extack))
    }

    /// Refuses the request for an attribute.
    #[doc(alias = "NL_SET_ERR_MSG_ATTR_FMT")]
    pub fn bad_attr(
        &self,
        attr: Option<Attr<'_>>,
        error: Error,
        message: core::fmt::Arguments<'_>,
    ) -> Error {
        self.extack.bad_attr(attr, error, message)
    }

    /// Refuses the request.
    #[doc(alias = "GENL_SET_ERR_MSG_FMT")]
    pub fn error(&self, error: Error, message: core::fmt::Arguments<'_>) -> Error {
        self.extack.error(error, message)
    }

    /// The namespace of the socket that the request came from.
    #[doc(alias = "genl_info_net")]
    pub fn net(&self) -> &'a Net {
        self.net
    }

    /// The number of the socket that the request came from, in its namespace: where
    /// [`Notification::unicast`](super::Notification::unicast) sends to.
    #[doc(alias = "snd_portid")]
    pub fn portid(&self) -> u32 {
        self.info.snd_portid
    }

    pub(super) fn seq(&self) -> u32 {
        self.info.snd_seq
    }

    pub(super) fn command(&self) -> u8 {
        // SAFETY: The core sets it to the header of the message, which is valid.
        unsafe { (*self.info.genlhdr).cmd }
    }

    pub(super) fn family(&self) -> *const bindings::genl_family {
        self.info.family
    }

    /// The family's own header; `None` if it is smaller than `T`.
    #[doc(alias = "genl_info_userhdr")]
    pub fn header<T: Value>(&self) -> Option<T> {
        // SAFETY: The core refuses messages without this header.
        let header = unsafe {
            slice::from_raw_parts(
                self.info.nlhdr.cast::<u8>().add(Self::HEADER),
                F::Protocol::HEADER,
            )
        };
        T::read(header)
    }

    /// What the family keeps for the socket, made when it is asked for first.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    #[doc(alias = "genl_sk_priv_get")]
    pub fn socket(&self, _process: Process<'_>) -> Result<Arc<F::Socket>> {
        // SAFETY: An operation of the family runs, so it is registered.
        let sockets = unsafe { Registration::<F>::sockets(self.info.family) };
        sockets.get(self.net.as_raw(), self.portid())
    }
}

impl<'a, F: Family, V: View> Deref for Request<'a, F, V> {
    type Target = V::On<'a>;

    fn deref(&self) -> &V::On<'a> {
        &self.view
    }
}
