// SPDX-License-Identifier: GPL-2.0

//! Where connections are tracked.

use core::{
    marker::PhantomData,
    mem,
    ptr, //
};
use kernel::{
    error::to_result,
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        ArcBorrow,
        Mutex, //
    },
    types::Opaque,
    ThisModule, //
};
use kernet::{
    context::Process,
    door,
    module::Part,
    netfilter::Family,
    netns::Net,
    slot::HasSlot, //
};

use crate::bindings;

// Held to look up and to change what is in a slot or in a `PerNet`, and never while tracking is switched: that
// takes as long as the connections of a namespace are many, and others make and end namespaces meanwhile.
kernel::sync::global_lock! {
    // SAFETY: Initialised when `kernet_conntrack.ko` is loaded, before the modules that use it.
    pub(crate) unsafe(uninit) static SWITCH: Mutex<()> = ();
}

/// A static where kernet finds a module that needs tracking. [`slot!`](kernet::slot!) declares it
/// for a type.
///
/// # Invariants
///
/// `state` is written under `SWITCH`. It is `FREE`, `BUSY` while the part is being registered or
/// unregistered, or else the core's number, by which each namespace that is alive and complete
/// has a `PerNet`.
pub struct Slot {
    /// The core's.
    number: Opaque<u32>,
    state: Atomic<u32>,
}

const FREE: u32 = 0;
const BUSY: u32 = u32::MAX;

// SAFETY: The core writes the number while the part is being registered; only its callbacks read it.
unsafe impl Sync for Slot {}

impl Slot {
    /// An empty slot.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        // INVARIANT: Free.
        Self {
            number: Opaque::new(0),
            state: Atomic::<u32>::new(FREE),
        }
    }
}

/// What the core allocates in each namespace, zeroed. Used under `SWITCH`.
///
/// # Invariants
///
/// `tracking` is null, in a namespace that is being made or is dying, or of [`Arc::into_raw`].
struct PerNet {
    tracking: *const Mutex<Tracking>,
}

/// What a namespace has. Its lock is held while tracking is switched in it, and nobody takes `SWITCH` then.
struct Tracking {
    /// Conntrack's own state in the namespace is there.
    alive: bool,
    /// For which protocols tracking is on, by their bits: so many times it has to be switched off.
    families: u8,
}

/// The protocols, with their bits. A kernel without IPv6 does not track it, nor has packets of it.
const PROTOCOLS: &[(u8, u32)] = &[
    (1, bindings::NFPROTO_IPV4),
    #[cfg(CONFIG_IPV6)]
    (2, bindings::NFPROTO_IPV6),
];

const fn bits(family: Family) -> u8 {
    match family {
        Family::Ipv4 => 1,
        Family::Ipv6 => 2,
        Family::Inet => 3,
    }
}

impl Tracking {
    /// Switches tracking on for those of `families` for which it is not.
    ///
    /// # Safety
    ///
    /// `net` is the namespace, in which conntrack's own state is made and not yet taken away.
    unsafe fn get(&mut self, net: *mut bindings::net, families: u8) -> Result {
        let before = self.families;
        for &(bit, protocol) in PROTOCOLS {
            if families & !self.families & bit == 0 {
                continue;
            }
            // SAFETY: By the caller's promise; may sleep.
            if let Err(e) = to_result(unsafe { bindings::nf_ct_netns_get(net, protocol as u8) }) {
                // SAFETY: As above.
                unsafe { self.put(net, !before) };
                return Err(e);
            }
            self.families |= bit;
        }
        Ok(())
    }

    /// Switches it off for those of `families` for which it is on.
    ///
    /// # Safety
    ///
    /// As [`Self::get`].
    unsafe fn put(&mut self, net: *mut bindings::net, families: u8) {
        for &(bit, protocol) in PROTOCOLS {
            if families & self.families & bit != 0 {
                // SAFETY: By the caller's promise; `families` says that it was switched on once.
                unsafe { bindings::nf_ct_netns_put(net, protocol as u8) };
                self.families &= !bit;
            }
        }
    }
}

