// SPDX-License-Identifier: GPL-2.0

//! Dumps: any number of messages for one request.

use core::{
    marker::PhantomData,
    num::NonZero,
    ptr, //
};
use kernel::{
    error::from_result,
    prelude::*, //
};

use super::{
    request::{
        net,
        recipient, //
    },
    Access,
    Lock,
    Message,
    Nested,
    Open,
    Recipient,
    Request, //
};
use crate::{
    bindings,
    module::Declared,
    netns::Net,
    nlattr::{
        copy,
        Builder,
        Table,
        Value,
        View, //
    }, //
};

/// The handler of a type of requests (`NLM_F_DUMP`) that answers with any number of messages. They
/// are built as userspace reads them.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Rcu,
///     netlink::{Dump, Entries, Full, Message, Request, UnderRcu},
///     netns::Net,
///     nlattr::{Attrs, Table, Writer},
/// };
///
/// struct Number;
///
/// impl Message for Number {
///     const TYPE: u16 = 17;
///
///     type Header = u32;
///     type Builder = Writer<'static>;
/// }
///
/// static POLICY: Table<1> = Table::new(&[]);
///
/// /// The numbers from the request's to 999.
/// struct Numbers;
///
/// impl Dump<1> for Numbers {
///     const TYPE: u16 = 17;
///     const POLICY: &'static Table<1> = &POLICY;
///
///     type Header = u32;
///     type Request = Attrs<'static>;
///     type Entry = Number;
///     type State = u32;
///     type Lock = UnderRcu;
///
///     fn start(request: &Request<'_, u32, Attrs<'static>>, _rcu: Rcu<'_>) -> Result<u32> {
///         Ok(*request.header())
///     }
///
///     fn run(
///         _net: &Net,
///         next: &mut u32,
///         entries: &mut Entries<'_, Number>,
///         _rcu: Rcu<'_>,
///     ) -> Result<(), Full> {
///         while *next < 1000 {
///             entries.put(*next, |_entry| Ok(()))?;
///             *next += 1;
///         }
///         Ok(())
///     }
/// }
/// ```
#[doc(alias = "NLM_F_DUMP")]
pub trait Dump<const N: usize> {
    /// The type of requests, `nlmsg_type`.
    #[doc(alias = "nlmsghdr::nlmsg_type")]
    const TYPE: u16;
    /// Who may send the request (`netlink_net_capable()`). Whoever has opened the socket must be
    /// allowed to, too.
    #[doc(alias = "netlink_net_capable")]
    const ACCESS: Access = Access::Any;
    /// The policies of the request's attributes (`nlmsg_parse()`).
    #[doc(alias = "nlmsg_parse")]
    const POLICY: &'static Table<N>;
    /// For rtnetlink: sends the end of the dump in a datagram of its own, for programs that expect
    /// a datagram to hold either a part of the dump or its end (`RTNL_FLAG_DUMP_SPLIT_NLM_DONE`).
    /// New types have no such programs.
    #[doc(alias = "RTNL_FLAG_DUMP_SPLIT_NLM_DONE")]
    const SPLIT_DONE: bool = false;

    /// The protocol's header, at most 256 bytes (`nlmsg_data()`). In rtnetlink its first byte is
    /// the address family.
    #[doc(alias = "nlmsg_data")]
    type Header: Value;

    /// The typed view of the attributes.
    type Request: View;

    /// The message of an entry.
    type Entry: Message;

    /// The position of the dump, and what the request has asked for, kept from one datagram to the
    /// next: at most 48 bytes, aligned to 8 (`netlink_callback::ctx`). Put larger values in a box.
    ///
    /// Dropped in process context when the dump has ended or its socket is closed.
    #[doc(alias = "netlink_callback::ctx")]
    type State: Send + 'static;

    /// The lock that is held (`RTNL_FLAG_DUMP_UNLOCKED`).
    #[doc(alias = "RTNL_FLAG_DUMP_UNLOCKED")]
    type Lock: Lock;

    /// Starts a dump.
    ///
    /// # Errors
    ///
    /// The dump ends with the error. Put the reason into [`Request::extack`].
    #[doc(alias = "netlink_dump_control::start")]
    fn start(
        request: &Request<'_, Self::Header, Self::Request>,
        token: <Self::Lock as Lock>::Token<'_>,
    ) -> Result<Self::State>;

