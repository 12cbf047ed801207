// SPDX-License-Identifier: GPL-2.0

//! Devices above other devices: several uppers that share a lower one, told apart by their addresses, as
//! macvlans are, and a mirror. For tests alone.

#![forbid(unsafe_code)]

use kernel::{
    macros::vtable,
    prelude::*,
    sync::Arc, //
};
use kernet::{
    context::{
        Process,
        Rcu,
        Rtnl,
        Softirq, //
    },
    error::{
        eaddrinuse,
        eopnotsupp, //
    },
    netdev::{
        rx_handler::{
            self,
            Packet,
            RxHandler,
            Verdict, //
        },
        Addresses,
        Concurrent,
        Device,
        DeviceSlot,
        Driver,
        DriverDevice,
        Features,
        PortMap,
        RxFlags,
        Setup,
        Transmit,
        TxQueue, //
    },
    netns::{
        Net,
        NetState, //
    },
    nlattr::{
        ExtAck,
        Table, //
    },
    notifier::DeviceEvent,
    rtnl::{
        self,
        Link,
        NewDevice,
        Request, //
    },
    skb::{
        DropReason,
        PacketType,
        Skb,
        Xnet, //
    },
    timer::Jiffies,
    wire::ethernet::{
        self,
        Address, //
    }, //
};

mod mirror;
mod pool;

kernet::module! {
    type: Stack,
    name: "stack",
    authors: ["The kernet developers"],
    description: "Devices above other devices",
    license: "GPL",
    alias: ["rtnl-link-stack", "rtnl-link-mirror", "rtnl-link-pool"],
}

struct Stack;

impl kernet::Module for Stack {
    type State = Kept;
    // One handler outlives its devices, the other one's devices outlive it.
    type Parts = (
        rx_handler::Registration<Receive>,
        rtnl::Registration<Upper, 1>,
        rtnl::Registration<mirror::Mirror, { mirror::ATTRS }>,
        rx_handler::Registration<mirror::Tap>,
        rtnl::Registration<pool::Pool, 1>,
        rx_handler::Registration<pool::Port>,
    );
}

/// A device that a namespace keeps, and never gives up by itself.
struct Kept {
    device: DeviceSlot,
}

impl NetState for Kept {
    fn init<'a>(_net: &'a Net, process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        Ok(Self {
            device: DeviceSlot::new(process)?,
        })
    }
}

/// What the uppers of a lower device share.
struct Port {
    uppers: PortMap<Upper>,
}

impl Port {
    fn find<'a>(&self, address: Address, softirq: Softirq<'a>) -> Option<&'a DriverDevice<Upper>> {
        self.uppers.find(hash(address), softirq.rcu(), |upper| {
            upper.ethernet_address(softirq) == Some(address)
        })
    }

    /// Whether another device than `this`, or the lower one, has the address.
    fn is_taken(
        &self,
        address: Address,
        this: &Device,
        lower: Option<&Device>,
        rtnl: Rtnl<'_>,
    ) -> bool {
        let mut taken = lower.is_some_and(|lower| lower.ethernet_address(rtnl) == Some(address));
        self.uppers.for_each(rtnl, |upper| {
            taken |= !core::ptr::eq::<Device>(&**upper, this)
                && upper.ethernet_address(rtnl) == Some(address);
        });
        taken
    }
}

fn hash(address: Address) -> u32 {
    let [a, b, c, d, e, f] = address.octets();
    u32::from_be_bytes([c, d, e, f]) ^ u32::from_be_bytes([0, 0, a, b])
}

/// A device above another one.
struct Upper {
    port: Arc<Port>,
}

const IFF_PROMISC: u32 = 0x100;
const IFF_ALLMULTI: u32 = 0x200;

/// What the stack does for a device that cannot.
fn software() -> Features {
    Features::SG
        .with(Features::FRAGLIST)
        .with(Features::HW_CSUM)
        .with(Features::HIGHDMA)
        .with(Features::GSO_SOFTWARE)
}

/// Sends on the device below.
fn send<D: Driver>(dev: &DriverDevice<D>, skb: Skb<'_>, softirq: Softirq<'_>) {
    let len = skb.len();
    let Some(lower) = dev.lower(softirq) else {
        dev.count_tx_dropped();
        return skb.drop_with(DropReason::DEV_READY, softirq);
    };
    match lower.queue_xmit(skb, softirq) {
        Ok(()) => dev.count_tx(len, softirq),
        Err(_) => dev.count_tx_dropped(),
    }
}