/// What there is in a namespace that is alive and complete.
fn tracking(slot: &'static Slot, net: &Net) -> Result<Arc<Mutex<Tracking>>> {
    let _guard = SWITCH.lock();
    let id = slot.state.load(Relaxed);
    if id == FREE || id == BUSY {
        return Err(ENODEV);
    }
    // SAFETY: Used under `SWITCH`, and while it is borrowed.
    let net = unsafe { door::net(net) };
    // Without a reference left, it may have got beyond what waits for `SWITCH`.
    // SAFETY: Valid while it is borrowed.
    if unsafe { bindings::check_net(net) } == 0 {
        return Err(ENODEV);
    }
    // SAFETY: As above. Checked against the length of the table, which is too short, or holds null, in
    // a namespace that has not come to this part yet.
    let per_net = unsafe { bindings::net_generic_or_null(net, id) };
    // SAFETY: Null, or the core allocated it for a `PerNet`, by the type invariants of the slot, and
    // frees it after `pre_exit`, which waits for `SWITCH`: of a namespace to which there were
    // references a moment ago and of a part that is registered, that is not over.
    let per_net = unsafe { per_net.cast::<PerNet>().as_ref() }.ok_or(ENODEV)?;
    if per_net.tracking.is_null() {
        return Err(ENODEV);
    }
    // SAFETY: Of `Arc::into_raw`, by the type invariants; whoever takes it out waits for `SWITCH`.
    Ok(unsafe { ArcBorrow::from_raw(per_net.tracking) }.into())
}

/// Waits for the packets that are on their way.
fn wait_for_readers() {
    // SAFETY: Both callers hold a mutex: this is process context, and outside of read-side sections.
    unsafe { bindings::synchronize_rcu() };
}

/// Runs `f` on what there is in a namespace that is alive and complete. It stays so until `f` has returned.
///
/// Waits for others that switch tracking in this namespace alone.
#[inline(never)]
fn with(
    slot: &'static Slot,
    net: &Net,
    f: impl FnOnce(&mut Tracking, *mut bindings::net) -> Result,
) -> Result {
    let tracking = tracking(slot, net)?;
    let mut guard = tracking.lock();
    if !guard.alive {
        return Err(ENODEV);
    }
    // SAFETY: Used while it is borrowed.
    f(&mut guard, unsafe { door::net(net) })
}

/// Switches tracking on in a namespace, for the packets of a family (`nf_ct_netns_get()`).
///
/// It stays on until [`disable`] is called, the namespace dies or the module is unloaded. A second
/// call changes nothing. Others may have switched tracking on, or do so later.
///
/// Fragments are reassembled where connections are tracked. It waits for the packets that are on their
/// way: those that go through prerouting or local output when it has returned have been tracked when a hook
/// behind priority -200 sees them. Of what waited somewhere in between meanwhile that is not so: packets that
/// a program puts back (`NFQUEUE`), and multicast packets for which a route is being asked for.
///
/// # Errors
///
/// [`ENODEV`] if the [`Registration`] of `T` is not registered, or the namespace is being made or
/// is dying; [`ENOMEM`], after which tracking is off, but fragments may be reassembled until somebody has
/// switched it on and off again: `nf_ct_netns_get()` does not undo that.
#[doc(alias = "nf_ct_netns_get")]
pub fn enable<T: HasSlot<Slot>>(net: &Net, family: Family, _process: Process<'_>) -> Result {
    enable_for(T::slot(), net, bits(family))
}

fn enable_for(slot: &'static Slot, net: &Net, families: u8) -> Result {
    with(slot, net, |tracking, net| {
        let before = tracking.families;
        // SAFETY: Alive: conntrack registered before this part, and so lasts longer.
        unsafe { tracking.get(net, families) }?;
        if tracking.families != before {
            // A packet goes from the hook that tracks it to the hook that asks in one read-side section.
            // Under the lock of the namespace, so that it is over for whoever finds that tracking is on.
            wait_for_readers();
        }
        Ok(())
    })
}

