// SPDX-License-Identifier: GPL-2.0

//! Work items: callbacks in process context, at once or after a time.
//!
//! C header: [`include/linux/workqueue.h`](srctree/include/linux/workqueue.h)
//!
//! | whose          | trait or method            | callback has | part                  | found by               |
//! |----------------|----------------------------|--------------|-----------------------|------------------------|
//! | the module's   | [`Work`]                   | [`Process`]  | [`Registration`]      | [`WorkRef::of`]        |
//! | a namespace's  | [`NetWork`]                | [`Process`]  | [`NetRegistration`]   | [`Net::work`]          |
//! | a device's     | [`Driver::work`]           | `Rtnl`       | that of the link kind | [`DriverDevice::work`] |
//!
//! [`Driver::work`]: crate::netdev::Driver::work
//! [`DriverDevice::work`]: crate::netdev::DriverDevice::work
//!
//! Each is a delayed work item; a delay of 0 is none. One that answers when it is to run next is periodic.
//!
//! # Lifetime
//!
//! As with [timers](crate::timer), kernet keeps it. It is disabled and waited for
//! (`disable_delayed_work_sync()`) when the part is unregistered, in `pre_exit` of a namespace before its
//! state is unpublished, and in `ndo_uninit` of a device. From then on queueing it does nothing, also for a
//! [`WorkRef`] that was kept.
//!
//! A module can cancel a work item, but not wait for it: under a lock that the callback takes, or in the
//! callback, that would be for ever.
//!
//! # RTNL
//!
//! Neither rmmod nor a dying namespace waits for work under RTNL: the callbacks of a module and of a
//! namespace may take it ([`Process::with_rtnl`]). A device is unregistered under RTNL, and work that waited
//! for RTNL would be waited for for ever. So the work of a device never waits for it: kernet tries to take
//! it (`rtnl_trylock()`), as bonding does, and tries again a jiffy later while somebody else has it. The
//! callback runs with RTNL held, of a device that is registered. What has to sleep for long without RTNL is
//! work of a namespace or of the module.
//!
//! # The queue
//!
//! All are queued on `system_dfl_wq`, whose workers are bound to no CPU: the callbacks may wait, for RTNL
//! or memory, and have nothing that is of a CPU. A queue of the module's own would be one more that is
//! flushed whole; here each item is disabled and waited for by itself, whatever else is in the queue.

use core::marker::PhantomData;
use kernel::{
    prelude::*,
    types::Opaque,
    ThisModule, //
};

use crate::{
    bindings,
    context::{
        Process,
        Rcu, //
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
    },
    timer::Jiffies, //
};

/// A work item of a module. It has a static of its own: `slot!(Type: work::Slot);`.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Process,
///     timer::Jiffies,
///     work::{self, Work, WorkRef},
/// };
///
/// struct Count;
///
/// // Listed as `work::Registration<Count>` in `Module::Parts`.
/// kernet::slot!(Count: work::Slot);
///
/// impl Work for Count {
///     fn run(process: Process<'_>) -> Option<Jiffies> {
///         process.with_rtnl(|_rtnl| pr_info!("with RTNL\n"));
///         None
///     }
/// }
///
/// /// As soon as can be, in any context.
/// fn soon() {
///     if let Some(work) = WorkRef::of::<Count>() {
///         work.queue();
///     }
/// }
/// ```
#[doc(alias = "work_struct")]
#[doc(alias = "delayed_work")]
pub trait Work: HasSlot<Slot> + 'static {
    /// When it runs first, from its registration on; `None` to wait until it is queued
    /// (`schedule_delayed_work()`).
    #[doc(alias = "schedule_delayed_work")]
    const FIRST: Option<Jiffies> = None;

    /// The work, which runs once at a time (`work_func_t`).
    ///
    /// Returns when it runs next, `None` for not before it is queued again. That is so unless it was queued
    /// meanwhile.
    #[doc(alias = "work_func_t")]
    fn run(process: Process<'_>) -> Option<Jiffies>;
}

