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
    napi::{
        Ring,
        RxQueue, //
    },
    netdev::{
        Concurrent,
        Driver,
        DriverDevice,
        Features,
        LinkStats,
        LinkTotals,
        Setup,
        Transmit,
        TxQueue, //
    },
    nlattr::{
        ExtAck,
        Policy,
        Table, //
    },
    percpu::PacketTotals,
    rtnl::{
        self,
        Link,
        NewDevice,
        Queues,
        Request, //
    },
    skb::{
        DropReason,
        Skb,
        SkbRef, //
    },
    wire::{
        ethernet,
        vlan, //
    },
    xdp::{
        self,
        Program, //
    },
};

mod uapi;

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
    type Parts = rtnl::Registration<End, ATTRS>;
}

/// Places for the attributes, whose types begin at 0.
const ATTRS: usize = uapi::PEER as usize + 1;

/// Packets that wait for the receiving end's NAPI.
const RING_SIZE: i32 = 256;

/// Bytes of an Ethernet header, and of a VLAN tag.
const HEADER_LEN: u32 = size_of::<ethernet::Header>() as u32;
const TAG_LEN: u32 = size_of::<vlan::Header>() as u32;

/// Bytes that a packet has at most, without its Ethernet header.
const MAX_MTU: u32 = 65535;

/// Those of a packet that a program takes.
fn max_mtu(program: &Program) -> u32 {
    program.longest_frame().saturating_sub(HEADER_LEN)
}

/// An end of a pair. kernet keeps its peer and its queues.
struct End {
    /// Bytes that what receives this end's packets wants free before them.
    headroom: Atomic<u32>,
}

#[vtable]
impl Driver for End {
    type Module = Vpair;
    type TxMode = Concurrent;
    type Queue = Ring<RING_SIZE>;
    type Ethtool = Ethtool;

