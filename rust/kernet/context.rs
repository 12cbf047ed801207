// SPDX-License-Identifier: GPL-2.0

//! Execution contexts as types.
//!
//! What code may do depends on its context: sleep, take RTNL, free a packet cheaply. Each callback
//! of kernet gets a token of the context that it runs in, and a function that needs a context takes
//! its token. Safe code cannot make a token, and its lifetime is that of the callback, so holding a
//! token proves the context.
//!
//! | token         | the token of                              | may sleep | RTNL | RCU | softirq |
//! |---------------|-------------------------------------------|-----------|------|-----|---------|
//! | [`Process`]   | netlink operations, files, module init    | yes       | no   | no  | no      |
//! | [`Rtnl`]      | link operations, device open/stop/notify  | yes       | yes  | no  | no      |
//! | [`Rcu`]       | netfilter hooks, notifiers, [`rcu_read`]  | no        | no   | yes | maybe   |
//! | [`Softirq`]   | transmit, protocol handlers, [`bh_disabled`] | no     | no   | yes | yes     |
//! | [`Napi`]      | NAPI poll                                 | no        | no   | yes | yes     |
//! | [`Owned`]     | TCP congestion control                    | no        | no   | no  | maybe   |
//!
//! A stronger token can be turned into a weaker one: [`Rtnl::process`], [`Napi::softirq`],
//! [`Softirq::rcu`].
//!
//! A function that sends a packet takes [`Softirq`] or [`Napi`]. No callback gets these under a
//! lock that sending takes. [`Rcu`] is different: notifiers, and walks through a table of
//! neighbours or routes, may hold such a lock. So [`bh_disabled`] does not make a [`Softirq`] from
//! an [`Rcu`].
//!
//! A closure that must not sleep, for [`rcu_read`] for example, is [`Send`]. Tokens are not, so a
//! closure cannot capture the token of a context that may sleep.

use core::marker::PhantomData;
use kernel::{
    alloc::{
        flags,
        Flags, //
    },
    macros::kunit_tests,
    prelude::*,
    sync::{
        rcu::Guard,
        Mutex,
        MutexGuard, //
    },
    time::{
        delay::fsleep,
        Delta,
        Instant,
        Monotonic, //
    },
    types::NotThreadSafe, //
};

use crate::bindings;

/// A token may have a shorter lifetime than its callback, and no longer one.
type Brand<'a> = PhantomData<&'a ()>;

macro_rules! token {
    ($(#[$attr:meta])* $name:ident) => {
        $(#[$attr])*
        #[derive(Clone, Copy)]
        pub struct $name<'a>(Brand<'a>, NotThreadSafe);

        impl $name<'_> {
            /// Claims the context.
            ///
            /// # Safety
            ///
            /// The caller runs in the context the type stands for, for all of the lifetime.
            #[inline(always)]
            pub(crate) unsafe fn assume() -> Self {
                // INVARIANT: By the safety requirement.
                Self(PhantomData, NotThreadSafe)
            }
        }
    };
}

token! {
    /// Process context: may sleep (`might_sleep()`).
    ///
    /// # Invariants
    ///
    /// For `'a`, the current task may sleep, and a module that waits in the end for what it has given
    /// to RCU (see [`module!`](crate::module!)) is running.
    #[doc(alias = "might_sleep")]
    Process
}

token! {
    /// Process context with RTNL held.
    ///
    /// # Invariants
    ///
    /// For `'a`, as [`Process`], and the current task holds `rtnl_mutex`.
    #[doc(alias = "rtnl_lock")]
    #[doc(alias = "ASSERT_RTNL")]
    Rtnl
}

token! {
    /// An RCU read-side critical section (`rcu_read_lock()`).
    ///
    /// # Invariants
    ///
    /// For `'a`, `synchronize_rcu()` elsewhere waits for the current context.
    #[doc(alias = "rcu_read_lock")]
    Rcu
}

token! {
    /// Softirq, or a task with bottom halves disabled (`local_bh_disable()`).
    ///
    /// # Invariants
    ///
    /// For `'a`, bottom halves are disabled on this CPU, which is an RCU read-side critical
    /// section too, and no lock is held that sending a packet takes.
    #[doc(alias = "local_bh_disable")]
    Softirq
}

