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
    /// unregistered (`NETREG_REGISTERED`).
    #[doc(alias = "NETREG_REGISTERED")]
    pub fn is_registered(&self, _rtnl: Rtnl<'_>) -> bool {
        // SAFETY: Valid by the type; changed under RTNL only.
        let state = u32::from(unsafe { (*self.as_raw()).reg_state });
        state == bindings::netdev_reg_state_NETREG_REGISTERED
    }
}

impl Net {
    /// The device with an index, in this namespace (`dev_get_by_index_rcu()`). It stays for as long
    /// as `context`.
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

    /// The device with a name, or with an alternative name, in this namespace (`dev_get_by_name_rcu()`). It
    /// stays for as long as `context`.
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

    /// The device with the lowest index that is at least `ifindex`, in this namespace
    /// (`for_each_netdev_dump()`).
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

#[kunit_tests(kernet_lookup)]
mod tests {
    use super::{
        super::DeviceSlot,
        *, //
    };
    use crate::{
        context::{
            kunit::{
                process,
                softirq, //
            },
            rcu_read,
            ReadSide, //
        },
        netns::kunit::init_net, //
    };

    /// The loopback device is the first one of a namespace, by index and by name.
    fn finds<'a>(context: impl ReadSide<'a>) -> bool {
        let net = init_net();
        let found = net.device_by_index(1, context);
        let named = net.device_by_name(c"lo", context);
        found.is_some_and(Device::is_loopback)
            && found.map(Device::as_raw) == named.map(Device::as_raw)
            && net.device_by_index(0, context).is_none()
            && net.device_by_index(u32::MAX, context).is_none()
            && net.device_by_name(c"", context).is_none()
            && net
                .device_by_name(c"a name that is no device's", context)
                .is_none()
    }

    #[test]
    fn a_device_is_found_in_each_context() {
        assert_eq!(
            process(|process| process.with_rtnl(|rtnl| finds(rtnl))),
            Some(true)
        );
        assert!(rcu_read(|rcu| finds(rcu)));
        assert_eq!(softirq(|softirq| finds(softirq)), Some(true));
    }

    #[test]
    fn a_slot_has_what_it_was_filled_with() {
        let Some(Ok(slot)) = process(|process| DeviceSlot::new(process)) else {
            return;
        };
        let ifindex = || rcu_read(|rcu| slot.get(rcu).map(Device::ifindex));
        assert_eq!(ifindex(), None);
        process(|process| {
            process.with_rtnl(|rtnl| {
                let lo = init_net().device_by_index(1, rtnl);
                for _ in 0..2 {
                    assert!(slot.replace(lo, rtnl).is_ok());
                    assert_eq!(slot.get(rtnl).map(Device::ifindex), Some(1));
                }
            });
            assert_eq!(ifindex(), Some(1));
            process.with_rtnl(|rtnl| assert!(slot.replace(None, rtnl).is_ok()));
            assert_eq!(ifindex(), None);
            // Dropped while it is full, two in one bucket.
            process.with_rtnl(|rtnl| {
                let lo = init_net().device_by_index(1, rtnl);
                assert!(slot.replace(lo, rtnl).is_ok());
                if let Ok(other) = DeviceSlot::new(rtnl) {
                    assert!(other.replace(lo, rtnl).is_ok());
                }
                assert_eq!(slot.get(rtnl).map(Device::ifindex), Some(1));
            });
        });
        drop(slot);
    }
}
