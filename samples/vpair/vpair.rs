// SPDX-License-Identifier: GPL-2.0

//! A pair of virtual Ethernet devices: what one sends the other receives.

#![forbid(unsafe_code)]

use kernel::{
    macros::vtable,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};
use kernet::{
    context::{
        rcu_read,
        Napi,
        Process,
        Rcu,
        Rtnl,
        Softirq, //
    },
    error::enotconn,
    ethtool::{
        self,
        Channels,
        Duplex,
        LinkSettings,
        Port, //
    },
    napi,
    netdev::{
        Counted,
        Dev,
        Driver,
        Features,
        LinkStats,
        Setup,
        Transmit,
        TxQueue, //
    },
    nlattr::{
        ExtAck,
        Policy,
        Table, //
    },
    percpu::Totals,
    rtnl::{
        self,
        Link,
        NewDevice,
        Queues,
        Request, //
    },
    skb::{
        DropReason,
        Received,
        Ring,
        SkBuff,
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

/// An end of a pair. kernet keeps its peer and its queues.
struct End {
    /// Bytes that what receives this end's packets wants free before them.
    headroom: Atomic<u32>,
}

#[vtable]
impl Driver for End {
    type Module = Vpair;
    type Queue = Queue;
    type Ethtool = Ethtool;

    // Packets of a pair that lives in one machine are large already.
    const GRO_AT_FIRST: bool = false;

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
            .mpls_features(Features::HW_CSUM.with(Features::GSO_SOFTWARE))
            .segmentation_limit_of_stack()
            .mtu_range(68, 65535)
            .no_queue()
            .phony_headroom()
            .live_address_change();
    }

    fn open(dev: &Dev<Self>, rtnl: Rtnl<'_>) -> Result {
        let peer = dev.peer(rtnl).ok_or_else(enotconn)?;
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

    fn polled(_dev: &Dev<Self>, features: Features, _rtnl: Rtnl<'_>) -> bool {
        features.intersects(Features::GRO)
    }

    fn transmit(
        dev: &Dev<Self>,
        mut skb: Skb,
        queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        let Some(peer) = dev.peer(softirq) else {
            dev.count_tx_dropped();
            skb.drop_reason(DropReason::NO_TX_TARGET, softirq);
            return Transmit::Dropped;
        };
        let receiver = peer
            .rx_queue(queue.index(), softirq.rcu())
            .filter(|_| gro_may_help(dev, peer, &skb));
        let len = skb.len();
        dev.tx_timestamp(&mut skb, softirq);
        // One that is not forwarded is counted by the peer, too.
        let Some(received) = peer.forward(skb, dev, softirq) else {
            dev.count_tx_dropped();
            return Transmit::Dropped;
        };
        let Some(receiver) = receiver else {
            if !received.pass_up(softirq) {
                dev.count_tx_dropped();
                return Transmit::Dropped;
            }
            dev.count_tx(len, softirq);
            return Transmit::Sent;
        };
        match receiver.ring.produce(received, softirq) {
            // Counted when it is received, for both ends.
            Ok(()) => {
                receiver.notify(softirq);
                Transmit::Sent
            }
            Err(received) => queue
                .hold_back(received.into_frame(), receiver, softirq)
                .unwrap_or_else(|skb| {
                    dev.count_tx_dropped();
                    skb.drop_reason(DropReason::FULL_RING, softirq);
                    Transmit::Dropped
                }),
        }
    }

    fn features_check(_dev: &Dev<Self>, _skb: &SkBuff, features: Features) -> Features {
        features
    }

    fn set_rx_headroom(dev: &Dev<Self>, bytes: u16) {
        rcu_read(|rcu| {
            let Some(peer) = dev.peer(rcu) else {
                return;
            };
            dev.private().headroom.store(bytes.into(), Relaxed);
            let wanted = peer.private().headroom.load(Relaxed).max(bytes.into());
            let wanted = u16::try_from(wanted).unwrap_or(u16::MAX);
            dev.set_needed_headroom(wanted);
            peer.set_needed_headroom(wanted);
        });
    }

    fn peer_device<'a>(dev: &'a Dev<Self>, rcu: Rcu<'a>) -> Option<&'a Dev<Self>> {
        dev.peer(rcu)
    }

    fn iflink(dev: &Dev<Self>, rcu: Rcu<'_>) -> u32 {
        dev.peer(rcu).map_or(0, |peer| peer.ifindex())
    }

    /// A packet is counted once, by one of the ends: at the sender if it went through the backlog,
    /// at the receiver if it went through a queue.
    fn stats(dev: &Dev<Self>, stats: &mut LinkStats, rcu: Rcu<'_>) {
        let counted = dev.counted();
        stats.add_tx(counted.tx);
        stats.add_rx(counted.rx);
        stats.add_rx(dev.polled_packets(0..));
        if let Some(peer) = dev.peer(rcu) {
            stats.add_rx(peer.counted().tx);
            stats.add_tx(peer.polled_packets(0..));
        }
    }
}

/// Whether merging packets may make this one larger: it is not as large as can be already.
fn gro_may_help(dev: &Dev<End>, peer: &Dev<End>, skb: &SkBuff) -> bool {
    if !dev.features().intersects(Features::ALL_TSO) {
        return true;
    }
    // UDP of this machine, for which the peer has asked.
    let forwarding = Features::GRO_FRAGLIST.with(Features::GRO_UDP_FWD);
    skb.is_charged_to_sender() && peer.features().intersects(forwarding)
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

    #[inline]
    fn is_empty(&self) -> bool {
        self.ring.is_empty()
    }
}

kernet::stats! {
    /// An end's own statistics.
    struct Stats {
        peer_ifindex = "peer_ifindex",
    }
}

kernet::stats! {
    /// Those of a receive queue: what was polled, by the names that veth has for it.
    struct RxStats {
        packets = "xdp_packets",
        bytes = "xdp_bytes",
    }
}

/// What `ethtool` asks.
struct Ethtool;

#[vtable]
impl ethtool::Operations<End> for Ethtool {
    const VERSION: Option<&'static CStr> = Some(c"1.0");

    type Stats = Stats;
    type RxStats = RxStats;
    type TxStats = ();

    fn stats(dev: &Dev<End>, rtnl: Rtnl<'_>) -> Stats {
        let peer = dev.peer(rtnl);
        Stats {
            peer_ifindex: peer.map_or(0, |peer| peer.ifindex().into()),
        }
    }

    fn rx_stats(dev: &Dev<End>, queue: u16, _rtnl: Rtnl<'_>) -> RxStats {
        let counted = dev.rx_counted(queue);
        RxStats {
            packets: counted.packets,
            bytes: counted.bytes,
        }
    }

    fn link_settings(_dev: &Dev<End>, _rtnl: Rtnl<'_>) -> LinkSettings {
        LinkSettings {
            speed: Some(10_000),
            duplex: Duplex::Full,
            port: Port::TwistedPair,
            autonegotiation: false,
        }
    }

    fn check_channels(_dev: &Dev<End>, _channels: Channels, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    fn rx_packets(dev: &Dev<End>, queue: u16, _rtnl: Rtnl<'_>) -> Totals {
        dev.rx_counted(queue)
    }

    /// What was sent on a queue has been received on the peer's of the same number.
    fn tx_packets(dev: &Dev<End>, queue: u16, rtnl: Rtnl<'_>) -> Totals {
        dev.peer(rtnl)
            .map_or_else(Totals::default, |peer| peer.rx_counted(queue))
    }

    /// What went through the backlog, and through queues that are no longer in use.
    fn other_packets(dev: &Dev<End>, rtnl: Rtnl<'_>) -> Counted {
        let Counted { mut tx, mut rx } = dev.counted();
        rx = rx.plus(dev.polled_packets(dev.rx_queues()..));
        if let Some(peer) = dev.peer(rtnl) {
            rx = rx.plus(peer.counted().tx);
            tx = tx.plus(peer.polled_packets(dev.tx_queues()..));
        }
        Counted { tx, rx }
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
    const QUEUES: Queues = Queues::PerCpu;

    fn create(
        _device: &NewDevice<'_>,
        _request: &Request<'_>,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        Ok(End {
            headroom: Atomic::<u32>::new(0),
        })
    }
}
