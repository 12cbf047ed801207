// SPDX-License-Identifier: GPL-2.0

//! Receive filters of a device: further addresses, VLANs.

use core::marker::PhantomData;
use kernel::{
    error::from_result,
    prelude::*, //
};

use super::{
    Device,
    Driver,
    DriverDevice,
    Ops, //
};
use crate::{
    bindings,
    context::{
        Rtnl,
        Softirq, //
    },
    error::to_result,
    wire::ethernet, //
};

/// The receive modes of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RxFlags {
    /// All packets (`IFF_PROMISC`).
    #[doc(alias = "IFF_PROMISC")]
    pub promiscuous: bool,
    /// All multicast packets (`IFF_ALLMULTI`).
    #[doc(alias = "IFF_ALLMULTI")]
    pub all_multicast: bool,
}

/// The addresses that a device receives besides its own (`netdev_hw_addr_list`). Borrowed while the
/// list is locked.
#[doc(alias = "netdev_hw_addr_list")]
#[derive(Clone, Copy)]
pub struct Addresses<'a>(&'a Device, PhantomData<fn(&'a ()) -> &'a ()>);

impl<'a> Addresses<'a> {
    /// Whose they are.
    pub(super) fn device(self) -> &'a Device {
        self.0
    }

    /// Multicast addresses (`netdev_for_each_mc_addr()`).
    #[doc(alias = "netdev_for_each_mc_addr")]
    pub fn multicast(self) -> impl Iterator<Item = ethernet::Address> + 'a {
        // SAFETY: Valid by the type, and locked.
        unsafe { List::new(&raw const (*self.0.as_raw()).mc) }
    }

    /// Unicast addresses, for a driver that [filters](super::Setup::unicast_filter) by them
    /// (`netdev_for_each_uc_addr()`).
    #[doc(alias = "netdev_for_each_uc_addr")]
    pub fn unicast(self) -> impl Iterator<Item = ethernet::Address> + 'a {
        // SAFETY: As above.
        unsafe { List::new(&raw const (*self.0.as_raw()).uc) }
    }
}

/// A walk along a list of addresses.
///
/// # Invariants
///
/// `next` is an entry of the list, or `head`, its end; the list does not change for `'a`.
struct List<'a> {
    head: *const bindings::list_head,
    next: *const bindings::list_head,
    _locked: PhantomData<&'a ()>,
}

impl List<'_> {
    /// # Safety
    ///
    /// `list` is valid, and does not change for the lifetime.
    unsafe fn new(list: *const bindings::netdev_hw_addr_list) -> Self {
        // SAFETY: By the caller's promise.
        let (head, next) = unsafe { (&raw const (*list).list, (*list).list.next) };
        // INVARIANT: By the caller's promise.
        Self {
            head,
            next,
            _locked: PhantomData,
        }
    }
}

impl Iterator for List<'_> {
    type Item = ethernet::Address;

    fn next(&mut self) -> Option<ethernet::Address> {
        if core::ptr::eq(self.next, self.head) {
            return None;
        }
        // SAFETY: By the type invariants, the link of an entry.
        let entry = unsafe { kernel::container_of!(self.next, bindings::netdev_hw_addr, list) };
        // SAFETY: As above.
        let (next, addr) = unsafe { ((*entry).list.next, (*entry).addr) };
        // INVARIANT: The one behind it.
        self.next = next;
        addr.first_chunk::<6>().map(|octets| (*octets).into())
    }
}

/// A VLAN, by protocol and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vlan {
    /// IEEE 802.1Q, with a number of 12 bits (`ETH_P_8021Q`). 0 is for frames with a priority and
    /// no VLAN.
    #[doc(alias = "ETH_P_8021Q")]
    Customer(u16),
    /// IEEE 802.1ad (`ETH_P_8021AD`).
    #[doc(alias = "ETH_P_8021AD")]
    Service(u16),
}

