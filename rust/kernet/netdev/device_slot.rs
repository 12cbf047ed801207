// SPDX-License-Identifier: GPL-2.0

//! References to devices that are not a module's own.

use kernel::prelude::*;

use super::{
    reference::{
        with_lock,
        Reference,
        Table, //
    },
    Device, //
};
use crate::{
    bindings,
    context::{
        Context,
        ReadSide,
        Rtnl, //
    },
};

/// What refers to a device. The lock is that of [`with_lock`].
static SLOTS: Table = Table::new();

/// A place for a counted reference to any device, which kernet empties when the device goes
/// (`netdev_hold()`).
///
/// It goes when it is unregistered, and when it is moved to another namespace. The slot is empty from then
/// on, wherever it is: one that is leaked keeps no device. A field of a module's state, or of a driver's
/// private data, is the usual place.
///
/// # Context
///
/// Written under RTNL. It may be dropped in a task or in softirq, which puts the reference.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::{Rtnl, Softirq},
///     netdev::DeviceSlot,
///     netns::Net,
///     skb::{DropReason, Skb},
/// };
///
/// /// Where a mirror sends.
/// fn set_target(target: &DeviceSlot, net: &Net, ifindex: u32, rtnl: Rtnl<'_>) -> Result {
///     let device = net.device_by_index(ifindex, rtnl).ok_or(ENODEV)?;
///     target.replace(Some(device), rtnl)
/// }
///
/// fn mirror(target: &DeviceSlot, frame: Skb<'_>, softirq: Softirq<'_>) {
///     match target.get(softirq) {
///         Some(device) => drop(device.queue_xmit(frame, softirq)),
///         None => frame.drop_with(DropReason::DEV_READY, softirq),
///     }
/// }
/// ```
#[doc(alias = "netdev_hold")]
#[doc(alias = "netdevice_tracker")]
pub struct DeviceSlot {
    // In a box of its own, which the table refers to: a slot that is freed without being dropped leaks it.
    reference: KBox<Reference>,
}

impl DeviceSlot {
    /// An empty slot.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    pub fn new<C: Context>(_context: C) -> Result<Self> {
        Ok(Self {
            reference: KBox::new(Reference::none(), C::FLAGS_CHARGED)?,
        })
    }

    /// The device, if it is still there (`rcu_dereference()`).
    #[doc(alias = "rcu_dereference")]
    #[inline]
    pub fn get<'a>(&self, _context: impl ReadSide<'a>) -> Option<&'a Device> {
        let device = self.reference.as_raw();
        if device.is_null() {
            return None;
        }
        // SAFETY: It was held when the pointer was read. The slot is emptied under RTNL, and followed by a
        // grace period, before the device's last reference is put.
        Some(unsafe { Device::from_raw(device) })
    }

    /// Puts a device into the slot, or none (`netdev_hold()`). The reference to the one before is
    /// put.
    ///
    /// # Errors
    ///
    /// [`ENODEV`] if the device is not registered, or is being unregistered or moved to another namespace.
    /// The slot is empty then.
    #[doc(alias = "netdev_hold")]
    #[doc(alias = "netdev_put")]
    pub fn replace(&self, device: Option<&Device>, rtnl: Rtnl<'_>) -> Result {
        self.clear();
        let Some(device) = device else {
            return Ok(());
        };
        if !device.is_settled(rtnl) {
            return Err(ENODEV);
        }
        with_lock(&mut || {
            // SAFETY: Locked. The slot is empty, as only who has RTNL fills one. The box stays where it is, and
            // the reference is given up before it is freed.
            unsafe {
                SLOTS.hold(
                    core::ptr::from_ref::<Reference>(&self.reference).cast_mut(),
                    device,
                    <crate::context::Rcu<'_> as Context>::GFP,
                )
            }
        });
        Ok(())
    }

    fn clear(&self) {
        if !self.reference.as_raw().is_null() {
            // SAFETY: Locked.
            with_lock(&mut || unsafe { self.reference.give_up() });
        }
    }
}

impl Drop for DeviceSlot {
    fn drop(&mut self) {
        // Not `clear`: `gone` may be at it, on another CPU, and has read null or is about to.
        // SAFETY: Locked.
        with_lock(&mut || unsafe { self.reference.give_up() });
    }
}

/// Empties the slots that have `device`, which goes.
pub(super) fn gone(device: *mut bindings::net_device, _rtnl: Rtnl<'_>) {
    with_lock(&mut || loop {
        // SAFETY: Locked.
        let reference = unsafe { SLOTS.find(device, |_| true) };
        if reference.is_null() {
            break;
        }
        // SAFETY: In the table, and locked.
        unsafe { (*reference).give_up() };
    });
}
