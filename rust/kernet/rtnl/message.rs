// SPDX-License-Identifier: GPL-2.0

//! Handlers of rtnetlink messages.
//!
//! C header: [`include/net/rtnetlink.h`](srctree/include/net/rtnetlink.h)
//!
//! A module answers messages of an address family of its own, or message types that Linux does not
//! answer for one of its families: [`Handlers`] lists a [`Do`] or a [`Dump`] for each. Their
//! [`Lock`](crate::netlink::Lock)s select the flags of rtnetlink that they are registered with.
//!
//! The core requires `CAP_NET_ADMIN` in the namespace's user namespace for all types except `GET`s.
//!
//! # Lifetime
//!
//! [`Registration`] is a part of the module. Unregistering takes RTNL, so it waits for handlers
//! under RTNL. Other handlers, and dumps in progress, hold a reference to the module: `rmmod`
//! reports that the module is in use until they have ended or their sockets are closed. A
//! [`DumpOfAll`] holds none.
//!
//! # A type that somebody has
//!
//! The core replaces a registered handler by a new one, with a warning. So registering a type that
//! Linux itself answers does not compile, and registering one that another module on kernet answers
//! fails with [`EBUSY`]. Handlers of modules in C cannot be detected.

use core::marker::PhantomData;
use kernel::{
    prelude::*,
    ThisModule, //
};

use crate::{
    bindings,
    context::Context,
    error::to_result,
    module::{
        failed,
        Part, //
    },
    netlink::{
        Buffer,
        Do,
        Dump,
        DumpOfAll,
        Entry,
        Message,
        Recipient,
        Request, //
    },
    netns::Net,
    nlattr::{
        Builder,
        Value,
        View, //
    }, //
};

mod taken;

/// The rtnetlink messages that a module answers (`rtnl_msg_handler`).
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Rtnl,
///     netlink::{Do, Replied, Reply, Request, UnderRtnl},
///     nlattr::{Attrs, Policy, Table},
///     rtnl::message::{rtm, Handler, Handlers},
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
/// impl Handlers for Example {
///     const FAMILY: u8 = 100; // not one of Linux's
///
///     const HANDLERS: &'static [Handler<Self>] = &[Handler::new_do::<Add, 3>()];
/// }
///
/// const LOCAL: u16 = 2;
///
/// static POLICY: Table<3> = Table::new(&[(LOCAL, Policy::U32)]);
///
/// /// `RTM_NEWADDR` of the family.
/// struct Add;
///
/// impl Do<3> for Add {
///     const TYPE: u16 = rtm::NEWADDR;
///     const POLICY: &'static Table<3> = &POLICY;
///
///     type Header = Header;
///     type Request = Attrs<'static>;
///     type Reply = ();
///     type Lock = UnderRtnl;
///
///     fn run(
///         request: &Request<'_, Header, Attrs<'static>>,
///         reply: Reply<'_, ()>,
///         _rtnl: Rtnl<'_>,
///     ) -> Result<Replied> {
///         let local: u32 = request.required(LOCAL)?.value().ok_or(EINVAL)?;
///         pr_info!("{local} on the device with index {}\n", request.header().index);
///         Ok(reply.ack_only())
///     }
/// }
/// ```
#[doc(alias = "rtnl_msg_handler")]
pub trait Handlers: Sized + 'static {
    /// The address family, in the first byte of requests (`rtnl_msg_handler::protocol`). 0
    /// (`PF_UNSPEC`): all families without a handler of their own for a type.
    #[doc(alias = "rtnl_msg_handler::protocol")]
    const FAMILY: u8;

    /// The handlers, in ascending order of their types; for one type the `do` before the `dump`
    /// (`rtnl_msg_handler`).
    #[doc(alias = "rtnl_msg_handler")]
    const HANDLERS: &'static [Handler<Self>];
}

