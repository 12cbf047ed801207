// SPDX-License-Identifier: GPL-2.0

//! Devices that were registered a moment ago.
//!
//! Drivers of several tunnels set the MTU or the address of a device behind `register_netdevice()`, of which
//! nobody is notified. They have RTNL until the device is made. So work that takes RTNL sees what has become
//! of the device, and tells it if that is not what `register` said.

use core::mem::take;
use kernel::{
    new_mutex,
    prelude::*,
    sync::Mutex, //
};
use kernet::{
    context::{
        rcu_read,
        Process,
        Rtnl, //
    },
    netdev::{
        Device,
        HardwareAddress, //
    },
    netns::Net,
    timer::Jiffies,
    work::{
        self,
        NetWork,
        WorkRef, //
    }, //
};

use crate::{
    nl_generated::Event,
    stream::Stream,
    tell_device,
    Linkwatch, //
};

/// What `register` has said of a device.
struct Told {
    ifindex: u32,
    mtu: u32,
    hardware_type: u16,
    address: HardwareAddress,
}

impl Told {
    fn of(device: &Device, rtnl: Rtnl<'_>) -> Self {
        Self {
            ifindex: device.ifindex(),
            mtu: device.mtu(),
            hardware_type: device.hardware_type(),
            address: device.hardware_address(rtnl),
        }
    }

    /// Whether the same would be said of the device now.
    fn is_so(&self, device: &Device, rtnl: Rtnl<'_>) -> bool {
        self.mtu == device.mtu()
            && self.hardware_type == device.hardware_type()
            && self.address.as_bytes() == device.hardware_address(rtnl).as_bytes()
    }
}

/// The devices of a namespace that the work has not looked at yet.
#[derive(Default)]
struct List {
    told: KVVec<Told>,
    /// There was no memory for one of them: the work tells all devices.
    lost: bool,
}

/// The devices of a namespace that were registered since the work ran last.
#[pin_data]
pub(crate) struct Registered {
    /// Taken under RTNL. Nothing is told while it is held.
    #[pin]
    list: Mutex<List>,
}

impl Registered {
    pub(crate) fn new() -> impl PinInit<Self> {
        pin_init!(Self {
            list <- new_mutex!(List::default()),
        })
    }

    /// Has the work look at a device that is being registered.
    pub(crate) fn note(&self, net: &Net, device: &Device, rtnl: Rtnl<'_>) {
        // A namespace that has no work yet, or none any more, has no listener either.
        if rcu_read(|rcu| net.work::<Linkwatch>(rcu).map(WorkRef::queue)).is_none() {
            return;
        }
        let mut list = self.list.lock();
        // The work waits for RTNL, so it finds this.
        if list
            .told
            .push(Told::of(device, rtnl), GFP_KERNEL_ACCOUNT)
            .is_err()
        {
            list.lost = true;
        }
    }
}

kernet::slot!(Linkwatch: work::NetSlot);

impl NetWork for Linkwatch {
    type Module = Linkwatch;

    fn run(net: &Net, stream: &Stream, process: Process<'_>) -> Option<Jiffies> {
        process.with_rtnl(|rtnl| {
            let list = take(&mut *stream.registered().list.lock());
            if list.lost {
                let mut next = 1;
                while let Some(device) = net.next_device_from(next, rtnl) {
                    tell_device(Event::Set, device, net, stream, rtnl);
                    next = device.ifindex().saturating_add(1);
                }
                return;
            }
            for told in list.told {
                // One that is gone again has been told of.
                if let Some(device) = net.device_by_index(told.ifindex, rtnl) {
                    if !told.is_so(device, rtnl) {
                        tell_device(Event::Set, device, net, stream, rtnl);
                    }
                }
            }
        });
        None
    }
}
