// SPDX-License-Identifier: GPL-2.0

//! Hash tables of devices.

use core::{
    marker::PhantomPinned,
    ptr, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    },
};

use super::{
    reference::with_lock,
    Driver,
    DriverDevice, //
};
use crate::{
    bindings,
    context::{
        Rcu,
        Rtnl, //
    },
    netns::{
        Net,
        Unregister, //
    },
    rtnl, //
};

const BUCKETS: usize = 128;

/// A device's place in a [`DeviceMap`] or a [`PortMap`](super::PortMap). Zeroed memory is one of a device
/// that is in none.
///
/// Written under [`with_lock`].
///
/// # Invariants
///
/// `slot` is null iff the device is in no map; else it is where the map, or the device before this one, points
/// to this one. `net` is that of the map, or null if it has none.
pub(crate) struct Membership {
    next: Atomic<*mut bindings::net_device>,
    slot: Atomic<*mut Atomic<*mut bindings::net_device>>,
    net: Atomic<*mut bindings::net>,
    /// Which map it is in.
    map: Atomic<usize>,
}

impl Membership {
    #[inline(always)]
    pub(super) fn net(&self) -> *mut bindings::net {
        self.net.load(Acquire)
    }

    /// Whether the device is in the map with these buckets.
    pub(super) fn is_in(&self, buckets: &Buckets) -> bool {
        self.map.load(Relaxed) == ptr::from_ref(buckets).addr()
    }
}

/// What a map finds its devices by.
///
/// # Invariants
///
/// Each device that is linked in was made for one driver, has initialised private data, and is not freed
/// before it has left and a grace period has passed.
pub(super) struct Buckets([Atomic<*mut bindings::net_device>; BUCKETS]);

impl Buckets {
    pub(super) const fn new() -> Self {
        // INVARIANT: Nothing is linked in.
        Self([const { Atomic::<*mut bindings::net_device>::new(ptr::null_mut()) }; BUCKETS])
    }

    fn bucket(&self, hash: u32) -> Option<&Atomic<*mut bindings::net_device>> {
        // Fibonacci hashing: the upper bits depend on all of the input.
        self.0.get((hash.wrapping_mul(0x9e37_79b9) >> 25) as usize)
    }

    /// The first device under `hash` for which `matches` returns true.
    ///
    /// # Safety
    ///
    /// The devices were made for `D`. For `'a`, the caller is in a read-side section.
    #[inline(always)]
    pub(super) unsafe fn find<'a, D: Driver>(
        &self,
        hash: u32,
        mut matches: impl FnMut(&'a DriverDevice<D>) -> bool,
    ) -> Option<&'a DriverDevice<D>> {
        let mut dev = self.bucket(hash)?.load(Acquire);
        while !dev.is_null() {
            // SAFETY: By the type invariants, and the caller's promise.
            let this = unsafe { DriverDevice::<D>::from_raw(dev) };
            if matches(this) {
                return Some(this);
            }
            dev = this.shared().membership.next.load(Acquire);
        }
        None
    }

    /// Calls `f` for each device.
    ///
    /// # Safety
    ///
    /// The devices were made for `D`. For `'a`, the caller has RTNL or is in a read-side section.
    pub(super) unsafe fn for_each<'a, D: Driver>(&self, mut f: impl FnMut(&'a DriverDevice<D>)) {
        for bucket in &self.0 {
            let mut dev = bucket.load(Acquire);
            while !dev.is_null() {
                // SAFETY: By the type invariants, and the caller's promise.
                let this = unsafe { DriverDevice::<D>::from_raw(dev) };
                dev = this.shared().membership.next.load(Acquire);
                f(this);
            }
        }
    }

    /// Links a device in, which is in no map any more.
    ///
    /// # Safety
    ///
    /// The devices were made for `D`. `net` is not freed before the device has left and a grace period has
    /// passed.
    ///
    /// # Errors
    ///
    /// [`ENODEV`] if the device is not registered any more.
    pub(super) unsafe fn insert<D: Driver>(
        &self,
        net: *mut bindings::net,
        dev: &DriverDevice<D>,
        hash: u32,
        rtnl: Rtnl<'_>,
    ) -> Result {
        // SAFETY: Valid by the type; written under RTNL.
        if u32::from(unsafe { (*dev.as_raw()).reg_state })
            != bindings::netdev_reg_state_NETREG_REGISTERED
        {
            return Err(ENODEV);
        }
        forget(dev, rtnl);
        let bucket = self.bucket(hash).ok_or(EINVAL)?;
        let member = &dev.shared().membership;
        with_lock(&mut || {
            let first = bucket.load(Relaxed);
            member.next.store(first, Relaxed);
            member.slot.store(ptr::from_ref(bucket).cast_mut(), Relaxed);
            member.map.store(ptr::from_ref(self).addr(), Relaxed);
            // INVARIANT: In this map. `forget` runs in `uninit` of the device, and when the map is dropped.
            member.net.store(net, Release);
            if !first.is_null() {
                // SAFETY: By the type invariants.
                let first = unsafe { DriverDevice::<D>::from_raw(first) };
                let slot = ptr::from_ref(&member.next).cast_mut();
                first.shared().membership.slot.store(slot, Relaxed);
            }
            bucket.store(dev.as_raw(), Release);
        });
        Ok(())
    }

    /// Takes all devices out. Returns whether there were any.
    pub(super) fn clear<D: Driver>(&self) -> bool {
        let mut any = false;
        // Nobody puts one in meanwhile: there is no other reference to the map.
        if self.0.iter().any(|bucket| !bucket.load(Relaxed).is_null()) {
            with_lock(&mut || {
                for bucket in &self.0 {
                    let mut dev = bucket.load(Relaxed);
                    while !dev.is_null() {
                        any = true;
                        // SAFETY: By the type invariants: locked, it has not left.
                        unsafe { leave(DriverDevice::<D>::from_raw(dev)) };
                        dev = bucket.load(Relaxed);
                    }
                }
            });
        }
        any
    }
}