/// A handler, as [`Handlers::HANDLERS`] lists it.
///
/// # Examples
///
/// That of [`Handlers`].
#[doc(alias = "rtnl_msg_handler")]
#[repr(transparent)]
pub struct Handler<H>(Entry, PhantomData<fn() -> H>);

impl<H: Handlers> Handler<H> {
    /// The handler of a [`Do`] (`rtnl_msg_handler::doit`).
    #[doc(alias = "rtnl_msg_handler::doit")]
    pub const fn new_do<D: Do<N>, const N: usize>() -> Self {
        const {
            check::<H>(D::TYPE);
            assert!(
                !D::BULK || kind(D::TYPE) == DEL,
                "only what deletes can delete many at once"
            );
        }
        Self(Entry::of_do::<D, N>(), PhantomData)
    }

    /// The handler of a [`Dump`], for this family only (`rtnl_msg_handler::dumpit`).
    #[doc(alias = "rtnl_msg_handler::dumpit")]
    pub const fn new_dump<D: Dump<N>, const N: usize>() -> Self {
        const {
            check::<H>(D::TYPE);
            assert!(kind(D::TYPE) == GET, "only what gets can dump");
        }
        Self(Entry::of_dump::<D, N>(), PhantomData)
    }

    /// The handler of a [`DumpOfAll`] (`rtnl_dump_all()`).
    #[doc(alias = "rtnl_dump_all")]
    pub const fn new_dump_of_all<D: DumpOfAll<N>, const N: usize>() -> Self {
        // Whose checks are those of any dump.
        let Self(_, marker) = Self::new_dump::<D, N>();
        Self(Entry::of_dump_of_all::<D, N>(), marker)
    }
}