/// Undoes [`enable`]: tracking is switched off unless somebody else needs it (`nf_ct_netns_put()`).
///
/// It waits for the packets that are on their way: those of which a hook may still ask, because it has begun
/// before the call, are tracked. Existing connections stay until they time out; their packets are
/// [`CtState::Invalid`] then.
///
/// # Errors
///
/// [`ENODEV`] as for [`enable`]: tracking is off then.
///
/// [`CtState::Invalid`]: crate::CtState::Invalid
#[doc(alias = "nf_ct_netns_put")]
pub fn disable<T: HasSlot<Slot>>(net: &Net, family: Family, _process: Process<'_>) -> Result {
    disable_for(T::slot(), net, bits(family))
}

fn disable_for(slot: &'static Slot, net: &Net, families: u8) -> Result {
    with(slot, net, |tracking, net| {
        if families & tracking.families != 0 {
            // Hooks that began before the call may go by what it was then.
            wait_for_readers();
        }
        // SAFETY: As in `enable_for`.
        unsafe { tracking.put(net, families) };
        Ok(())
    })
}

/// The part of a module that needs tracking (`nf_ct_netns_put()`). It records where [`enable`] has
/// switched tracking on, and switches it off when the module is unloaded. Put it before the parts
/// that call `enable` in [`Parts`](kernet::Module::Parts).
#[doc(alias = "nf_ct_netns_put")]
pub struct Registration<T: HasSlot<Slot>> {
    operations: Opaque<bindings::pernet_operations>,
    _user: PhantomData<T>,
}

// SAFETY: Only the core touches the operations, under its own lock.
unsafe impl<T: HasSlot<Slot>> Send for Registration<T> {}
// SAFETY: As above.
unsafe impl<T: HasSlot<Slot>> Sync for Registration<T> {}

// SAFETY: `register_pernet_subsys()` registers in all namespaces or in none. Its callbacks are run by
// `unregister_pernet_subsys()` at last, for each namespace, and tracking is off then: what hooks of
// conntrack still run are not of this module.
unsafe impl<T: HasSlot<Slot> + 'static> Part for Registration<T> {
    unsafe fn register(
        slot: *mut Self,
        _module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        // SAFETY: `slot` is valid for writes, and stays where it is until it is unregistered.
        unsafe {
            register(
                Opaque::cast_into(&raw const (*slot).operations),
                T::slot(),
                Self::init_callback,
                Self::pre_exit_callback,
                name,
            )
        }
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: Registered, by the caller's promise.
        unsafe { unregister(Opaque::cast_into(&raw const (*slot).operations), T::slot()) };
    }
}

impl<T: HasSlot<Slot>> Registration<T> {
    /// # Safety
    ///
    /// Called by the core only, while the part is registered or is being registered.
    unsafe extern "C" fn init_callback(net: *mut bindings::net) -> c_int {
        // SAFETY: By the caller's promise: the core has just allocated what `begin` looks for.
        match unsafe { begin(T::slot(), net) } {
            Ok(()) => 0,
            Err(error) => error.to_errno(),
        }
    }

    /// # Safety
    ///
    /// Called by the core only, once after `init_callback` has succeeded.
    unsafe extern "C" fn pre_exit_callback(net: *mut bindings::net) {
        // SAFETY: As above; freed later.
        unsafe { end(T::slot(), net) };
    }
}

/// What the core has allocated in a namespace.
///
/// # Safety
///
/// The core has allocated a `PerNet` by the slot's number in `net`, and does not free it while the result is
/// used, which is under `SWITCH`.
unsafe fn per_net<'a>(slot: &'static Slot, net: *mut bindings::net) -> &'a mut PerNet {
    // SAFETY: By the caller's promise. The number is written before the first namespace has a `PerNet`.
    unsafe { &mut *bindings::net_generic_or_null(net, *slot.number.get()).cast::<PerNet>() }
}