/// A hash table of a driver's devices: of tunnels by their end points, for example.
///
/// A map is a field of the [state](crate::netns::NetState) of the namespace whose packets it
/// serves; anywhere else it accepts no devices. Readers need no lock; writers hold RTNL.
///
/// # Lifetime
///
/// The map does not keep its devices alive: a device that is unregistered is removed from the map,
/// under RTNL and before the grace period that its unregistration waits for. When the map's
/// namespace dies, its devices must be unregistered, whatever namespace they are in
/// ([`NetState::exit_rtnl`](crate::netns::NetState::exit_rtnl), [`Self::unregister_all`]); devices
/// that are not lose their [`DriverDevice::link_net`].
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Softirq,
///     netdev::{DeviceMap, Driver, DriverDevice},
/// };
///
/// /// The device whose private data has this key.
/// fn find<'a, D: Driver>(
///     devices: &'a DeviceMap<D>,
///     key: u32,
///     has_key: impl Fn(&D, u32) -> bool,
///     softirq: Softirq<'a>,
/// ) -> Option<&'a DriverDevice<D>> {
///     devices.find(key, softirq.rcu(), |dev| has_key(dev.private(), key))
/// }
/// ```
#[pin_data(PinnedDrop)]
pub struct DeviceMap<D: Driver> {
    buckets: Buckets,
    net: *mut bindings::net,
    #[pin]
    _pin: PhantomPinned,
    _driver: core::marker::PhantomData<fn(D)>,
}

// SAFETY: Holds no device, and is changed under a lock only.
unsafe impl<D: Driver> Send for DeviceMap<D> {}
// SAFETY: As above; the pointers are atomic.
unsafe impl<D: Driver> Sync for DeviceMap<D> {}

