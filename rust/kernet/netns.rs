// SPDX-License-Identifier: GPL-2.0

//! Network namespaces, and the state of a module in each of them.
//!
//! C headers: [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h),
//! [`include/net/netns/generic.h`](srctree/include/net/netns/generic.h)
//!
//! # Lifetime of the state
//!
//! A module's state is made in every namespace when the module is loaded, and in each new namespace
//! before it has a device. When a namespace dies, its state is first hidden ([`Net::state`] returns
//! `None` from then on), then an RCU grace period passes, then the namespace's devices are
//! unregistered under RTNL, and then the state is dropped, in process context. A reference to the
//! state is valid in an RCU read-side section, under RTNL, or while a request is answered, whose
//! socket keeps the namespace alive; the token or the request proves that. Unloading the module
//! does the same in every namespace, after all that the module has registered is unregistered: no
//! request is being answered then.
//!
//! An [`OwnedNet`] keeps the namespace alive, but no state in it.

use core::{
    marker::PhantomData,
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
    context::{
        Process,
        ReadSide,
        Rtnl, //
    },
    error::to_result,
    module::{
        failed,
        Declared, //
    }, //
};

pub(crate) mod item;
mod unregister;

pub use unregister::Unregister;

/// A network namespace.
#[doc(alias = "struct net")]
#[repr(transparent)]
pub struct Net(Opaque<bindings::net>);

// SAFETY: `struct net` is made to be used from any CPU; the methods here are thread safe.
unsafe impl Send for Net {}
// SAFETY: As above.
unsafe impl Sync for Net {}

