// SPDX-License-Identifier: GPL-2.0

//! The routes that tunnels over IPv6 keep.
//!
//! A route of IPv6 is counted in its namespace, which it does not hold: it has to be put before that
//! is gone. So what keeps routes is found here by its namespace, and emptied when that dies, wherever it
//! is. Nothing is kept, or taken from there, from before that on.

use core::{
    marker::PhantomPinned,
    ptr, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    types::Opaque, //
};

use crate::{
    bindings,
    context::{
        Context,
        Softirq, //
    },
    error::to_result,
    ip::Route,
    netdev::with_lock,
    netns::Net, //
};

/// The routes that a tunnel has found, one for each CPU (`dst_cache`).
///
/// In a box of its own, which the table refers to: if it is leaked, it is emptied nevertheless.
#[doc(hidden)]
pub struct Routes(KBox<Node>);

/// # Invariants
///
/// `cache` is initialised. Its routes are of the namespace at the address `net`, which is not null
/// then, and is alive. If `place` is not null, the node is in the table.
struct Node {
    cache: Opaque<bindings::dst_cache>,
    /// Null when it was emptied.
    net: Atomic<*mut bindings::net>,
    next: Atomic<*mut Node>,
    /// What points to this one.
    place: Atomic<*mut Atomic<*mut Node>>,
    _pin: PhantomPinned,
}

// SAFETY: The cache is per CPU, under locks of its own; routes are counted references. What else changes
// is atomic, and under `with_lock`.
unsafe impl Send for Node {}
// SAFETY: As above.
unsafe impl Sync for Node {}

impl Routes {
    /// None yet, of the namespace `net`.
    pub(super) fn new<C: Context>(net: &Net, _context: C) -> Result<Self> {
        // INVARIANT: `cache` is initialised next, or the node is freed as what it is, bytes.
        let node = KBox::new(
            Node {
                cache: Opaque::uninit(),
                net: Atomic::<*mut bindings::net>::new(net.as_raw()),
                next: Atomic::<*mut Node>::new(ptr::null_mut()),
                place: Atomic::<*mut Atomic<*mut Node>>::new(ptr::null_mut()),
                _pin: PhantomPinned,
            },
            C::FLAGS_CHARGED,
        )?;
        // SAFETY: `cache` is writable.
        to_result(unsafe { bindings::dst_cache_init(node.cache.get(), C::GFP_CHARGED) })?;
        let this = Self(node);
        let bucket = bucket(net.as_raw());
        // SAFETY: Locked. The node stays where it is, and leaves before it is freed.
        with_lock(&mut || unsafe { join(bucket, ptr::from_ref::<Node>(&this.0).cast_mut()) });
        Ok(this)
    }

    /// Whether routes of `net` are kept: it is the namespace of these, and alive. Who has read that is in
    /// a read-side section, which the namespace's end waits for before it empties this.
    fn are_kept(&self, net: &Net) -> bool {
        self.0.net.load(Relaxed) == net.as_raw() && net.is_alive()
    }

    /// The route of this CPU and its source address, if it is still good.
    pub(super) fn get(
        &self,
        net: &Net,
        source: &mut bindings::in6_addr,
        _softirq: Softirq<'_>,
    ) -> Option<Route> {
        if !self.are_kept(net) {
            return None;
        }
        // SAFETY: Initialised, by the type invariants, and bottom halves are disabled. The callee's
        // reference is ours.
        unsafe { Route::from_raw(bindings::dst_cache_get_ip6(self.0.cache.get(), source)).ok() }
    }

    /// Keeps the route of this CPU.
    pub(super) fn set(
        &self,
        net: &Net,
        source: &bindings::in6_addr,
        route: &Route,
        _softirq: Softirq<'_>,
    ) {
        if self.are_kept(net) {
            // INVARIANT: `net` is the namespace of these, and alive, as just seen.
            // SAFETY: As above, and the route is of IPv6; the callee takes a reference of its own.
            unsafe { bindings::dst_cache_set_ip6(self.0.cache.get(), route.dst(), source) };
        }
    }
}

impl Drop for Routes {
    fn drop(&mut self) {
        // The namespace's end does not find the node from then on: it may go on as soon as the lock is free, and
        // its routes have to be put by then.
        // SAFETY: Locked. The cache is initialised, by the type invariants, and nobody else uses it any more.
        with_lock(&mut || unsafe {
            self.0.leave();
            bindings::dst_cache_reset_now(self.0.cache.get());
        });
        // SAFETY: As above, and it has no routes any more.
        unsafe { bindings::dst_cache_destroy(self.0.cache.get()) };
    }
}

const BUCKETS: usize = 64;

