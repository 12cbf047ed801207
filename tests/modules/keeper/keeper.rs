// SPDX-License-Identifier: GPL-2.0

//! Pairs of devices that do with packets what a hostile module would: keep them, and tunnels, beyond
//! what they came by, move them about in their buffers, hold them back for a queue that there is not. For tests alone.

#![forbid(unsafe_code)]

use core::{
    mem::ManuallyDrop,
    net::{
        Ipv4Addr,
        Ipv6Addr, //
    },
};
use kernel::{
    macros::vtable,
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        SpinLock, //
    }, //
};
use kernet::{
    context::{
        Process,
        Rtnl,
        Softirq, //
    },
    ipv4::{
        self,
        Packet,
        Parameters,
        Tunnel, //
    },
    ipv6,
    napi::Ring,
    netdev::{
        Concurrent,
        DeviceMap,
        Driver,
        DriverDevice,
        Features,
        Setup,
        Transmit,
        TxQueue, //
    },
    netns::{
        self,
        Net, //
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
        AnyContext,
        DropReason,
        Skb, //
    },
    wire::ethernet::EtherType, //
};

kernet::module! {
    type: Keeper,
    name: "keeper",
    authors: ["The kernet developers"],
    description: "Devices that keep packets",
    license: "GPL",
    alias: ["rtnl-link-keeper"],
}

struct Keeper;

impl kernet::Module for Keeper {
    type State = Kept;
    type Parts = (ipv4::Registration<Keeper>, rtnl::Registration<End, ATTRS>);
}

/// What was kept last in a namespace.
#[pin_data]
struct Kept {
    #[pin]
    place: SpinLock<HookPoint>,
    /// Those that were made here. Not deleted when the namespace dies.
    #[pin]
    devices: DeviceMap<End>,
}

/// A packet, whose own drop would not build, and tunnels with the routes by which they have sent.
struct HookPoint {
    packet: Option<ManuallyDrop<Skb<'static>>>,
    tunnels: Option<Arc<Tunnels>>,
}

/// A tunnel over each version.
struct Tunnels {
    v4: Tunnel,
    v6: ipv6::Tunnel,
}

impl HookPoint {
    fn replace(&mut self, packet: Option<Skb<'static>>) -> Option<Skb<'static>> {
        let packet = packet.map(ManuallyDrop::new);
        core::mem::replace(&mut self.packet, packet).map(ManuallyDrop::into_inner)
    }
}

impl Drop for HookPoint {
    fn drop(&mut self) {
        if let Some(skb) = self.replace(None) {
            skb.drop_with(DropReason::QUEUE_PURGE, AnyContext);
        }
    }
}

impl Kept {
    /// Keeps a packet in place of the one that is kept, or none.
    fn replace(&self, packet: Option<Skb<'static>>) -> Option<Skb<'static>> {
        self.place.lock().replace(packet)
    }

    /// Keeps tunnels in place of those that are kept.
    fn keep_tunnels(&self, tunnels: &Arc<Tunnels>) {
        let before = self.place.lock().tunnels.replace(tunnels.clone());
        drop(before);
    }
}

impl netns::NetState for Kept {
    fn init<'a>(net: &'a Net, _: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            devices <- DeviceMap::new(net),
            place <- new_spinlock!(HookPoint {
                packet: None,
                tunnels: None,
            }),
        }? Error)
    }
}

/// Keeps a packet in a namespace; who was kept there before goes.
fn keep(net: &Net, skb: Skb<'static>, softirq: Softirq<'_>) {
    let before = match net.state::<Keeper>(softirq) {
        Some(kept) => kept.replace(Some(skb)),
        None => Some(skb),
    };
    if let Some(before) = before {
        before.consume(softirq);
    }
}

impl ipv4::Handler for Keeper {
    type Module = Keeper;

    const PROTOCOL: u8 = 253;

    /// Wants more of a header than anybody sends: what is too short is kept, with what it came by.
    fn rx(packet: Packet<'_>, softirq: Softirq<'_>) {
        let net = packet.net();
        match packet.into_frame(255, net) {
            Ok(frame) => frame.consume(softirq),
            Err((_, skb)) => keep(net, skb.keep(), softirq),
        }
    }
}

/// What an end does with what it is to send.
mod mode {
    /// Keeps it in the namespace of the other end, with a tunnel by which it was to be sent in its own.
    pub(super) const KEEP: u8 = 0;
    /// Sends what is kept in its own namespace through a tunnel.
    pub(super) const TUNNEL: u8 = 1;
    /// Holds it back once, as if it had come from a queue that there is not.
    pub(super) const HOLD: u8 = 2;
    /// Makes room before it, and hands it to the other end.
    pub(super) const MOVE: u8 = 3;
}

/// An end of a pair.
struct End {
    mode: u8,
    held: Atomic<u32>,
    tunnels: Arc<Tunnels>,
}

/// Hands a packet to the other end.
fn forward(
    dev: &DriverDevice<End>,
    peer: &DriverDevice<End>,
    skb: Skb<'_>,
    softirq: Softirq<'_>,
) -> Transmit {
    let len = skb.len();
    if let Some(received) = peer.forward_skb(skb, dev, softirq) {
        if received.netif_rx(peer, softirq) {
            dev.count_tx(len, softirq);
        }
    }
    Transmit::Done
}

#[vtable]
impl Driver for End {
    type Module = Keeper;
    type TxMode = Concurrent;
    type Queue = Ring<4>;
    type Ethtool = ();

