// SPDX-License-Identifier: GPL-2.0

//! Requests.

use core::{
    ops::Deref,
    ptr,
    slice, //
};
use kernel::{
    error::from_result,
    prelude::*, //
};

use super::{
    Access,
    Lock,
    Message,
    Recipient,
    Replied,
    Reply, //
};
use crate::{
    bindings,
    error::to_result,
    module::Declared,
    netns::Net,
    nlattr::{
        check_header,
        Attr,
        Attrs,
        ExtAck,
        Table,
        Value,
        View, //
    }, //
};

/// The handler of a type of requests that answers with at most one message
/// (`rtnl_msg_handler::doit`).
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Process,
///     netlink::{Do, Message, Replied, Reply, Request, Unlocked},
///     nlattr::{Attrs, Policy, Table, Writer},
///     rtnl::message::rtm,
/// };
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
/// /// The answer.
/// struct Address;
///
/// impl Message for Address {
///     const TYPE: u16 = rtm::NEWADDR;
///
///     type Header = Header;
///     type Builder = Writer<'static>;
/// }
///
/// const LOCAL: u16 = 2;
///
/// static POLICY: Table<3> = Table::new(&[(LOCAL, Policy::U32)]);
///
/// /// Answers a request for an address with the same address.
/// struct Get;
///
/// impl Do<3> for Get {
///     const TYPE: u16 = rtm::GETADDR;
///     const POLICY: &'static Table<3> = &POLICY;
///
///     type Header = Header;
///     type Request = Attrs<'static>;
///     type Reply = Address;
///     type Lock = Unlocked;
///
///     fn run(
///         request: &Request<'_, Header, Attrs<'static>>,
///         reply: Reply<'_, Address>,
///         process: Process<'_>,
///     ) -> Result<Replied> {
///         // EINVAL, and the extended ack says which is missing.
///         let local: u32 = request.required(LOCAL)?.value().ok_or(EINVAL)?;
///         let header = Header { family: 100, prefixlen: 32, flags: 0, scope: 0, index: 0 };
///         reply.send(header, process, |message| message.put_u32(LOCAL, local))
///     }
/// }
/// ```
#[doc(alias = "rtnl_msg_handler::doit")]
pub trait Do<const N: usize> {
    /// The type, `nlmsg_type`.
    #[doc(alias = "nlmsghdr::nlmsg_type")]
    const TYPE: u16;
    /// Who may send the request (`netlink_net_capable()`). rtnetlink itself requires
    /// `CAP_NET_ADMIN` in the namespace's user namespace, except for `GET` types.
    #[doc(alias = "netlink_net_capable")]
    const ACCESS: Access = Access::Any;
    /// Whether a `DEL` of rtnetlink deletes many objects at once (`NLM_F_BULK`, [`Request::bulk`])
    /// (`RTNL_FLAG_BULK_DEL_SUPPORTED`). Otherwise the core refuses such requests.
    #[doc(alias = "RTNL_FLAG_BULK_DEL_SUPPORTED")]
    const BULK: bool = false;
    /// The policies of the request's attributes (`nlmsg_parse()`).
    #[doc(alias = "nlmsg_parse")]
    const POLICY: &'static Table<N>;

    /// The protocol's header, at most 256 bytes (`nlmsg_data()`). In rtnetlink its first byte is
    /// the address family.
    #[doc(alias = "nlmsg_data")]
    type Header: Value;

    /// The typed view of the attributes.
    type Request: View;

    /// The message of the reply; `()` if there is none.
    type Reply: Message;

    /// The lock that is held (`RTNL_FLAG_DOIT_UNLOCKED`).
    #[doc(alias = "RTNL_FLAG_DOIT_UNLOCKED")]
    type Lock: Lock;

    /// Answers the request (`rtnl_doit_func`). Userspace gets the reply, an acknowledgement or the
    /// error.
    ///
    /// # Errors
    ///
    /// The request fails with the error. Put the reason into [`Request::extack`].
    #[doc(alias = "rtnl_doit_func")]
    fn run(
        request: &Request<'_, Self::Header, Self::Request>,
        reply: Reply<'_, Self::Reply>,
        token: <Self::Lock as Lock>::Token<'_>,
    ) -> Result<Replied>;
}

