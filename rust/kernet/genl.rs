// SPDX-License-Identifier: GPL-2.0

//! Generic netlink families.
//!
//! C header: [`include/net/genetlink.h`](srctree/include/net/genetlink.h)
//!
//! A family consists of its [`FamilySpec`], the definition for userspace, and a [`FamilyServer`],
//! the implementation. `scripts/ynl-gen-rust` writes both from a specification, with a trait that
//! has a method for each operation; nobody has to implement the traits here by hand. Requests are
//! validated against the policies of the operation before it runs.
//!
//! # Lifetime
//!
//! [`Registration`] is a part of the module. Unregistering first stops multicasts from all
//! contexts, then waits for running operations. A dump in progress keeps the module loaded: `rmmod`
//! reports that the module is in use until the dump has ended or its socket is closed.

use core::{
    mem::MaybeUninit,
    ptr, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Release, //
    },
    types::Opaque,
    ThisModule, //
};

use crate::{
    bindings,
    context::Process,
    error::to_result,
    module::{
        failed,
        Part, //
    },
    nlattr::HEADER_MAX,
    slot::HasSlot, //
};

mod dump;
mod message;
mod notification;
mod op;
mod request;
mod socket;

pub use dump::{
    Dump,
    Entries, //
};
pub use message::{
    Prepared,
    Reply, //
};
pub use notification::{
    Group,
    Notification, //
};
pub use op::{
    Do,
    Op,
    Validation, //
};
pub use request::Request;

pub use crate::netlink::{
    Access,
    Full,
    Replied, //
};

use socket::Sockets;

/// The definition of a family, as userspace knows it (`genl_family`).
///
/// # Examples
///
/// ```
/// use kernet::genl::{FamilySpec, McastGroup, Slot};
///
/// struct Spec;
///
/// kernet::slot!(Spec: Slot);
///
/// impl FamilySpec for Spec {
///     const NAME: &'static CStr = c"example";
///     const GROUPS: &'static [McastGroup] = &[McastGroup::new(c"events")];
/// }
/// ```
#[doc(alias = "genl_family")]
pub trait FamilySpec: HasSlot<Slot> + 'static {
    /// The name, at most 15 bytes.
    #[doc(alias = "genl_family::name")]
    const NAME: &'static CStr;

    /// The version of the protocol.
    #[doc(alias = "genl_family::version")]
    const VERSION: u32 = 1;

    /// The size of the family's own header, before the attributes: at most 256 bytes
    /// (`genl_family::hdrsize`). New families have none.
    #[doc(alias = "genl_family::hdrsize")]
    const HEADER: usize = 0;

    /// The multicast groups (`genl_family::mcgrps`).
    #[doc(alias = "genl_family::mcgrps")]
    const GROUPS: &'static [McastGroup] = &[];
}

/// A multicast group, as [`FamilySpec::GROUPS`] lists it (`genl_multicast_group`).
///
/// # Examples
///
/// ```
/// use kernet::genl::McastGroup;
///
/// const GROUPS: &[McastGroup] = &[
///     McastGroup::new(c"events"),
///     // For those who may configure the network.
///     McastGroup { net_admin: true, ..McastGroup::new(c"keys") },
/// ];
/// ```
#[doc(alias = "genl_multicast_group")]
#[derive(Clone, Copy)]
pub struct McastGroup {
    /// The name, at most 15 bytes.
    pub name: &'static CStr,
    /// Whether a listener needs `CAP_NET_ADMIN` in the namespace's user namespace.
    #[doc(alias = "GENL_MCAST_CAP_NET_ADMIN")]
    pub net_admin: bool,
    /// Whether a listener needs `CAP_SYS_ADMIN` in the namespace's user namespace.
    #[doc(alias = "GENL_MCAST_CAP_SYS_ADMIN")]
    pub sys_admin: bool,
}

impl McastGroup {
    /// A group that anybody may join.
    pub const fn new(name: &'static CStr) -> Self {
        Self {
            name,
            net_admin: false,
            sys_admin: false,
        }
    }
}

