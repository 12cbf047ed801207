// SPDX-License-Identifier: GPL-2.0

//! Netlink protocols of a module's own: a kernel socket in each network namespace.
//!
//! C header: [`include/linux/netlink.h`](srctree/include/linux/netlink.h)
//!
//! For most purposes a [generic netlink](crate::genl) family is better: families have names, and
//! protocols share 32 numbers.
//!
//! # Lifetime
//!
//! The kernel socket of a namespace is made with the namespace, or when the module is loaded. Each
//! userspace socket holds a reference to the module and to its namespace: the kernel socket is
//! released (`netlink_kernel_release()`) when the namespace has no other socket of the protocol, so
//! no message is being received. Senders find the kernel socket under RCU; it is hidden before the
//! grace period between `pre_exit` and `exit` of the namespace.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    error::from_result,
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Release, //
    },
    types::Opaque,
    ThisModule, //
};

use super::{
    Do,
    Dump,
    Entry,
    WithoutRtnl, //
};
use crate::{
    bindings,
    context::{
        rcu_section,
        Process, //
    },
    error::{
        eaddrinuse,
        eopnotsupp,
        to_result, //
    },
    module::{
        failed,
        is_live,
        Part, //
    },
    netns::Net,
    slot::HasSlot, //
};

mod notification;

pub use notification::{
    Group,
    Notification, //
};

/// The most multicast groups of a protocol. The core has a bitmap of them, and rounds its size up.
pub const GROUPS_MAX: u32 = 1 << 16;

/// A netlink protocol of a module: a kernel socket in each namespace (`netlink_kernel_cfg`).
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Process,
///     netlink::{
///         socket::{Handler, Slot, Socket},
///         Do, Message, Replied, Reply, Request, Unlocked,
///     },
///     nlattr::{Attrs, Table, Writer},
/// };
///
/// kernet::slot!(Example: Slot);
///
/// impl Socket for Example {
///     const UNIT: u8 = 31;
///     const HANDLERS: &'static [Handler<Self>] = &[Handler::new_do::<Echo, 1>()];
/// }
///
/// struct Number;
///
/// impl Message for Number {
///     const TYPE: u16 = 16;
///
///     type Header = u32;
///     type Builder = Writer<'static>;
/// }
///
/// static POLICY: Table<1> = Table::new(&[]);
///
/// /// Answers with the header of the request.
/// struct Echo;
///
/// impl Do<1> for Echo {
///     const TYPE: u16 = 16;
///     const POLICY: &'static Table<1> = &POLICY;
///
///     type Header = u32;
///     type Request = Attrs<'static>;
///     type Reply = Number;
///     type Lock = Unlocked;
///
///     fn run(
///         request: &Request<'_, u32, Attrs<'static>>,
///         reply: Reply<'_, Number>,
///         process: Process<'_>,
///     ) -> Result<Replied> {
///         reply.send(*request.header(), process, |_message| Ok(()))
///     }
/// }
/// ```
#[doc(alias = "netlink_kernel_cfg")]
pub trait Socket: HasSlot<Slot> + Sized + 'static {
    /// The protocol number, below 32 (`MAX_LINKS`). A number that Linux has a name for, including
    /// `NETLINK_USERSOCK`, does not compile; 17 and those from 23 on have none.
    #[doc(alias = "MAX_LINKS")]
    const UNIT: u8;

    /// How many multicast groups there are, numbered from 1: at most [`GROUPS_MAX`]. The core
    /// always has at least 32.
    #[doc(alias = "netlink_kernel_cfg::groups")]
    const GROUPS: u32 = 0;

    /// Whether a socket may join groups without `CAP_NET_ADMIN` in the namespace's user namespace
    /// (`NL_CFG_F_NONROOT_RECV`). Anybody may send requests; see [`Do::ACCESS`].
    #[doc(alias = "NL_CFG_F_NONROOT_RECV")]
    const ANYBODY_LISTENS: bool = false;

    /// Whether a socket may send to other userspace sockets and to groups without `CAP_NET_ADMIN`
    /// in the namespace's user namespace (`NL_CFG_F_NONROOT_SEND`).
    #[doc(alias = "NL_CFG_F_NONROOT_SEND")]
    const ANYBODY_SENDS: bool = false;

    /// The handlers, in ascending order of their types, from 16 on; for one type the `do` before
    /// the `dump` (`netlink_kernel_cfg::input`). Requests of several sockets are answered at the
    /// same time. Dumps are refused ([`EAGAIN`]) while the module is being loaded.
    #[doc(alias = "netlink_kernel_cfg::input")]
    const HANDLERS: &'static [Handler<Self>];

    /// Notifies that a socket joins a group.
    ///
    /// Do not count the calls: a socket may join a group twice, and leave one that it has not
    /// joined. Ask [`Notification::has_listeners`].
    ///
    /// # Errors
    ///
    /// The socket does not join, and its caller gets the error.
    #[doc(alias = "netlink_kernel_cfg::bind")]
    fn bind(_net: &Net, _group: u32, _process: Process<'_>) -> Result {
        Ok(())
    }

    /// Notifies that a socket leaves a group.
    #[doc(alias = "netlink_kernel_cfg::unbind")]
    fn unbind(_net: &Net, _group: u32, _process: Process<'_>) {}
}

