// SPDX-License-Identifier: GPL-2.0

//! Hash tables of the devices above one lower device.

use core::marker::PhantomData;
use kernel::prelude::*;

use super::{
    map::{
        forget,
        Buckets, //
    },
    Driver,
    DriverDevice, //
};
use crate::context::{
    Context,
    Rcu,
    ReadSide,
    Rtnl, //
};

/// A hash table of a driver's devices, of those above one lower device for example, by their addresses
/// (`hlist_head`). A field of a receive handler's [`Port`](super::rx_handler::RxHandler::Port), for example.
///
/// Readers need no lock; writers hold RTNL. A device is in one map at most, be it this or a
/// [`DeviceMap`](super::DeviceMap).
///
/// # Lifetime
///
/// The map does not keep its devices alive: a device that is unregistered is removed from the map, under RTNL
/// and before the grace period that its unregistration waits for. The map may be dropped anywhere, and removes
/// what is in it.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Softirq,
///     netdev::{Driver, DriverDevice, PortMap},
///     wire::ethernet::Address,
/// };
///
/// /// The device with this hardware address.
/// fn find<'a, D: Driver>(
///     devices: &'a PortMap<D>,
///     address: Address,
///     softirq: Softirq<'a>,
/// ) -> Option<&'a DriverDevice<D>> {
///     let [.., a, b, c, d] = address.octets();
///     let hash = u32::from_be_bytes([a, b, c, d]);
///     devices.find(hash, softirq.rcu(), |dev| dev.ethernet_address(softirq) == Some(address))
/// }
/// ```
#[doc(alias = "hlist_head")]
pub struct PortMap<D: Driver> {
    // In a box of its own, which the devices refer to: a map that is freed without being dropped leaks it.
    buckets: KBox<Buckets>,
    _driver: PhantomData<fn(D)>,
}

impl<D: Driver> PortMap<D> {
    /// An empty map.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    pub fn new<C: Context>(_context: C) -> Result<Self> {
        Ok(Self {
            buckets: KBox::new(Buckets::new(), C::FLAGS_CHARGED)?,
            _driver: PhantomData,
        })
    }

    /// Returns the first device under `hash` for which `matches` returns true
    /// (`hlist_for_each_entry_rcu()`).
    #[doc(alias = "hlist_for_each_entry_rcu")]
    #[inline]
    pub fn find<'a>(
        &self,
        hash: u32,
        _rcu: Rcu<'a>,
        matches: impl FnMut(&'a DriverDevice<D>) -> bool,
    ) -> Option<&'a DriverDevice<D>> {
        // SAFETY: `insert` takes those of `D`; `_rcu` is a read-side section.
        unsafe { self.buckets.find(hash, matches) }
    }

    /// Calls `f` for each device (`hash_for_each_rcu()`).
    #[doc(alias = "hash_for_each_rcu")]
    #[inline]
    pub fn for_each<'a>(&self, _context: impl ReadSide<'a>, f: impl FnMut(&'a DriverDevice<D>)) {
        // SAFETY: `insert` takes those of `D`; the context is RTNL or a read-side section.
        unsafe { self.buckets.for_each(f) };
    }

    /// Inserts a device (`hlist_add_head_rcu()`). If it is in a map, it is removed from there.
    ///
    /// # Errors
    ///
    /// [`ENODEV`] if the device is not registered any more.
    #[doc(alias = "hlist_add_head_rcu")]
    pub fn insert(&self, dev: &DriverDevice<D>, hash: u32, rtnl: Rtnl<'_>) -> Result {
        // SAFETY: Of `D`, and of no namespace.
        unsafe { self.buckets.insert(core::ptr::null_mut(), dev, hash, rtnl) }
    }

    /// Removes a device, if the map has it (`hlist_del_rcu()`).
    #[doc(alias = "hlist_del_rcu")]
    pub fn remove(&self, dev: &DriverDevice<D>, rtnl: Rtnl<'_>) {
        if dev.shared().membership.is_in(&self.buckets) {
            forget(dev, rtnl);
        }
    }
}

impl<D: Driver> Drop for PortMap<D> {
    fn drop(&mut self) {
        self.buckets.clear::<D>();
    }
}