    fn setup(setup: &mut Setup<'_>) {
        // A sender may lend its pages to a device that sends from several places alone.
        let features = Features::SG.with(Features::HW_CSUM);
        setup.keep_dst().features(features);
    }

    fn open(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) -> Result {
        dev.carrier_on(rtnl);
        Ok(())
    }

    fn transmit(
        dev: &DriverDevice<Self>,
        mut skb: Skb<'_>,
        queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        // Not in a KUnit case, and not where one may sleep.
        #[cfg(CONFIG_KUNIT = "y")]
        if kernet::context::kunit::process(|process| process.with_rtnl(|_| ())).is_some() {
            pr_err!("a token of a context that may sleep, in softirq\n");
        }
        let Some(peer) = dev.peer(softirq) else {
            skb.drop_with(DropReason::NO_TX_TARGET, softirq);
            return Transmit::CongestionDrop;
        };
        match dev.private().mode {
            mode::KEEP => {
                // Without the socket, which holds its namespace.
                let clone = skb.try_clone(softirq);
                // It leads back here, and is not sent: the route is remembered.
                let (tunnels, net) = (&dev.private().tunnels, dev.net(softirq));
                let header = [0u8; 2];
                let sent = if skb.protocol() == EtherType::IPV6.0 {
                    tunnels.v6.transmit(dev, skb, &header, net, softirq)
                } else {
                    tunnels.v4.transmit(dev, skb, &header, net, softirq)
                };
                if let Err(failed) = sent {
                    failed.count_and_drop(dev, softirq);
                }
                let elsewhere = peer.net(softirq);
                if let Some(kept) = elsewhere.state::<Keeper>(softirq) {
                    kept.keep_tunnels(tunnels);
                }
                if let Ok(clone) = clone {
                    keep(elsewhere, clone.keep(), softirq);
                }
                Transmit::Done
            }
            mode::TUNNEL => {
                skb.consume(softirq);
                let net = dev.net(softirq);
                let kept = net
                    .state::<Keeper>(softirq)
                    .and_then(|kept| kept.replace(None));
                if let Some(kept) = kept {
                    let tunnel = &dev.private().tunnels.v4;
                    match tunnel.transmit(dev, kept, &[0u8; 2], net, softirq) {
                        Ok(()) => dev.count_tx(1, softirq),
                        Err(failed) => failed.count_and_drop(dev, softirq),
                    }
                }
                Transmit::Done
            }
            mode::HOLD => {
                let held = dev.private().held.fetch_add(1, Relaxed);
                let receiver = peer.rx_queue(queue.index(), softirq.rcu());
                if let (Some(receiver), 0) = (receiver, held % 2) {
                    skb.as_mut().record_rx_queue(60_000);
                    return match queue.stop_and_requeue(skb.keep(), receiver, softirq) {
                        Ok(busy) => busy,
                        Err(skb) => {
                            dev.count_tx_dropped();
                            skb.drop_with(DropReason::FULL_RING, softirq);
                            Transmit::CongestionDrop
                        }
                    };
                }
                forward(dev, peer, skb, softirq)
            }
            mode::MOVE.. => match skb.as_mut().cow(4096) {
                Ok(()) => forward(dev, peer, skb, softirq),
                Err(_) => {
                    dev.count_tx_dropped();
                    skb.drop_with(DropReason::NOMEM, softirq);
                    Transmit::CongestionDrop
                }
            },
        }
    }
}

const PEER: u16 = 1;
const MODE: u16 = 2;
/// Places for the attributes, whose types begin at 0.
const ATTRS: usize = MODE as usize + 1;

static POLICY: Table<ATTRS> = Table::new(&[
    // A `struct ifinfomsg` comes first.
    (PEER, Policy::min_len(16)),
    (MODE, Policy::U8.max(mode::MOVE as i16)),
]);

impl Link<ATTRS> for End {
    const KIND: &'static CStr = c"keeper";
    const POLICY: &'static Table<ATTRS> = &POLICY;
    const PEER: Option<u16> = Some(PEER);

    fn create(
        device: &NewDevice<'_>,
        request: &Request<'_>,
        _extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        let mode = request.data.u8(MODE).unwrap_or(mode::KEEP);
        let parameters = Parameters {
            local: Ipv4Addr::UNSPECIFIED,
            remote: match mode {
                mode::KEEP => Ipv4Addr::new(192, 0, 2, 2),
                _ => Ipv4Addr::LOCALHOST,
            },
            ttl: 64,
            tos: 0,
            path_mtu_discovery: false,
            ignore_df: false,
            link: 0,
            mark: 0,
        };
        let parameters6 = ipv6::Parameters {
            local: Ipv6Addr::UNSPECIFIED,
            remote: Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2),
            hop_limit: 64,
            traffic_class: 0,
            path_mtu_discovery: false,
            ignore_df: false,
            link: 0,
            mark: 0,
        };
        let net = device.net(rtnl);
        let tunnels = Tunnel::new(net, 97, parameters, rtnl).and_then(|v4| {
            Ok(Tunnels {
                v4,
                v6: ipv6::Tunnel::new(net, 97, parameters6, rtnl)?,
            })
        });
        tunnels.and_then(|tunnels| {
            Ok(End {
                mode,
                held: Atomic::<u32>::new(0),
                tunnels: Arc::new(tunnels, GFP_KERNEL)?,
            })
        })
    }

    fn created(
        dev: &DriverDevice<Self>,
        _request: &Request<'_>,
        _extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> Result {
        let net = dev.net(rtnl);
        let kept = net.state::<Keeper>(rtnl).ok_or(EINVAL)?;
        kept.devices.insert(net, dev, 0, rtnl)
    }
}