token! {
    /// A TCP socket is ours: in softirq with its spinlock held, or in a task that owns it, where bottom halves
    /// may be on (`sock_owned_by_me()`). What holds in both holds here: sleeping is not allowed, and nothing
    /// is per CPU.
    ///
    /// # Invariants
    ///
    /// For `'a`, the caller must not sleep, and is neither in a hard interrupt nor has interrupts off. Nobody
    /// else changes the socket that this was lent with.
    #[doc(alias = "sock_owned_by_me")]
    #[doc(alias = "lock_sock")]
    #[doc(alias = "bh_lock_sock")]
    Owned
}

impl<'a> Rtnl<'a> {
    /// Process context: RTNL is only held there.
    #[inline(always)]
    pub fn process(self) -> Process<'a> {
        // SAFETY: By the type invariants.
        unsafe { Process::assume() }
    }
}

impl<'a> Process<'a> {
    /// Runs `f` with RTNL held (`rtnl_lock()`).
    ///
    /// Deadlocks if the caller holds RTNL already, as `rtnl_lock()` does. A callback that runs
    /// under RTNL has an [`Rtnl`] and does not need this.
    #[doc(alias = "rtnl_lock")]
    pub fn with_rtnl<R>(self, f: impl for<'r> FnOnce(Rtnl<'r>) -> R) -> R {
        // SAFETY: May sleep, by the type invariants.
        unsafe { bindings::rtnl_lock() };
        // SAFETY: Just locked; unlocked only after `f` has returned, which cannot keep the token.
        let result = f(unsafe { Rtnl::assume() });
        // SAFETY: Locked above.
        unsafe { bindings::rtnl_unlock() };
        result
    }

    /// Locks a mutex, but waits for it no longer than `longest` (`mutex_trylock()`, again and again).
    ///
    /// An operation that many tasks may ask for at once, and that takes long, is a reason: who waits in it for the
    /// others keeps what its caller holds, as long as all of them take together. Nobody has a place in a queue here: who
    /// uses [`lock`] comes first.
    ///
    /// # Errors
    ///
    /// [`EBUSY`] when the time is over; [`EINTR`] when the task is to end.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernel::{sync::Mutex, time::Delta};
    /// use kernet::context::Process;
    ///
    /// fn count(of: &Mutex<u32>, process: Process<'_>) -> Result<u32> {
    ///     let mut count = process.lock_within(of, Delta::from_millis(500))?;
    ///     *count = count.wrapping_add(1);
    ///     Ok(*count)
    /// }
    /// ```
    ///
    /// [`lock`]: kernel::sync::lock::Lock::lock
    #[doc(alias = "mutex_trylock")]
    #[doc(alias = "mutex_lock_killable")]
    pub fn lock_within<T: ?Sized>(
        self,
        mutex: &Mutex<T>,
        longest: Delta,
    ) -> Result<MutexGuard<'_, T>> {
        // Between two attempts.
        const PAUSE: Delta = Delta::from_millis(1);
        let start = Instant::<Monotonic>::now();
        loop {
            if let Some(guard) = mutex.try_lock() {
                return Ok(guard);
            }
            // SAFETY: No requirements.
            if unsafe { bindings::current_has_fatal_signal() } {
                return Err(EINTR);
            }
            if start.elapsed() >= longest {
                return Err(EBUSY);
            }
            fsleep(PAUSE);
        }
    }
}

impl<'a> Softirq<'a> {
    /// The RCU read side: disabled bottom halves are a read-side critical section too.
    #[inline(always)]
    pub fn rcu(self) -> Rcu<'a> {
        // SAFETY: By the type invariants.
        unsafe { Rcu::assume() }
    }
}

impl Softirq<'_> {
    /// The number of the current CPU (`smp_processor_id()`).
    #[doc(alias = "smp_processor_id")]
    #[inline(always)]
    pub fn cpu(self) -> u32 {
        // SAFETY: Bottom halves are off, by the type invariants: the task stays on this CPU.
        unsafe { bindings::smp_processor_id() }
    }
}

