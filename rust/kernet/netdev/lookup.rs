// SPDX-License-Identifier: GPL-2.0

//! Looking a device up in its namespace.

use kernel::prelude::*;

use super::Device;
use crate::{
    bindings,
    context::{
        ReadSide,
        Rtnl, //
    },
    netns::Net, //
};

impl Device {
    /// Whether the device is registered: it may be on its way to another namespace, and is not being
    /// unregistered.
    #[doc(alias = "NETREG_REGISTERED")]
    pub fn is_registered(&self, _rtnl: Rtnl<'_>) -> bool {
        // SAFETY: Valid by the type; changed under RTNL only.
        let state = u32::from(unsafe { (*self.as_raw()).reg_state });
        state == bindings::netdev_reg_state_NETREG_REGISTERED
    }
}

impl Net {
    /// The device with an index, in this namespace. It stays for as long as `context`.
    #[doc(alias = "dev_get_by_index_rcu")]
    #[doc(alias = "__dev_get_by_index")]
    #[inline]
    pub fn device_by_index<'a, C: ReadSide<'a>>(
        &self,
        ifindex: u32,
        _context: C,
    ) -> Option<&'a Device> {
        let ifindex = c_int::try_from(ifindex).ok()?;
        // SAFETY: The namespace is valid. `_context` is RTNL, or a read-side section: the first is what the
        // one wants, the second the other.
        let device = unsafe {
            if C::RTNL {
                bindings::__dev_get_by_index(self.as_raw(), ifindex)
            } else {
                bindings::dev_get_by_index_rcu(self.as_raw(), ifindex)
            }
        };
        // SAFETY: It was registered just now. Freeing it waits for RTNL and for read-side sections.
        (!device.is_null()).then(|| unsafe { Device::from_raw(device) })
    }

    /// The device with a name, or with an alternative name, in this namespace. It stays for as long as
    /// `context`.
    #[doc(alias = "dev_get_by_name_rcu")]
    #[doc(alias = "__dev_get_by_name")]
    pub fn device_by_name<'a, C: ReadSide<'a>>(
        &self,
        name: &CStr,
        _context: C,
    ) -> Option<&'a Device> {
        let name = name.to_bytes_with_nul().as_ptr().cast();
        // SAFETY: As above; the name ends with NUL.
        let device = unsafe {
            if C::RTNL {
                bindings::__dev_get_by_name(self.as_raw(), name)
            } else {
                bindings::dev_get_by_name_rcu(self.as_raw(), name)
            }
        };
        // SAFETY: As above.
        (!device.is_null()).then(|| unsafe { Device::from_raw(device) })
    }

    /// The device with the lowest index that is at least `ifindex`, in this namespace.
    #[doc(alias = "for_each_netdev_dump")]
    pub fn next_device_from<'a>(&self, ifindex: u32, _rtnl: Rtnl<'a>) -> Option<&'a Device> {
        // SAFETY: The namespace is valid; RTNL keeps its devices, which are freed after it is
        // released.
        unsafe {
            let dev = bindings::netdev_find_from(self.as_raw(), ifindex as usize);
            (!dev.is_null()).then(|| Device::from_raw(dev))
        }
    }
}
