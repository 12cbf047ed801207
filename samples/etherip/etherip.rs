// SPDX-License-Identifier: GPL-2.0

//! EtherIP: Ethernet frames in IPv4, protocol 97 (RFC 3378).

#![forbid(unsafe_code)]

use core::net::Ipv4Addr;
use kernel::{
    macros::vtable,
    prelude::*, //
};
use kernet::{
    context::{
        rcu_read,
        Process,
        Rcu,
        Rtnl,
        Softirq, //
    },
    ipv4::{
        self,
        DecapError,
        IcmpError,
        Packet,
        Parameters,
        Tunnel, //
    },
    netdev::{
        Concurrent,
        DeviceMap,
        Driver,
        DriverDevice,
        Features,
        PacketError,
        Setup,
        Transmit,
        TxQueue, //
    },
    netns::{
        self,
        Net,
        Unregister, //
    },
    nlattr::{
        ExtAck,
        Table,
        Writer, //
    },
    rcu,
    rtnl::{
        self,
        Link,
        NewDevice,
        Request, //
    },
    skb::{
        DropReason,
        Skb,
        Xnet, //
    },
    wire::{
        etherip::Header,
        ip::Protocol, //
    },
};

mod attr;
mod uapi;

kernet::module! {
    type: Etherip,
    name: "etherip",
    authors: ["The kernet developers"],
    description: "Ethernet in IPv4 (RFC 3378)",
    license: "GPL",
    alias: ["rtnl-link-etherip"],
}

struct Etherip;

impl kernet::Module for Etherip {
    type State = Tunnels;
    // Packets first: there is no device yet to receive them.
    type Parts = (
        ipv4::Registration<EtherIp>,
        rtnl::Registration<Device, { attr::COUNT }>,
    );
}

/// The number of the protocol, which `IPPROTO_*` does not have.
const PROTOCOL: u8 = Protocol::ETHERIP.0;

/// The length of the header between IPv4's and the frame, in bytes.
const HEADER_LEN: u8 = Header::LEN as u8;

/// The largest MTU: a full IPv4 packet, less the headers of IPv4, EtherIP and Ethernet.
const MAX_MTU: u32 = 0xffff - 20 - 2 - 14;

/// The tunnels whose outer packets belong to a namespace, wherever their devices are.
#[pin_data]
struct Tunnels {
    #[pin]
    devices: DeviceMap<Device>,
}

impl netns::NetState for Tunnels {
    fn init<'a>(net: &'a Net, _process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            devices <- DeviceMap::new(net),
        }? Error)
    }

    fn exit_rtnl(&self, rtnl: Rtnl<'_>, list: &mut Unregister<'_>) {
        self.devices.unregister_all(rtnl, list);
    }
}

/// A remote's place in the map of devices.
fn hash(remote: Ipv4Addr) -> u32 {
    u32::from(remote)
}

impl Tunnels {
    /// The tunnel for packets between two addresses that have arrived on device `link`.
    ///
    /// One with this local address is better than one with any, and one bound to the device
    /// they came by better than that, as `ip_tunnel_lookup()` has it.
    fn lookup<'a, 'rcu: 'a>(
        &'a self,
        local: Ipv4Addr,
        remote: Ipv4Addr,
        link: u32,
        rcu: Rcu<'rcu>,
    ) -> Option<&'a DriverDevice<Device>> {
        let rank = |dev: &'a DriverDevice<Device>| {
            let parameters = match dev.private().tunnel.get(rcu) {
                Some(tunnel) if dev.is_up() => *tunnel.parameters(),
                _ => return 0,
            };
            if parameters.remote != remote {
                return 0;
            }
            match (parameters.local, parameters.link == link) {
                (own, true) if own == local => 4,
                (Ipv4Addr::UNSPECIFIED, true) => 3,
                (own, false) if own == local => 2,
                (Ipv4Addr::UNSPECIFIED, false) => 1,
                _ => 0,
            }
        };
        let hash = hash(remote);
        // The usual case: one tunnel for the pair of addresses.
        let mut best = 0;
        let found = self.devices.find(hash, rcu, |dev| {
            best = best.max(rank(dev));
            best == 4
        });
        if found.is_some() || best == 0 {
            return found;
        }
        self.devices.find(hash, rcu, |dev| rank(dev) == best)
    }

    /// Refuses end points that another tunnel has; `own` is the device that wants them, and `seen_from`
    /// its namespace. The other device is named if it is there too: elsewhere the caller cannot see it.
    fn check_free(
        &self,
        seen_from: &Net,
        wanted: &Parameters,
        own: Option<&DriverDevice<Device>>,
        extack: ExtAck<'_>,
    ) -> Result {
        let taken = rcu_read(|rcu| {
            self.devices
                .find(hash(wanted.remote), rcu, |dev| {
                    let other = dev.private().tunnel.get(rcu).map(|t| *t.parameters());
                    let same = other.is_some_and(|p| {
                        (p.local, p.remote, p.link) == (wanted.local, wanted.remote, wanted.link)
                    });
                    same && !own.is_some_and(|own| core::ptr::eq(own, dev))
                })
                .map(|dev| (dev.net(rcu) == seen_from).then(|| dev.name()))
        });
        match taken {
            None => Ok(()),
            Some(Some(name)) => Err(extack.error(
                EEXIST,
                fmt!("{name} is a tunnel between these addresses already"),
            )),
            Some(None) => Err(extack.error(
                EEXIST,
                fmt!("a tunnel between these addresses is in another namespace"),
            )),
        }
    }
}