/// NAPI poll: softirq context, with a budget of packets.
///
/// # Invariants
///
/// As [`Softirq`]; `budget` is what the core passed to the running poll.
#[doc(alias = "napi_struct::poll")]
#[derive(Clone, Copy)]
pub struct Napi<'a> {
    softirq: Softirq<'a>,
    budget: i32,
}

impl<'a> Napi<'a> {
    /// Claims the context.
    ///
    /// # Safety
    ///
    /// The caller is a NAPI poll callback that was passed `budget`, for all of the lifetime.
    #[inline(always)]
    pub(crate) unsafe fn assume(budget: i32) -> Self {
        // INVARIANT: By the safety requirement.
        Self {
            // SAFETY: NAPI polls run with bottom halves disabled.
            softirq: unsafe { Softirq::assume() },
            budget,
        }
    }

    /// Softirq: a NAPI poll runs in softirq.
    #[inline(always)]
    pub fn softirq(self) -> Softirq<'a> {
        self.softirq
    }

    /// The RCU read side.
    #[inline(always)]
    pub fn rcu(self) -> Rcu<'a> {
        self.softirq.rcu()
    }

    /// The budget `napi_consume_skb()` wants to see: 0 means "netpoll, not really NAPI".
    #[inline(always)]
    pub(crate) fn budget(self) -> i32 {
        self.budget
    }
}

/// Any token, as a function that allocates memory takes it (`gfp_t`).
///
/// In a context that may sleep, an allocation may wait for memory; in any other it does not.
#[doc(alias = "gfp_t")]
pub trait Context: Copy + private::Sealed {
    /// The `gfp_t` of allocations in this context.
    #[doc(hidden)]
    const GFP: u32;

    /// The same for what stays for as long as a user wants: a task that may sleep is charged for it.
    #[doc(hidden)]
    const GFP_CHARGED: u32;

    /// That, for what Rust allocates.
    #[doc(hidden)]
    const FLAGS_CHARGED: Flags;

    /// The token of this context with bottom halves disabled: [`Softirq`]; for [`Rcu`] and [`Owned`],
    /// which may be lent under a lock that sending takes, [`Rcu`].
    type BhDisabled<'a>: ReadSide<'a> + Into<Rcu<'a>>;

    /// Claims the context.
    ///
    /// # Safety
    ///
    /// The caller runs in this context with bottom halves disabled, for all of the lifetime.
    #[doc(hidden)]
    unsafe fn assume_bh_disabled<'a>() -> Self::BhDisabled<'a>;
}

mod private {
    pub trait Sealed {}
}

macro_rules! context {
    ($($token:ident: $gfp:ident, $charged:ident, $bh:ident;)+) => {$(
        impl private::Sealed for $token<'_> {}

        impl Context for $token<'_> {
            const GFP: u32 = bindings::$gfp;
            const GFP_CHARGED: u32 = bindings::$charged;
            const FLAGS_CHARGED: Flags = flags::$charged;

            type BhDisabled<'a> = $bh<'a>;

            #[inline(always)]
            unsafe fn assume_bh_disabled<'a>() -> $bh<'a> {
                // SAFETY: By the caller's promise: disabled bottom halves are a read-side section. No lock that
                // sending takes is held where a token other than `Rcu` and `Owned` is lent.
                unsafe { $bh::assume() }
            }
        }
    )+};
}

context! {
    Process: GFP_KERNEL, GFP_KERNEL_ACCOUNT, Softirq;
    Rtnl: GFP_KERNEL, GFP_KERNEL_ACCOUNT, Softirq;
    Rcu: GFP_ATOMIC, GFP_ATOMIC, Rcu;
    Softirq: GFP_ATOMIC, GFP_ATOMIC, Softirq;
    Napi: GFP_ATOMIC, GFP_ATOMIC, Softirq;
    Owned: GFP_ATOMIC, GFP_ATOMIC, Rcu;
}

impl<'a> From<Softirq<'a>> for Rcu<'a> {
    #[inline(always)]
    fn from(softirq: Softirq<'a>) -> Self {
        softirq.rcu()
    }
}

/// A context that protects what RTNL or a grace period protects: a reference that is returned from
/// there is valid for as long as the token.
pub trait ReadSide<'a>: Context {
    /// Whether it is RTNL that protects, and no read-side section.
    #[doc(hidden)]
    const RTNL: bool = false;
}