impl Vlan {
    fn new(protocol: u16, number: u16) -> Result<Self> {
        match u32::from(u16::from_be(protocol)) {
            bindings::ETH_P_8021Q => Ok(Self::Customer(number)),
            bindings::ETH_P_8021AD => Ok(Self::Service(number)),
            _ => Err(EINVAL),
        }
    }
}

impl<D: Driver> Ops<D> {
    /// # Safety
    ///
    /// Called by the core with a device of this driver and a `sockaddr`, under RTNL.
    pub(super) unsafe extern "C" fn set_mac_address(
        dev: *mut bindings::net_device,
        address: *mut c_void,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise, for both.
            let (this, rtnl) = unsafe { (DriverDevice::<D>::from_raw(dev), Rtnl::assume()) };
            // SAFETY: As above.
            to_result(unsafe { bindings::eth_prepare_mac_addr_change(dev, address) })?;
            // SAFETY: As above; an Ethernet address has 6 of its bytes.
            let octets: [u8; 6] = unsafe {
                (&raw const (*address.cast::<bindings::sockaddr>()).sa_data)
                    .cast::<[u8; 6]>()
                    .read()
            };
            D::set_hardware_address(this, octets.into(), rtnl)?;
            // SAFETY: As above.
            unsafe { bindings::eth_commit_mac_addr_change(dev, address) };
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL, when it goes up.
    pub(super) unsafe extern "C" fn validate_addr(dev: *mut bindings::net_device) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            to_result(unsafe { bindings::eth_validate_addr(dev) })?;
            // SAFETY: By the caller's promise.
            let (this, rtnl) = unsafe { (DriverDevice::<D>::from_raw(dev), Rtnl::assume()) };
            D::validate_hardware_address(this, rtnl)?;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver that is up.
    pub(super) unsafe extern "C" fn change_rx_flags(dev: *mut bindings::net_device, _: c_int) {
        // SAFETY: By the caller's promise.
        let dev = unsafe { DriverDevice::<D>::from_raw(dev) };
        D::change_rx_flags(dev, dev.rx_flags());
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, whose lists of addresses are locked, with
    /// bottom halves disabled.
    pub(super) unsafe extern "C" fn set_rx_mode(dev: *mut bindings::net_device) {
        // SAFETY: By the caller's promise.
        let (dev, softirq) = unsafe { (DriverDevice::<D>::from_raw(dev), Softirq::assume()) };
        D::set_rx_mode(dev, Addresses(dev, PhantomData), dev.rx_flags(), softirq);
    }

    /// Nothing to do, but without it the core refuses multicast addresses.
    ///
    /// # Safety
    ///
    /// None.
    pub(super) unsafe extern "C" fn no_rx_mode(_dev: *mut bindings::net_device) {}

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    pub(super) unsafe extern "C" fn vlan_rx_add_vid(
        dev: *mut bindings::net_device,
        protocol: u16,
        number: u16,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let (dev, rtnl) = unsafe { (DriverDevice::<D>::from_raw(dev), Rtnl::assume()) };
            D::vlan_added(dev, Vlan::new(protocol, number)?, rtnl)?;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// As [`Self::vlan_rx_add_vid`].
    pub(super) unsafe extern "C" fn vlan_rx_kill_vid(
        dev: *mut bindings::net_device,
        protocol: u16,
        number: u16,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let (dev, rtnl) = unsafe { (DriverDevice::<D>::from_raw(dev), Rtnl::assume()) };
            D::vlan_removed(dev, Vlan::new(protocol, number)?, rtnl);
            Ok(0)
        })
    }
}

impl<D: Driver> DriverDevice<D> {
    fn rx_flags(&self) -> RxFlags {
        let flags = self.flags();
        RxFlags {
            promiscuous: flags & bindings::net_device_flags_IFF_PROMISC != 0,
            all_multicast: flags & bindings::net_device_flags_IFF_ALLMULTI != 0,
        }
    }
}
