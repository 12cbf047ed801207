// SPDX-License-Identifier: GPL-2.0

//! A network card without hardware, for tests alone: two cards on a cable, with rings, interrupts that
//! are held back, filters, and a line that gets stuck when it is told to.

#![forbid(unsafe_code)]

use kernel::{
    cpu::{
        nr_cpu_ids,
        CpuId, //
    },
    cpumask::CpumaskVar,
    macros::vtable,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::Delta,
};
use kernet::{
    context::{
        bh_disabled,
        Context,
        Napi,
        Rtnl,
        Softirq, //
    },
    error::{
        eaddrinuse,
        enotconn, //
    },
    ethtool::{
        self,
        Channels,
        Coalesce,
        CoalesceParams,
        Duplex,
        Indirection,
        LinkSettings,
        Port, //
    },
    netdev::{
        Addresses,
        Completions,
        Driver,
        DriverDevice,
        Features,
        Locked,
        RingSizes,
        Rings,
        RxFlags,
        Sender,
        Setup,
        Transmit,
        TxQueue,
        Vlan, //
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
        Queues,
        Request, //
    },
    skb::{
        DropReason,
        Skb,
        SkbRef,
        VlanTag, //
    },
    wire::ethernet,
};

mod rx;

use rx::{
    RxRing,
    BUFFERS,
    FRAGMENTS, //
};

kernet::module! {
    type: Module,
    name: "nic",
    authors: ["The kernet developers"],
    description: "Network cards without hardware",
    license: "GPL",
    alias: ["rtnl-link-nic"],
}

struct Module;

impl kernet::Module for Module {
    type State = ();
    type Parts = rtnl::Registration<Nic, ATTRS>;
}

/// The attribute that has those of the peer.
const PEER: u16 = 1;
/// Places for the attributes, whose types begin at 0.
const ATTRS: usize = PEER as usize + 1;

/// Packets that the line carries between two interrupts.
const BURST: u32 = 64;
/// Of the line: until the card is reset.
const STUCK: u32 = 1 << 0;
/// Of the line: a reset does not help.
const BROKEN: u32 = 1 << 1;
/// A second.
const USECS_MAX: u32 = 1_000_000;

/// A card. What is atomic is a register of the hardware.
struct Nic {
    /// Why the line carries nothing, if it does not: [`STUCK`], [`BROKEN`].
    line: Atomic<u32>,
    /// How it is received: [`FRAGMENTS`], [`BUFFERS`], or 0 for packets as they were sent.
    writes: Atomic<u32>,
    resets: Atomic<u64>,
    tx_usecs: Atomic<u32>,
    address: Atomic<u64>,
    everything: Atomic<u32>,
    all_multicast: Atomic<u32>,
    /// By six bits of an address, as many cards do it.
    multicast: Atomic<u64>,
    unicast: Atomic<u64>,
    multicast_count: Atomic<u64>,
    unicast_count: Atomic<u64>,
    vlans: [Atomic<u64>; 64],
    filtered: Atomic<u64>,
    indirection: Indirection,
}

/// What a transmit queue has under its lock.
#[derive(Clone, Copy, Default)]
struct TxState {
    packets: u64,
    busy: u64,
    doorbells: u64,
}

/// An address in a register.
fn number(address: ethernet::Address) -> u64 {
    let octets = address.octets();
    octets.iter().fold(0, |n, octet| n << 8 | u64::from(*octet))
}

/// The bit of an address in a filter of 64.
fn filter_bit(address: ethernet::Address) -> u64 {
    let folded = address
        .octets()
        .iter()
        .fold(0_u8, |n, octet| n.rotate_left(3) ^ octet);
    1 << (folded & 63)
}

impl Nic {
    fn interrupt_delay(&self) -> Delta {
        Delta::from_micros(self.tx_usecs.load(Relaxed).into())
    }

    /// Whether the card receives a frame, as its filters are set.
    fn receives(&self, skb: &SkbRef, features: Features) -> bool {
        if self.everything.load(Relaxed) != 0 {
            return true;
        }
        if let (Some(VlanTag::Customer(tci)), true) = (
            skb.vlan_tag(),
            features.intersects(Features::HW_VLAN_CTAG_FILTER),
        ) {
            if self
                .vlan(tci.id())
                .is_none_or(|(word, bit)| word.load(Relaxed) & bit == 0)
            {
                return false;
            }
        }
        let Some(header) = skb.header::<ethernet::Header>(0) else {
            return true;
        };
        let to = header.destination();
        if to == ethernet::Address::BROADCAST || number(to) == self.address.load(Relaxed) {
            return true;
        }
        if to.is_multicast() {
            return self.all_multicast.load(Relaxed) != 0
                || self.multicast.load(Relaxed) & filter_bit(to) != 0;
        }
        self.unicast.load(Relaxed) & filter_bit(to) != 0
    }