/// The implementation of a [`FamilySpec`] (`genl_family`).
///
/// # Examples
///
/// The generator writes all of this but the answer; by hand it is:
///
/// ```
/// use kernet::{
///     context::Process,
///     genl::{Do, FamilyServer, FamilySpec, Op, Replied, Reply, Request},
///     nlattr::{Attrs, Policies, Writer},
/// };
/// #
/// # struct Spec;
/// #
/// # kernet::slot!(Spec: kernet::genl::Slot);
/// #
/// # impl FamilySpec for Spec {
/// #     const NAME: &'static CStr = c"example";
/// # }
/// #
///
/// struct Control;
///
/// impl FamilyServer for Control {
///     type Spec = Spec;
///     type Socket = ();
///
///     const OPS: &'static [Op<Self>] = &[Op::new_do::<Ping>()];
/// }
///
/// /// Answers with the number 1.
/// struct Ping;
///
/// impl Do<Control> for Ping {
///     const COMMAND: u8 = 1;
///     const POLICIES: Option<Policies> = None;
///
///     type Request = Attrs<'static>;
///     type Reply = Writer<'static>;
///
///     fn run(
///         _request: &Request<'_, Control, Attrs<'static>>,
///         reply: Reply<'_, Writer<'static>>,
///         process: Process<'_>,
///     ) -> Result<Replied> {
///         reply.send(process, |message| message.put_u32(1, 1))
///     }
/// }
/// ```
#[doc(alias = "genl_family")]
pub trait FamilyServer: Sized + Send + Sync + 'static {
    /// The definition that it implements.
    type Spec: FamilySpec;

    /// The state of each socket that calls [`Request::socket`]; `()` for none (`sock_priv_size`).
    ///
    /// Made at the first call; dropped when the socket is closed or the family unregistered, in
    /// process context. A family with such a state refuses dumps ([`EAGAIN`]) while the module is
    /// being loaded.
    #[doc(alias = "sock_priv_size")]
    type Socket: Default + Send + Sync + 'static;

    /// The operations, in ascending order of their commands; for one command the `do` before the
    /// `dump`.
    #[doc(alias = "genl_family::split_ops")]
    const OPS: &'static [Op<Self>];

    /// Whether operations may run at the same time (`genl_family::parallel_ops`). Otherwise a lock
    /// that all such families share is held while an operation runs.
    #[doc(alias = "genl_family::parallel_ops")]
    const PARALLEL: bool = true;

    /// Notifies that a socket joins a group, by its index in [`FamilySpec::GROUPS`].
    ///
    /// Do not count the calls: a socket may join a group twice, and leave one that it has not
    /// joined. Ask [`Notification::has_listeners`].
    #[doc(alias = "genl_family::bind")]
    fn bind(_group: usize, _process: Process<'_>) {}

    /// Notifies that a socket leaves a group.
    #[doc(alias = "genl_family::unbind")]
    fn unbind(_group: usize, _process: Process<'_>) {}
}

/// A static where kernet finds the registered family of a definition. [`slot!`](crate::slot!)
/// declares it for a type.
///
/// # Invariants
///
/// Null, or a family that is registered, and stays valid until a grace period after it has been
/// taken out of here.
pub struct Slot(Atomic<*mut bindings::genl_family>);

impl Slot {
    /// An empty slot.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        // INVARIANT: Null.
        Self(Atomic::<*mut bindings::genl_family>::new(ptr::null_mut()))
    }
}

// SAFETY: The pointer is atomic; see the invariants for what it points to.
unsafe impl Send for Slot {}
// SAFETY: As above.
unsafe impl Sync for Slot {}

/// The registration of a family (`genl_register_family()`).
#[doc(alias = "genl_register_family")]
pub struct Registration<F: FamilyServer> {
    family: Opaque<bindings::genl_family>,
    groups: Opaque<[bindings::genl_multicast_group; MAX_GROUPS]>,
    /// Registered if the family keeps anything for a socket.
    sockets: MaybeUninit<Sockets<F::Socket>>,
}

const MAX_GROUPS: usize = 16;

// SAFETY: Only the core writes to the family, under its own lock.
unsafe impl<F: FamilyServer> Send for Registration<F> {}
// SAFETY: As above.
unsafe impl<F: FamilyServer> Sync for Registration<F> {}

