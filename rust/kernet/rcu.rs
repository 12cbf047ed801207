// SPDX-License-Identifier: GPL-2.0

//! Data that is read under RCU while a writer replaces it.
//!
//! C header: [`include/linux/rcupdate.h`](srctree/include/linux/rcupdate.h)

use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    },
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Relaxed,
        Release, //
    },
    types::Opaque, //
};

use crate::{
    bindings,
    context::{
        Context,
        Process,
        Rcu, //
    },
};

/// Waits until all RCU callbacks that were queued before have run. May sleep.
#[doc(alias = "rcu_barrier")]
pub(crate) fn barrier() {
    // SAFETY: No requirements on memory. The callers are the init and exit of modules, and who has the
    // token of a process: they may sleep.
    unsafe { bindings::rcu_barrier() };
}

/// How many values of all modules have been replaced and not been dropped yet.
static WAITING: Atomic<usize> = Atomic::<usize>::new(0);

/// As [`barrier`], for a module that will replace no value any more: does not wait if nothing of
/// any module is to be dropped.
///
/// [`RcuPointer::replace`] is all that hands code of a module to `call_rcu()`, and `dropped` counts down
/// when that code has returned. What runs then is kernet's own, which waits for it by [`barrier`].
pub(crate) fn module_barrier() {
    // Acquire: after all that `dropped` has done before it counted.
    if WAITING.load(Acquire) != 0 {
        barrier();
    }
}

/// A value in its own allocation, to be published in an [`RcuPointer`] (`rcu_head`).
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Process,
///     rcu::{RcuBox, RcuPointer},
/// };
///
/// struct Rule {
///     from: u32,
///     to: u32,
/// }
///
/// /// Replaces both rules, or none: what may fail comes first.
/// fn set(rules: [&RcuPointer<Rule>; 2], from: u32, to: u32, process: Process<'_>) -> Result {
///     let forth = RcuBox::new(Rule { from, to }, process)?;
///     let back = RcuBox::new(Rule { from: to, to: from }, process)?;
///     rules[0].replace(Some(forth), process);
///     rules[1].replace(Some(back), process);
///     Ok(())
/// }
/// ```
#[doc(alias = "rcu_head")]
pub struct RcuBox<T>(KBox<RcuBoxInner<T>>);

/// What RCU knows of a node.
///
/// # Invariants
///
/// `drop` may be called, once, with the head of a node that is ours alone.
#[repr(C)]
struct Head {
    // First, so that the callback gets the head's own address.
    rcu: Opaque<bindings::callback_head>,
    drop: unsafe fn(*mut Head),
}

#[repr(C)]
struct RcuBoxInner<T> {
    // First, so that the head's address is the allocation's own.
    head: Head,
    value: T,
}

/// Drops a node after a grace period.
///
/// # Safety
///
/// `head` is that of a node that is out of its cell and ours alone. The module whose code `drop` is
/// waits by [`module_barrier`] before it is unloaded.
#[inline(never)]
unsafe fn drop_later(head: *mut Head) {
    WAITING.fetch_add(1, Relaxed);
    // SAFETY: By the caller's promise; `dropped` is code of `kernet.ko`, which ends by `barrier`.
    unsafe { bindings::call_rcu((*head).rcu.get(), Some(dropped)) };
}

/// # Safety
///
/// Called by RCU, once, with what `drop_later` has given it.
// Not inlined into a module: its end runs when the module may be gone.
#[inline(never)]
unsafe extern "C" fn dropped(head: *mut bindings::callback_head) {
    let head = head.cast::<Head>();
    // SAFETY: `rcu` is the first field of a `repr(C)` struct; the rest is the type invariant.
    unsafe { ((*head).drop)(head) };
    WAITING.fetch_sub(1, Release);
}

/// # Safety
///
/// `head` is that of a `RcuBoxInner<T>` which came from [`KBox::into_raw`], called once.
unsafe fn drop_node<T>(head: *mut Head) {
    // SAFETY: The head is the first field of a `repr(C)` struct, and the allocation is ours by
    // the caller's promise.
    drop(unsafe { KBox::from_raw(head.cast::<RcuBoxInner<T>>()) });
}