/// A tunnel's device.
struct Device {
    /// Replaced as a whole when the settings change. Never empty.
    tunnel: rcu::RcuPointer<Tunnel>,
}

impl Device {
    fn parameters(dev: &DriverDevice<Self>) -> Option<Parameters> {
        rcu_read(|rcu| dev.private().tunnel.get(rcu).map(|t| *t.parameters()))
    }
}

#[vtable]
impl Driver for Device {
    type Module = Etherip;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    const GRO_CELLS: bool = true;

    fn setup(setup: &mut Setup<'_>) {
        let features = Features::SG
            .with(Features::FRAGLIST)
            .with(Features::HW_CSUM)
            .with(Features::HIGHDMA);
        setup
            .features(features)
            .vlan_features(features)
            .mtu_range(68, MAX_MTU)
            .no_queue()
            .keep_dst()
            .live_address_change();
    }

    fn transmit(
        dev: &DriverDevice<Self>,
        skb: Skb<'_>,
        _queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        let tunnel = dev.private().tunnel.get(softirq.rcu());
        let (Some(tunnel), Some(net)) = (tunnel, dev.link_net(softirq)) else {
            dev.count_error(PacketError::TxCarrier);
            skb.drop_with(DropReason::NO_TX_TARGET, softirq);
            return Transmit::Done;
        };
        if let Err(failed) = tunnel.transmit(dev, skb, &Header::new(), net, softirq) {
            failed.count_and_drop(dev, softirq);
        }
        Transmit::Done
    }

    fn iflink(dev: &DriverDevice<Self>, rcu: Rcu<'_>) -> u32 {
        let tunnel = dev.private().tunnel.get(rcu);
        tunnel.map_or(0, |tunnel| tunnel.parameters().link)
    }
}

/// The protocol.
struct EtherIp;

impl ipv4::Handler for EtherIp {
    type Module = Etherip;

    const PROTOCOL: u8 = PROTOCOL;

    fn rx(mut packet: Packet<'_>, softirq: Softirq<'_>) {
        let Some(tunnels) = packet.net().state::<Etherip>(softirq) else {
            return packet.drop_with(DropReason::NO_TX_TARGET, softirq);
        };
        let (local, remote) = (packet.header().destination(), packet.header().source());
        let rcu = softirq.rcu();
        let Some(dev) = tunnels.lookup(local, remote, packet.ifindex(), rcu) else {
            return packet.reject(softirq);
        };
        let header = match packet.protocol_header::<Header>() {
            Ok(header) => *header,
            Err(reason) => {
                dev.count_error(PacketError::RxLength);
                return packet.drop_with(reason, softirq);
            }
        };
        // RFC 3378 section 4: a packet whose header is not the one is discarded.
        if header.check().is_err() {
            dev.count_error(PacketError::RxFrame);
            return packet.drop_with(DropReason::INVALID_PROTO, softirq);
        }
        let (from, to) = (packet.net(), dev.net(softirq));
        match packet.into_frame(HEADER_LEN, to) {
            Ok(frame) => dev.rx(frame, Xnet::between(from, to), softirq),
            Err((malformed, skb)) => DecapError::count_and_drop(malformed, skb, dev, softirq),
        }
    }