/// Hands a packet over to the device above, whose own it is from now on.
fn hand_over<'a, D: Driver>(
    dev: &'a DriverDevice<D>,
    packet: Packet<'a>,
    softirq: Softirq<'a>,
) -> Verdict<'a> {
    let Some(mut skb) = packet.unshare(softirq) else {
        return Verdict::Consumed;
    };
    dev.count_rx(skb.frame_len(), softirq);
    let to = skb.ethernet_header().map(|header| header.destination());
    if to.is_some() && to == dev.ethernet_address(softirq) {
        skb.set_packet_type(PacketType::Host);
    }
    Verdict::Another(skb, dev)
}

/// What a lower device of any kind here has changed.
fn follow<D: Driver>(dev: &DriverDevice<D>, lower: &Device, event: DeviceEvent, rtnl: Rtnl<'_>) {
    match event {
        DeviceEvent::Up | DeviceEvent::Down | DeviceEvent::Change => {
            dev.inherit_operstate(lower, rtnl);
        }
        DeviceEvent::Mtu if lower.mtu() < dev.mtu() => {
            if let Err(e) = dev.set_mtu(lower.mtu(), rtnl) {
                pr_warn!("{}: its MTU stays: {e:?}\n", dev.name());
            }
        }
        DeviceEvent::Features => {
            dev.inherit(lower, rtnl);
            dev.update_features(rtnl);
        }
        _ => (),
    }
}

#[vtable]
impl Driver for Upper {
    type Module = Stack;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    fn setup(setup: &mut Setup<'_>) {
        setup
            .features(software().with(Features::RXCSUM))
            .no_queue()
            .unicast_filter()
            .live_address_change();
    }

    fn uninit(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) {
        let mut others = false;
        dev.private().port.uppers.for_each(rtnl, |_| others = true);
        if let (false, Some(lower)) = (others, dev.lower(rtnl)) {
            lower.detach_rx_handler::<Receive>(rtnl);
        }
    }

    fn open(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) -> Result {
        dev.set_lowers_hardware_address(dev.ethernet_address(rtnl), rtnl)?;
        dev.work().queue();
        Ok(())
    }

    fn transmit(
        dev: &DriverDevice<Self>,
        mut skb: Skb<'_>,
        _queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        let header = match skb.as_mut().pull_header::<ethernet::Header>(0) {
            Ok(header) => *header,
            Err(reason) => {
                dev.count_tx_dropped();
                skb.drop_with(reason, softirq);
                return Transmit::Done;
            }
        };
        let port = &dev.private().port;
        if header.destination().is_multicast() {
            port.uppers.for_each(softirq, |upper| {
                if !core::ptr::eq(upper, dev) {
                    match skb.try_clone(softirq) {
                        Ok(copy) => upper.rx(copy, between(dev, upper, softirq), softirq),
                        Err(_) => upper.count_rx_dropped(),
                    }
                }
            });
        } else if let Some(upper) = port.find(header.destination(), softirq) {
            dev.count_tx(skb.len(), softirq);
            upper.rx(skb, between(dev, upper, softirq), softirq);
            return Transmit::Done;
        }
        send(dev, skb, softirq);
        Transmit::Done
    }

    fn fix_features(dev: &DriverDevice<Self>, features: Features, rtnl: Rtnl<'_>) -> Features {
        match dev.lower(rtnl) {
            Some(lower) => features.without(Features::RXCSUM.without(lower.features())),
            None => features,
        }
    }

    fn change_mtu(dev: &DriverDevice<Self>, mtu: u32, rtnl: Rtnl<'_>) -> Result {
        match dev.lower(rtnl) {
            Some(lower) if lower.mtu() < mtu => Err(EINVAL),
            _ => Ok(()),
        }
    }

    fn set_hardware_address(dev: &DriverDevice<Self>, address: Address, rtnl: Rtnl<'_>) -> Result {
        let port = &dev.private().port;
        if port.is_taken(address, dev, dev.lower(rtnl), rtnl) {
            return Err(eaddrinuse());
        }
        if dev.is_up() {
            dev.set_lowers_hardware_address(Some(address), rtnl)?;
        }
        port.uppers.insert(dev, hash(address), rtnl)
    }

    fn change_rx_flags(dev: &DriverDevice<Self>, _flags: RxFlags) {
        // With RTNL.
        dev.work().queue();
    }