/// Fails to compile where the core would stop the machine, or take a type from Linux.
const fn check<H: Handlers>(r#type: u16) {
    assert!(
        H::FAMILY as u32 <= bindings::RTNL_FAMILY_MAX,
        "not an address family of rtnetlink's"
    );
    assert!(
        r#type >= bindings::RTM_BASE as u16 && r#type <= bindings::RTM_MAX,
        "not a type of rtnetlink's"
    );
    assert!(
        !taken::by_linux(H::FAMILY, r#type),
        "Linux answers this type of the family itself"
    );
}

const DEL: u16 = 1;
const GET: u16 = 2;

/// What requests of a type do: `NEW` (0), `DEL`, `GET` or `SET` (3).
#[doc(alias = "rtnl_msgtype_kind")]
const fn kind(r#type: u16) -> u16 {
    r#type & 3
}

/// The registration of a module's [`Handlers`] (`rtnl_register_many()`).
#[doc(alias = "rtnl_register_many")]
pub struct Registration<H: Handlers>(PhantomData<fn() -> H>);

// SAFETY: `enlist` registers or fails. `retire` unregisters under RTNL, which waits for handlers that
// hold it; others hold a reference to the module, as do dumps, but for those of all families, which
// call under RTNL and leave nothing to be called.
unsafe impl<H: Handlers> Part for Registration<H> {
    unsafe fn register(
        _slot: *mut Self,
        module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        // SAFETY: The handlers are the module's, by the caller's promise.
        unsafe { enlist(H::FAMILY, Self::ENTRIES, module, name) }
    }

    unsafe fn unregister(_slot: *mut Self) {
        // SAFETY: Registered, by the caller's promise. May sleep.
        unsafe { retire(H::FAMILY, Self::ENTRIES) };
    }
}

impl<H: Handlers> Registration<H> {
    // SAFETY: A handler is an entry, transparently.
    const ENTRIES: &'static [Entry] = unsafe { Entry::all(H::HANDLERS) };
}

/// The handlers as the core has them, one for each type.
fn merged(
    family: u8,
    entries: &'static [Entry],
    owner: *mut bindings::module,
) -> impl DoubleEndedIterator<Item = (u16, bindings::rtnl_msg_handler)> {
    entries
        .chunk_by(|a, b| a.r#type == b.r#type)
        .filter_map(move |same| {
            let r#type = same.first()?.r#type;
            let handler = bindings::rtnl_msg_handler {
                owner,
                protocol: c_int::from(family),
                msgtype: c_int::from(r#type),
                doit: same.iter().find_map(|entry| entry.doit),
                dumpit: same.iter().find_map(|entry| entry.dumpit),
                flags: same.iter().fold(0, |flags, entry| flags | entry.flags) as c_int,
            };
            Some((r#type, handler))
        })
}

/// Registers all handlers, or none.
///
/// # Safety
///
/// `module` is the module that the handlers belong to; [`retire`] is called before it is unloaded.
#[inline(never)]
unsafe fn enlist(
    family: u8,
    entries: &'static [Entry],
    module: &'static ThisModule,
    name: &'static CStr,
) -> Result {
    for (done, (r#type, handler)) in merged(family, entries, module.as_ptr()).enumerate() {
        let registered = taken::claim(family, r#type).and_then(|()| {
            // SAFETY: The core copies the one handler, which is the module's. Nobody on kernet has
            // one for the type.
            to_result(unsafe { bindings::__rtnl_register_many(&handler, 1) })
                .inspect_err(|_| taken::release(family, r#type))
        });
        if let Err(e) = registered {
            for (r#type, handler) in merged(family, entries, module.as_ptr()).take(done) {
                // SAFETY: Registered above.
                unsafe { withdraw(family, r#type, &handler) };
            }
            return Err(failed(
                name,
                fmt!("rtnetlink handler of family {family}, type {}", r#type),
                e,
            ));
        }
    }
    Ok(())
}

/// # Safety
///
/// [`enlist`] has registered the entries of `family`.
#[inline(never)]
unsafe fn retire(family: u8, entries: &'static [Entry]) {
    for (r#type, handler) in merged(family, entries, core::ptr::null_mut()).rev() {
        // SAFETY: Registered, by the caller's promise.
        unsafe { withdraw(family, r#type, &handler) };
    }
}

/// # Safety
///
/// The handler is registered. May sleep.
unsafe fn withdraw(family: u8, r#type: u16, handler: &bindings::rtnl_msg_handler) {
    // SAFETY: By the caller's promise. Takes RTNL.
    unsafe { bindings::__rtnl_unregister_many(handler, 1) };
    taken::release(family, r#type);
}

/// A message to the listeners of an rtnetlink group (`rtnl_notify()`).
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Rtnl,
///     netlink::Message,
///     netns::Net,
///     nlattr::{Attrs, Writer},
///     rtnl::message::{group, rtm, Notification},
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
/// struct Gone;
///
/// impl Message for Gone {
///     const TYPE: u16 = rtm::DELADDR;
///
///     type Header = Header;
///     type Builder = Writer<'static>;
/// }
///
/// impl Notification for Gone {
///     const GROUP: u32 = group::PHONET_IFADDR;
/// }
///
/// fn gone(net: &Net, header: Header, local: u32, rtnl: Rtnl<'_>) {
///     // For no request: nobody is answered, and the sequence number is 0.
///     let request = None::<&kernet::netlink::Request<'_, Header, Attrs<'static>>>;
///     Gone::notify(net, request, header, rtnl, |message| message.put_u32(2, local));
/// }
/// ```
#[doc(alias = "rtnl_notify")]
pub trait Notification: Message + Sized {
    /// The group: a constant of [`group`] (`enum rtnetlink_groups`).
    #[doc(alias = "enum rtnetlink_groups")]
    const GROUP: u32;

    /// Sends the message to all sockets in `net` that listen to the group, and to the sender of the
    /// request if that has asked for it (`NLM_F_ECHO`).
    ///
    /// Without a listener no message is built. If a message cannot be built, or has no room, the
    /// listeners' sockets report an error.
    #[doc(alias = "rtnl_notify")]
    #[doc(alias = "rtnl_set_sk_err")]
    fn notify<H: Value, V: View>(
        net: &Net,
        request: Option<&Request<'_, H, V>>,
        header: Self::Header,
        context: impl Context,
        fill: impl FnMut(&mut <Self::Builder as Builder>::On<'_>) -> Result,
    ) {
        const {
            assert!(
                Self::GROUP > 0 && Self::GROUP <= bindings::RTNLGRP_MAX,
                "not a group of rtnetlink's"
            );
        }
        let (message, to) = request.map_or((core::ptr::null(), Recipient::default()), |request| {
            (core::ptr::from_ref(request.message()), request.recipient())
        });
        let flags = request.map_or(0, |request| request.message().nlmsg_flags);
        // SAFETY: The namespace is alive.
        if !unsafe { bindings::rtnl_notify_needed(net.as_raw(), flags, Self::GROUP) } {
            return;
        }
        match Buffer::of::<Self>(to, header, context, fill) {
            // SAFETY: The message is given away; the namespace is alive.
            Ok(buffer) => unsafe {
                bindings::rtnl_notify(
                    buffer.into_raw(),
                    net.as_raw(),
                    to.portid,
                    Self::GROUP,
                    message,
                    gfp(context),
                );
            },
            // SAFETY: As above.
            Err(e) => unsafe { bindings::rtnl_set_sk_err(net.as_raw(), Self::GROUP, e.to_errno()) },
        }
    }
}

fn gfp<C: Context>(_: C) -> u32 {
    C::GFP
}

macro_rules! numbers {
    ($(#[$attr:meta])* $module:ident, $type:ident, $prefix:literal: $($name:ident = $raw:ident,)+) => {
        $(#[$attr])*
        pub mod $module {
            use crate::bindings;

            $(
                #[doc = concat!("`", $prefix, stringify!($name), "`")]
                pub const $name: $type = bindings::$raw as $type;
            )+
        }
    };
}

numbers! {
    /// Types of messages.
    rtm, u16, "RTM_":
    NEWADDR = RTM_NEWADDR,
    DELADDR = RTM_DELADDR,
    GETADDR = RTM_GETADDR,
    NEWROUTE = RTM_NEWROUTE,
    DELROUTE = RTM_DELROUTE,
    GETROUTE = RTM_GETROUTE,
    NEWNEIGH = RTM_NEWNEIGH,
    DELNEIGH = RTM_DELNEIGH,
    GETNEIGH = RTM_GETNEIGH,
    NEWRULE = RTM_NEWRULE,
    DELRULE = RTM_DELRULE,
    GETRULE = RTM_GETRULE,
    NEWMDB = RTM_NEWMDB,
    DELMDB = RTM_DELMDB,
    GETMDB = RTM_GETMDB,
    NEWNETCONF = RTM_NEWNETCONF,
    DELNETCONF = RTM_DELNETCONF,
    GETNETCONF = RTM_GETNETCONF,
    NEWVLAN = RTM_NEWVLAN,
    DELVLAN = RTM_DELVLAN,
    GETVLAN = RTM_GETVLAN,
    NEWTUNNEL = RTM_NEWTUNNEL,
    DELTUNNEL = RTM_DELTUNNEL,
    GETTUNNEL = RTM_GETTUNNEL,
}

numbers! {
    /// Groups of listeners.
    group, u32, "RTNLGRP_":
    NEIGH = rtnetlink_groups_RTNLGRP_NEIGH,
    PHONET_IFADDR = rtnetlink_groups_RTNLGRP_PHONET_IFADDR,
    PHONET_ROUTE = rtnetlink_groups_RTNLGRP_PHONET_ROUTE,
    MPLS_ROUTE = rtnetlink_groups_RTNLGRP_MPLS_ROUTE,
    MCTP_IFADDR = rtnetlink_groups_RTNLGRP_MCTP_IFADDR,
    MDB = rtnetlink_groups_RTNLGRP_MDB,
    TUNNEL = rtnetlink_groups_RTNLGRP_TUNNEL,
}
