// SPDX-License-Identifier: GPL-2.0

//! Any network device.

use core::ptr;
use kernel::types::Opaque;

use super::{
    Features,
    HardwareAddress,
    Name, //
};
use crate::{
    bindings,
    context::ReadSide,
    netns::Net,
    wire::ethernet, //
};

/// Any network device. Always borrowed.
#[doc(alias = "net_device")]
#[repr(transparent)]
pub struct Device(Opaque<bindings::net_device>);

// SAFETY: `struct net_device` is made to be used from any CPU; the methods here are thread safe.
unsafe impl Send for Device {}
// SAFETY: As above.
unsafe impl Sync for Device {}

impl Device {
    /// Borrows a device from C.
    ///
    /// # Safety
    ///
    /// `ptr` is a device that is not freed for `'a`.
    #[inline(always)]
    pub(crate) unsafe fn from_raw<'a>(ptr: *const bindings::net_device) -> &'a Self {
        // SAFETY: By the caller's promise; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    #[inline(always)]
    pub(crate) fn as_raw(&self) -> *mut bindings::net_device {
        self.0.get()
    }

    /// The interface index, which is unique in a namespace. 0 before the device is registered.
    #[doc(alias = "net_device::ifindex")]
    #[inline]
    pub fn ifindex(&self) -> u32 {
        // SAFETY: Valid by the type.
        let ifindex = unsafe { ptr::read_volatile(&raw const (*self.as_raw()).ifindex) };
        ifindex.unsigned_abs()
    }

    /// The name. If another task renames the device at the same time, a mixture of both names.
    #[doc(alias = "net_device::name")]
    pub fn name(&self) -> Name {
        // SAFETY: Valid by the type; any bytes are a name.
        Name::from_raw(unsafe { ptr::read_volatile((&raw const (*self.as_raw()).name).cast()) })
    }

    /// The MTU: the largest packet that may be sent, in bytes without the link header.
    #[doc(alias = "net_device::mtu")]
    #[inline]
    pub fn mtu(&self) -> u32 {
        // SAFETY: Valid by the type.
        unsafe { bindings::dev_get_mtu(self.as_raw()) }
    }

    /// `IFF_*` flags as the kernel keeps them; `IFF_RUNNING` and `IFF_LOWER_UP` are not among them.
    #[doc(alias = "net_device::flags")]
    #[inline]
    pub fn flags(&self) -> u32 {
        // SAFETY: Valid by the type.
        unsafe { bindings::dev_get_flags(self.as_raw()) }
    }

    /// Whether the device is administratively up (`IFF_UP`).
    #[doc(alias = "IFF_UP")]
    #[inline]
    pub fn is_up(&self) -> bool {
        self.flags() & bindings::net_device_flags_IFF_UP != 0
    }

    /// Whether the device is the loopback device (`IFF_LOOPBACK`).
    #[doc(alias = "IFF_LOOPBACK")]
    pub fn is_loopback(&self) -> bool {
        self.flags() & bindings::net_device_flags_IFF_LOOPBACK != 0
    }

    /// Whether the device has a carrier (`netif_carrier_ok()`).
    #[doc(alias = "netif_carrier_ok")]
    #[inline]
    pub fn has_carrier(&self) -> bool {
        // SAFETY: Valid by the type.
        unsafe { bindings::netif_carrier_ok(self.as_raw()) }
    }

    /// The offloads that are on.
    #[doc(alias = "net_device::features")]
    #[inline]
    pub fn features(&self) -> Features {
        // SAFETY: Valid by the type.
        Features::from_raw(unsafe { bindings::dev_get_features(self.as_raw()) })
    }

    /// How many receive queues are in use.
    #[doc(alias = "real_num_rx_queues")]
    #[inline]
    pub fn rx_queues(&self) -> u16 {
        // SAFETY: Valid by the type.
        let queues = unsafe { bindings::dev_real_num_rx_queues(self.as_raw()) };
        u16::try_from(queues).unwrap_or(u16::MAX)
    }

    /// How many transmit queues are in use.
    #[doc(alias = "real_num_tx_queues")]
    #[inline]
    pub fn tx_queues(&self) -> u16 {
        // SAFETY: Valid by the type.
        let queues = unsafe { bindings::dev_real_num_tx_queues(self.as_raw()) };
        u16::try_from(queues).unwrap_or(u16::MAX)
    }

    /// The hardware type, `ARPHRD_*`.
    #[doc(alias = "net_device::type")]
    pub fn hardware_type(&self) -> u16 {
        // SAFETY: Valid by the type; only changed under RTNL, by few drivers.
        unsafe { ptr::read_volatile(&raw const (*self.as_raw()).type_) }
    }

    /// The hardware address, of whatever length it has (`dev_addr`).
    ///
    /// Without RTNL, if another task changes the address at the same time, a mixture of both.
    #[doc(alias = "dev_addr")]
    pub fn hardware_address<'a>(&self, _context: impl ReadSide<'a>) -> HardwareAddress {
        let mut bytes = [0; HardwareAddress::MAX];
        // SAFETY: Valid by the type; only changed under RTNL, by few drivers.
        let len = unsafe { ptr::read_volatile(&raw const (*self.as_raw()).addr_len) };
        // SAFETY: Valid by the type. The address is in the list of the device's addresses, whose
        // first entry is freed with the device.
        let address = unsafe { (*self.as_raw()).dev_addr };
        for (offset, byte) in bytes.iter_mut().take(len.into()).enumerate() {
            // SAFETY: An entry has room for `MAX_ADDR_LEN` bytes.
            *byte = unsafe { ptr::read_volatile(address.add(offset)) };
        }
        let len = bytes.len().min(len.into());
        HardwareAddress::from_raw(bytes, len)
    }

    /// The hardware address of an Ethernet device, as [`Self::hardware_address`] returns it
    /// (`ARPHRD_ETHER`). `None` for any other device, such as the loopback.
    #[doc(alias = "ARPHRD_ETHER")]
    pub fn ethernet_address<'a>(&self, context: impl ReadSide<'a>) -> Option<ethernet::Address> {
        if u32::from(self.hardware_type()) != bindings::ARPHRD_ETHER {
            return None;
        }
        let octets = <[u8; 6]>::try_from(self.hardware_address(context).as_bytes()).ok()?;
        Some(octets.into())
    }

    /// The namespace that the device is in.
    #[doc(alias = "dev_net")]
    #[inline]
    pub fn net<'a>(&self, _context: impl ReadSide<'a>) -> &'a Net {
        // SAFETY: Valid by the type. A namespace is freed after its devices have left it under
        // RTNL and a grace period has passed.
        unsafe { Net::from_raw(bindings::dev_net_lent(self.as_raw())) }
    }
}