/// A work item in each network namespace (`delayed_work()`). It has a static of its own: `slot!(Type:
/// work::NetSlot);`.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Process,
///     netns::Net,
///     timer::Jiffies,
///     work::{self, NetWork},
/// };
///
/// // Listed as `work::NetRegistration<Example>` in `Module::Parts`.
/// kernet::slot!(Example: work::NetSlot);
///
/// /// Lists the devices of each namespace, once a minute.
/// impl NetWork for Example {
///     type Module = Example;
///
///     const FIRST: Option<Jiffies> = Some(Jiffies::ONE);
///
///     fn run(net: &Net, _state: &(), process: Process<'_>) -> Option<Jiffies> {
///         process.with_rtnl(|rtnl| {
///             let mut next = 1;
///             while let Some(device) = net.next_device_from(next, rtnl) {
///                 pr_info!("{}\n", device.name());
///                 next = device.ifindex().saturating_add(1);
///             }
///         });
///         Some(Jiffies::from_secs(60))
///     }
/// }
/// ```
#[doc(alias = "delayed_work")]
pub trait NetWork: HasSlot<NetSlot> + 'static {
    /// The module whose state the callback is lent.
    type Module: Declared;

    /// When it runs first, from when the namespace is made or the module is loaded; `None` to wait until it
    /// is queued (`schedule_delayed_work()`).
    #[doc(alias = "schedule_delayed_work")]
    const FIRST: Option<Jiffies> = None;

    /// As [`Work::run`], with the namespace and the module's state in it (`work_func_t`). A namespace that
    /// dies waits for it, and no other one can die meanwhile.
    #[doc(alias = "work_func_t")]
    fn run(
        net: &Net,
        state: &<Self::Module as Module>::State,
        process: Process<'_>,
    ) -> Option<Jiffies>;
}

/// A work item that may be queued and cancelled, in any context (`delayed_work()`).
///
/// # Invariants
///
/// The work item was initialised, and its memory stays for `'a`.
///
/// # Examples
///
/// ```
/// use kernet::{timer::Jiffies, work::WorkRef};
///
/// /// A counter has changed, which is told a tenth of a second later: of a hundred changes once.
/// fn changed(work: WorkRef<'_>) {
///     work.queue_after(Jiffies::from_millis(100));
/// }
///
/// /// The counters were reset: there is nothing to tell any more.
/// fn reset(work: WorkRef<'_>) {
///     work.cancel();
/// }
/// ```
#[doc(alias = "delayed_work")]
#[derive(Clone, Copy)]
pub struct WorkRef<'a>(&'a Opaque<bindings::delayed_work>);

// SAFETY: What is done with a work item is atomic, or takes the lock of the pool that it is queued in.
unsafe impl Send for WorkRef<'_> {}
// SAFETY: As above.
unsafe impl Sync for WorkRef<'_> {}

impl WorkRef<'static> {
    /// The work item of the module that `W` stands for. `None` until it is registered.
    pub fn of<W: Work>() -> Option<Self> {
        // INVARIANT: Set up, in a static.
        <W as HasSlot<Slot>>::slot().0.get().map(Self)
    }
}

impl<'a> WorkRef<'a> {
    /// # Safety
    ///
    /// The work item was initialised, and its memory stays for `'a`.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(work: &'a Opaque<bindings::delayed_work>) -> Self {
        // INVARIANT: By the caller's promise.
        Self(work)
    }

    /// Queues the work to run at once (`queue_work()`). `false` if it is queued already, and stays so, or is
    /// disabled.
    #[doc(alias = "queue_work")]
    #[doc(alias = "schedule_work")]
    #[inline]
    pub fn queue(self) -> bool {
        self.queue_after(Jiffies::new(0))
    }

    /// Queues the work to run `delay` from now (`queue_delayed_work()`). `false` if it is queued already, and
    /// stays so, or is disabled.
    #[doc(alias = "queue_delayed_work")]
    #[doc(alias = "schedule_delayed_work")]
    #[inline]
    pub fn queue_after(self, delay: Jiffies) -> bool {
        // SAFETY: Valid and initialised, by the type invariants.
        unsafe { bindings::queue_delayed_work_unbound(self.0.get(), delay.get()) }
    }

    /// Queues the work to run `delay` from now, whether or not it is queued already (`mod_delayed_work()`).
    /// `true` if it was.
    #[doc(alias = "mod_delayed_work")]
    #[inline]
    pub fn modify(self, delay: Jiffies) -> bool {
        // SAFETY: As above.
        unsafe { bindings::mod_delayed_work_unbound(self.0.get(), delay.get()) }
    }

    /// Takes the work out of the queue (`cancel_delayed_work()`). `true` if it was queued. A callback that
    /// runs already runs to its end.
    #[doc(alias = "cancel_delayed_work")]
    #[inline]
    pub fn cancel(self) -> bool {
        // SAFETY: As above.
        unsafe { bindings::cancel_delayed_work(self.0.get()) }
    }

    /// Queues it again, as a callback has answered. Not at once: others have their turn.
    pub(crate) fn again(self, next: Option<Jiffies>) {
        if let Some(delay) = next {
            self.queue_after(delay.max(Jiffies::ONE));
        }
    }
}

/// The static of a work item of a module. A type gets its own by [`slot!`](crate::slot!).
pub struct Slot(SetUp<bindings::delayed_work>);

impl Slot {
    /// Empty.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(SetUp::new())
    }
}

