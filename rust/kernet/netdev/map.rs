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
    Driver,
    DriverDevice, //
};
use crate::{
    bindings,
    context::{
        Rcu,
        Rtnl, //
    },
    netns::Net,
    rtnl, //
};

const BUCKETS: usize = 128;

/// A device's place in a [`DeviceMap`]. Zeroed memory is one of a device that is in none.
///
/// Written under RTNL.
///
/// # Invariants
///
/// `net` is null iff the device is in no map; it is the namespace of the map that it is in.
/// `slot` then is where the map, or the device before this one, points to this one.
pub(crate) struct Membership {
    next: Atomic<*mut bindings::net_device>,
    slot: Atomic<*mut Atomic<*mut bindings::net_device>>,
    net: Atomic<*mut bindings::net>,
}

impl Membership {
    #[inline(always)]
    pub(super) fn net(&self) -> *mut bindings::net {
        self.net.load(Acquire)
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
/// # Invariants
///
/// Each device that is linked in was made for `D`, has initialised private data, and is not freed
/// before it has left and a grace period has passed.
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
    buckets: [Atomic<*mut bindings::net_device>; BUCKETS],
    net: *mut bindings::net,
    #[pin]
    _pin: PhantomPinned,
    _driver: core::marker::PhantomData<fn(D)>,
}

// SAFETY: Holds no device, and is changed under RTNL only.
unsafe impl<D: Driver> Send for DeviceMap<D> {}
// SAFETY: As above; the pointers are atomic.
unsafe impl<D: Driver> Sync for DeviceMap<D> {}

impl<D: Driver> DeviceMap<D> {
    /// An empty map for the packets of `net`. It must become a field of the state of `net`.
    pub fn new(net: &Net) -> impl PinInit<Self> + '_ {
        let net = net.as_raw();
        // INVARIANT: Nothing is linked in.
        pin_init!(Self {
            buckets: [const { Atomic::<*mut bindings::net_device>::new(ptr::null_mut()) }; BUCKETS],
            net,
            _pin: PhantomPinned,
            _driver: core::marker::PhantomData,
        })
    }

    fn bucket(&self, hash: u32) -> Option<&Atomic<*mut bindings::net_device>> {
        // Fibonacci hashing: the upper bits depend on all of the input.
        self.buckets
            .get((hash.wrapping_mul(0x9e37_79b9) >> 25) as usize)
    }

    /// Returns the first device under `hash` for which `matches` returns true.
    #[inline]
    pub fn find<'a, 'rcu: 'a>(
        &'a self,
        hash: u32,
        _rcu: Rcu<'rcu>,
        mut matches: impl FnMut(&'a DriverDevice<D>) -> bool,
    ) -> Option<&'a DriverDevice<D>> {
        let mut dev = self.bucket(hash)?.load(Acquire);
        while !dev.is_null() {
            // SAFETY: By the type invariants, and as `_rcu` is a read-side section.
            let this = unsafe { DriverDevice::<D>::from_raw(dev) };
            if matches(this) {
                return Some(this);
            }
            dev = this.shared().membership.next.load(Acquire);
        }
        None
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
        // SAFETY: Valid by the type; written under RTNL.
        if u32::from(unsafe { (*dev.as_raw()).reg_state })
            != bindings::netdev_reg_state_NETREG_REGISTERED
        {
            return Err(ENODEV);
        }
        forget(dev, rtnl);
        let bucket = self.bucket(hash).ok_or(EINVAL)?;
        let member = &dev.shared().membership;
        let first = bucket.load(Relaxed);
        member.next.store(first, Relaxed);
        member.slot.store(ptr::from_ref(bucket).cast_mut(), Relaxed);
        // INVARIANT: In this map, from the next store on; `forget` runs in `uninit` of the device, and
        // when the map is dropped, which the state that holds it in place makes sure of.
        member.net.store(self.net, Release);
        if !first.is_null() {
            // SAFETY: By the type invariants.
            let first = unsafe { DriverDevice::<D>::from_raw(first) };
            let slot = ptr::from_ref(&member.next).cast_mut();
            first.shared().membership.slot.store(slot, Relaxed);
        }
        bucket.store(dev.as_raw(), Release);
        Ok(())
    }

    /// Removes a device, if the map has it.
    pub fn remove(&self, dev: &DriverDevice<D>, rtnl: Rtnl<'_>) {
        if dev.shared().membership.net() == self.net {
            forget(dev, rtnl);
        }
    }

    /// Unregisters all devices in the map, whatever namespace they are in.
    #[doc(alias = "unregister_netdevice_queue")]
    pub fn unregister_all(&self, rtnl: Rtnl<'_>, list: &mut Unregister<'_>) {
        self.for_each(|dev| list.add(dev, rtnl));
    }

    fn for_each(&self, mut f: impl FnMut(&DriverDevice<D>)) {
        for bucket in &self.buckets {
            let mut dev = bucket.load(Relaxed);
            while !dev.is_null() {
                // SAFETY: By the type invariants; the callers hold RTNL.
                let this = unsafe { DriverDevice::<D>::from_raw(dev) };
                dev = this.shared().membership.next.load(Relaxed);
                f(this);
            }
        }
    }
}

