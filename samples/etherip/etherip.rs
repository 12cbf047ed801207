// SPDX-License-Identifier: GPL-2.0

//! EtherIP: Ethernet frames in IPv4 and IPv6, protocol 97 (RFC 3378).

#![forbid(unsafe_code)]

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
    ip::{
        DecapError,
        IcmpError,
        Offload,
        Packet,
        Version, //
    },
    ipv4,
    ipv6,
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
    wire::etherip::Header, //
};

mod attr;
mod tunnel;
mod uapi;

use tunnel::{
    Address,
    Settings,
    Tunnel,
    HEADER_LEN,
    PROTOCOL, //
};

kernet::module! {
    type: Etherip,
    name: "etherip",
    authors: ["The kernet developers"],
    description: "Ethernet in IP (RFC 3378)",
    license: "GPL",
    alias: ["rtnl-link-etherip"],
}

struct Etherip;

impl kernet::Module for Etherip {
    type State = Tunnels;
    // Packets first: there is no device yet to receive them.
    type Parts = (
        ipv4::Registration<EtherIp>,
        ipv6::Registration<EtherIp>,
        ipv4::OffloadRegistration<EtherIp>,
        ipv6::OffloadRegistration<EtherIp>,
        rtnl::Registration<Device, { attr::COUNT }>,
    );
}

/// The largest MTU: a full IPv4 packet, less the headers of IPv4, EtherIP and Ethernet. IPv6 could carry 20
/// bytes more.
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

