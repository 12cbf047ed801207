// SPDX-License-Identifier: GPL-2.0

//! A pair of virtual Ethernet devices: what one sends the other receives.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::{
        Napi,
        Process,
        Rtnl,
        Softirq, //
    },
    napi,
    netdev::{
        Dev,
        Driver,
        Features,
        Setup, //
    },
    nlattr::{
        ExtAck,
        Policy,
        Table, //
    },
    rtnl::{
        self,
        Link,
        NewDevice,
        Request, //
    },
    skb::{
        DropReason,
        Received,
        Ring,
        Skb, //
    },
};

kernet::module! {
    type: Vpair,
    name: "vpair",
    authors: ["The kernet developers"],
    description: "Virtual Ethernet pair",
    license: "GPL",
    alias: ["rtnl-link-vpair"],
}

struct Vpair;

impl kernet::Module for Vpair {
    type State = ();
    type Parts = rtnl::Registration<End, { attr::COUNT }>;
}

/// Attributes of `IFLA_INFO_DATA`.
mod attr {
    /// A `struct ifinfomsg` and the `IFLA_*` attributes of the other end.
    pub(crate) const PEER: u16 = 1;
    pub(crate) const COUNT: usize = 2;
}

/// Packets that wait for the receiving end's NAPI.
const RING_SIZE: i32 = 256;

/// An end of a pair. All there is to know of it kernet keeps: its peer and its queues.
struct End;

impl Driver for End {
    type Module = Vpair;
    type Queue = Queue;

    const PASS_THROUGH: bool = true;

    fn setup(setup: &mut Setup<'_>) {
        let features = Features::SG
            .with(Features::FRAGLIST)
            .with(Features::HW_CSUM)
            .with(Features::RXCSUM)
            .with(Features::SCTP_CRC)
            .with(Features::HIGHDMA)
            .with(Features::GSO_SOFTWARE)
            .with(Features::GSO_ENCAP_ALL)
            .with(Features::HW_VLAN_CTAG_TX)
            .with(Features::HW_VLAN_CTAG_RX)
            .with(Features::HW_VLAN_STAG_TX)
            .with(Features::HW_VLAN_STAG_RX);
        let vlan = Features::HW_VLAN_CTAG_TX
            .with(Features::HW_VLAN_CTAG_RX)
            .with(Features::HW_VLAN_STAG_TX)
            .with(Features::HW_VLAN_STAG_RX);
        setup
            .features(features)
            .vlan_features(features.without(vlan))
            .encapsulation_features(features)
            .segmentation_limit_of_stack()
            .mtu_range(68, 65535)
            .no_queue()
            .live_address_change();
    }

    fn open(dev: &Dev<Self>, rtnl: Rtnl<'_>) -> Result {
        let peer = dev.peer(rtnl).ok_or(ENOTCONN)?;
        if peer.is_up() {
            dev.carrier_on(rtnl);
            peer.carrier_on(rtnl);
        }
        Ok(())
    }

    fn stop(dev: &Dev<Self>, rtnl: Rtnl<'_>) {
        dev.carrier_off(rtnl);
        if let Some(peer) = dev.peer(rtnl) {
            peer.carrier_off(rtnl);
        }
    }

    fn transmit(dev: &Dev<Self>, mut skb: Skb, softirq: Softirq<'_>) {
        let Some(peer) = dev.peer(softirq) else {
            dev.count_tx_dropped();
            return skb.drop_reason(DropReason::NO_TX_TARGET, softirq);
        };
        let len = skb.len();
        let queue = skb.queue_mapping();
        dev.tx_timestamp(&mut skb, softirq);
        let Some(received) = peer.forward(skb, dev, softirq) else {
            // Counted by the peer, which is down or has a smaller MTU.
            dev.count_tx_dropped();
            return;
        };
        let Some(queue) = peer.rx_queue_for(queue) else {
            dev.count_tx_dropped();
            return received.drop_reason(DropReason::DEV_READY, softirq);
        };
        match queue.ring.produce(received, softirq) {
            Ok(()) => {
                dev.count_tx(len, softirq);
                queue.schedule(softirq);
            }
            Err(received) => {
                // The receiver is behind: let it catch up.
                queue.schedule(softirq);
                dev.count_tx_dropped();
                received.drop_reason(DropReason::FULL_RING, softirq);
            }
        }
    }
}

/// A receive queue.
#[pin_data]
struct Queue {
    #[pin]
    ring: Ring,
}

impl napi::Queue<End> for Queue {
    fn init<'a>(process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            ring <- Ring::new(RING_SIZE, process),
        }? Error)
    }

    #[inline]
    fn next(&self, _dev: &Dev<End>, napi: Napi<'_>) -> Option<Received> {
        self.ring.consume(napi.softirq())
    }
}

static POLICY: Table<{ attr::COUNT }> = Table::new(&[
    // A `struct ifinfomsg` comes first.
    (attr::PEER, Policy::min_len(16)),
]);

impl Link<{ attr::COUNT }> for End {
    const KIND: &'static CStr = c"vpair";
    const POLICY: &'static Table<{ attr::COUNT }> = &POLICY;
    const PEER: Option<u16> = Some(attr::PEER);

    fn create(
        _device: &NewDevice<'_>,
        _request: &Request<'_>,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        Ok(End)
    }
}