/// A handler of a type of requests, as [`Socket::HANDLERS`] lists it: see the example of [`Socket`]
/// (`netlink_kernel_cfg::input`).
#[doc(alias = "netlink_kernel_cfg::input")]
#[repr(transparent)]
pub struct Handler<S>(Entry, PhantomData<fn() -> S>);

impl<S: Socket> Handler<S> {
    /// The handler of a [`Do`].
    pub const fn new_do<D: Do<N, Lock: WithoutRtnl>, const N: usize>() -> Self {
        const { check(D::TYPE) };
        Self(Entry::of_do::<D, N>(), PhantomData)
    }

    /// The handler of a [`Dump`].
    pub const fn new_dump<D: Dump<N, Lock: WithoutRtnl>, const N: usize>() -> Self {
        const {
            check(D::TYPE);
            assert!(!D::SPLIT_DONE, "only rtnetlink's dumps end apart");
        }
        Self(Entry::of_dump::<D, N>(), PhantomData)
    }
}

const fn check(r#type: u16) {
    assert!(
        r#type >= bindings::NLMSG_MIN_TYPE as u16,
        "types below 16 are netlink's own"
    );
}

/// A static where kernet finds the sockets of a registered protocol. [`slot!`](crate::slot!)
/// declares it for a type.
///
/// # Invariants
///
/// `id` is written while `owner` is set and `published` is not. While `published` is set, the core
/// has a [`PerNet`] under `id` in each namespace, until a grace period after it is cleared.
pub struct Slot {
    owner: Atomic<*mut bindings::module>,
    published: Atomic<u32>,
    id: Opaque<u32>,
}

// SAFETY: See the invariants; the module lives as long as its statics.
unsafe impl Send for Slot {}
// SAFETY: As above.
unsafe impl Sync for Slot {}

impl Slot {
    /// An empty slot.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        // INVARIANT: Not published.
        Self {
            owner: Atomic::<*mut bindings::module>::new(ptr::null_mut()),
            published: Atomic::<u32>::new(0),
            id: Opaque::new(0),
        }
    }
}

/// The kernel socket of a namespace is made with the namespace, or when the module is loaded. Each
/// userspace socket holds a reference to the module and to its namespace: the kernel socket is
/// released (`netlink_kernel_release()`) when the namespace has no other socket of the protocol, so
/// no message is being received. Senders find the kernel socket under RCU; it is hidden before the
/// grace period between `pre_exit` and `exit` of the namespace.
struct PerNet {
    published: Atomic<*mut bindings::sock>,
    /// From `init` to `exit`.
    sock: *mut bindings::sock,
}

/// The registration of a protocol (`netlink_kernel_create()`).
#[doc(alias = "netlink_kernel_create")]
pub struct Registration<S: Socket> {
    ops: Opaque<bindings::pernet_operations>,
    _socket: PhantomData<fn() -> S>,
}

// SAFETY: Only the core touches the operations, under its own lock.
unsafe impl<S: Socket> Send for Registration<S> {}
// SAFETY: As above.
unsafe impl<S: Socket> Sync for Registration<S> {}