impl Tunnels {
    /// The tunnel for packets between two addresses that have arrived on device `link`.
    ///
    /// One with this local address is better than one with any, and one bound to the device
    /// they came by better than that, as `ip_tunnel_lookup()` has it.
    fn lookup<'a, 'rcu: 'a, A: Address>(
        &'a self,
        local: A,
        remote: A,
        link: u32,
        rcu: Rcu<'rcu>,
    ) -> Option<&'a DriverDevice<Device>> {
        let rank = |dev: &'a DriverDevice<Device>| {
            let settings = match dev.private().tunnel.get(rcu) {
                Some(tunnel) if dev.is_up() => &tunnel.settings,
                _ => return 0,
            };
            let own = match A::of(&settings.ends) {
                Some((own, to)) if to == remote => own,
                _ => return 0,
            };
            match (own == local, own == A::ANY, settings.link == link) {
                (true, _, true) => 4,
                (_, true, true) => 3,
                (true, _, false) => 2,
                (_, true, false) => 1,
                _ => 0,
            }
        };
        let hash = remote.hash();
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
        wanted: &Settings,
        own: Option<&DriverDevice<Device>>,
        extack: ExtAck<'_>,
    ) -> Result {
        let taken = rcu_read(|rcu| {
            self.devices
                .find(wanted.ends.hash(), rcu, |dev| {
                    let other = dev.private().tunnel.get(rcu).map(|t| &t.settings);
                    let same =
                        other.is_some_and(|s| (s.ends, s.link) == (wanted.ends, wanted.link));
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

    /// Receives a packet between two addresses.
    fn receive<A: Address, V: Version>(
        packet: Packet<'_, V>,
        local: A,
        remote: A,
        softirq: Softirq<'_>,
    ) {
        let mut packet = packet;
        let Some(tunnels) = packet.net().state::<Etherip>(softirq) else {
            return packet.drop_with(DropReason::NO_TX_TARGET, softirq);
        };
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

    /// The tunnel that is said to have sent a packet, about which there is an ICMP message.
    fn sender<'a, A: Address, V: Version>(
        error: &'a IcmpError<'_, V>,
        local: A,
        remote: A,
        softirq: Softirq<'a>,
    ) -> Option<&'a Tunnel> {
        let tunnels = error.net().state::<Etherip>(softirq)?;
        let dev = tunnels.lookup(local, remote, error.ifindex(), softirq.rcu())?;
        dev.private().tunnel.get(softirq.rcu())
    }
}

/// A tunnel's device.
struct Device {
    /// Replaced as a whole when the settings change. Never empty.
    tunnel: rcu::RcuPointer<Tunnel>,
}

impl Device {
    fn settings(dev: &DriverDevice<Self>) -> Option<Settings> {
        rcu_read(|rcu| dev.private().tunnel.get(rcu).map(|tunnel| tunnel.settings))
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
            .with(Features::HIGHDMA)
            .with(Features::ALL_TSO)
            .with(Features::GSO_UDP_L4);
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
        tunnel.transmit(dev, skb, net, softirq);
        Transmit::Done
    }

    fn iflink(dev: &DriverDevice<Self>, rcu: Rcu<'_>) -> u32 {
        let tunnel = dev.private().tunnel.get(rcu);
        tunnel.map_or(0, |tunnel| tunnel.settings.link)
    }
}

/// The protocol.
pub(crate) struct EtherIp;

impl Offload for EtherIp {
    type Module = Etherip;
    type Header = Header;

    const PROTOCOL: u8 = PROTOCOL;

    fn merges(header: &Header) -> bool {
        header.check().is_ok()
    }
}

impl ipv4::Handler for EtherIp {
    type Module = Etherip;

    const PROTOCOL: u8 = PROTOCOL;

    fn rx(packet: ipv4::Packet<'_>, softirq: Softirq<'_>) {
        let (local, remote) = (packet.header().destination(), packet.header().source());
        Tunnels::receive(packet, local, remote, softirq);
    }

    fn error(error: &ipv4::IcmpError<'_>, softirq: Softirq<'_>) {
        const UNREACHABLE: u8 = 3;
        const SOURCE_ROUTE_FAILED: u8 = 5;
        const PORT_UNREACHABLE: u8 = 3;
        const TIME_EXCEEDED: u8 = 11;
        const IN_TRANSIT: u8 = 0;

        if error.update_route(PROTOCOL) {
            return;
        }
        let (local, remote) = (error.header().source(), error.header().destination());
        let Some(tunnel) = Tunnels::sender(error, local, remote, softirq) else {
            return;
        };
        // What the C tunnels take for "the remote is not there".
        match (error.kind(), error.code()) {
            (UNREACHABLE, SOURCE_ROUTE_FAILED | PORT_UNREACHABLE) => {}
            (UNREACHABLE, _) => tunnel.unreachable(softirq),
            // With an inherited TTL it is the inner sender's that has run out.
            (TIME_EXCEEDED, IN_TRANSIT) if tunnel.settings.ttl != 0 => {
                tunnel.unreachable(softirq);
            }
            _ => {}
        }
    }
}

impl ipv6::Handler for EtherIp {
    type Module = Etherip;

    const PROTOCOL: u8 = PROTOCOL;

    fn rx(packet: ipv6::Packet<'_>, softirq: Softirq<'_>) {
        let (local, remote) = (packet.header().destination(), packet.header().source());
        Tunnels::receive(packet, local, remote, softirq);
    }

    fn error(error: &ipv6::IcmpError<'_>, softirq: Softirq<'_>) {
        const UNREACHABLE: u8 = 1;
        const PORT_UNREACHABLE: u8 = 4;
        const TIME_EXCEEDED: u8 = 3;
        const IN_TRANSIT: u8 = 0;

        let (local, remote) = (error.header().source(), error.header().destination());
        // What no tunnel has sent has no path of ours.
        let Some(tunnel) = Tunnels::sender(error, local, remote, softirq) else {
            return;
        };
        if error.update_route(PROTOCOL) {
            return;
        }
        // As above.
        match (error.kind(), error.code()) {
            (UNREACHABLE, PORT_UNREACHABLE) => {}
            (UNREACHABLE, _) => tunnel.unreachable(softirq),
            (TIME_EXCEEDED, IN_TRANSIT) if tunnel.settings.ttl != 0 => {
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
        let settings = Self::settings(dev).ok_or(EINVAL)?;
        tunnels.devices.insert(net, dev, settings.ends.hash(), rtnl)
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
        let old = Self::settings(dev).ok_or(EINVAL)?;
        let settings = attr::parse(request.data, Some(old), extack)?;
        tunnels.check_free(dev.net(rtnl), &settings, Some(dev), extack)?;

        let tunnel = Tunnel::new(net, settings, rtnl)?;
        let underlay = tunnel.underlay(net, rtnl);
        let node = rcu::RcuBox::new(tunnel, rtnl)?;
        // Found under the old addresses until the next line, and under none of them a moment.
        dev.private().tunnel.replace(Some(node), rtnl.process());
        tunnels
            .devices
            .insert(net, dev, settings.ends.hash(), rtnl)?;
        // The path is another one, or the headers take more room than those before.
        if settings.link != old.link || settings.ends.is_ipv6() != old.ends.is_ipv6() {
            underlay.apply(dev, !attr::has_mtu(request.link), rtnl);
        }
        Ok(())
    }

    fn fill_info(dev: &DriverDevice<Self>, writer: &mut Writer<'_>, _rtnl: Rtnl<'_>) -> Result {
        match Self::settings(dev) {
            Some(settings) => attr::fill(&settings, writer),
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
    let settings = attr::parse(request.data, None, extack)?;
    state(net, extack, rtnl)?.check_free(device.net(rtnl), &settings, None, extack)?;
    let tunnel = Tunnel::new(net, settings, rtnl)?;
    let underlay = tunnel.underlay(net, rtnl);
    device.set_default_mtu(underlay.mtu, request);
    device.set_needed_headroom(underlay.headroom);
    Ok(Device {
        tunnel: rcu::RcuPointer::new(rcu::RcuBox::new(tunnel, rtnl)?),
    })
}