impl Net {
    /// Borrows a namespace from C.
    ///
    /// # Safety
    ///
    /// `ptr` is a `struct net` that is not freed for `'a`, and for which the initialisation of
    /// per-namespace state is complete or running in this thread.
    #[inline(always)]
    pub(crate) unsafe fn from_raw<'a>(ptr: *mut bindings::net) -> &'a Self {
        // SAFETY: By the caller's promise; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    #[inline(always)]
    pub(crate) fn as_raw(&self) -> *mut bindings::net {
        self.0.get()
    }

    /// The inode number of the namespace, as `ls -i /run/netns` shows it.
    #[doc(alias = "ns_common::inum")]
    pub fn inum(&self) -> u32 {
        // SAFETY: Valid by the type; the number is set before the namespace is visible.
        unsafe { (*self.as_raw()).ns.inum }
    }

    /// The state of module `M` in this namespace, valid as long as `context` (`net_generic()`).
    ///
    /// `None` while the namespace is being made or is dying, or the module is being unloaded. An
    /// operation that may sleep without RTNL gets the state [from its request](crate::genl::Request::state)
    /// ([netlink](crate::netlink::Request::state), [dumps](crate::netlink::Entries::state)).
    #[doc(alias = "net_generic")]
    #[inline]
    pub fn state<'a, M: Declared>(&'a self, _context: impl ReadSide<'a>) -> Option<&'a M::State> {
        // SAFETY: Between its being unpublished and its being dropped there are a grace period and a
        // time in which the core holds RTNL: each waits for one kind of `ReadSide`.
        unsafe { self.published::<M>() }
    }

    /// The state of module `M`, if it is published.
    ///
    /// # Safety
    ///
    /// For `'a` it is not dropped if it is published now.
    #[inline]
    pub(crate) unsafe fn published<'a, M: Declared>(&self) -> Option<&'a M::State> {
        if let Some(Nothing(state)) = M::State::NOTHING {
            return Some(state);
        }
        let id = M::state_id().published()?;
        // SAFETY: The namespace is valid, and `id` is registered as long as the state is not dropped.
        let slot = unsafe { bindings::net_generic(self.as_raw(), id) };
        // SAFETY: The core allocated it for a `Slot<M::State>` (`PernetOps::size`), zeroed, which
        // is an unpublished slot; it is freed after the state is dropped.
        let slot = unsafe { slot.cast::<Slot<M::State>>().as_ref::<'a>() }?;
        slot.get()
    }
}

impl PartialEq for Net {
    fn eq(&self, other: &Self) -> bool {
        ptr::eq(self, other)
    }
}

impl Eq for Net {}

/// A counted reference to a namespace (`get_net()`).
///
/// Dropping it in any context puts the reference. A leaked reference keeps the namespace for ever,
/// and does no other harm.
///
/// # Invariants
///
/// Owns one count of the namespace.
///
/// # Examples
///
/// ```
/// use kernet::netns::{Net, OwnedNet};
///
/// fn keep(net: &Net) -> Option<OwnedNet> {
///     net.get() // None: the namespace dies
/// }
/// ```
#[doc(alias = "get_net")]
pub struct OwnedNet(ptr::NonNull<Net>);

// SAFETY: As `Net`; the count is atomic.
unsafe impl Send for OwnedNet {}
// SAFETY: As above.
unsafe impl Sync for OwnedNet {}

impl Net {
    /// Whether the namespace is neither being made nor dying. If it is alive, the caller's read-side
    /// section, if it is in one, ends before the namespace does.
    #[inline]
    pub(crate) fn is_alive(&self) -> bool {
        // SAFETY: Valid by the type.
        self.is_listed() && unsafe { bindings::check_net(self.as_raw()) } != 0
    }

    /// Whether it is in the list of namespaces, or was. One that is not goes, whatever its count, if a
    /// module cannot serve it.
    #[inline]
    fn is_listed(&self) -> bool {
        // SAFETY: Valid by the type. Zero until the namespace is made.
        !unsafe { ptr::read_volatile(&raw const (*self.as_raw()).list.next) }.is_null()
    }

    /// Takes a reference, unless the namespace is being made or is dying (`maybe_get_net()`).
    #[doc(alias = "maybe_get_net")]
    pub fn get(&self) -> Option<OwnedNet> {
        if !self.is_listed() {
            return None;
        }
        // SAFETY: Valid by the type.
        let net = unsafe { bindings::maybe_get_net(self.as_raw()) };
        // INVARIANT: `maybe_get_net()` took a count if it did not return null.
        ptr::NonNull::new(net.cast()).map(OwnedNet)
    }
}

impl core::ops::Deref for OwnedNet {
    type Target = Net;

    fn deref(&self) -> &Net {
        // SAFETY: The count keeps it alive, by the type invariants.
        unsafe { self.0.as_ref() }
    }
}

impl Drop for OwnedNet {
    fn drop(&mut self) {
        // SAFETY: Gives back the count that the type invariants say is owned.
        unsafe { bindings::put_net(self.as_raw()) };
    }
}

#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the state of a namespace",
    note = "`impl kernet::netns::NetState for {Self}`, or `type State = ();` for a module without"
)]
/// The state of a module in each network namespace, at most 1 MiB (`pernet_operations`).
///
/// Dropped in process context, when there is no reference to it any more (see the [module
/// documentation](self)).
///
/// # Examples
///
/// ```
/// use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use kernet::{context::{Process, Softirq}, netns::{Net, NetState}};
///
/// /// Counts, in each namespace.
/// struct Counter {
///     packets: AtomicU32,
/// }
///
/// impl NetState for Counter {
///     fn init<'a>(_net: &'a Net, _process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
///         Ok(Counter { packets: AtomicU32::new(0) })
///     }
/// }
///
/// struct Counting;
///
/// kernet::module! {
///     type: Counting,
///     name: "counting",
///     authors: ["You"],
///     description: "Counts in each namespace",
///     license: "GPL",
/// }
///
/// impl kernet::Module for Counting {
///     type State = Counter;
///     type Parts = ();
/// }
///
/// /// As a callback would, which has a token.
/// fn count(net: &Net, softirq: Softirq<'_>) {
///     // None while the namespace dies.
///     if let Some(counter) = net.state::<Counting>(softirq) {
///         counter.packets.fetch_add(1, Relaxed);
///     }
/// }
/// ```
#[doc(alias = "pernet_operations")]
pub trait NetState: Send + Sync + Sized + 'static {
    /// The state of all namespaces, which takes no memory and is not made: of `()` alone, as nobody
    /// else can name the type.
    #[doc(hidden)]
    const NOTHING: Option<Nothing<Self>> = None;

    /// Makes the state of a namespace: of a new one, or of each existing one when the module is
    /// loaded.
    ///
    /// `net` has no state of this module yet.
    ///
    /// # Errors
    ///
    /// The namespace is not made, or the module is not loaded.
    #[doc(alias = "pernet_operations::init")]
    fn init<'a>(net: &'a Net, process: Process<'a>) -> impl PinInit<Self, Error> + 'a;

    /// Unregisters devices in other namespaces that depend on this one, which dies.
    ///
    /// The link kind unregisters the devices in this namespace.
    #[doc(alias = "pernet_operations::exit_rtnl")]
    fn exit_rtnl(&self, _rtnl: Rtnl<'_>, _list: &mut Unregister<'_>) {}
}