/// By namespace.
///
/// Under [`with_lock`]. What is linked in is valid.
static TABLE: [Atomic<*mut Node>; BUCKETS] =
    [const { Atomic::<*mut Node>::new(ptr::null_mut()) }; BUCKETS];

fn bucket(net: *mut bindings::net) -> &'static Atomic<*mut Node> {
    // Fibonacci hashing: the upper bits depend on all of the address. There are six of them.
    let hash = (net.addr() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58;
    let [first, ..] = &TABLE;
    TABLE.get(hash as usize).unwrap_or(first)
}

/// Puts a node first, in the table or in another list.
///
/// # Safety
///
/// The caller holds the lock. The node is in no list, and valid until it has left this one.
unsafe fn join(list: &Atomic<*mut Node>, node: *mut Node) {
    let first = list.load(Relaxed);
    // SAFETY: Valid, by the caller's promise, and so is what is linked in.
    unsafe {
        (*node).next.store(first, Relaxed);
        (*node).place.store(ptr::from_ref(list).cast_mut(), Relaxed);
        if let Some(first) = first.as_ref() {
            let place = ptr::from_ref(&(*node).next).cast_mut();
            first.place.store(place, Relaxed);
        }
    }
    list.store(node, Relaxed);
}

impl Node {
    /// Leaves the list that it is in, if any.
    ///
    /// # Safety
    ///
    /// The caller holds the lock.
    unsafe fn leave(&self) {
        let (next, place) = (self.next.load(Relaxed), self.place.load(Relaxed));
        // SAFETY: What points to this one is a list's beginning or another node, both of which the lock
        // keeps, and so is what it points to.
        unsafe {
            let Some(before) = place.as_ref() else {
                return;
            };
            before.store(next, Relaxed);
            if let Some(next) = next.as_ref() {
                next.place.store(place, Relaxed);
            }
        }
        self.place.store(ptr::null_mut(), Relaxed);
    }
}

/// Puts all routes of a namespace, which dies.
///
/// # Safety
///
/// Nobody finds the namespace alive any more, and who has is done with it.
unsafe fn empty(net: *mut bindings::net) {
    // What is to be emptied, so that the lock is not held all the time.
    let list = Atomic::<*mut Node>::new(ptr::null_mut());
    with_lock(&mut || {
        let mut next = bucket(net).load(Relaxed);
        // SAFETY: Linked in, and locked.
        while let Some(node) = unsafe { next.as_ref() } {
            let this = next;
            next = node.next.load(Relaxed);
            if node.net.load(Relaxed) == net {
                // SAFETY: Locked. It leaves `list` before that ends.
                unsafe {
                    node.leave();
                    join(&list, this);
                }
            }
        }
    });
    let mut more = true;
    while more {
        with_lock(&mut || {
            // SAFETY: Linked in, and locked.
            match unsafe { list.load(Relaxed).as_ref() } {
                None => more = false,
                Some(node) => {
                    node.net.store(ptr::null_mut(), Relaxed);
                    // SAFETY: Locked, so that it is not dropped meanwhile. Nobody else uses the cache, by
                    // the caller's promise.
                    unsafe {
                        node.leave();
                        bindings::dst_cache_reset_now(node.cache.get());
                    }
                }
            }
        });
    }
}

struct Operations(Opaque<bindings::pernet_operations>);

// SAFETY: Only the core touches the operations, under its own lock.
unsafe impl Sync for Operations {}

static OPERATIONS: Operations = Operations(Opaque::zeroed());

/// Empties what tunnels keep of namespaces that die, as long as kernet is loaded.
pub(crate) struct Watch(());

impl Watch {
    /// Registers.
    ///
    /// # Safety
    ///
    /// Called once, when kernet is loaded, before any module can be there that uses it.
    pub(crate) unsafe fn new() -> Result<Self> {
        let operations = bindings::pernet_operations {
            exit_rtnl: Some(exit_rtnl_callback),
            ..pin_init::zeroed()
        };
        // SAFETY: Nobody else knows the operations yet. They are a static, and unregistered before kernet is
        // unloaded.
        to_result(unsafe {
            OPERATIONS.0.get().write(operations);
            bindings::register_pernet_subsys(OPERATIONS.0.get())
        })?;
        Ok(Self(()))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Each namespace is reported as dying, so that what was leaked keeps no route any more.
        // SAFETY: Registered by `new`. kernet is unloaded, in process context.
        unsafe { bindings::unregister_pernet_subsys(OPERATIONS.0.get()) };
    }
}

/// # Safety
///
/// Called by the core only.
unsafe extern "C" fn exit_rtnl_callback(net: *mut bindings::net, _list: *mut bindings::list_head) {
    // SAFETY: The namespace has been dying, or no user of kernet is left, since before the core's grace
    // period. The namespace's IPv6 ends after this, as it was there before kernet.
    unsafe { empty(net) };
}