impl<D: Driver> DeviceMap<D> {
    /// An empty map for the packets of `net`. It must become a field of the state of `net`.
    pub fn new(net: &Net) -> impl PinInit<Self> + '_ {
        let net = net.as_raw();
        pin_init!(Self {
            buckets: Buckets::new(),
            net,
            _pin: PhantomPinned,
            _driver: core::marker::PhantomData,
        })
    }

    /// Returns the first device under `hash` for which `matches` returns true.
    #[inline]
    pub fn find<'a, 'rcu: 'a>(
        &'a self,
        hash: u32,
        _rcu: Rcu<'rcu>,
        matches: impl FnMut(&'a DriverDevice<D>) -> bool,
    ) -> Option<&'a DriverDevice<D>> {
        // SAFETY: `insert` takes those of `D`; `_rcu` is a read-side section.
        unsafe { self.buckets.find(hash, matches) }
    }

    /// Inserts a device. If it is in a map, it is removed from there.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the map is not a field of the module's state in `net`: another map might be
    /// leaked, and its namespace freed before it. [`ENODEV`] if the device is not registered any
    /// more.
    pub fn insert(&self, net: &Net, dev: &DriverDevice<D>, hash: u32, rtnl: Rtnl<'_>) -> Result {
        let state = net.state::<D::Module>(rtnl).ok_or(ENODEV)?;
        let state = ptr::from_ref(state).addr()..ptr::from_ref(state).addr() + size_of_val(state);
        if !ptr::eq(net.as_raw(), self.net) || !state.contains(&ptr::from_ref(self).addr()) {
            return Err(EINVAL);
        }
        // SAFETY: Of `D`. The map is in the namespace's state, as just seen, and dropped with it.
        unsafe { self.buckets.insert(self.net, dev, hash, rtnl) }
    }

    /// Removes a device, if the map has it.
    pub fn remove(&self, dev: &DriverDevice<D>, rtnl: Rtnl<'_>) {
        if dev.shared().membership.is_in(&self.buckets) {
            forget(dev, rtnl);
        }
    }

    /// Unregisters all devices in the map, whatever namespace they are in
    /// (`unregister_netdevice_queue()`).
    #[doc(alias = "unregister_netdevice_queue")]
    pub fn unregister_all(&self, rtnl: Rtnl<'_>, list: &mut Unregister<'_>) {
        // SAFETY: `insert` takes those of `D`; RTNL is held.
        unsafe { self.buckets.for_each::<D>(|dev| list.add(dev, rtnl)) };
    }
}

#[pinned_drop]
impl<D: Driver> PinnedDrop for DeviceMap<D> {
    fn drop(self: Pin<&mut Self>) {
        // One that no state holds is empty, and may be dropped anywhere: `insert` asks for a state's.
        if self.buckets.clear::<D>() {
            // Who has read `link_net` of an orphan holds RTNL, or is in a read-side section. The namespace's own
            // end waits for neither: IPv6's tables, for example, go without RTNL.
            // SAFETY: State is dropped in process context, which may sleep, without RTNL.
            unsafe {
                bindings::rtnl_lock();
                bindings::rtnl_unlock();
                bindings::synchronize_net();
            }
        }
    }
}

/// Takes a device out of the map that it is in, if any.
pub(super) fn forget<D: Driver>(dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) {
    if !dev.shared().membership.slot.load(Relaxed).is_null() {
        // SAFETY: Locked.
        with_lock(&mut || unsafe { leave(dev) });
    }
}

/// Takes a device out of the map that it is in, if any.
///
/// # Safety
///
/// The caller is in [`with_lock`].
unsafe fn leave<D: Driver>(dev: &DriverDevice<D>) {
    let member = &dev.shared().membership;
    let next = member.next.load(Relaxed);
    let slot = member.slot.load(Relaxed);
    if slot.is_null() {
        return;
    }
    // `next` stays: a reader that is at this device goes on from there.
    // SAFETY: The device is in a map, so `slot` is a part of the map or of another member, and the lock
    // keeps both.
    unsafe { (*slot).store(next, Release) };
    if !next.is_null() {
        // SAFETY: A member of the same map.
        let next = unsafe { DriverDevice::<D>::from_raw(next) };
        next.shared().membership.slot.store(slot, Relaxed);
    }
    // INVARIANT: Nothing points to the device any more.
    member.slot.store(ptr::null_mut(), Relaxed);
    member.map.store(0, Relaxed);
    member.net.store(ptr::null_mut(), Release);
}

impl Unregister<'_> {
    /// Adds a device, and its peer (`unregister_netdevice_queue()`).
    #[doc(alias = "unregister_netdevice_queue")]
    pub fn add<D: Driver>(&mut self, dev: &DriverDevice<D>, rtnl: Rtnl<'_>) {
        let net = self.net.unwrap_or_else(|| dev.net(rtnl));
        rtnl::unregister(dev, net, self.list, rtnl);
    }
}
