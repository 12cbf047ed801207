// SPDX-License-Identifier: GPL-2.0

//! The lower devices of a driver's device.

use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Relaxed, //
    }, //
};

use super::{
    call_changed,
    call_go_along,
    call_remove_port,
    link,
    Calls,
    Link,
    Lowers, //
};
use crate::{
    context::{
        Rcu,
        ReadSide,
        Rtnl, //
    },
    netdev::{
        Device,
        Driver,
        DriverDevice,
        Ops,
        TxMode, //
    },
    nlattr::ExtAck, //
};

impl<D: Driver> DriverDevice<D> {
    const CALLS: &'static Calls = &Calls {
        set_rx_mode: if D::HAS_SET_RX_MODE {
            Some(Ops::<D>::set_rx_mode)
        } else {
            None
        },
        changed: call_changed::<D>,
        remove_port: if D::HAS_REMOVE_PORT {
            Some(call_remove_port::<D>)
        } else {
            None
        },
        go_along: call_go_along::<D>,
    };

    /// Sending takes the lock of the lower device's queue: within that of the upper one's it might deadlock.
    const CHECKED: () = assert!(
        !D::TxMode::LOCKED,
        "a device above others sends on several CPUs at a time: its `TxMode` is `Concurrent`"
    );

    #[inline(always)]
    pub(super) fn lower_links(&self) -> &Lowers {
        &self.shared().lowers
    }

    /// Links this device to a lower one: what is sent by this one leaves by that (`netdev_upper_dev_link()`).
    /// There may be several.
    ///
    /// The link ends when either device is unregistered; that of a port also when the port is moved to another
    /// namespace, if the driver has [`Driver::remove_port`]. No callback can cut it before: the core walks the links
    /// while it calls drivers. Who administers the host can, of what is a port: [`Driver::remove_port`].
    /// Changes of the lower device are told to [`Driver::lower_event`]. If this device is up,
    /// [`Driver::set_rx_mode`] is called, so that the lower one receives what is wanted.
    ///
    /// # Errors
    ///
    /// [`ENODEV`] if either is not registered, or is being unregistered or moved; [`EBUSY`] if this device is
    /// below the other one; [`EEXIST`] if they are linked already; `EMLINK` if more than 8 devices were one
    /// above the other; [`ENOMEM`]; what a notifier refuses.
    #[doc(alias = "netdev_upper_dev_link")]
    pub fn link_lower(&self, lower: &Device, extack: ExtAck<'_>, rtnl: Rtnl<'_>) -> Result {
        const { Self::CHECKED };
        let lowers = self.lower_links();
        link(lowers, (self, lower), false, Self::CALLS, extack, rtnl)
    }

    /// As [`Self::link_lower`], as the master of the lower device, of which it has one at most: a bridge or a
    /// bond, as `master` of `ip link` shows it (`netdev_master_upper_dev_link()`).
    ///
    /// # Errors
    ///
    /// As [`Self::link_lower`]; [`EBUSY`] if it has another master.
    #[doc(alias = "netdev_master_upper_dev_link")]
    pub fn link_port(&self, lower: &Device, extack: ExtAck<'_>, rtnl: Rtnl<'_>) -> Result {
        const { Self::CHECKED };
        let lowers = self.lower_links();
        link(lowers, (self, lower), true, Self::CALLS, extack, rtnl)
    }

    /// The lower device that was linked first (`netdev_lower_get_first_private_rcu()`). `None` before a link,
    /// and when the lower device is gone.
    #[doc(alias = "netdev_lower_get_first_private_rcu")]
    #[inline]
    pub fn lower<'a>(&self, context: impl ReadSide<'a>) -> Option<&'a Device> {
        let lower = self.lower_links().first(context)?.lower();
        // SAFETY: Read from a link, which under RTNL or in a read-side section was there, or is being cut. The
        // device is not freed before RTNL is released and a grace period has passed.
        (!lower.is_null()).then(|| unsafe { Device::from_raw(lower) })
    }

    /// Calls `f` with each lower device, in the order in which they were linked
    /// (`netdev_for_each_lower_dev()`). It may do what cuts links, or makes new ones: those that are there
    /// when their turn comes are called with.
    #[doc(alias = "netdev_for_each_lower_dev")]
    pub fn for_each_lower<'a>(&self, rtnl: Rtnl<'a>, mut f: impl FnMut(&'a Device)) {
        let mut last = 0;
        let later =
            |last: u64| move |link: &Link| link.number > last && link.leaving.load(Relaxed) == 0;
        while let Some(link) = self.lower_links().find(later(last), rtnl) {
            last = link.number;
            // SAFETY: It was linked just now, under RTNL, before whose release it is not freed.
            f(unsafe { Device::from_raw(link.lower()) });
        }
    }

    /// The lower devices, in the order in which they were linked (`netdev_next_lower_dev_rcu()`).
    #[doc(alias = "netdev_next_lower_dev_rcu")]
    pub fn lowers<'a>(&self, rcu: Rcu<'a>) -> impl Iterator<Item = &'a Device> {
        let mut next = self.lower_links().first(rcu);
        core::iter::from_fn(move || loop {
            let link = next?;
            // SAFETY: As a link's; it is freed a grace period after it was cut.
            next = unsafe { link.next.load(Acquire).as_ref() };
            let lower = link.lower();
            if !lower.is_null() {
                // SAFETY: As `lower`.
                break Some(unsafe { Device::from_raw(lower) });
            }
        })
    }
}