/// The registration of a work item of a module (`INIT_DELAYED_WORK`).
#[doc(alias = "INIT_DELAYED_WORK")]
#[doc(alias = "disable_delayed_work_sync")]
pub struct Registration<W: Work> {
    _work: PhantomData<fn() -> W>,
}

// SAFETY: `disable_delayed_work_sync()` returns when the callback does not run, and will not, whoever queues
// the work. Its memory is a static of the module.
unsafe impl<W: Work> Part for Registration<W> {
    unsafe fn register(_: *mut Self, _: &'static ThisModule, name: &'static CStr) -> Result {
        let set_up = |work: *mut bindings::delayed_work| {
            // SAFETY: At its place in a static. It is disabled before the callback goes.
            unsafe { bindings::init_work_process(work, Some(Self::callback)) }
        };
        // SAFETY: It sets it up; any CPU may use it.
        let work = unsafe { Self::slot().set_up(name, "work item", set_up)? };
        if let Some(delay) = W::FIRST {
            WorkRef(work).queue_after(delay);
        }
        Ok(())
    }

    unsafe fn unregister(_: *mut Self) {
        if let Some(work) = Self::slot().get() {
            // SAFETY: Initialised by `register`. May sleep, by the caller's promise, which holds no lock.
            unsafe { bindings::disable_delayed_work_sync(work.get()) };
        }
    }
}

impl<W: Work> Registration<W> {
    fn slot() -> &'static SetUp<bindings::delayed_work> {
        &<W as HasSlot<Slot>>::slot().0
    }

    /// # Safety
    ///
    /// Called by a work queue, with the work item of the slot.
    unsafe extern "C" fn callback(_: *mut bindings::work_struct) {
        // SAFETY: A worker may sleep, and the module that waits for it is running.
        let next = W::run(unsafe { Process::assume() });
        if let Some(work) = Self::slot().get() {
            // INVARIANT: Set up, in a static.
            WorkRef(work).again(next);
        }
    }
}

/// The static of a work item of namespaces. A type gets its own by [`slot!`](crate::slot!).
pub struct NetSlot(ItemId);

impl NetSlot {
    /// Empty.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(ItemId::new())
    }
}

/// What is kept in each namespace.
type PerNet<W> = item::PerNet<bindings::delayed_work, W>;

// SAFETY: The slot is the type's own. After `disable_delayed_work_sync()` the callback does not run, and
// will not, whoever queues the work.
unsafe impl<W: NetWork> Item for PerNet<W> {
    const WHAT: &'static str = "work item";

    fn id() -> &'static ItemId {
        &<W as HasSlot<NetSlot>>::slot().0
    }

    unsafe fn begin(this: *mut Self, net: *mut bindings::net) -> Result {
        // SAFETY: By the caller's promise.
        let work = unsafe {
            let work = Self::set_net(this, net);
            bindings::init_work_process(work.get(), Some(Self::callback));
            WorkRef::from_raw(work)
        };
        if let Some(delay) = W::FIRST {
            work.queue_after(delay);
        }
        Ok(())
    }

    unsafe fn end(this: *mut Self) {
        // Not under RTNL: the callback may take it.
        // SAFETY: By the caller's promise.
        unsafe { bindings::disable_delayed_work_sync(Opaque::cast_into(&raw const (*this).core)) };
    }
}

impl<W: NetWork> PerNet<W> {
    /// # Safety
    ///
    /// Called by a work queue, with the work item of a `PerNet<W>` that is not ended.
    unsafe extern "C" fn callback(work: *mut bindings::work_struct) {
        // SAFETY: It is that of such a `PerNet`, whose end waits for this.
        let lent = unsafe { Self::lent::<W::Module>(work.cast()) };
        let Some((work, net, state)) = lent else {
            return;
        };
        // SAFETY: As in `Registration::callback`.
        let next = W::run(net, state, unsafe { Process::assume() });
        // INVARIANT: It was initialised, and stays, as above.
        WorkRef(work).again(next);
    }
}

/// The registration of a work item in all namespaces (`INIT_DELAYED_WORK`).
#[doc(alias = "INIT_DELAYED_WORK")]
#[doc(alias = "disable_delayed_work_sync")]
pub struct NetRegistration<W: NetWork>(ItemRegistration<PerNet<W>>);

item::part!(NetRegistration, NetWork);

impl Net {
    /// The work item of this namespace that `W` stands for (`net_generic()`).
    ///
    /// `None` until it is registered, while the namespace is being made, and when it is dying.
    #[inline]
    #[doc(alias = "net_generic")]
    pub fn work<'a, W: NetWork>(&self, rcu: Rcu<'a>) -> Option<WorkRef<'a>> {
        let this = item::find::<PerNet<W>>(self, rcu)?;
        // INVARIANT: Made, and freed a grace period after it cannot be found any more.
        Some(WorkRef(&this.core))
    }
}