    fn error(error: &IcmpError<'_>, softirq: Softirq<'_>) {
        const UNREACHABLE: u8 = 3;
        const SOURCE_ROUTE_FAILED: u8 = 5;
        const PORT_UNREACHABLE: u8 = 3;
        const TIME_EXCEEDED: u8 = 11;
        const IN_TRANSIT: u8 = 0;

        if error.update_route(PROTOCOL) {
            return;
        }
        let sent = error.header();
        let tunnel = error.net().state::<Etherip>(softirq).and_then(|tunnels| {
            let rcu = softirq.rcu();
            tunnels
                .lookup(sent.source(), sent.destination(), error.ifindex(), rcu)
                .and_then(|dev| dev.private().tunnel.get(rcu))
        });
        let Some(tunnel) = tunnel else {
            return;
        };
        // What the C tunnels take for "the remote is not there".
        match (error.kind(), error.code()) {
            (UNREACHABLE, SOURCE_ROUTE_FAILED | PORT_UNREACHABLE) => {}
            (UNREACHABLE, _) => tunnel.unreachable(softirq),
            // With an inherited TTL it is the inner sender's that has run out.
            (TIME_EXCEEDED, IN_TRANSIT) if tunnel.parameters().ttl != 0 => {
                tunnel.unreachable(softirq);
            }
            _ => {}
        }
    }
}

impl Link<{ attr::COUNT }> for Device {
    const KIND: &'static CStr = c"etherip";
    const POLICY: &'static Table<{ attr::COUNT }> = &attr::POLICY;
    const INFO_SIZE: usize = attr::SIZE;

    fn validate(request: &Request<'_>, extack: ExtAck<'_>) -> Result {
        attr::validate(request.data, extack)
    }

    fn create(
        device: &NewDevice<'_>,
        request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        new(device, request, extack, rtnl)
    }

    fn created(
        dev: &DriverDevice<Self>,
        request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> Result {
        let net = request.link_net().ok_or(EINVAL)?;
        let tunnels = state(net, extack, rtnl)?;
        let parameters = Self::parameters(dev).ok_or(EINVAL)?;
        tunnels
            .devices
            .insert(net, dev, hash(parameters.remote), rtnl)
    }

    fn change(
        dev: &DriverDevice<Self>,
        request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> Result {
        let net = dev
            .link_net(rtnl)
            .ok_or_else(|| extack.error(ENODEV, fmt!("the underlay's namespace is gone")))?;
        let tunnels = state(net, extack, rtnl)?;
        let old = Self::parameters(dev).ok_or(EINVAL)?;
        let parameters = attr::parse(request.data, Some(old), extack)?;
        tunnels.check_free(dev.net(rtnl), &parameters, Some(dev), extack)?;

        let tunnel = Tunnel::new(net, PROTOCOL, parameters, rtnl)?;
        let underlay = tunnel.underlay(net, HEADER_LEN, rtnl);
        let node = rcu::RcuBox::new(tunnel, rtnl)?;
        // Found under the old addresses until the next line, and under none of them a moment.
        dev.private().tunnel.replace(Some(node), rtnl.process());
        tunnels
            .devices
            .insert(net, dev, hash(parameters.remote), rtnl)?;
        if parameters.link != old.link {
            underlay.apply(dev, !attr::has_mtu(request.link), rtnl);
        }
        Ok(())
    }

    fn fill_info(dev: &DriverDevice<Self>, writer: &mut Writer<'_>, _rtnl: Rtnl<'_>) -> Result {
        match Self::parameters(dev) {
            Some(parameters) => attr::fill(&parameters, writer),
            None => Ok(()),
        }
    }
}

fn state<'a>(net: &'a Net, extack: ExtAck<'_>, rtnl: Rtnl<'a>) -> Result<&'a Tunnels> {
    net.state::<Etherip>(rtnl)
        .ok_or_else(|| extack.error(ENODEV, fmt!("the namespace is dying")))
}

fn new(
    device: &NewDevice<'_>,
    request: &Request<'_>,
    extack: ExtAck<'_>,
    rtnl: Rtnl<'_>,
) -> Result<Device> {
    let net = request.link_net().ok_or(EINVAL)?;
    let parameters = attr::parse(request.data, None, extack)?;
    state(net, extack, rtnl)?.check_free(device.net(rtnl), &parameters, None, extack)?;
    let tunnel = Tunnel::new(net, PROTOCOL, parameters, rtnl)?;
    let underlay = tunnel.underlay(net, HEADER_LEN, rtnl);
    device.set_default_mtu(underlay.mtu, request);
    device.set_needed_headroom(underlay.headroom);
    Ok(Device {
        tunnel: rcu::RcuPointer::new(rcu::RcuBox::new(tunnel, rtnl)?),
    })
}