#[pinned_drop]
impl<D: Driver> PinnedDrop for DeviceMap<D> {
    fn drop(self: Pin<&mut Self>) {
        // One that no state holds is empty, and may be dropped anywhere: `insert` asks for a state's.
        if self
            .buckets
            .iter()
            .all(|bucket| bucket.load(Relaxed).is_null())
        {
            return;
        }
        let mut orphans = false;
        // SAFETY: State is dropped in process context.
        let process = unsafe { crate::context::Process::assume() };
        process.with_rtnl(|rtnl| {
            self.for_each(|dev| {
                orphans = true;
                forget(dev, rtnl);
            })
        });
        if orphans {
            // Whoever has read `link_net` of an orphan.
            // SAFETY: May sleep.
            unsafe { bindings::synchronize_net() };
        }
    }
}

/// Takes a device out of the map that it is in, if any.
pub(super) fn forget<D: Driver>(dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) {
    let member = &dev.shared().membership;
    if member.net.load(Relaxed).is_null() {
        return;
    }
    let next = member.next.load(Relaxed);
    let slot = member.slot.load(Relaxed);
    // `next` stays: a reader that is at this device goes on from there.
    // SAFETY: The device is in a map, so `slot` is a part of the map or of another member, and RTNL
    // keeps both.
    unsafe { (*slot).store(next, Release) };
    if !next.is_null() {
        // SAFETY: A member of the same map.
        let next = unsafe { DriverDevice::<D>::from_raw(next) };
        next.shared().membership.slot.store(slot, Relaxed);
    }
    // INVARIANT: Nothing points to the device any more.
    member.net.store(ptr::null_mut(), Release);
}

/// A list of devices to unregister together, with one grace period.
#[doc(alias = "unregister_netdevice_queue")]
pub struct Unregister<'a> {
    list: &'a mut bindings::list_head,
    net: Option<&'a Net>,
}

impl<'a> Unregister<'a> {
    /// # Safety
    ///
    /// `list` is a list of devices that the caller unregisters, under RTNL, on behalf of `net`.
    pub(crate) unsafe fn new(list: &'a mut bindings::list_head, net: Option<&'a Net>) -> Self {
        Self { list, net }
    }

    /// Adds a device, and its peer.
    #[doc(alias = "unregister_netdevice_queue")]
    pub fn add<D: Driver>(&mut self, dev: &DriverDevice<D>, rtnl: Rtnl<'_>) {
        let net = self.net.unwrap_or_else(|| dev.net(rtnl));
        rtnl::unregister(dev, net, self.list, rtnl);
    }
}