/// A request of userspace: its header, and its attributes as the view `V` shows them (`nlmsghdr`).
///
/// # Invariants
///
/// `message` is netlink's header of a request that `skb` holds, which came to a socket of the
/// kernel's; both are valid for `'a`.
#[doc(alias = "nlmsghdr")]
pub struct Request<'a, H, V: View> {
    header: H,
    view: V::On<'a>,
    message: &'a bindings::nlmsghdr,
    skb: &'a bindings::sk_buff,
    extack: ExtAck<'a>,
}

impl<'a, H: Value, V: View> Request<'a, H, V> {
    /// Parses a request; `places` is where its attributes are noted.
    ///
    /// # Safety
    ///
    /// `skb` is a message that came to a socket of the kernel's, and `message` is netlink's header
    /// of a request in it that is there in full. `extack` is null or this request's. All are valid
    /// for `'a`.
    pub(super) unsafe fn parse<const N: usize>(
        skb: *const bindings::sk_buff,
        message: *const bindings::nlmsghdr,
        extack: *mut bindings::netlink_ext_ack,
        table: &'static Table<N>,
        places: &'a mut [*mut bindings::nlattr; N],
    ) -> Result<Self> {
        const { check_header::<H>() };
        // SAFETY: By the caller's promise. There is a place for each type of the table.
        to_result(unsafe {
            bindings::nlmsg_parse(
                message,
                H::SIZE as c_int,
                places.as_mut_ptr(),
                Table::<N>::MAX as c_int,
                table.as_raw(),
                extack,
            )
        })?;
        // SAFETY: The message is there in full, by the caller's promise.
        let body = unsafe {
            let len = (*message).nlmsg_len as usize;
            slice::from_raw_parts(message.cast::<u8>(), len)
                .get(size_of::<bindings::nlmsghdr>()..)
                .unwrap_or(&[])
        };
        let stream = H::SIZE.next_multiple_of(bindings::NLMSG_ALIGNTO as usize);
        // SAFETY: The parser has filled the places, with attributes of the message.
        let attrs = unsafe {
            Attrs::from_raw(
                places.as_mut_ptr(),
                Table::<N>::MAX,
                body.get(stream..).unwrap_or(&[]),
            )
        };
        // INVARIANT: By the caller's promise.
        Ok(Self {
            header: H::read(body).ok_or(EINVAL)?,
            view: V::on(attrs),
            // SAFETY: By the caller's promise.
            message: unsafe { &*message },
            // SAFETY: As above.
            skb: unsafe { &*skb },
            // SAFETY: As above.
            extack: unsafe { ExtAck::from_raw(extack) },
        })
    }

    /// The protocol's header (`nlmsg_data()`).
    #[doc(alias = "nlmsg_data")]
    pub fn header(&self) -> &H {
        &self.header
    }

