// SPDX-License-Identifier: GPL-2.0

//! Timers: callbacks in softirq, after a time.
//!
//! C header: [`include/linux/timer.h`](srctree/include/linux/timer.h)
//!
//! | whose          | trait or method            | part                    | found by                           |
//! |----------------|----------------------------|-------------------------|------------------------------------|
//! | the module's   | [`Timer`]                  | [`Registration`]        | [`TimerRef::of`]                   |
//! | a namespace's  | [`NetTimer`]               | [`NetRegistration`]     | [`Net::timer`]                     |
//! | a device's     | [`Driver::timer`]          | that of the link kind   | [`DriverDevice::timer`]            |
//!
//! [`Driver::timer`]: crate::netdev::Driver::timer
//! [`DriverDevice::timer`]: crate::netdev::DriverDevice::timer
//!
//! # Lifetime
//!
//! No timer is a value that a module has: kernet keeps it, in the static that [`slot!`](crate::slot!)
//! makes, beside the namespace's state, or in the device's private area. It is shut down and waited for
//! (`timer_shutdown_sync()`) when the part is unregistered, in `pre_exit` of a namespace before its state
//! is unpublished, and in `ndo_uninit` of a device. From then on arming it does nothing, also for a
//! [`TimerRef`] that was kept.
//!
//! A module can stop a timer, but not wait for it: under a lock that the callback takes, or in the callback,
//! that would be for ever. A callback may so run to its end after [`TimerRef::cancel`], and arm again.

use core::{
    marker::PhantomData,
    mem::MaybeUninit,
    ptr, //
};
use kernel::{
    prelude::*,
    types::Opaque,
    ThisModule, //
};

use crate::{
    bindings,
    context::{
        Rcu,
        Softirq, //
    },
    module::{
        Declared,
        Module,
        Part, //
    },
    netns::{
        item::{
            self,
            Item,
            ItemId,
            ItemRegistration, //
        },
        Net, //
    },
    slot::{
        HasSlot,
        SetUp, //
    }, //
};

mod jiffies;

pub use jiffies::Jiffies;

/// A timer of a module (`timer_list`). It has a static of its own: `slot!(Type: timer::Slot);`.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Softirq,
///     timer::{self, Jiffies, Timer, TimerRef},
/// };
///
/// struct Tick;
///
/// // Listed as `timer::Registration<Tick>` in `Module::Parts`.
/// kernet::slot!(Tick: timer::Slot);
///
/// impl Timer for Tick {
///     const FIRST: Option<Jiffies> = Some(Jiffies::from_secs(1));
///
///     fn expired(_softirq: Softirq<'_>) -> Option<Jiffies> {
///         pr_info!("a second has passed\n");
///         Some(Jiffies::from_secs(1))
///     }
/// }
///
/// /// From now on in a tenth of a second, in any context.
/// fn hurry() {
///     TimerRef::of::<Tick>().modify(Jiffies::from_millis(100));
/// }
/// ```
#[doc(alias = "timer_list")]
pub trait Timer: HasSlot<Slot> + 'static {
    /// When it expires first, from its registration on; `None` to wait until it is armed
    /// (`add_timer()`).
    #[doc(alias = "add_timer")]
    const FIRST: Option<Jiffies> = None;

    /// The timer has expired (`timer_list::function`). Runs on one CPU at a time.
    ///
    /// Returns when it expires next, `None` for not before it is armed again. Of that and the time for
    /// which it was armed meanwhile it is the earlier one.
    #[doc(alias = "timer_list::function")]
    fn expired(softirq: Softirq<'_>) -> Option<Jiffies>;
}

/// A timer in each network namespace (`timer_list`). It has a static of its own: `slot!(Type:
/// timer::NetSlot);`.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::{rcu_read, Softirq},
///     netns::Net,
///     timer::{self, Jiffies, NetTimer},
/// };
///
/// // Listed as `timer::NetRegistration<Example>` in `Module::Parts`.
/// kernet::slot!(Example: timer::NetSlot);
///
/// impl NetTimer for Example {
///     type Module = Example;
///
///     fn expired(net: &Net, _state: &(), _softirq: Softirq<'_>) -> Option<Jiffies> {
///         pr_info!("namespace {}\n", net.inum());
///         None
///     }
/// }
///
/// fn arm(net: &Net) -> bool {
///     rcu_read(|rcu| {
///         let timer = net.timer::<Example>(rcu);
///         timer.is_some_and(|timer| timer.modify(Jiffies::from_millis(20)))
///     })
/// }
/// ```
#[doc(alias = "timer_list")]
pub trait NetTimer: HasSlot<NetSlot> + 'static {
    /// The module whose state the callback is lent.
    type Module: Declared;

    /// When it expires first, from when the namespace is made or the module is loaded; `None` to wait until
    /// it is armed (`add_timer()`).
    #[doc(alias = "add_timer")]
    const FIRST: Option<Jiffies> = None;

    /// As [`Timer::expired`], with the namespace and the module's state in it
    /// (`timer_list::function`).
    #[doc(alias = "timer_list::function")]
    fn expired(
        net: &Net,
        state: &<Self::Module as Module>::State,
        softirq: Softirq<'_>,
    ) -> Option<Jiffies>;
}