    fn vlan(&self, number: u16) -> Option<(&Atomic<u64>, u64)> {
        let word = self.vlans.get(usize::from(number / 64))?;
        Some((word, 1 << (number % 64)))
    }

    fn set_flags(&self, flags: RxFlags) {
        self.everything.store(flags.promiscuous.into(), Relaxed);
        self.all_multicast
            .store(flags.all_multicast.into(), Relaxed);
    }
}

/// Has each processor send on a queue of its own, as far as there are queues.
fn spread_processors(dev: &DriverDevice<Nic>, rtnl: Rtnl<'_>) -> Result {
    let queues = dev.tx_queues();
    for queue in 0..queues {
        let mut cpus = CpumaskVar::new_zero(GFP_KERNEL)?;
        for cpu in (u32::from(queue)..nr_cpu_ids()).step_by(queues.into()) {
            cpus.set(CpuId::from_u32(cpu).ok_or(EINVAL)?);
        }
        dev.set_xps_queue(queue, &cpus, rtnl)?;
    }
    Ok(())
}

/// Sets what keeps the line from carrying anything, and looks at what is on it.
fn set_line<C>(dev: &DriverDevice<Nic>, line: u32, context: C)
where
    C: for<'a> Context<BhDisabled<'a> = Softirq<'a>>,
{
    dev.private().line.store(line, Relaxed);
    bh_disabled(context, |softirq| {
        for queue in 0..dev.rx_queues() {
            if let Some(queue) = dev.rx_queue(queue, softirq.rcu()) {
                queue.schedule(softirq);
            }
        }
    });
}

#[vtable]
impl Driver for Nic {
    type Module = Module;
    type TxMode = Locked<TxState>;
    type Queue = RxRing;
    type Ethtool = Ethtool;

    const TX_RING: RingSizes = RingSizes {
        min: 8,
        default: 128,
        max: 1024,
    };

    fn setup(setup: &mut Setup<'_>) {
        setup
            .features(
                Features::SG
                    .with(Features::HW_CSUM)
                    .with(Features::RXCSUM)
                    .with(Features::RXHASH)
                    .with(Features::HIGHDMA)
                    .with(Features::GSO_SOFTWARE)
                    .with(Features::HW_VLAN_CTAG_TX)
                    .with(Features::HW_VLAN_CTAG_RX)
                    .with(Features::HW_VLAN_CTAG_FILTER),
            )
            .vlan_features(Features::SG.with(Features::HW_CSUM))
            .mtu_range(68, 9000)
            .unicast_filter()
            .watchdog_ms(1000);
    }