    /// Puts the next entries, and moves the state past each that was put (`rtnl_dumpit_func`).
    ///
    /// # Errors
    ///
    /// [`Full`] (by `?`) when the datagram has no more room: the function is called again with a
    /// new one. Any other error ends the dump.
    #[doc(alias = "rtnl_dumpit_func")]
    fn run(
        net: &Net,
        state: &mut Self::State,
        entries: &mut Entries<'_, Self::Entry>,
        token: <Self::Lock as Lock>::Token<'_>,
    ) -> Result<(), Full>;
}

/// A [`Dump`] of rtnetlink that is also a part of dumps of all families (`PF_UNSPEC`)
/// (`rtnl_dump_all()`). Linux has such dumps of addresses, routes and `netconf`.
///
/// Such a dump does not hold a reference to the module. If the module is unloaded, the dump goes on
/// with whoever serves the family then. So its state is a value of any bytes, at most 40, that
/// needs no drop. Its request is not of this family, and is not parsed.
///
/// # Examples
///
/// ```
/// # use kernet::{
/// #     netlink::{Entries, Full, Message, Request},
/// #     nlattr::{Attrs, Table, Writer},
/// # };
/// use kernet::{
///     context::Rcu,
///     netlink::{Dump, DumpOfAll, UnderRcu},
///     netns::Net,
///     rtnl::message::rtm,
/// };
/// #
/// # struct Number;
/// #
/// # impl Message for Number {
/// #     const TYPE: u16 = rtm::NEWADDR;
/// #     type Header = u32;
/// #     type Builder = Writer<'static>;
/// # }
/// #
/// # static POLICY: Table<1> = Table::new(&[]);
///
/// /// The addresses of a family, by number.
/// struct Addresses;
///
/// impl Dump<1> for Addresses {
///     const TYPE: u16 = rtm::GETADDR;
///     // The other items.
/// #     const POLICY: &'static Table<1> = &POLICY;
/// #     type Header = u32;
/// #     type Request = Attrs<'static>;
/// #     type Entry = Number;
/// #     type State = u32;
/// #     type Lock = UnderRcu;
/// #     fn start(_: &Request<'_, u32, Attrs<'static>>, _: Rcu<'_>) -> Result<u32> {
/// #         Ok(0)
/// #     }
/// #     fn run(_: &Net, _: &mut u32, _: &mut Entries<'_, Number>, _: Rcu<'_>) -> Result<(), Full> {
/// #         Ok(())
/// #     }
/// }
///
/// impl DumpOfAll<1> for Addresses {
///     fn all(_net: &Net, _rcu: Rcu<'_>) -> u32 {
///         0 // from the first one
///     }
/// }
/// ```
#[doc(alias = "rtnl_dump_all")]
pub trait DumpOfAll<const N: usize>: Dump<N, State: Value, Lock: Nested> {
    /// The state at the start of the dump.
    fn all(net: &Net, token: <Self::Lock as Lock>::Token<'_>) -> Self::State;
}

/// Why an entry was not put (`EMSGSIZE`).
#[doc(alias = "EMSGSIZE")]
pub enum Full {
    /// The message has no room.
    Message,
    /// The dump cannot go on.
    Error(Error),
}

impl From<Error> for Full {
    fn from(e: Error) -> Self {
        Full::Error(e)
    }
}

impl Full {
    fn to_errno(&self) -> c_int {
        match self {
            // The core begins another datagram, if there is anything in this one.
            Self::Message => EMSGSIZE.to_errno(),
            Self::Error(e) => e.to_errno(),
        }
    }
}

/// A datagram of a dump, and the dump.
///
/// # Invariants
///
/// Both are valid for `'a`; the state in the callback is somebody else's.
pub(crate) struct Batch<'a> {
    callback: *mut bindings::netlink_callback,
    pub(crate) skb: *mut bindings::sk_buff,
    _dump: PhantomData<&'a mut bindings::netlink_callback>,
}