/// A namespace for KUnit cases.
#[cfg(CONFIG_KUNIT = "y")]
pub mod kunit {
    use super::*;

    /// The initial network namespace, which exists as long as the kernel. For KUnit cases only.
    pub fn init_net() -> &'static Net {
        // SAFETY: Set up at boot, and never freed.
        unsafe { Net::from_raw(&raw mut bindings::init_net) }
    }
}

mod private {
    /// See [`NetState::NOTHING`](super::State::NOTHING).
    #[derive(Clone, Copy)]
    pub struct Nothing<S: 'static>(pub(super) &'static S);
}

use private::Nothing;

impl NetState for () {
    const NOTHING: Option<Nothing<()>> = Some(Nothing(&()));

    fn init<'a>(_: &'a Net, _: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        // SAFETY: A unit needs no initialisation.
        unsafe { pin_init::pin_init_from_closure(|_: *mut ()| Ok::<(), Error>(())) }
    }
}

/// The number by which the core finds a module's state in a namespace.
///
/// # Invariants
///
/// `published` is 0 or the number, which is registered then, and until a grace period after it is 0
/// again.
#[doc(hidden)]
pub struct StateId {
    /// The core's.
    number: Opaque<u32>,
    published: Atomic<u32>,
}

// SAFETY: The core writes the number when the state is registered, and only the callbacks of the
// registration read it, after that.
unsafe impl Sync for StateId {}

impl StateId {
    /// No number yet.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        // INVARIANT: Not published.
        Self {
            number: Opaque::new(0),
            published: Atomic::<u32>::new(0),
        }
    }

    #[inline(always)]
    fn published(&self) -> Option<u32> {
        match self.published.load(Acquire) {
            0 => None,
            id => Some(id),
        }
    }

    /// # Safety
    ///
    /// The core has written the number.
    unsafe fn number(&self) -> u32 {
        // SAFETY: By the caller's promise.
        unsafe { *self.number.get() }
    }
}

/// What the core allocates in each namespace, zeroed.
struct Slot<S> {
    published: Atomic<u32>,
    state: MaybeUninit<S>,
}

impl<S> Slot<S> {
    #[inline]
    fn get(&self) -> Option<&S> {
        if self.published.load(Acquire) == 0 {
            return None;
        }
        // SAFETY: Published after it was initialised, and dropped only when nobody who saw it
        // published can be left.
        Some(unsafe { self.state.assume_init_ref() })
    }
}

/// The registration of a module's state in all namespaces.
#[doc(hidden)]
pub struct StateRegistration<M: Declared> {
    ops: Opaque<bindings::pernet_operations>,
    _module: PhantomData<M>,
}

impl<M: Declared> StateRegistration<M> {
    const EXISTS: bool = <M::State as NetState>::NOTHING.is_none();

