// SPDX-License-Identifier: GPL-2.0

//! Counted references to devices, which kernet finds by their device.

use core::{
    marker::PhantomPinned,
    pin::Pin,
    ptr, //
};
use kernel::{
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    },
    types::Opaque, //
};

use super::Device;
use crate::{
    bindings,
    context::Rtnl, //
};

const BUCKETS: usize = 64;

/// A counted reference to a device, with its tracker, in a [`Table`]. Zeroed memory is one to none.
///
/// # Invariants
///
/// `device` is null, or the reference holds it, and the reference is in a table.
pub(super) struct Reference {
    device: Atomic<*mut bindings::net_device>,
    next: Atomic<*mut Reference>,
    /// What points to this one.
    place: Atomic<*mut Atomic<*mut Reference>>,
    tracker: Opaque<bindings::netdevice_tracker>,
    _pin: PhantomPinned,
}

// SAFETY: A reference to a device may be given up by any CPU. What changes it holds the table's lock.
unsafe impl Send for Reference {}
// SAFETY: As above; what is read without that lock is atomic.
unsafe impl Sync for Reference {}

impl Reference {
    /// To no device.
    pub(super) const fn none() -> Self {
        // INVARIANT: Null.
        Self {
            device: Atomic::<*mut bindings::net_device>::new(ptr::null_mut()),
            next: Atomic::<*mut Reference>::new(ptr::null_mut()),
            place: Atomic::<*mut Atomic<*mut Reference>>::new(ptr::null_mut()),
            tracker: Opaque::zeroed(),
            _pin: PhantomPinned,
        }
    }

    /// The device, or null.
    #[inline(always)]
    pub(super) fn as_raw(&self) -> *mut bindings::net_device {
        self.device.load(Acquire)
    }

    /// Gives up the reference.
    ///
    /// # Safety
    ///
    /// The caller holds the lock of the table.
    pub(super) unsafe fn give_up(&self) {
        let device = self.device.load(Relaxed);
        if device.is_null() {
            return;
        }
        let next = self.next.load(Relaxed);
        let place = self.place.load(Relaxed);
        // INVARIANT: To none, before the reference is put.
        self.device.store(ptr::null_mut(), Release);
        // SAFETY: It is in the table, by the type invariants: what points to it is a part of the table or
        // of another reference, both of which the lock keeps.
        unsafe {
            (*place).store(next, Relaxed);
            if !next.is_null() {
                (*next).place.store(place, Relaxed);
            }
            // Held, by the type invariants. Who has read the pointer is in a section that the device's end
            // waits for.
            bindings::netdev_put(device, self.tracker.get());
        }
    }
}

/// References by their devices. Who walks it or changes it holds its lock: RTNL, or one of its own.
///
/// # Invariants
///
/// What is linked in is a reference to a device, and valid.
pub(super) struct Table([Atomic<*mut Reference>; BUCKETS]);

impl Table {
    /// Without references.
    pub(super) const fn new() -> Self {
        // INVARIANT: Empty.
        Self([const { Atomic::<*mut Reference>::new(ptr::null_mut()) }; BUCKETS])
    }

    fn bucket(&self, device: *mut bindings::net_device) -> Option<&Atomic<*mut Reference>> {
        // Fibonacci hashing: the upper bits depend on all of the address.
        let hash = (device.addr() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58;
        self.0.get(hash as usize)
    }

    /// Makes `reference` one to `device`.
    ///
    /// # Safety
    ///
    /// The caller holds the lock of the table, which is the only one that `reference` is put into. It is one
    /// to none, and stays valid at its place until it is given up.
    pub(super) unsafe fn hold(&self, reference: *mut Reference, device: &Device, gfp: u32) {
        // The pointer is kept, by which its owner gets from the reference to what it is a part of.
        // SAFETY: Valid, by the caller's promise.
        let this = unsafe { &*reference };
        let Some(bucket) = self.bucket(device.as_raw()) else {
            return;
        };
        // SAFETY: The device is valid; the tracker is unused, and at a place that stays.
        unsafe { bindings::netdev_hold(device.as_raw(), this.tracker.get(), gfp) };
        let first = bucket.load(Relaxed);
        this.next.store(first, Relaxed);
        this.place.store(ptr::from_ref(bucket).cast_mut(), Relaxed);
        if !first.is_null() {
            let place = ptr::from_ref(&this.next).cast_mut();
            // SAFETY: Linked in, by the type invariants.
            unsafe { (*first).place.store(place, Relaxed) };
        }
        bucket.store(reference, Relaxed);
        // INVARIANT: Held, and in the table.
        this.device.store(device.as_raw(), Release);
    }

    /// The first reference to `device` for which `matches` returns true, or null.
    ///
    /// # Safety
    ///
    /// The caller holds the lock of the table.
    pub(super) unsafe fn find(
        &self,
        device: *mut bindings::net_device,
        mut matches: impl FnMut(*mut Reference) -> bool,
    ) -> *mut Reference {
        let Some(bucket) = self.bucket(device) else {
            return ptr::null_mut();
        };
        let mut reference = bucket.load(Relaxed);
        while !reference.is_null() {
            // SAFETY: Linked in, by the type invariants.
            let this = unsafe { &*reference };
            if this.device.load(Relaxed) == device && matches(reference) {
                break;
            }
            reference = this.next.load(Relaxed);
        }
        reference
    }

    /// The first reference, to whatever device, for which `matches` returns true, or null.
    ///
    /// # Safety
    ///
    /// The caller holds the lock of the table.
    pub(super) unsafe fn any(
        &self,
        mut matches: impl FnMut(*mut Reference) -> bool,
    ) -> *mut Reference {
        for bucket in &self.0 {
            let mut reference = bucket.load(Relaxed);
            while !reference.is_null() {
                if matches(reference) {
                    return reference;
                }
                // SAFETY: Linked in, by the type invariants.
                reference = unsafe { (*reference).next.load(Relaxed) };
            }
        }
        ptr::null_mut()
    }
}

impl Device {
    /// Whether the device is registered, and stays where it is: it is not being unregistered or moved to
    /// another namespace.
    pub(super) fn is_settled(&self, _rtnl: Rtnl<'_>) -> bool {
        // SAFETY: Valid by the type; changed under RTNL only.
        unsafe { bindings::netdev_is_settled(self.as_raw()) }
    }
}

kernel::sync::global_lock! {
    // SAFETY: `init_lock` is called before any module can be there that uses kernet.
    unsafe(uninit) static LOCK: SpinLock<()> = ();
}

/// Makes the lock.
///
/// # Safety
///
/// Called once, before [`with_lock`].
pub(super) unsafe fn init_lock() {
    // SAFETY: By the caller's promise.
    unsafe { LOCK.init() };
}

/// Runs `f`, which does not sleep, with the lock of what may be dropped without RTNL, in task or softirq.
// Not inlined into a module: the lock is one, and kernet's.
#[inline(never)]
pub(crate) fn with_lock(f: &mut dyn FnMut()) {
    // SAFETY: No requirements; enabled again below.
    unsafe { bindings::local_bh_disable() };
    let guard = LOCK.lock();
    f();
    drop(guard);
    // SAFETY: Disabled above.
    unsafe { bindings::local_bh_enable() };
}