    // Packets of a pair that lives in one machine are large already.
    const GRO_DEFAULT_ON: bool = false;

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
            .tso_max_size()
            .mtu_range(68, MAX_MTU)
            .no_queue()
            .phony_headroom()
            .live_address_change();
    }

    fn open(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) -> Result {
        let peer = dev.peer(rtnl).ok_or_else(enotconn)?;
        if peer.is_up() {
            dev.carrier_on(rtnl);
            peer.carrier_on(rtnl);
        }
        Ok(())
    }

    fn stop(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) {
        dev.carrier_off(rtnl);
        if let Some(peer) = dev.peer(rtnl) {
            peer.carrier_off(rtnl);
        }
    }

    fn uses_napi(_dev: &DriverDevice<Self>, features: Features, _rtnl: Rtnl<'_>) -> bool {
        features.intersects(Features::GRO)
    }

    fn transmit(
        dev: &DriverDevice<Self>,
        mut skb: Skb<'_>,
        queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        let Some(peer) = dev.peer(softirq) else {
            dev.count_tx_dropped();
            skb.drop_with(DropReason::NO_TX_TARGET, softirq);
            return Transmit::CongestionDrop;
        };
        let receiver = peer
            .rx_queue(queue.index(), softirq.rcu())
            .filter(|_| gro_may_help(dev, peer, &skb));
        let len = skb.len();
        dev.tx_timestamp(&mut skb, softirq);
        // One that is not forwarded is counted by the peer, too.
        let Some(received) = peer.forward_skb(skb, dev, softirq) else {
            dev.count_tx_dropped();
            return Transmit::CongestionDrop;
        };
        let Some(receiver) = receiver else {
            if !received.netif_rx(peer, softirq) {
                dev.count_tx_dropped();
                return Transmit::CongestionDrop;
            }
            dev.count_tx(len, softirq);
            return Transmit::Done;
        };
        match receiver.produce(received, softirq) {
            // Counted when it is received, for both ends.
            Ok(()) => {
                receiver.schedule(softirq);
                Transmit::Done
            }
            Err(received) => queue
                .stop_and_requeue(received.into_frame(), receiver, softirq)
                .unwrap_or_else(|skb| {
                    dev.count_tx_dropped();
                    skb.drop_with(DropReason::FULL_RING, softirq);
                    Transmit::CongestionDrop
                }),
        }
    }

    fn features_check(_dev: &DriverDevice<Self>, _skb: &SkbRef, features: Features) -> Features {
        features
    }

    fn set_rx_headroom(dev: &DriverDevice<Self>, bytes: u16) {
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

    fn peer_device<'a>(
        dev: &'a DriverDevice<Self>,
        rcu: Rcu<'a>,
    ) -> Option<&'a DriverDevice<Self>> {
        dev.peer(rcu)
    }

    fn iflink(dev: &DriverDevice<Self>, rcu: Rcu<'_>) -> u32 {
        dev.peer(rcu).map_or(0, |peer| peer.ifindex())
    }

    /// A program sees what is sent, so that its packets are those of the wire.
    fn fix_features(dev: &DriverDevice<Self>, features: Features, rtnl: Rtnl<'_>) -> Features {
        match dev.peer(rtnl).and_then(|peer| peer.xdp_program(rtnl)) {
            Some(_) => features.without(Features::GSO_SOFTWARE),
            None => features,
        }
    }

    fn xdp_features(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) -> xdp::Features {
        let Some(peer) = dev.peer(rtnl) else {
            return xdp::Features::NONE;
        };
        if peer.tx_queues() > dev.rx_queues() {
            return xdp::Features::NONE;
        }
        let features = xdp::Features::BASIC
            .with(xdp::Features::REDIRECT)
            .with(xdp::Features::RX_SG);
        if !takes_frames(peer, rtnl) {
            return features;
        }
        features
            .with(xdp::Features::NDO_XMIT)
            .with(xdp::Features::NDO_XMIT_SG)
    }

    fn xdp_check(
        dev: &DriverDevice<Self>,
        program: &Program,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> Result {
        let Some(peer) = dev.peer(rtnl) else {
            let message = format_args!("vpair: Cannot set XDP when peer is detached");
            return Err(extack.error(enotconn(), message));
        };
        if peer.mtu() > max_mtu(program) {
            let message = format_args!("vpair: Peer MTU is too large to set XDP");
            return Err(extack.error(ERANGE, message));
        }
        if dev.rx_queues() < peer.tx_queues() {
            let message =
                format_args!("vpair: XDP expects number of rx queues not less than peer tx queues");
            return Err(extack.error(ENOSPC, message));
        }
        Ok(())
    }

    /// What the peer sends has to fit the program.
    fn xdp_changed(dev: &DriverDevice<Self>, program: Option<&Program>, rtnl: Rtnl<'_>) {
        let Some(peer) = dev.peer(rtnl) else {
            return;
        };
        peer.set_max_mtu(program.map_or(MAX_MTU, max_mtu), rtnl);
        peer.set_switchable(Features::GSO_SOFTWARE, program.is_none(), rtnl);
        peer.update_features(rtnl);
    }

    fn xdp_transmit(
        dev: &DriverDevice<Self>,
        frames: &mut xdp::Frames<'_>,
        softirq: Softirq<'_>,
    ) -> Result {
        let (peer, receiver) = receiver(dev, softirq).ok_or(ENXIO)?;
        let longest = peer.mtu().saturating_add(HEADER_LEN + TAG_LEN);
        let count = frames.len();
        receiver.produce_frames(frames, longest, softirq);
        if frames.redirected() {
            let left = frames.len();
            receiver.count_frames(count.saturating_sub(left), left, softirq);
        }
        Ok(())
    }

    fn xdp_flush(dev: &DriverDevice<Self>, softirq: Softirq<'_>) {
        if let Some((_, receiver)) = receiver(dev, softirq) {
            receiver.schedule(softirq);
        }
    }

    /// A packet is counted once, by one of the ends: at the sender if it went through the backlog,
    /// at the receiver if it went through a queue.
    fn stats(dev: &DriverDevice<Self>, stats: &mut LinkStats, rcu: Rcu<'_>) {
        let counted = dev.link_totals();
        stats.add_tx(counted.tx);
        stats.add_rx(counted.rx);
        stats.add_rx(dev.napi_packets(0..));
        let frames = dev.xdp_totals(0..u16::MAX);
        stats.add_tx_dropped(frames.sent_back_errors);
        stats.add_rx_dropped(frames.lost.wrapping_add(frames.taken_errors));
        if let Some(peer) = dev.peer(rcu) {
            stats.add_rx(peer.link_totals().tx);
            stats.add_tx(peer.napi_packets(0..));
            let frames = peer.xdp_totals(0..u16::MAX);
            stats.add_tx_dropped(frames.taken_errors);
            stats.add_rx_dropped(frames.sent_back_errors);
        }
    }
}

/// Whether merging packets may make this one larger: it is not as large as can be already.
fn gro_may_help(dev: &DriverDevice<End>, peer: &DriverDevice<End>, skb: &SkbRef) -> bool {
    if !dev.features().intersects(Features::ALL_TSO) {
        return true;
    }
    // UDP of this machine, for which the peer has asked.
    let forwarding = Features::GRO_FRAGLIST.with(Features::GRO_UDP_FWD);
    skb.is_charged_to_sender() && peer.features().intersects(forwarding)
}

/// Where the frames that this end sends on this CPU go. None while the other end does not poll.
#[inline]
fn receiver<'a>(
    dev: &DriverDevice<End>,
    softirq: Softirq<'a>,
) -> Option<(&'a DriverDevice<End>, &'a RxQueue<End>)> {
    let peer = dev.peer(softirq)?;
    let queue = softirq.cpu().checked_rem(peer.rx_queues().into())?;
    let queue = peer.rx_queue(u16::try_from(queue).ok()?, softirq.rcu())?;
    Some((peer, queue))
}

/// Whether this end polls, or will when it is up: what is redirected to the other end arrives.
fn takes_frames(dev: &DriverDevice<End>, rtnl: Rtnl<'_>) -> bool {
    dev.xdp_program(rtnl).is_some() || dev.wanted_features(rtnl).intersects(Features::GRO)
}