/// A timer that may be armed and stopped, in any context (`timer_list`).
///
/// # Invariants
///
/// The timer was set up, or is a static that the core takes for shut down, and that nobody sets up any more.
/// Its memory stays for `'a`.
///
/// # Examples
///
/// ```
/// use kernet::timer::{Jiffies, Timer, TimerRef};
///
/// /// Something was received: the timeout begins anew.
/// fn received(timer: TimerRef<'_>) {
///     timer.modify(Jiffies::from_secs(30));
/// }
///
/// /// The connection is closed. Whether the timeout was stopped: the callback may run already.
/// fn closed<T: Timer>() -> bool {
///     TimerRef::of::<T>().cancel()
/// }
/// ```
#[doc(alias = "timer_list")]
#[derive(Clone, Copy)]
pub struct TimerRef<'a>(&'a Opaque<bindings::timer_list>);

// SAFETY: What is done with a timer takes the lock of the CPU that it is queued on.
unsafe impl Send for TimerRef<'_> {}
// SAFETY: As above.
unsafe impl Sync for TimerRef<'_> {}

impl TimerRef<'static> {
    /// The timer of the module that `T` stands for.
    ///
    /// One that is in no [`Module::Parts`] never expires, whoever arms it. One that the making of the
    /// [module's state](crate::module::state) or of a namespace's arms may expire before the parts are
    /// registered.
    #[inline(always)]
    pub fn of<T: Timer>() -> Self {
        // INVARIANT: In a static, which begins as one that is shut down. `Part::set_up` sets it up before any
        // code of the module runs.
        Self(<T as HasSlot<Slot>>::slot().0.value())
    }
}

impl<'a> TimerRef<'a> {
    /// # Safety
    ///
    /// The timer was set up, and its memory stays for `'a`.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(timer: &'a Opaque<bindings::timer_list>) -> Self {
        // INVARIANT: By the caller's promise.
        Self(timer)
    }

    /// Arms the timer for `delay` from now, whether or not it is armed already (`mod_timer()`).
    /// `true` if it was.
    ///
    /// It expires no earlier; later by up to an eighth of the delay, as the kernel's timers do. Nothing
    /// happens when the timer is, or has been, shut down.
    #[doc(alias = "mod_timer")]
    #[inline(always)]
    pub fn modify(self, delay: Jiffies) -> bool {
        // SAFETY: Valid and set up, by the type invariants.
        unsafe { bindings::mod_timer(self.0.get(), delay.expiry()) != 0 }
    }

    /// As [`Self::modify`], but for an armed timer that would expire earlier. `true` if it was armed.
    #[doc(alias = "timer_reduce")]
    #[inline(always)]
    pub fn reduce(self, delay: Jiffies) -> bool {
        // SAFETY: As above.
        unsafe { bindings::timer_reduce(self.0.get(), delay.expiry()) != 0 }
    }

    /// Stops the timer (`timer_delete()`). `true` if it was armed. A callback that runs already
    /// runs to its end.
    #[doc(alias = "timer_delete")]
    #[inline]
    pub fn cancel(self) -> bool {
        // SAFETY: As above.
        unsafe { bindings::timer_delete(self.0.get()) != 0 }
    }

    /// Arms it again, as a callback has answered.
    pub(crate) fn again(self, next: Option<Jiffies>) {
        if let Some(delay) = next {
            self.reduce(delay);
        }
    }
}

/// The static of a timer of a module. A type gets its own by [`slot!`](crate::slot!).
pub struct Slot(SetUp<bindings::timer_list>);

impl Slot {
    /// Empty.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        // SAFETY: Numbers and pointers, which may be zero.
        let mut timer: bindings::timer_list = unsafe { MaybeUninit::zeroed().assume_init() };
        // As `DEFINE_TIMER()` does. Without a function it is one that was shut down.
        timer.entry.next = ptr::without_provenance_mut(bindings::TIMER_ENTRY_STATIC as usize);
        Self(SetUp::with(timer))
    }
}

