// SPDX-License-Identifier: GPL-2.0

//! Where connections are tracked.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    error::to_result,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        rcu::synchronize_rcu, //
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
struct PerNet {
    /// The namespace is neither being made nor dying.
    alive: bool,
    /// For which protocols tracking is on, by their bits: so many times it has to be switched off.
    families: u8,
}

/// The protocols, with their bits.
const PROTOCOLS: [(u8, u32); 2] = [(1, bindings::NFPROTO_IPV4), (2, bindings::NFPROTO_IPV6)];

const fn bits(family: Family) -> u8 {
    match family {
        Family::Ipv4 => 1,
        Family::Ipv6 => 2,
        Family::Inet => 3,
    }
}

impl PerNet {
    /// Switches tracking on for those of `families` for which it is not.
    ///
    /// # Safety
    ///
    /// `net` is the namespace, in which conntrack's own state is made and not yet taken away.
    unsafe fn get(&mut self, net: *mut bindings::net, families: u8) -> Result {
        let before = self.families;
        for (bit, protocol) in PROTOCOLS {
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
        for (bit, protocol) in PROTOCOLS {
            if families & self.families & bit != 0 {
                // SAFETY: By the caller's promise; `families` says that it was switched on once.
                unsafe { bindings::nf_ct_netns_put(net, protocol as u8) };
                self.families &= !bit;
            }
        }
    }
}

/// Runs `f` on what there is in a namespace that is alive and complete.
#[inline(never)]
fn with(
    slot: &'static Slot,
    net: &Net,
    f: impl FnOnce(&mut PerNet, *mut bindings::net) -> Result,
) -> Result {
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
    let per_net = unsafe { per_net.cast::<PerNet>().as_mut() };
    match per_net {
        Some(per_net) if per_net.alive => f(per_net, net),
        _ => Err(ENODEV),
    }
}

/// Switches tracking on in a namespace, for the packets of a family (`nf_ct_netns_get()`).
///
/// It stays on until [`disable`] is called, the namespace dies or the module is unloaded. A second
/// call changes nothing. Others may have switched tracking on, or do so later.
///
/// Fragments are reassembled where connections are tracked. It waits for the packets that are on their
/// way: those that a hook sees afterwards have been tracked.
///
/// # Errors
///
/// [`ENODEV`] if the [`Registration`] of `T` is not registered, or the namespace is being made or
/// is dying; [`ENOMEM`].
#[doc(alias = "nf_ct_netns_get")]
pub fn enable<T: HasSlot<Slot>>(net: &Net, family: Family, _process: Process<'_>) -> Result {
    enable_for(T::slot(), net, bits(family))
}

fn enable_for(slot: &'static Slot, net: &Net, families: u8) -> Result {
    let mut switched = false;
    with(slot, net, |per_net, net| {
        let before = per_net.families;
        // SAFETY: Alive: conntrack registered before this part, and so lasts longer.
        unsafe { per_net.get(net, families) }?;
        switched = per_net.families != before;
        Ok(())
    })?;
    if switched {
        // A packet goes from the hook that tracks it to the hook that asks in one read-side section.
        synchronize_rcu();
    }
    Ok(())
}

/// Undoes [`enable`]: tracking is switched off unless somebody else needs it (`nf_ct_netns_put()`).
///
/// Existing connections stay until they time out; their packets are [`CtState::Invalid`] then.
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
    with(slot, net, |per_net, net| {
        // SAFETY: As in `enable_for`.
        unsafe { per_net.put(net, families) };
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
        // SAFETY: By the caller's promise: the core has just allocated what `set_alive` looks for.
        unsafe { set_alive(T::slot(), net, true) };
        0
    }

    /// # Safety
    ///
    /// Called by the core only, once after `init_callback`.
    unsafe extern "C" fn pre_exit_callback(net: *mut bindings::net) {
        // SAFETY: As above; freed later.
        unsafe { set_alive(T::slot(), net, false) };
    }
}

/// A namespace has been made, or dies: then tracking is switched off in it.
///
/// # Safety
///
/// The core has allocated a `PerNet` by the slot's number in `net`, and calls this while conntrack's
/// own state is there.
#[inline(never)]
unsafe fn set_alive(slot: &'static Slot, net: *mut bindings::net, alive: bool) {
    let _guard = SWITCH.lock();
    // SAFETY: By the caller's promise.
    unsafe {
        let per_net = bindings::net_generic_or_null(net, *slot.number.get()).cast::<PerNet>();
        (*per_net).alive = alive;
        if !alive {
            (*per_net).put(net, bits(Family::Inet));
        }
    }
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