// SAFETY: `genl_register_family()` registers or fails. `unregister` stops multicasts and waits for
// those that are being sent; `genl_unregister_family()` waits for operations, and no dump is going
// on, as each holds a reference to the module.
unsafe impl<F: FamilyServer> Part for Registration<F> {
    unsafe fn register(
        slot: *mut Self,
        module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        const {
            check_protocol::<F::Spec>();
            op::check_order(F::OPS);
        }
        // SAFETY: `slot` is valid for writes, and stays where it is until it is unregistered.
        unsafe {
            Self::register_sockets(slot)?;
            let result = enlist(
                Opaque::cast_into(&raw const (*slot).family),
                Opaque::cast_into(&raw const (*slot).groups),
                &Self::DESCRIPTION,
                module,
                name,
            );
            if result.is_err() {
                // No operation has run, or none runs any more.
                Self::unregister_sockets(slot);
            }
            result
        }
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: Registered, by the caller's promise. No operation runs any more when the family is
        // unregistered.
        unsafe {
            retire(
                Opaque::cast_into(&raw const (*slot).family),
                F::Spec::slot(),
            );
            Self::unregister_sockets(slot);
        }
    }
}

impl<F: FamilyServer> Registration<F> {
    const KEEPS: bool = size_of::<F::Socket>() > 0;

    /// # Safety
    ///
    /// `slot` is valid for writes, and stays where it is until `unregister_sockets`.
    unsafe fn register_sockets(slot: *mut Self) -> Result {
        if Self::KEEPS {
            // SAFETY: By the caller's promise.
            unsafe { Sockets::register((&raw mut (*slot).sockets).cast::<Sockets<F::Socket>>()) }
        } else {
            Ok(())
        }
    }

    /// # Safety
    ///
    /// `register_sockets` has succeeded; no operation runs or will run.
    unsafe fn unregister_sockets(slot: *mut Self) {
        if Self::KEEPS {
            // SAFETY: By the caller's promise.
            unsafe { Sockets::unregister((&raw mut (*slot).sockets).cast::<Sockets<F::Socket>>()) };
        }
    }

    /// What is kept for the sockets of a registered family.
    ///
    /// # Safety
    ///
    /// `family` is that of a `Self`, registered for `'a`.
    unsafe fn sockets<'a>(family: *const bindings::genl_family) -> &'a Sockets<F::Socket> {
        const { assert!(Self::KEEPS, "the family keeps nothing for a socket") };
        // SAFETY: By the caller's promise: the family is a field, and `register` has made the
        // sockets.
        unsafe {
            let this = family
                .byte_sub(core::mem::offset_of!(Self, family))
                .cast::<Self>();
            (*this).sockets.assume_init_ref()
        }
    }

    const DESCRIPTION: Description = Description {
        name: F::Spec::NAME,
        version: F::Spec::VERSION,
        header: F::Spec::HEADER as u32,
        groups: F::Spec::GROUPS,
        ops: F::OPS.as_ptr().cast(),
        ops_count: F::OPS.len() as u8,
        first_strict: op::first_strict(F::OPS),
        parallel: F::PARALLEL,
        bind: Self::bind_callback,
        unbind: Self::unbind_callback,
        slot: <F::Spec as HasSlot<Slot>>::slot,
    };

    /// # Safety
    ///
    /// Called by the core, in a task that may sleep.
    unsafe extern "C" fn bind_callback(group: c_int) -> c_int {
        if let Ok(group) = usize::try_from(group) {
            // SAFETY: By the caller's promise.
            F::bind(group, unsafe { Process::assume() });
        }
        0
    }

    /// # Safety
    ///
    /// Called by the core, in a task that may sleep.
    unsafe extern "C" fn unbind_callback(group: c_int) {
        if let Ok(group) = usize::try_from(group) {
            // SAFETY: By the caller's promise.
            F::unbind(group, unsafe { Process::assume() });
        }
    }
}

/// What a family is, for the code that all families have in common.
struct Description {
    name: &'static CStr,
    version: u32,
    header: u32,
    groups: &'static [McastGroup],
    ops: *const bindings::genl_split_ops,
    ops_count: u8,
    first_strict: u8,
    parallel: bool,
    bind: unsafe extern "C" fn(c_int) -> c_int,
    unbind: unsafe extern "C" fn(c_int),
    slot: fn() -> &'static Slot,
}