impl Batch<'_> {
    /// # Safety
    ///
    /// `callback` is the core's of a dump that goes on, `skb` a datagram for it; both are valid as long
    /// as this is used.
    pub(crate) unsafe fn new(
        callback: *mut bindings::netlink_callback,
        skb: *mut bindings::sk_buff,
    ) -> Self {
        // INVARIANT: By the caller's promise.
        Self {
            callback,
            skb,
            _dump: PhantomData,
        }
    }

    /// Ends an entry, or takes it back.
    #[inline]
    pub(crate) fn close(&mut self, open: Open<'_>, filled: Result) -> Result<(), Full> {
        // SAFETY: By the type invariants.
        unsafe { open.close_entry(self.callback, filled) }
    }

    #[inline]
    pub(crate) fn set_generation(&mut self, generation: NonZero<u32>) {
        // SAFETY: By the type invariants.
        unsafe { (*self.callback).seq = generation.get() };
    }
}

/// The entries of a dump, as messages to userspace (`netlink_callback`).
///
/// # Invariants
///
/// The datagram is the dump's own, and `net` the namespace of its socket.
#[doc(alias = "netlink_callback")]
pub struct Entries<'a, M> {
    batch: Batch<'a>,
    net: &'a Net,
    to: Recipient,
    _message: PhantomData<fn() -> M>,
}

impl<'a, M: Message> Entries<'a, M> {
    /// Puts an entry. If that fails, the message is as before.
    ///
    /// # Errors
    ///
    /// [`Full::Message`] when there is no room for the entry; otherwise the error of `fill`.
    #[doc(alias = "nlmsg_put")]
    #[inline]
    pub fn put(
        &mut self,
        header: M::Header,
        fill: impl FnOnce(&mut <M::Builder as Builder>::On<'_>) -> Result,
    ) -> Result<(), Full> {
        let flags = bindings::NLM_F_MULTI;
        // SAFETY: The datagram is the dump's own, by the type invariants.
        let (writer, open) = unsafe { Open::new::<M>(self.batch.skb, self.to, flags, header) }
            .ok_or(Full::Message)?;
        let filled = fill(&mut M::Builder::on(writer));
        self.batch.close(open, filled)
    }

    /// The state of the dump's module in its namespace, while the datagram is filled
    /// (`net_generic()`).
    #[doc(alias = "net_generic")]
    #[inline]
    pub fn state<D: Declared>(&self) -> Option<&'a D::State> {
        // SAFETY: `D` is the module that the dump is of: a crate has no other. Its state is dropped when
        // no dump goes on any more but those of all families, which hold RTNL now, or the namespace has
        // died, which the socket of the dump keeps.
        unsafe { self.net.published::<D>() }
    }

    /// Sets the generation of the set that is being dumped (`nl_dump_check_consistent()`).
    ///
    /// If it changes during the dump, userspace gets the flag `NLM_F_DUMP_INTR`: the entries may be
    /// inconsistent.
    #[doc(alias = "nl_dump_check_consistent")]
    pub fn generation(&mut self, generation: NonZero<u32>) {
        self.batch.set_generation(generation);
    }
}

/// Memory of a dump's own that the core has no other use for; zero when the dump begins.
pub(crate) fn state<T>(callback: *mut bindings::netlink_callback) -> *mut T {
    const {
        assert!(
            size_of::<T>() <= bindings::NETLINK_CTX_SIZE as usize && align_of::<T>() <= 8,
            "the state of a dump has at most 48 bytes"
        );
    }
    // SAFETY: Only an address is computed: `callback` is valid, as C calls with it.
    unsafe { (&raw mut (*callback).__bindgen_anon_1.ctx).cast() }
}

/// # Safety
///
/// `callback` is the core's of a dump that goes on, `skb` a datagram for it; both are valid for `'a`.
unsafe fn entries<'a, M>(
    callback: *mut bindings::netlink_callback,
    skb: *mut bindings::sk_buff,
) -> (&'a Net, Entries<'a, M>) {
    // SAFETY: By the caller's promise. The message of the request is kept as long as the dump.
    unsafe {
        let (net, to) = (
            net((*callback).skb),
            recipient((*callback).skb, (*callback).nlh),
        );
        // INVARIANT: By the caller's promise.
        let entries = Entries {
            batch: Batch::new(callback, skb),
            net,
            to,
            _message: PhantomData,
        };
        (net, entries)
    }
}

