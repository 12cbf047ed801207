// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A namespace's state kept beyond its end, by what drops later.

#![forbid(unsafe_code)]

use kernel::{prelude::*, sync::SetOnce};
use kernet::{
    context::{Process, Rtnl},
    netdev::Device,
    netns::{self, Net, Unregister},
    notifier::{self, DeviceEvent, DeviceNotifier},
    rcu,
};

kernet::module! {
    type: Mine,
    name: "state_kept",
    authors: ["Nobody"],
    description: "Reads what was freed",
    license: "GPL",
}

struct Mine;

pub struct Numbers(KVec<u64>);

static KEPT: SetOnce<&'static Numbers> = SetOnce::new();
static LATE: rcu::RcuPointer<Late> = rcu::RcuPointer::empty();

struct Late(&'static Numbers);

impl Drop for Late {
    fn drop(&mut self) {
        let Numbers(numbers) = self.0;
        pr_info!("freed: {:?}\n", numbers.first());
    }
}

impl netns::NetState for Numbers {
    fn init<'a>(_: &'a Net, _: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        KVec::from_elem(7, 64, GFP_KERNEL)
            .map(Numbers)
            .map_err(Error::from)
    }

    fn exit_rtnl(&self, rtnl: Rtnl<'_>, _: &mut Unregister<'_>) {
        LATE.replace(None, rtnl.process());
    }
}

impl kernet::Module for Mine {
    type State = Numbers;
    type Parts = notifier::Registration<Mine>;
}

impl DeviceNotifier for Mine {
    fn event(_: DeviceEvent, device: &Device, rtnl: Rtnl<'_>) {
        let Some(net) = device.net(rtnl).get() else {
            return;
        };
        let Ok(net) = KBox::new(net, GFP_KERNEL) else {
            return;
        };
        let net: &'static netns::OwnedNet = KBox::leak(net);
        let Some(numbers) = net.state::<Mine>(rtnl) else {
            return;
        };
        if KEPT.populate(numbers) {
            let late = rcu::RcuBox::new(Late(numbers), rtnl).ok();
            LATE.replace(late, rtnl.process());
        }
    }
}