    fn open(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) -> Result {
        let peer = dev.peer(rtnl).ok_or_else(enotconn)?;
        let address = dev.ethernet_address(rtnl).ok_or(EINVAL)?;
        dev.private().address.store(number(address), Relaxed);
        spread_processors(dev, rtnl)?;
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

    fn transmit(
        dev: &DriverDevice<Self>,
        mut skb: Skb<'_>,
        mut queue: Sender<'_, Self, TxState>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        dev.tx_timestamp(&mut skb, softirq);
        let verdict = queue.send(skb, softirq);
        match verdict {
            Transmit::Busy(_) => queue.state.busy = queue.state.busy.wrapping_add(1),
            _ => queue.state.packets = queue.state.packets.wrapping_add(1),
        }
        if queue.needs_doorbell() {
            queue.state.doorbells = queue.state.doorbells.wrapping_add(1);
            queue.poll_after(dev.private().interrupt_delay());
        }
        verdict
    }

    fn tx_complete(
        dev: &DriverDevice<Self>,
        _queue: u16,
        sent: &mut Completions<'_>,
        napi: Napi<'_>,
    ) {
        if dev.private().line.load(Relaxed) != 0 {
            return;
        }
        let softirq = napi.softirq();
        for _ in 0..BURST {
            let Some(skb) = sent.take() else {
                return;
            };
            dev.count_tx(skb.len(), softirq);
            match dev.peer(softirq) {
                Some(peer) => receive(dev, peer, skb, softirq),
                None => skb.drop_with(DropReason::NO_TX_TARGET, softirq),
            }
        }
        if sent.waiting() != 0 {
            sent.poll_after(dev.private().interrupt_delay());
        }
    }

    fn set_hardware_address(
        dev: &DriverDevice<Self>,
        address: ethernet::Address,
        rtnl: Rtnl<'_>,
    ) -> Result {
        if dev.peer(rtnl).and_then(|peer| peer.ethernet_address(rtnl)) == Some(address) {
            return Err(eaddrinuse());
        }
        dev.private().address.store(number(address), Relaxed);
        Ok(())
    }

    /// Two cards on a cable have two addresses.
    fn validate_hardware_address(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) -> Result {
        let peer = dev.peer(rtnl).and_then(|peer| peer.ethernet_address(rtnl));
        if peer.is_some() && peer == dev.ethernet_address(rtnl) {
            return Err(eaddrinuse());
        }
        Ok(())
    }

    fn change_rx_flags(dev: &DriverDevice<Self>, flags: RxFlags) {
        dev.private().set_flags(flags);
    }

    fn set_rx_mode(
        dev: &DriverDevice<Self>,
        addresses: Addresses<'_>,
        flags: RxFlags,
        _softirq: Softirq<'_>,
    ) {
        let nic = dev.private();
        let filter = addresses
            .multicast()
            .fold(0, |bits, to| bits | filter_bit(to));
        nic.multicast.store(filter, Relaxed);
        nic.multicast_count
            .store(addresses.multicast().count() as u64, Relaxed);
        let filter = addresses
            .unicast()
            .fold(0, |bits, to| bits | filter_bit(to));
        nic.unicast.store(filter, Relaxed);
        nic.unicast_count
            .store(addresses.unicast().count() as u64, Relaxed);
        nic.set_flags(flags);
    }

    fn vlan_added(dev: &DriverDevice<Self>, vlan: Vlan, _rtnl: Rtnl<'_>) -> Result {
        let Vlan::Customer(number) = vlan else {
            return Err(EINVAL);
        };
        let (word, bit) = dev.private().vlan(number).ok_or(ERANGE)?;
        // Under RTNL: nobody else writes.
        word.store(word.load(Relaxed) | bit, Relaxed);
        Ok(())
    }

    fn vlan_removed(dev: &DriverDevice<Self>, vlan: Vlan, _rtnl: Rtnl<'_>) {
        if let Vlan::Customer(number) = vlan {
            if let Some((word, bit)) = dev.private().vlan(number) {
                word.store(word.load(Relaxed) & !bit, Relaxed);
            }
        }
    }

    fn tx_timeout(dev: &DriverDevice<Self>, queue: TxQueue<'_, Self>, softirq: Softirq<'_>) {
        let (index, ms) = (queue.index(), queue.idle_ms());
        pr_info!(
            "{}: queue {index} has sent nothing for {ms} ms: reset\n",
            dev.name()
        );
        let resets = &dev.private().resets;
        resets.store(resets.load(Relaxed).wrapping_add(1), Relaxed);
        set_line(dev, dev.private().line.load(Relaxed) & !STUCK, softirq);
    }
}

/// The other end of the cable.
fn receive(
    dev: &DriverDevice<Nic>,
    peer: &DriverDevice<Nic>,
    mut skb: Skb<'_>,
    softirq: Softirq<'_>,
) {
    let nic = peer.private();
    if !nic.receives(&skb, peer.features()) {
        nic.filtered.fetch_add(1, Relaxed);
        return skb.consume(softirq);
    }
    let hash = skb.as_mut().flow_hash(dev.net(softirq));
    let queue = peer.rx_queue(nic.indirection.queue(hash), softirq.rcu());
    let Some(received) = peer.forward_skb(skb, dev, softirq) else {
        return;
    };
    let Some(queue) = queue else {
        peer.count_rx_dropped();
        return received.drop_with(DropReason::DEV_READY, softirq);
    };
    match queue.ring.produce(received, softirq) {
        Ok(()) => queue.schedule(softirq),
        Err(received) => {
            peer.count_rx_dropped();
            received.drop_with(DropReason::FULL_RING, softirq);
        }
    }
}

kernet::stats! {
    /// A card's own statistics, and what its registers hold.
    struct Stats {
        filtered = "rx_filtered",
        resets = "tx_resets",
        promiscuous = "promiscuous",
        all_multicast = "all_multicast",
        multicast = "multicast_addresses",
        unicast = "unicast_addresses",
        vlans = "vlans",
    }
}

kernet::stats! {
    /// Those of a transmit queue.
    struct TxStats {
        packets = "packets",
        busy = "busy",
        doorbells = "doorbells",
    }
}

/// What `ethtool` asks.
struct Ethtool;

#[vtable]
impl ethtool::Operations<Nic> for Ethtool {
    type Stats = Stats;
    type RxStats = ();
    type TxStats = TxStats;

    const COALESCE: CoalesceParams = CoalesceParams::TX_USECS;
    const PRIVATE_FLAGS: &'static [&'static str] = &["stuck", "broken", "fragments", "buffers"];