// SAFETY: `register_pernet_subsys()` makes a socket in each namespace or none. Its counterpart releases
// them; whoever could send to them, bind or dump holds a reference to the module.
unsafe impl<S: Socket> Part for Registration<S> {
    unsafe fn register(
        slot: *mut Self,
        module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        const {
            assert!(
                matches!(S::UNIT, 17 | 23..32),
                "not a number that is free for a protocol of one's own"
            );
            assert!(S::GROUPS <= GROUPS_MAX, "too many multicast groups");
        }
        let this = S::slot();
        let failed = |e| failed(name, fmt!("netlink protocol {}", S::UNIT), e);
        // INVARIANT: Not published yet.
        this.owner
            .cmpxchg(ptr::null_mut(), module.as_ptr(), Full)
            .map_err(|_| failed(EBUSY))?;
        let ops = bindings::pernet_operations {
            init: Some(Self::init_callback),
            pre_exit: Some(Self::pre_exit_callback),
            exit: Some(Self::exit_callback),
            id: this.id.get(),
            size: size_of::<PerNet>(),
            ..pin_init::zeroed()
        };
        // SAFETY: `slot` is valid for writes.
        let field = Opaque::cast_into(unsafe { &raw const (*slot).ops });
        // SAFETY: As above. The operations stay in place until they are unregistered, and the
        // callbacks are made for what `id` and `size` make the core allocate.
        let registered = to_result(unsafe {
            field.write(ops);
            bindings::register_pernet_subsys(field)
        });
        if let Err(e) = registered {
            this.owner.store(ptr::null_mut(), Release);
            return Err(failed(e));
        }
        // INVARIANT: Every namespace has its own now.
        this.published.store(1, Release);
        Ok(())
    }

    unsafe fn unregister(slot: *mut Self) {
        let this = S::slot();
        // INVARIANT: A grace period follows, between `pre_exit` and `exit`.
        this.published.store(0, Release);
        // SAFETY: Registered, by the caller's promise.
        unsafe { bindings::unregister_pernet_subsys(Opaque::cast_into(&raw const (*slot).ops)) };
        this.owner.store(ptr::null_mut(), Release);
    }
}

impl<S: Socket> Registration<S> {
    // SAFETY: A handler is an entry, transparently.
    const ENTRIES: &'static [Entry] = unsafe { Entry::all(S::HANDLERS) };

    const FLAGS: u32 = {
        let mut flags = 0;
        if S::ANYBODY_LISTENS {
            flags |= bindings::NL_CFG_F_NONROOT_RECV;
        }
        if S::ANYBODY_SENDS {
            flags |= bindings::NL_CFG_F_NONROOT_SEND;
        }
        flags
    };