    /// Makes the state in every namespace, now and in future.
    ///
    /// # Safety
    ///
    /// As [`Part::register`](crate::module::Part::register).
    pub(crate) unsafe fn register(
        slot: *mut Self,
        _module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        const {
            assert!(
                align_of::<Slot<M::State>>() <= 8,
                "per-namespace state is aligned by kmalloc: to 8 bytes"
            );
            assert!(
                size_of::<Slot<M::State>>() <= 1 << 20,
                "per-namespace state of more than 1 MiB"
            );
        }
        if !Self::EXISTS {
            return Ok(());
        }
        let ops = bindings::pernet_operations {
            init: Some(Self::init_callback),
            pre_exit: Some(Self::pre_exit_callback),
            exit_rtnl: Some(Self::exit_rtnl_callback),
            exit: Some(Self::exit_callback),
            id: M::state_id().number.get(),
            size: size_of::<Slot<M::State>>(),
            ..pin_init::zeroed()
        };
        let field = Opaque::cast_into(
            // SAFETY: `slot` is valid for writes.
            unsafe { &raw const (*slot).ops },
        );
        // SAFETY: As above.
        unsafe { field.write(ops) };
        // SAFETY: The operations stay in place until they are unregistered, and the callbacks are
        // made for what `id` and `size` make the core allocate.
        to_result(unsafe { bindings::register_pernet_subsys(field) })
            .map_err(|e| failed(name, format_args!("per-namespace state"), e))?;
        let id = M::state_id();
        // INVARIANT: Registered, so that the core has written it; never 0.
        // SAFETY: As above.
        id.published.store(unsafe { id.number() }, Release);
        Ok(())
    }

    /// Drops the state in every namespace.
    ///
    /// # Safety
    ///
    /// As [`Part::unregister`](crate::module::Part::unregister).
    pub(crate) unsafe fn unregister(slot: *mut Self) {
        if Self::EXISTS {
            // What RCU drops later finds none: between `pre_exit` and `exit` there is a grace period.
            M::state_id().published.store(0, Release);
            // SAFETY: Registered, by the caller's promise.
            unsafe {
                bindings::unregister_pernet_subsys(Opaque::cast_into(&raw const (*slot).ops))
            };
        }
    }

    /// # Safety
    ///
    /// Called by the core with a namespace for which it has allocated a slot.
    unsafe fn slot(net: *mut bindings::net) -> *mut Slot<M::State> {
        // SAFETY: By the caller's promise.
        unsafe { bindings::net_generic(net, M::state_id().number()) }.cast()
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn init_callback(net: *mut bindings::net) -> c_int {
        // SAFETY: The core has just allocated the slot, zeroed.
        let slot = unsafe { Self::slot(net) };
        // SAFETY: The namespace is alive during the callback.
        let net = unsafe { Net::from_raw(net) };
        // SAFETY: The core calls `init` in a task that may sleep.
        let init = M::State::init(net, unsafe { Process::assume() });
        // SAFETY: The slot is valid for writes, at a fixed address, and dropped there.
        let result = unsafe { crate::error::init_in_place((&raw mut (*slot).state).cast(), init) };
        match result {
            Ok(()) => {
                // SAFETY: Zeroed memory is a valid atomic.
                unsafe { (*slot).published.store(1, Release) };
                0
            }
            Err(e) => e.to_errno(),
        }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn pre_exit_callback(net: *mut bindings::net) {
        // SAFETY: `init` has succeeded for this namespace.
        unsafe { (*Self::slot(net)).published.store(0, Release) };
    }

    /// # Safety
    ///
    /// Called by the core only, under RTNL.
    unsafe extern "C" fn exit_rtnl_callback(
        net: *mut bindings::net,
        list: *mut bindings::list_head,
    ) {
        // SAFETY: `init` has succeeded for this namespace, `exit` was not called; the core unregisters
        // what is in the list.
        let (state, mut list) = unsafe {
            (
                &*(&raw const (*Self::slot(net)).state).cast::<M::State>(),
                Unregister::new(&mut *list, Some(Net::from_raw(net))),
            )
        };
        // SAFETY: The core holds RTNL.
        state.exit_rtnl(unsafe { Rtnl::assume() }, &mut list);
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn exit_callback(net: *mut bindings::net) {
        // SAFETY: `init` has succeeded for this namespace, and `exit` is called once. The core
        // guarantees an RCU grace period since `pre_exit`; RTNL was taken to remove the
        // namespace's devices.
        unsafe { ptr::drop_in_place((&raw mut (*Self::slot(net)).state).cast::<M::State>()) };
    }
}

// SAFETY: Only the core touches the operations, under its own lock.
unsafe impl<M: Declared> Send for StateRegistration<M> {}
// SAFETY: As above.
unsafe impl<M: Declared> Sync for StateRegistration<M> {}