    fn stats(dev: &DriverDevice<Nic>, _rtnl: Rtnl<'_>) -> Stats {
        let nic = dev.private();
        let vlans = nic.vlans.iter().map(|word| word.load(Relaxed).count_ones());
        Stats {
            filtered: nic.filtered.load(Relaxed),
            resets: nic.resets.load(Relaxed),
            promiscuous: nic.everything.load(Relaxed).into(),
            all_multicast: nic.all_multicast.load(Relaxed).into(),
            multicast: nic.multicast_count.load(Relaxed),
            unicast: nic.unicast_count.load(Relaxed),
            vlans: vlans.sum::<u32>().into(),
        }
    }

    fn tx_stats(dev: &DriverDevice<Nic>, queue: u16, rtnl: Rtnl<'_>) -> TxStats {
        let state = dev.tx_state(queue, rtnl).unwrap_or_default();
        TxStats {
            packets: state.packets,
            busy: state.busy,
            doorbells: state.doorbells,
        }
    }

    fn link_settings(_dev: &DriverDevice<Nic>, _rtnl: Rtnl<'_>) -> LinkSettings {
        LinkSettings {
            speed: Some(1000),
            duplex: Duplex::Full,
            port: Port::TwistedPair,
            autonegotiation: false,
        }
    }

    fn check_channels(_dev: &DriverDevice<Nic>, _channels: Channels, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }

    fn channels_changed(dev: &DriverDevice<Nic>, rtnl: Rtnl<'_>) {
        if let Err(e) = spread_processors(dev, rtnl) {
            pr_warn!(
                "{}: queues without processors of their own: {e:?}\n",
                dev.name()
            );
        }
    }

    /// The memory of the card is that of two of its largest rings.
    fn check_rings(
        dev: &DriverDevice<Nic>,
        rings: Rings,
        extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        if rings.tx > 512 && dev.tx_queues() > 2 {
            return Err(extack.error(
                ENOSPC,
                format_args!("rings of {} packets are for two queues", rings.tx),
            ));
        }
        Ok(())
    }

    fn coalesce(dev: &DriverDevice<Nic>, _rtnl: Rtnl<'_>) -> Coalesce {
        Coalesce {
            tx_usecs: dev.private().tx_usecs.load(Relaxed),
            ..Coalesce::default()
        }
    }

    fn set_coalesce(
        dev: &DriverDevice<Nic>,
        coalesce: Coalesce,
        extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        if coalesce.tx_usecs > USECS_MAX {
            return Err(extack.error(
                ERANGE,
                format_args!("interrupts wait for {USECS_MAX} us at most"),
            ));
        }
        dev.private().tx_usecs.store(coalesce.tx_usecs, Relaxed);
        Ok(())
    }

    fn indirection(dev: &DriverDevice<Nic>) -> &Indirection {
        &dev.private().indirection
    }

    fn private_flags(dev: &DriverDevice<Nic>, _rtnl: Rtnl<'_>) -> u32 {
        dev.private().line.load(Relaxed) | dev.private().writes.load(Relaxed)
    }

    fn set_private_flags(dev: &DriverDevice<Nic>, flags: u32, rtnl: Rtnl<'_>) -> Result {
        let writes = flags & (FRAGMENTS | BUFFERS);
        dev.private().writes.store(writes, Relaxed);
        set_line(dev, flags & (STUCK | BROKEN), rtnl);
        Ok(())
    }
}

static POLICY: Table<ATTRS> = Table::new(&[
    // A `struct ifinfomsg` comes first.
    (PEER, Policy::min_len(16)),
]);

impl Link<ATTRS> for Nic {
    const KIND: &'static CStr = c"nic";
    const POLICY: &'static Table<ATTRS> = &POLICY;
    const PEER: Option<u16> = Some(PEER);
    const QUEUES: Queues = Queues::PerCpu;

    fn create(
        _device: &NewDevice<'_>,
        _request: &Request<'_>,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        Ok(Nic {
            line: Atomic::<u32>::new(0),
            writes: Atomic::<u32>::new(0),
            resets: Atomic::<u64>::new(0),
            tx_usecs: Atomic::<u32>::new(50),
            address: Atomic::<u64>::new(0),
            everything: Atomic::<u32>::new(0),
            all_multicast: Atomic::<u32>::new(0),
            multicast: Atomic::<u64>::new(0),
            unicast: Atomic::<u64>::new(0),
            multicast_count: Atomic::<u64>::new(0),
            unicast_count: Atomic::<u64>::new(0),
            vlans: [const { Atomic::<u64>::new(0) }; 64],
            filtered: Atomic::<u64>::new(0),
            indirection: Indirection::new(),
        })
    }
}
