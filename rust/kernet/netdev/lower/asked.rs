// SPDX-License-Identifier: GPL-2.0

//! What a device asks of those below it: modes and addresses.

use core::ptr;
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};

use super::{
    octets,
    Link,
    AWAY,
    CHANGING,
    PRESENT,
    SYNCED, //
};
use crate::{
    bindings,
    context::{
        Rtnl,
        Softirq, //
    },
    error::to_result,
    netdev::{
        Addresses,
        Driver,
        DriverDevice, //
    },
    wire::ethernet::Address, //
};

impl<D: Driver> DriverDevice<D> {
    /// Sets whether the lower devices receive all packets (`dev_set_promiscuity()`). Undone when this device
    /// goes down, and when a link ends.
    ///
    /// # Errors
    ///
    /// `EOVERFLOW` if a device is asked by too many; [`EBUSY`] in a callback that is about such a change.
    #[doc(alias = "dev_set_promiscuity")]
    pub fn set_lowers_promiscuous(&self, on: bool, rtnl: Rtnl<'_>) -> Result {
        self.set_mode(
            on,
            |link| &link.promiscuous,
            bindings::dev_set_promiscuity,
            rtnl,
        )
    }

    /// As [`Self::set_lowers_promiscuous`], of all multicast packets (`dev_set_allmulti()`).
    ///
    /// # Errors
    ///
    /// As [`Self::set_lowers_promiscuous`].
    #[doc(alias = "dev_set_allmulti")]
    pub fn set_lowers_all_multicast(&self, on: bool, rtnl: Rtnl<'_>) -> Result {
        self.set_mode(
            on,
            |link| &link.all_multicast,
            bindings::dev_set_allmulti,
            rtnl,
        )
    }

    fn set_mode(
        &self,
        on: bool,
        mode: fn(&Link) -> &Atomic<u32>,
        set: unsafe extern "C" fn(*mut bindings::net_device, c_int) -> c_int,
        rtnl: Rtnl<'_>,
    ) -> Result {
        if CHANGING.xchg(1, Relaxed) != 0 {
            return Err(EBUSY);
        }
        let result = self.change_mode(on, mode, set, rtnl);
        CHANGING.store(0, Relaxed);
        result
    }

    fn change_mode(
        &self,
        on: bool,
        mode: fn(&Link) -> &Atomic<u32>,
        set: unsafe extern "C" fn(*mut bindings::net_device, c_int) -> c_int,
        rtnl: Rtnl<'_>,
    ) -> Result {
        // Who is notified may cut links: each time from the start.
        let other = |link: &Link| (mode(link).load(Relaxed) != 0) != on;
        while let Some(link) = self.lower_links().find(other, rtnl) {
            mode(link).store(on.into(), Relaxed);
            // SAFETY: The lower device is registered, or is being unregistered, under RTNL.
            let set = to_result(unsafe { set(link.lower(), if on { 1 } else { -1 }) });
            if let Err(e) = set {
                // It has failed before it has notified anybody: the link is still there.
                mode(link).store((!on).into(), Relaxed);
                return Err(e);
            }
        }
        Ok(())
    }

    /// Has the lower devices receive the packets for an address, or for none any more (`dev_uc_add()`).
    /// Undone when this device goes down, and when a link ends.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`]: the device that has failed, and those linked after it, have the address that they had.
    #[doc(alias = "dev_uc_add")]
    #[doc(alias = "dev_uc_del")]
    pub fn set_lowers_hardware_address(&self, address: Option<Address>, rtnl: Rtnl<'_>) -> Result {
        let new = address.map_or(0, |address| {
            let [a, b, c, d, e, f] = address.octets();
            PRESENT | u64::from_be_bytes([0, 0, a, b, c, d, e, f])
        });
        let lowers = self.lower_links();
        let mut result = Ok(());
        lowers.find(
            |link| {
                // SAFETY: Both devices are valid, under RTNL. Nobody is notified. What is deleted was added.
                unsafe {
                    if link.is_away() {
                        // It is added when the device has arrived.
                        link.address.store(new, Relaxed);
                        return false;
                    }
                    if new != 0 {
                        result =
                            to_result(bindings::dev_uc_add(link.lower(), octets(new).as_ptr()));
                        if result.is_err() {
                            return true;
                        }
                    }
                    let old = link.address.xchg(new, Relaxed);
                    if old != 0 {
                        bindings::dev_uc_del(link.lower(), octets(old).as_ptr());
                    }
                }
                false
            },
            rtnl,
        );
        result
    }

    /// Has the lower devices receive what this one does, by its lists of addresses
    /// (`dev_uc_sync()`). For [`Driver::set_rx_mode`], whose `addresses` are those of this device:
    /// others do nothing.
    ///
    /// Undone when this device goes down, and when a link ends.
    #[doc(alias = "dev_uc_sync")]
    #[doc(alias = "dev_mc_sync")]
    pub fn sync_lowers(&self, addresses: Addresses<'_>, softirq: Softirq<'_>) {
        if !ptr::eq(addresses.device().as_raw(), self.as_raw()) {
            return;
        }
        let upper = self.as_raw();
        let synced = |link: &Link| {
            let lower = link.lower();
            if !lower.is_null() {
                let lists = link.lists.load(Relaxed);
                link.lists.store(lists | SYNCED, Relaxed);
                if lists & AWAY != 0 {
                    // They are taken there when the device has arrived.
                    return false;
                }
                // What fails for lack of memory is tried again at the next change, as C's drivers do.
                // SAFETY: Both are valid. The upper device's lists are locked, and its links order the locks.
                // Who cuts the link waits for this lock before it takes back what was added.
                unsafe {
                    bindings::dev_uc_sync_multiple(lower, upper);
                    bindings::dev_mc_sync_multiple(lower, upper);
                }
            }
            false
        };
        self.lower_links().find(synced, softirq.rcu());
    }
}