impl<'a> ReadSide<'a> for Rtnl<'a> {
    const RTNL: bool = true;
}
impl<'a> ReadSide<'a> for Rcu<'a> {}
impl<'a> ReadSide<'a> for Softirq<'a> {}
impl<'a> ReadSide<'a> for Napi<'a> {}

/// Runs `f` inside an RCU read-side critical section (`rcu_read_lock()`).
///
/// # Examples
///
/// ```
/// use kernet::{context::rcu_read, rcu::RcuPointer};
///
/// fn current(setting: &RcuPointer<u32>) -> u32 {
///     // A copy: the reference ends with the section.
///     rcu_read(|rcu| setting.get(rcu).copied().unwrap_or(0))
/// }
/// ```
#[doc(alias = "rcu_read_lock")]
#[doc(alias = "rcu_read_unlock")]
#[inline]
pub fn rcu_read<R>(f: impl for<'a> FnOnce(Rcu<'a>) -> R + Send) -> R {
    rcu_section(f)
}

/// As [`rcu_read`], for what is known not to sleep though it is not [`Send`].
#[inline]
pub(crate) fn rcu_section<R>(f: impl for<'a> FnOnce(Rcu<'a>) -> R) -> R {
    let _guard = Guard::new();
    // SAFETY: The guard holds the RCU read lock until `f` has returned.
    f(unsafe { Rcu::assume() })
}

/// Runs `f` with bottom halves disabled (`local_bh_disable()`). Not for hard interrupts; kernet has
/// no callback there.
///
/// # Examples
///
/// ```
/// use kernet::{context::{bh_disabled, Process}, percpu::PacketCounter};
///
/// fn count(counter: &PacketCounter, process: Process<'_>) {
///     bh_disabled(process, |_softirq| counter.add(64));
/// }
/// ```
#[doc(alias = "local_bh_disable")]
#[inline]
pub fn bh_disabled<C: Context, R>(
    _context: C,
    f: impl for<'a> FnOnce(C::BhDisabled<'a>) -> R + Send,
) -> R {
    // SAFETY: No requirements; enabled again below.
    unsafe { bindings::local_bh_disable() };
    // SAFETY: Just disabled, until `f` has returned.
    let result = f(unsafe { C::assume_bh_disabled() });
    // SAFETY: Disabled above.
    unsafe { bindings::local_bh_enable() };
    result
}

/// Tokens for KUnit cases, which run in a task that may sleep and holds no lock.
#[cfg(CONFIG_KUNIT = "y")]
pub mod kunit {
    use super::*;

    /// Runs `f` in process context. For KUnit cases only. Elsewhere it returns `None` and runs
    /// nothing: if no case is running, or the caller is in softirq or must not sleep.
    pub fn process<R>(f: impl for<'a> FnOnce(Process<'a>) -> R) -> Option<R> {
        // SAFETY: No requirements, for all three.
        let may_sleep = unsafe { bindings::may_sleep() };
        if !kernel::kunit::in_kunit_test() || !may_sleep {
            return None;
        }
        // SAFETY: KUnit runs its cases in a kernel thread or in insmod, which may sleep, as just seen,
        // and which ends before the module does.
        Some(f(unsafe { Process::assume() }))
    }

    /// Runs `f` with bottom halves disabled. For KUnit cases only.
    pub fn softirq<R>(f: impl for<'a> FnOnce(Softirq<'a>) -> R + Send) -> Option<R> {
        process(|process| bh_disabled(process, f))
    }
}

#[kunit_tests(kernet_context)]
mod tests {
    use super::{
        kunit::{
            process,
            softirq, //
        },
        *,
    };

    /// Whether a case gets a token by which it may sleep, here.
    fn may_sleep() -> bool {
        process(|_| ()).is_some()
    }

    #[test]
    fn no_token_is_made_where_one_must_not_sleep() {
        assert!(may_sleep());
        assert_eq!(softirq(|_| may_sleep()), Some(false));
        // A kernel that is not preemptible keeps no account of sections.
        if cfg!(CONFIG_PREEMPT_COUNT) {
            assert!(!rcu_read(|_| may_sleep()));
        }
        assert!(may_sleep());
    }
}