kernet::stats! {
    /// An end's own statistics.
    struct Stats {
        peer_ifindex = "peer_ifindex",
    }
}

kernet::stats! {
    /// Those of a receive queue: what was polled, with a program or without, and what became of it.
    struct RxStats {
        packets = "xdp_packets",
        bytes = "xdp_bytes",
        drops = "drops",
        redirected = "xdp_redirect",
        dropped = "xdp_drops",
        sent_back = "xdp_tx",
        sent_back_errors = "xdp_tx_errors",
    }
}

kernet::stats! {
    /// Those of a transmit queue: frames that were redirected here.
    struct TxStats {
        frames = "xdp_xmit",
        errors = "xdp_xmit_errors",
    }
}

/// What `ethtool` asks.
struct Ethtool;

#[vtable]
impl ethtool::Operations<End> for Ethtool {
    const VERSION: Option<&'static CStr> = Some(c"1.0");

    type Stats = Stats;
    type RxStats = RxStats;
    type TxStats = TxStats;

    fn stats(dev: &DriverDevice<End>, rtnl: Rtnl<'_>) -> Stats {
        let peer = dev.peer(rtnl);
        Stats {
            peer_ifindex: peer.map_or(0, |peer| peer.ifindex().into()),
        }
    }

    fn rx_stats(dev: &DriverDevice<End>, queue: u16, _rtnl: Rtnl<'_>) -> RxStats {
        let counted = dev.rx_totals(queue);
        let frames = dev.xdp_totals(queue..queue.saturating_add(1));
        RxStats {
            packets: counted.packets,
            bytes: counted.bytes,
            drops: frames.lost,
            redirected: frames.redirected,
            dropped: frames.xdp_drop,
            sent_back: frames.sent_back,
            sent_back_errors: frames.sent_back_errors,
        }
    }

    /// A frame goes to the peer's queue of the CPU, not of its own number: those of one are shown with
    /// the queue that their number comes round to.
    fn tx_stats(dev: &DriverDevice<End>, queue: u16, rtnl: Rtnl<'_>) -> TxStats {
        let mut stats = TxStats::default();
        let Some(peer) = dev.peer(rtnl) else {
            return stats;
        };
        for receiver in (queue..peer.rx_queues()).step_by(dev.tx_queues().max(1).into()) {
            let frames = peer.xdp_totals(receiver..receiver.saturating_add(1));
            stats.frames = stats.frames.wrapping_add(frames.taken);
            stats.errors = stats.errors.wrapping_add(frames.taken_errors);
        }
        stats
    }

    fn link_settings(_dev: &DriverDevice<End>, _rtnl: Rtnl<'_>) -> LinkSettings {
        LinkSettings {
            speed: Some(10_000),
            duplex: Duplex::Full,
            port: Port::TwistedPair,
            autonegotiation: false,
        }
    }

    /// A program has a queue for each that the other end sends on.
    fn check_channels(dev: &DriverDevice<End>, channels: Channels, rtnl: Rtnl<'_>) -> Result {
        let Some(peer) = dev.peer(rtnl) else {
            return Ok(());
        };
        let too_few = dev.xdp_program(rtnl).is_some() && channels.rx < peer.tx_queues();
        let too_many = peer.xdp_program(rtnl).is_some() && channels.tx > peer.rx_queues();
        if too_few || too_many {
            return Err(EINVAL);
        }
        Ok(())
    }

    fn rx_packets(dev: &DriverDevice<End>, queue: u16, _rtnl: Rtnl<'_>) -> PacketTotals {
        dev.rx_totals(queue)
    }

    /// What was sent on a queue has been received on the peer's of the same number.
    fn tx_packets(dev: &DriverDevice<End>, queue: u16, rtnl: Rtnl<'_>) -> PacketTotals {
        dev.peer(rtnl)
            .map_or_else(PacketTotals::default, |peer| peer.rx_totals(queue))
    }

    /// What went through the backlog, and through queues that are no longer in use.
    fn other_packets(dev: &DriverDevice<End>, rtnl: Rtnl<'_>) -> LinkTotals {
        let LinkTotals { mut tx, mut rx } = dev.link_totals();
        rx = rx.plus(dev.napi_packets(dev.rx_queues()..));
        if let Some(peer) = dev.peer(rtnl) {
            rx = rx.plus(peer.link_totals().tx);
            tx = tx.plus(peer.napi_packets(dev.tx_queues()..));
        }
        LinkTotals { tx, rx }
    }
}

static POLICY: Table<ATTRS> = Table::new(&[
    // A `struct ifinfomsg` comes first.
    (uapi::PEER, Policy::min_len(16)),
]);

impl Link<ATTRS> for End {
    const KIND: &'static CStr = c"vpair";
    const POLICY: &'static Table<ATTRS> = &POLICY;
    const PEER: Option<u16> = Some(uapi::PEER);
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