/// Begins a dump whose request nobody has looked at.
///
/// # Safety
///
/// As [`dumpit`], whose callback has no state yet.
unsafe fn begin<D: Dump<N>, const N: usize>(callback: *mut bindings::netlink_callback) -> Result {
    let mut places = [ptr::null_mut(); N];
    // SAFETY: By the caller's promise. The request's socket is open while its dump goes on. A socket
    // that is full gets its first datagram when it is read.
    let request = unsafe {
        D::ACCESS.check_reader((*callback).skb)?;
        Request::parse(
            (*callback).skb,
            (*callback).nlh,
            (*callback).extack,
            D::POLICY,
            &mut places,
        )?
    };
    // SAFETY: As above.
    let new = unsafe { D::Lock::with(|token| D::start(&request, token)) }?;
    // SAFETY: The memory is the dump's own. The core calls `done` once from now on, which drops what
    // is there.
    unsafe {
        ptr::write(state::<D::State>(callback), new);
        (*callback).done = Some(done::<D, N>);
    }
    Ok(())
}

/// # Safety
///
/// Called by the core, with a datagram, for a dump that was begun for `D` without a `done`, in a task
/// that may sleep, with RTNL held if the lock of `D` says so.
///
/// A dump of rtnetlink that was begun for all families is held by no module, and gets nothing.
pub(crate) unsafe extern "C" fn dumpit<D: Dump<N>, const N: usize>(
    skb: *mut bindings::sk_buff,
    callback: *mut bindings::netlink_callback,
) -> c_int {
    from_result(|| {
        // SAFETY: By the caller's promise. Without a `done` it has not begun: only `begin` sets it.
        unsafe {
            if (*callback).module.is_null() {
                return Ok(0);
            }
            if (*callback).done.is_none() {
                begin::<D, N>(callback)?;
            }
        }
        // SAFETY: By the caller's promise; `begin` has made the state, and one call is made at a
        // time.
        let (state, (net, mut entries)) =
            unsafe { (&mut *state::<D::State>(callback), entries(callback, skb)) };
        // SAFETY: By the caller's promise.
        let result = unsafe { D::Lock::with(|token| D::run(net, state, &mut entries, token)) };
        Ok(result.map_or_else(|full| full.to_errno(), |()| 0))
    })
}

/// # Safety
///
/// Called by the core, once, for a dump by `D` that has begun.
unsafe extern "C" fn done<D: Dump<N>, const N: usize>(
    callback: *mut bindings::netlink_callback,
) -> c_int {
    // SAFETY: By the caller's promise; `begin` has made it.
    unsafe { ptr::drop_in_place(state::<D::State>(callback)) };
    0
}

/// What is kept of one family in a dump of all. Any bytes are valid, as those of whoever has served
/// the family before may be.
#[repr(C)]
struct Kept {
    begun: u32,
    error: c_int,
    state: [u8; 40],
}

/// # Safety
///
/// As [`dumpit`]. A dump that was begun for all families calls with RTNL held.
pub(crate) unsafe extern "C" fn dumpit_of_all<D: DumpOfAll<N>, const N: usize>(
    skb: *mut bindings::sk_buff,
    callback: *mut bindings::netlink_callback,
) -> c_int {
    const {
        assert!(
            <D::State as Value>::SIZE <= 40,
            "the state of a part of a dump of all families has at most 40 bytes"
        );
    }
    // SAFETY: By the caller's promise.
    if !unsafe { (*callback).module.is_null() } {
        // SAFETY: As above.
        return unsafe { dumpit::<D, N>(skb, callback) };
    }
    // SAFETY: By the caller's promise; any bytes are a `Kept`, and one call is made at a time.
    let (kept, (net, mut entries)) =
        unsafe { (&mut *state::<Kept>(callback), entries(callback, skb)) };
    if kept.error < 0 {
        return kept.error;
    }
    let run = |token: <D::Lock as Lock>::Token<'_>| {
        let mut state = match <D::State as Value>::read(&kept.state) {
            Some(state) if kept.begun != 0 => state,
            _ => D::all(net, token),
        };
        let result = D::run(net, &mut state, &mut entries, token);
        copy(&mut kept.state, state);
        kept.begun = 1;
        match result {
            Ok(()) => 0,
            Err(full) => {
                if let Full::Error(e) = &full {
                    // The core may call once more, to say so.
                    kept.error = e.to_errno();
                }
                full.to_errno()
            }
        }
    };
    // SAFETY: RTNL is held, which the lock of `D` admits or wants; its holder may sleep.
    unsafe { D::Lock::with(run) }
}