/// The registration of a timer of a module (`timer_setup()`).
#[doc(alias = "timer_setup")]
#[doc(alias = "timer_shutdown_sync")]
pub struct Registration<T: Timer> {
    _timer: PhantomData<fn() -> T>,
}

// SAFETY: `timer_shutdown_sync()` returns when the callback does not run, and will not, whoever arms the
// timer. Its memory is a static of the module.
unsafe impl<T: Timer> Part for Registration<T> {
    unsafe fn register(_: *mut Self, _: &'static ThisModule, _: &'static CStr) -> Result {
        TimerRef::of::<T>().again(T::FIRST);
        Ok(())
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: By the caller's promise.
        unsafe { Self::shut_down(slot) };
    }

    unsafe fn set_up(_: *mut Self, name: &'static CStr) -> Result {
        let set_up = |timer: *mut bindings::timer_list| {
            // SAFETY: At its place in a static, which nobody looks at yet. The callback is shut down before it
            // goes.
            unsafe { bindings::timer_setup(timer, Some(Self::callback)) }
        };
        let slot = &<T as HasSlot<Slot>>::slot().0;
        // SAFETY: It sets it up; any CPU may use it.
        unsafe { slot.set_up(name, "timer", set_up)? };
        Ok(())
    }

    unsafe fn shut_down(_: *mut Self) {
        // SAFETY: Set up. May sleep, by the caller's promise, which holds no lock.
        unsafe { bindings::timer_shutdown_sync(TimerRef::of::<T>().0.get()) };
    }
}

impl<T: Timer> Registration<T> {
    /// # Safety
    ///
    /// Called by the core, with the timer of the slot.
    unsafe extern "C" fn callback(_: *mut bindings::timer_list) {
        // SAFETY: The core calls timers in softirq, or in a task with bottom halves off, without a lock
        // that sending takes.
        let next = T::expired(unsafe { Softirq::assume() });
        TimerRef::of::<T>().again(next);
    }
}

/// The static of a timer of namespaces. A type gets its own by [`slot!`](crate::slot!).
pub struct NetSlot(ItemId);

impl NetSlot {
    /// Empty.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(ItemId::new())
    }
}

/// What is kept in each namespace.
type PerNet<T> = item::PerNet<bindings::timer_list, T>;

// SAFETY: The slot is the type's own. After `timer_shutdown_sync()` the callback does not run, and will
// not, whoever arms the timer.
unsafe impl<T: NetTimer> Item for PerNet<T> {
    const WHAT: &'static str = "timer";

    fn id() -> &'static ItemId {
        &<T as HasSlot<NetSlot>>::slot().0
    }

    unsafe fn begin(this: *mut Self, net: *mut bindings::net) -> Result {
        // SAFETY: By the caller's promise.
        let timer = unsafe {
            let timer = Self::set_net(this, net);
            bindings::timer_setup(timer.get(), Some(Self::callback));
            TimerRef::from_raw(timer)
        };
        timer.again(T::FIRST);
        Ok(())
    }

    unsafe fn end(this: *mut Self) {
        // SAFETY: By the caller's promise.
        unsafe { bindings::timer_shutdown_sync(Opaque::cast_into(&raw const (*this).core)) };
    }
}

impl<T: NetTimer> PerNet<T> {
    /// # Safety
    ///
    /// Called by the core, with the timer of a `PerNet<T>` that is not ended.
    unsafe extern "C" fn callback(timer: *mut bindings::timer_list) {
        // SAFETY: It is that of such a `PerNet`, whose end waits for this.
        let lent = unsafe { Self::lent::<T::Module>(timer.cast()) };
        let Some((timer, net, state)) = lent else {
            return;
        };
        // SAFETY: As in `Registration::callback`.
        let next = T::expired(net, state, unsafe { Softirq::assume() });
        // INVARIANT: It was set up, and stays, as above.
        TimerRef(timer).again(next);
    }
}

/// The registration of a timer in all namespaces (`timer_setup()`).
#[doc(alias = "timer_setup")]
#[doc(alias = "timer_shutdown_sync")]
pub struct NetRegistration<T: NetTimer>(ItemRegistration<PerNet<T>>);

item::part!(NetRegistration, NetTimer);

impl Net {
    /// The timer of this namespace that `T` stands for (`net_generic()`).
    ///
    /// `None` until it is registered, while the namespace is being made, and when it is dying.
    #[inline]
    #[doc(alias = "net_generic")]
    pub fn timer<'a, T: NetTimer>(&self, rcu: Rcu<'a>) -> Option<TimerRef<'a>> {
        let this = item::find::<PerNet<T>>(self, rcu)?;
        // INVARIANT: Made, and freed a grace period after it cannot be found any more.
        Some(TimerRef(&this.core))
    }
}