/// A namespace has been made.
///
/// # Safety
///
/// The core has allocated a `PerNet` by the slot's number in `net`, and calls this while conntrack's
/// own state is there.
#[inline(never)]
unsafe fn begin(slot: &'static Slot, net: *mut bindings::net) -> Result {
    let tracking = Arc::pin_init(
        new_mutex!(Tracking {
            alive: true,
            families: 0,
        }),
        GFP_KERNEL_ACCOUNT,
    )?;
    let _guard = SWITCH.lock();
    // INVARIANT: Of `Arc::into_raw`.
    // SAFETY: By the caller's promise.
    unsafe { per_net(slot, net) }.tracking = Arc::into_raw(tracking);
    Ok(())
}

/// A namespace dies, or the module is unloaded: tracking is switched off in it.
///
/// Waits for who switches it in this namespace; nobody does from then on.
///
/// # Safety
///
/// [`begin`] has succeeded in `net`, and conntrack's own state is still there.
#[inline(never)]
unsafe fn end(slot: &'static Slot, net: *mut bindings::net) {
    let tracking = {
        let _guard = SWITCH.lock();
        // INVARIANT: Null: nobody finds it any more.
        // SAFETY: By the caller's promise.
        mem::replace(unsafe { &mut per_net(slot, net).tracking }, ptr::null())
    };
    // SAFETY: Of `Arc::into_raw`, in `begin`, and taken out once.
    let tracking = unsafe { Arc::from_raw(tracking) };
    let mut guard = tracking.lock();
    // Others may have found it before.
    guard.alive = false;
    // SAFETY: By the caller's promise.
    unsafe { guard.put(net, bits(Family::Inet)) };
}

type InitFn = unsafe extern "C" fn(*mut bindings::net) -> c_int;
type ExitFn = unsafe extern "C" fn(*mut bindings::net);

/// Registers what a [`Registration`] is.
///
/// # Safety
///
/// `operations` is valid for writes, and stays where it is until it is unregistered; the callbacks are
/// those for `slot`.
#[inline(never)]
unsafe fn register(
    operations: *mut bindings::pernet_operations,
    slot: &'static Slot,
    init: InitFn,
    pre_exit: ExitFn,
    name: &'static CStr,
) -> Result {
    {
        let _guard = SWITCH.lock();
        if slot.state.load(Relaxed) != FREE {
            return Err(door::failed(
                name,
                fmt!("connection tracking: it is registered already"),
                EBUSY,
            ));
        }
        // INVARIANT: It is being registered.
        slot.state.store(BUSY, Relaxed);
    }
    let contents = bindings::pernet_operations {
        init: Some(init),
        pre_exit: Some(pre_exit),
        id: slot.number.get(),
        size: size_of::<PerNet>(),
        ..pin_init::zeroed()
    };
    // SAFETY: By the caller's promise.
    unsafe { ptr::write(operations, contents) };
    // SAFETY: The operations stay in place until they are unregistered; the slot is busy, so that
    // nobody else has its number changed.
    let result = to_result(unsafe { bindings::register_pernet_subsys(operations) });
    let _guard = SWITCH.lock();
    // INVARIANT: Registered, by the number that the core has written; or not, and free.
    // SAFETY: As above.
    let state = result.map_or(FREE, |()| unsafe { *slot.number.get() });
    slot.state.store(state, Relaxed);
    result.map_err(|e| door::failed(name, fmt!("connection tracking"), e))
}

/// Unregisters it.
///
/// # Safety
///
/// [`register`] was called with these and has succeeded.
#[inline(never)]
unsafe fn unregister(operations: *mut bindings::pernet_operations, slot: &'static Slot) {
    {
        let _guard = SWITCH.lock();
        // INVARIANT: It is being unregistered.
        slot.state.store(BUSY, Relaxed);
    }
    // SAFETY: Registered, by the caller's promise.
    unsafe { bindings::unregister_pernet_subsys(operations) };
    let _guard = SWITCH.lock();
    // INVARIANT: It is not registered.
    slot.state.store(FREE, Relaxed);
}