    /// # Safety
    ///
    /// Called by the core with a namespace for which it has allocated a `PerNet`.
    unsafe fn per_net(net: *mut bindings::net) -> *mut PerNet {
        // SAFETY: By the caller's promise. The number is not written while namespaces have something
        // under it.
        unsafe { bindings::net_generic(net, *S::slot().id.get()).cast::<PerNet>() }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn init_callback(net: *mut bindings::net) -> c_int {
        let mut config = bindings::netlink_kernel_cfg {
            groups: S::GROUPS,
            flags: Self::FLAGS,
            input: Some(Self::input_callback),
            bind: Some(Self::bind_callback),
            unbind: Some(Self::unbind_callback),
            ..pin_init::zeroed()
        };
        let owner = S::slot().owner.load(Acquire);
        // SAFETY: The namespace is being made; the callbacks belong to the owner.
        let sock = unsafe {
            bindings::__netlink_kernel_create(net, c_int::from(S::UNIT), owner, &mut config)
        };
        if sock.is_null() {
            // The core does not say why. The first namespace is the first to find out that the number
            // is somebody else's.
            return if ptr::eq(net, &raw const bindings::init_net) {
                eaddrinuse().to_errno()
            } else {
                ENOMEM.to_errno()
            };
        }
        // SAFETY: The core has just allocated it, zeroed, and nobody else writes to `sock`.
        unsafe {
            let per_net = Self::per_net(net);
            (*per_net).sock = sock;
            (*per_net).published.store(sock, Release);
        }
        0
    }

    /// # Safety
    ///
    /// Called by the core only, when `init` has succeeded.
    unsafe extern "C" fn pre_exit_callback(net: *mut bindings::net) {
        // SAFETY: By the caller's promise.
        unsafe {
            (*Self::per_net(net))
                .published
                .store(ptr::null_mut(), Release)
        };
    }

    /// # Safety
    ///
    /// Called by the core only, a grace period after `pre_exit`.
    unsafe extern "C" fn exit_callback(net: *mut bindings::net) {
        // SAFETY: By the caller's promise; `init` has made it, and nobody finds it any more. Waits
        // for multicasts.
        unsafe { bindings::netlink_kernel_release((*Self::per_net(net)).sock) };
    }

    /// # Safety
    ///
    /// Called by the core with a datagram for the kernel's socket, in a task that may sleep.
    unsafe extern "C" fn input_callback(skb: *mut bindings::sk_buff) {
        // SAFETY: By the caller's promise.
        unsafe { bindings::netlink_rcv_skb(skb, Some(Self::message_callback)) };
    }

    /// # Safety
    ///
    /// Called by the core with a request that is there in full, in a datagram for the kernel's
    /// socket, in a task that may sleep.
    unsafe extern "C" fn message_callback(
        skb: *mut bindings::sk_buff,
        message: *mut bindings::nlmsghdr,
        extack: *mut bindings::netlink_ext_ack,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let (r#type, flags) = unsafe { ((*message).nlmsg_type, (*message).nlmsg_flags) };
            let dump = u32::from(flags) & bindings::NLM_F_DUMP == bindings::NLM_F_DUMP;
            let mut found = Self::ENTRIES.iter().filter(|entry| entry.r#type == r#type);
            if let Some(dumpit) = found
                .clone()
                .find_map(|entry| entry.dumpit)
                .filter(|_| dump)
            {
                let module = S::slot().owner.load(Acquire);
                // What a dump keeps of its request belongs to the kernel's socket, which goes if the
                // module fails to load.
                // SAFETY: The owner's code is what runs.
                if module.is_null() || !unsafe { is_live(module) } {
                    return Err(EAGAIN);
                }
                let mut control = bindings::netlink_dump_control {
                    dump: Some(dumpit),
                    module,
                    extack,
                    ..pin_init::zeroed()
                };
                // SAFETY: By the caller's promise. The dump holds the module, which `dumpit` belongs
                // to; it has no `done` yet, and its lock wants none held.
                return Ok(unsafe {
                    bindings::__netlink_dump_start(
                        bindings::skb_sk(skb),
                        skb,
                        message,
                        &mut control,
                    )
                });
            }
            let doit = found.find_map(|entry| entry.doit).ok_or(eopnotsupp())?;
            // SAFETY: By the caller's promise; the lock wants none held.
            Ok(unsafe { doit(skb, message, extack) })
        })
    }

    /// # Safety
    ///
    /// Called by the core in a task that may sleep, with a namespace that is alive.
    unsafe extern "C" fn bind_callback(net: *mut bindings::net, group: c_int) -> c_int {
        from_result(|| {
            let group = u32::try_from(group).map_err(|_| EINVAL)?;
            // SAFETY: By the caller's promise.
            let (net, process) = unsafe { (Net::from_raw(net), Process::assume()) };
            S::bind(net, group, process).map(|()| 0)
        })
    }

    /// # Safety
    ///
    /// As `bind_callback`.
    unsafe extern "C" fn unbind_callback(net: *mut bindings::net, group: c_int) {
        if let Ok(group) = u32::try_from(group) {
            // SAFETY: By the caller's promise.
            let (net, process) = unsafe { (Net::from_raw(net), Process::assume()) };
            S::unbind(net, group, process);
        }
    }
}

/// Calls `f` with the socket of a namespace, in an RCU read-side section that keeps it.
///
/// # Errors
///
/// [`ENODEV`] when the protocol is not registered, or the namespace is dying.
fn with_socket<S: Socket, R>(
    net: &Net,
    f: impl FnOnce(*mut bindings::sock) -> Result<R>,
) -> Result<R> {
    rcu_section(|_| {
        let slot = S::slot();
        if slot.published.load(Acquire) == 0 {
            return Err(ENODEV);
        }
        // SAFETY: Published, by the invariants of `Slot`: the number is no longer written, and the core
        // keeps what it stands for until a grace period has passed.
        let per_net = unsafe {
            bindings::net_generic(net.as_raw(), *slot.id.get())
                .cast::<PerNet>()
                .as_ref()
        };
        let sock = per_net.map_or(ptr::null_mut(), |per_net| per_net.published.load(Acquire));
        if sock.is_null() {
            return Err(ENODEV);
        }
        f(sock)
    })
}