impl<T> RcuBox<T> {
    /// Allocates a box for `value` (`kmalloc()`).
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    #[doc(alias = "kmalloc")]
    pub fn new<C: Context>(value: T, _context: C) -> Result<Self> {
        Ok(Self(KBox::new(
            RcuBoxInner {
                // INVARIANT: The head is one of a `RcuBoxInner<T>`.
                head: Head {
                    rcu: Opaque::zeroed(),
                    drop: drop_node::<T>,
                },
                value,
            },
            C::FLAGS_CHARGED,
        )?))
    }
}

/// A pointer to a `T` that readers follow under RCU, and that writers replace as a whole (`__rcu`).
///
/// If writers run at the same time, each replaces the other's value. A writer that builds the new
/// value from the old one holds its own lock around both.
///
/// # Freeing
///
/// A replaced value is dropped after an RCU grace period, in softirq: dropping a `T` must not
/// sleep. At most twice [`PER_GRACE_PERIOD`] values of a writer wait for that; one that replaces more
/// waits. The pointer itself may be dropped anywhere; that drops the value at once, as nobody can
/// hold a reference to it.
///
/// # Invariants
///
/// The pointer is null or comes from [`KBox::into_raw`] of a node that nobody else owns; a node
/// that was here is not freed before an RCU grace period has passed.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::{Process, Rcu},
///     rcu::{RcuBox, RcuPointer},
/// };
///
/// struct Settings {
///     limit: u32,
/// }
///
/// fn limit(settings: &RcuPointer<Settings>, rcu: Rcu<'_>) -> u32 {
///     settings.get(rcu).map_or(0, |settings| settings.limit)
/// }
///
/// fn set_limit(settings: &RcuPointer<Settings>, limit: u32, process: Process<'_>) -> Result {
///     settings.replace(Some(RcuBox::new(Settings { limit }, process)?), process);
///     Ok(())
/// }
/// ```
#[doc(alias = "__rcu")]
pub struct RcuPointer<T: Send + Sync + 'static> {
    node: Atomic<*mut RcuBoxInner<T>>,
    _owns: PhantomData<T>,
    /// How many values were replaced since it was last seen that few wait.
    replaced: Atomic<u32>,
}

/// How many values of a pointer are replaced before a writer sees to it that old ones are dropped: if
/// as many wait, of all pointers, it waits until they are.
pub const PER_GRACE_PERIOD: u32 = 32;

// SAFETY: The cell owns a `T`, which may be dropped elsewhere.
unsafe impl<T: Send + Sync + 'static> Send for RcuPointer<T> {}
// SAFETY: Readers share a `&T`; writers swap the pointer atomically and drop elsewhere.
unsafe impl<T: Send + Sync + 'static> Sync for RcuPointer<T> {}