    fn work(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) -> Option<Jiffies> {
        let set = |flag| dev.is_up() && dev.flags() & flag != 0;
        let done = dev
            .set_lowers_promiscuous(set(IFF_PROMISC), rtnl)
            .and(dev.set_lowers_all_multicast(set(IFF_ALLMULTI), rtnl));
        if let Err(e) = done {
            pr_warn!("{}: {e:?}\n", dev.name());
        }
        None
    }

    fn set_rx_mode(
        dev: &DriverDevice<Self>,
        addresses: Addresses<'_>,
        _flags: RxFlags,
        softirq: Softirq<'_>,
    ) {
        dev.sync_lowers(addresses, softirq);
    }

    fn iflink(dev: &DriverDevice<Self>, rcu: Rcu<'_>) -> u32 {
        dev.lower(rcu).map_or(dev.ifindex(), Device::ifindex)
    }

    fn lower_event(dev: &DriverDevice<Self>, lower: &Device, event: DeviceEvent, rtnl: Rtnl<'_>) {
        follow(dev, lower, event, rtnl);
    }
}

fn between(from: &Device, to: &Device, softirq: Softirq<'_>) -> Xnet {
    Xnet::between(from.net(softirq), to.net(softirq))
}

/// The kind has no attributes.
static POLICY: Table<1> = Table::new(&[]);

impl Link<1> for Upper {
    const KIND: &'static CStr = c"stack";
    const POLICY: &'static Table<1> = &POLICY;

    fn create(
        device: &NewDevice<'_>,
        request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        let lower = request.lower(extack, rtnl)?;
        device.inherit(lower, request, rtnl)?;
        let port = match lower.rx_handler_port::<Receive>(rtnl) {
            Some(port) => port,
            None => {
                let uppers = PortMap::new(rtnl)?;
                Arc::new(Port { uppers }, GFP_KERNEL)?
            }
        };
        Ok(Upper { port })
    }

    fn created(
        dev: &DriverDevice<Self>,
        request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> Result {
        let lower = request.lower(extack, rtnl)?;
        let port = &dev.private().port;
        let address = dev.ethernet_address(rtnl).ok_or(eopnotsupp())?;
        if port.is_taken(address, dev, Some(lower), rtnl) {
            return Err(eaddrinuse());
        }
        dev.link_lower(lower, extack, rtnl)?;
        if lower.rx_handler_port::<Receive>(rtnl).is_none() {
            lower.attach_rx_handler::<Receive>(port.clone(), rtnl)?;
        }
        port.uppers.insert(dev, hash(address), rtnl)?;
        dev.update_features(rtnl);
        dev.inherit_operstate(lower, rtnl);
        Ok(())
    }

    /// There are no settings: it shows who may.
    fn change(
        _dev: &DriverDevice<Self>,
        _request: &Request<'_>,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        Ok(())
    }
}

/// What a lower device receives is for an upper one by its address, or for all.
struct Receive;

kernet::slot!(Receive: rx_handler::Slot);

impl RxHandler for Receive {
    type Module = Stack;
    type Port = Port;

    fn rx<'a>(
        port: &'a Port,
        _device: &'a Device,
        packet: Packet<'a>,
        softirq: Softirq<'a>,
    ) -> Verdict<'a> {
        let Some(header) = packet.ethernet_header() else {
            return Verdict::Pass(packet);
        };
        let to = header.destination();
        if to.is_multicast() {
            let kind = packet.packet_type();
            port.uppers.for_each(softirq, |upper| {
                if !upper.is_up() {
                    return;
                }
                match packet.try_clone(softirq) {
                    Ok(mut copy) => {
                        upper.count_rx(copy.frame_len(), softirq);
                        copy.set_packet_type(kind);
                        if !copy.netif_rx(upper, softirq) {
                            upper.count_rx_dropped();
                        }
                    }
                    Err(_) => upper.count_rx_dropped(),
                }
            });
            return Verdict::Pass(packet);
        }
        match port.find(to, softirq) {
            Some(upper) if upper.is_up() => {
                let Some(mut skb) = packet.unshare(softirq) else {
                    return Verdict::Consumed;
                };
                upper.count_rx(skb.frame_len(), softirq);
                skb.set_packet_type(PacketType::Host);
                Verdict::Another(skb, upper)
            }
            _ => Verdict::Pass(packet),
        }
    }
}