/// Registers a family.
///
/// # Safety
///
/// `raw` and `groups` are valid for writes, and stay where they are until [`retire`]. `what` is that
/// of a [`Registration`] which has passed its checks; `module` is the module of its operations.
#[inline(never)]
unsafe fn enlist(
    raw: *mut bindings::genl_family,
    groups: *mut [bindings::genl_multicast_group; MAX_GROUPS],
    what: &Description,
    module: &'static ThisModule,
    name: &'static CStr,
) -> Result {
    let groups = groups.cast::<bindings::genl_multicast_group>();
    for (i, group) in what.groups.iter().enumerate() {
        let mut raw: bindings::genl_multicast_group = pin_init::zeroed();
        copy_name(&mut raw.name, group.name);
        raw.flags = group.flags();
        // SAFETY: There is room for `MAX_GROUPS`, and there are no more.
        unsafe { ptr::write(groups.add(i), raw) };
    }
    let mut family = bindings::genl_family {
        hdrsize: what.header,
        version: what.version,
        split_ops: what.ops,
        n_split_ops: what.ops_count,
        resv_start_op: what.first_strict,
        mcgrps: groups,
        n_mcgrps: what.groups.len() as u8,
        bind: Some(what.bind),
        unbind: Some(what.unbind),
        module: module.as_ptr(),
        ..pin_init::zeroed()
    };
    family.set_netnsok(1);
    family.set_parallel_ops(u8::from(what.parallel));
    copy_name(&mut family.name, what.name);
    // SAFETY: By the caller's promise.
    unsafe { ptr::write(raw, family) };
    // SAFETY: The family stays in place until it is unregistered.
    to_result(unsafe { bindings::genl_register_family(raw) })
        .map_err(|e| failed(name, fmt!("generic netlink family {}", what.name), e))?;
    // INVARIANT: Registered; `retire` takes it out and waits for a grace period.
    let taken = (what.slot)()
        .0
        .cmpxchg(ptr::null_mut(), raw, kernel::sync::atomic::Full);
    if taken.is_err() {
        // SAFETY: Registered above.
        unsafe { bindings::genl_unregister_family(raw) };
        return Err(failed(
            name,
            fmt!("family {}: its protocol has another one", what.name),
            EBUSY,
        ));
    }
    Ok(())
}

/// Unregisters a family, and waits until nobody multicasts and no operation runs.
///
/// # Safety
///
/// [`enlist`] has registered `raw`, in `slot`. May sleep.
#[inline(never)]
unsafe fn retire(raw: *mut bindings::genl_family, slot: &Slot) {
    // INVARIANT: Out of the slot, and a grace period follows, if anybody looks for it under RCU.
    slot.0.store(ptr::null_mut(), Release);
    // SAFETY: Registered, by the caller's promise; may sleep. Whoever multicasts has the family from
    // the slot, under RCU, and none does that has no group.
    unsafe {
        if (*raw).n_mcgrps > 0 {
            bindings::synchronize_rcu();
        }
        bindings::genl_unregister_family(raw);
    }
}

impl McastGroup {
    const fn flags(&self) -> u8 {
        let mut flags = 0;
        if self.net_admin {
            flags |= bindings::GENL_MCAST_CAP_NET_ADMIN;
        }
        if self.sys_admin {
            flags |= bindings::GENL_MCAST_CAP_SYS_ADMIN;
        }
        flags
    }
}

/// Fails to compile where the core would refuse the protocol when the module is loaded.
const fn check_protocol<P: FamilySpec>() {
    assert!(P::GROUPS.len() <= MAX_GROUPS, "too many multicast groups");
    assert!(P::HEADER <= HEADER_MAX, "a header of more than 256 bytes");
    check_name(P::NAME);
    let mut groups = P::GROUPS;
    while let [group, rest @ ..] = groups {
        check_name(group.name);
        groups = rest;
    }
}

const fn check_name(name: &CStr) {
    assert!(
        name.count_bytes() > 0 && name.count_bytes() < bindings::GENL_NAMSIZ as usize,
        "the name of a family or a group has 1 to 15 bytes"
    );
}

/// Copies a name, which the caller has found to fit, and its NUL.
fn copy_name<const N: usize>(to: &mut [c_char; N], name: &CStr) {
    for (to, from) in to.iter_mut().zip(name.to_bytes_with_nul()) {
        *to = *from as c_char;
    }
}

/// The registered family of a protocol, or null.
fn registered<P: FamilySpec>() -> *mut bindings::genl_family {
    P::slot().0.load(Acquire)
}