impl<T: Send + Sync + 'static> RcuPointer<T> {
    /// A null pointer (`RCU_INIT_POINTER`).
    #[doc(alias = "RCU_INIT_POINTER")]
    pub const fn empty() -> Self {
        // INVARIANT: Null.
        Self::with(ptr::null_mut())
    }

    /// A pointer to a value (`RCU_INIT_POINTER`).
    #[doc(alias = "RCU_INIT_POINTER")]
    pub fn new(node: RcuBox<T>) -> Self {
        // INVARIANT: From `KBox::into_raw`, and owned by the cell from here on.
        Self::with(KBox::into_raw(node.0))
    }

    const fn with(node: *mut RcuBoxInner<T>) -> Self {
        Self {
            node: Atomic::<*mut RcuBoxInner<T>>::new(node),
            _owns: PhantomData,
            replaced: Atomic::<u32>::new(0),
        }
    }

    /// The value, if there is one (`rcu_dereference()`).
    #[doc(alias = "rcu_dereference")]
    #[inline]
    pub fn get<'a, 'rcu: 'a>(&'a self, _rcu: Rcu<'rcu>) -> Option<&'a T> {
        let node = NonNull::new(self.node.load(Acquire))?;
        // SAFETY: Alive by the type invariants: it is, or was after the read-side section of
        // `_rcu` began, in the cell.
        Some(unsafe { &(*node.as_ptr()).value })
    }

    /// Publishes a value, or none (`rcu_assign_pointer()`). The old value is dropped after a grace period.
    /// May wait until old values are dropped, so that users cannot make the kernel keep any number of them.
    #[doc(alias = "rcu_assign_pointer")]
    #[doc(alias = "call_rcu")]
    pub fn replace(&self, node: Option<RcuBox<T>>, _process: Process<'_>) {
        let new = node.map_or(ptr::null_mut(), |n| KBox::into_raw(n.0));
        // INVARIANT: Null or from `KBox::into_raw`; the old one is dropped after a grace period.
        let old = self.node.xchg(new, Full);
        if !old.is_null() {
            // SAFETY: The node is out of the cell and ours alone. What drops it is code of the
            // module that runs, whose unload waits for it, as `_process` says.
            unsafe { drop_later(&raw mut (*old).head) };
            self.bound();
        }
    }

    /// A value was replaced. Several writers at a time count a few too many or too few.
    fn bound(&self) {
        let before = self.replaced.fetch_add(1, Relaxed);
        if before.wrapping_add(1) < PER_GRACE_PERIOD {
            return;
        }
        // Those of other pointers count too, so that none has to keep a count: unless somebody is in a
        // hurry, there are few. The end of a grace period is not enough: what drops the values runs
        // later, and an expedited one ends before theirs.
        if WAITING.load(Relaxed) >= PER_GRACE_PERIOD as usize {
            barrier();
        }
        self.replaced.store(0, Relaxed);
    }
}

impl<T: Send + Sync + 'static> Drop for RcuPointer<T> {
    fn drop(&mut self) {
        let node = self.node.load(Acquire);
        if !node.is_null() {
            // SAFETY: Owned by the type invariants. `&mut self`: no reader holds a borrow, as
            // `get` ties it to one of the cell.
            drop(unsafe { KBox::from_raw(node) });
        }
    }
}

#[kunit_tests(kernet_rcu)]
mod tests {
    use super::*;
    use crate::context::{
        kunit::process,
        rcu_read, //
    };
    use kernel::sync::Arc;

    /// Counts how often it was dropped.
    struct Counted(Arc<Atomic<u32>>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, Relaxed);
        }
    }

    #[test]
    fn a_value_is_read_until_it_is_replaced() {
        process(|process| {
            let cell = RcuPointer::empty();
            assert!(rcu_read(|rcu| cell.get(rcu).is_none()));
            for value in [1u32, 2] {
                let node = RcuBox::new(value, process);
                assert!(node.is_ok());
                cell.replace(node.ok(), process);
                assert!(rcu_read(|rcu| cell.get(rcu) == Some(&value)));
            }
            cell.replace(None, process);
            assert!(rcu_read(|rcu| cell.get(rcu).is_none()));
        });
        barrier();
    }

    #[test]
    fn each_value_is_dropped_once() {
        let Ok(drops) = Arc::new(Atomic::<u32>::new(0), GFP_KERNEL) else {
            return;
        };
        process(|process| {
            let cell = RcuPointer::empty();
            for _ in 0..3 {
                cell.replace(RcuBox::new(Counted(drops.clone()), process).ok(), process);
            }
        });
        // Two were replaced, one was in the cell when that was dropped.
        module_barrier();
        assert_eq!(drops.load(Relaxed), 3);
    }

    #[test]
    fn old_values_do_not_pile_up() {
        let Ok(drops) = Arc::new(Atomic::<u32>::new(0), GFP_KERNEL) else {
            return;
        };
        let most = process(|process| {
            let cell = RcuPointer::empty();
            let mut most = 0;
            for made in 0..200u32 {
                let node = RcuBox::new(Counted(drops.clone()), process);
                assert!(node.is_ok());
                cell.replace(node.ok(), process);
                // As many as this were replaced: the new one is in the cell.
                most = most.max(made.saturating_sub(drops.load(Relaxed)));
            }
            most
        });
        module_barrier();
        assert_eq!(drops.load(Relaxed), 200);
        assert!(most.is_some_and(|most| most <= 2 * PER_GRACE_PERIOD));
    }
}