    /// The attributes, which the policies have admitted (`nlmsg_parse()`).
    #[doc(alias = "nlmsg_parse")]
    #[inline]
    pub fn attrs(&self) -> Attrs<'a> {
        self.view.into()
    }

    /// The extended ack: where to put the reason of a refusal.
    #[doc(alias = "netlink_ext_ack")]
    pub fn extack(&self) -> ExtAck<'a> {
        self.extack
    }

    /// Returns an attribute that must be there, by its type (`NL_REQ_ATTR_CHECK`).
    ///
    /// # Errors
    ///
    /// [`EINVAL`], with the missing type in the extended ack.
    #[doc(alias = "NL_REQ_ATTR_CHECK")]
    pub fn required(&self, r#type: u16) -> Result<Attr<'a>> {
        self.attrs().require(r#type, self.extack)
    }

    /// The namespace of the socket that the request came from.
    #[doc(alias = "sock_net")]
    pub fn net(&self) -> &'a Net {
        // SAFETY: By the type invariants.
        unsafe { net(self.skb) }
    }

    /// The state of the handler's module in [that namespace](Self::net), while the request is
    /// answered (`net_generic()`).
    #[doc(alias = "net_generic")]
    #[inline]
    pub fn state<M: Declared>(&self) -> Option<&'a M::State> {
        // SAFETY: `M` is the module that the handler is of: a crate has no other. Its state is dropped
        // when no request is answered any more, or the namespace has died, which the request's socket
        // keeps.
        unsafe { self.net().published::<M>() }
    }

    /// The port id of the socket that has sent the request, in its namespace (`NETLINK_CB`).
    #[doc(alias = "NETLINK_CB")]
    pub fn portid(&self) -> u32 {
        self.recipient().portid
    }

    /// Whether to create an object that does not exist.
    #[doc(alias = "NLM_F_CREATE")]
    pub fn create(&self) -> bool {
        self.flag(bindings::NLM_F_CREATE)
    }

    /// Whether to fail if the object exists (`NLM_F_EXCL`).
    #[doc(alias = "NLM_F_EXCL")]
    pub fn exclusive(&self) -> bool {
        self.flag(bindings::NLM_F_EXCL)
    }

    /// Whether to replace an object that exists.
    #[doc(alias = "NLM_F_REPLACE")]
    pub fn replace(&self) -> bool {
        self.flag(bindings::NLM_F_REPLACE)
    }

    /// Whether a `DEL` deletes all objects that match the request.
    #[doc(alias = "NLM_F_BULK")]
    pub fn bulk(&self) -> bool {
        self.flag(bindings::NLM_F_BULK)
    }

    fn flag(&self, flag: u32) -> bool {
        u32::from(self.message.nlmsg_flags) & flag != 0
    }

    /// Netlink's own header.
    pub(crate) fn message(&self) -> &'a bindings::nlmsghdr {
        self.message
    }

    /// Whom an answer goes to.
    pub(crate) fn recipient(&self) -> Recipient {
        // SAFETY: By the type invariants.
        unsafe { recipient(self.skb, self.message) }
    }
}

impl<'a, H, V: View> Deref for Request<'a, H, V> {
    type Target = V::On<'a>;

    #[inline]
    fn deref(&self) -> &V::On<'a> {
        &self.view
    }
}

/// The namespace of a message's socket.
///
/// # Safety
///
/// `skb` is a message that came to a socket of the kernel's, valid for `'a`.
pub(super) unsafe fn net<'a>(skb: *const bindings::sk_buff) -> &'a Net {
    // SAFETY: The message is the kernel's socket's, whose namespace the sender's socket keeps.
    unsafe { Net::from_raw(bindings::sock_net(bindings::skb_sk(skb))) }
}

/// Whom an answer goes to.
///
/// # Safety
///
/// `skb` is a message that came to a socket of the kernel's, `message` netlink's header of a request
/// in it; both are valid.
pub(super) unsafe fn recipient(
    skb: *const bindings::sk_buff,
    message: *const bindings::nlmsghdr,
) -> Recipient {
    // SAFETY: Netlink keeps what it knows of a message in its control block.
    unsafe {
        let known = (&raw const (*skb).cb).cast::<bindings::netlink_skb_parms>();
        Recipient {
            portid: (*known).portid,
            seq: (*message).nlmsg_seq,
        }
    }
}

/// # Safety
///
/// Called by the core with a request for `D`, which has come to a socket of the kernel's, in a task
/// that may sleep, with RTNL held if the lock of `D` says so.
pub(crate) unsafe extern "C" fn doit<D: Do<N>, const N: usize>(
    skb: *mut bindings::sk_buff,
    message: *mut bindings::nlmsghdr,
    extack: *mut bindings::netlink_ext_ack,
) -> c_int {
    from_result(|| {
        let mut places = [ptr::null_mut(); N];
        // SAFETY: By the caller's promise; all of it is valid during the call.
        let (request, reply) = unsafe {
            D::ACCESS.check(skb)?;
            (
                Request::parse(skb, message, extack, D::POLICY, &mut places)?,
                Reply::new(bindings::skb_sk(skb), recipient(skb, message)),
            )
        };
        // SAFETY: By the caller's promise.
        unsafe { D::Lock::with(|token| D::run(&request, reply, token)) }.map(|Replied(())| 0)
    })
}
