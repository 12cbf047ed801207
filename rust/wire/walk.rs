// SPDX-License-Identifier: GPL-2.0

//! All layers of a frame, one after the other.

use core::fmt;

use super::{
    arp,
    checksum::Pseudo,
    etherip,
    ethernet::{
        self,
        EtherType, //
    },
    icmp,
    icmpv6,
    ip::{
        self,
        Fragment,
        Protocol, //
    },
    ipv4,
    ipv6,
    ndisc,
    tcp,
    udp,
    vlan,
    Error,
    Layer, //
};

/// The most layers that [`walk`] follows; with EtherIP and IP in IP there may be any number.
const MAX_LAYERS: usize = 16;

/// The layers that were found, outermost first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Layers {
    layers: [Option<Layer>; MAX_LAYERS],
}

impl Layers {
    fn push(&mut self, layer: Layer) -> Result<(), Error> {
        let free = self.layers.iter_mut().find(|place| place.is_none());
        *free.ok_or(Error::TooMany { layer })? = Some(layer);
        Ok(())
    }

    /// The layers, outermost first.
    pub fn iter(&self) -> impl Iterator<Item = Layer> + '_ {
        self.layers.iter().copied().flatten()
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// What [`walk`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The layers whose headers passed their checks, outermost first.
    pub layers: Layers,
    /// The outermost VLAN tag of the innermost frame.
    pub vlan: Option<vlan::Tci>,
    /// What the innermost frame or packet carries, when that is of no layer here.
    pub ethertype: Option<EtherType>,
    /// The protocol in the innermost IP packet.
    pub protocol: Option<Protocol>,
    /// The part of a datagram that the innermost IP packet carries.
    pub fragment: Option<Fragment>,
    /// The innermost ports, source and destination.
    pub ports: Option<(u16, u16)>,
    /// Octets of options, of all layers.
    pub options: usize,
    /// Checksums that do not match, of all layers.
    pub bad_checksums: u8,
    /// Octets behind the last header.
    pub payload: usize,
    /// Why the walk ended before the last header.
    pub error: Option<Error>,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for layer in self.layers.iter() {
            write!(f, "{layer} / ")?;
        }
        if let Some((source, destination)) = self.ports {
            write!(f, "{source} > {destination} / ")?;
        }
        write!(f, "{} octets", self.payload)?;
        if self.bad_checksums != 0 {
            write!(f, ", {} bad checksums", self.bad_checksums)?;
        }
        match self.error {
            Some(error) => write!(f, ", {error}"),
            None => Ok(()),
        }
    }
}

/// What is to be looked at next.
enum Next<'a> {
    Frame(&'a [u8]),
    Packet(EtherType, &'a [u8]),
    Transport(Protocol, Pseudo, &'a [u8]),
    End,
}

/// Looks at all layers of an Ethernet frame: headers, options, checksums, tunnelled frames.
///
/// For tests, fuzzers and logs; a receive path asks for the one header it needs.
pub fn walk(frame: &[u8]) -> Summary {
    let mut summary = Summary {
        layers: Layers {
            layers: [None; MAX_LAYERS],
        },
        vlan: None,
        ethertype: None,
        protocol: None,
        fragment: None,
        ports: None,
        options: 0,
        bad_checksums: 0,
        payload: frame.len(),
        error: None,
    };
    let mut next = Next::Frame(frame);
    loop {
        let step = match next {
            Next::Frame(bytes) => summary.frame(bytes),
            Next::Packet(EtherType::ARP, bytes) => summary.arp(bytes),
            Next::Packet(EtherType::IPV4, bytes) => summary.ipv4(bytes),
            Next::Packet(EtherType::IPV6, bytes) => summary.ipv6(bytes),
            Next::Packet(ethertype, _) => {
                summary.ethertype = Some(ethertype);
                return summary;
            }
            Next::Transport(protocol, pseudo, bytes) => summary.transport(protocol, pseudo, bytes),
            Next::End => return summary,
        };
        match step {
            Ok(step) => next = step,
            Err(error) => {
                summary.error = Some(error);
                return summary;
            }
        }
    }
}

impl Summary {
    /// Notes a layer, and what is behind its header.
    fn pass(&mut self, layer: Layer, payload: &[u8]) -> Result<(), Error> {
        self.layers.push(layer)?;
        self.payload = payload.len();
        Ok(())
    }

    fn verified(&mut self, result: Result<(), Error>) {
        if result.is_err() {
            self.bad_checksums = self.bad_checksums.saturating_add(1);
        }
    }

    fn frame<'a>(&mut self, bytes: &'a [u8]) -> Result<Next<'a>, Error> {
        let (header, payload) = ethernet::parse(bytes)?;
        self.pass(Layer::Ethernet, payload)?;
        self.vlan = None;
        let inner = vlan::untag(header.ethertype(), payload)?;
        if inner.tags != 0 {
            self.vlan = inner.outer;
            self.pass(Layer::Vlan, inner.payload)?;
        }
        Ok(Next::Packet(inner.ethertype, inner.payload))
    }

    fn arp<'a>(&mut self, bytes: &[u8]) -> Result<Next<'a>, Error> {
        arp::parse(bytes)?;
        self.pass(Layer::Arp, &[])?;
        Ok(Next::End)
    }

    fn ipv4<'a>(&mut self, bytes: &'a [u8]) -> Result<Next<'a>, Error> {
        let (header, options, payload) = ipv4::parse(bytes)?;
        self.pass(Layer::Ipv4, payload)?;
        self.verified(header.verify_checksum(options));
        self.options = self.options.saturating_add(options.len());
        for option in ipv4::options(options) {
            option?;
        }
        self.protocol = Some(header.protocol());
        self.fragment = header.fragment();
        Ok(self.upper(header.protocol(), header.pseudo(), payload))
    }

    fn ipv6<'a>(&mut self, bytes: &'a [u8]) -> Result<Next<'a>, Error> {
        let (header, payload) = ipv6::parse(bytes)?;
        self.pass(Layer::Ipv6, payload)?;
        self.protocol = Some(header.next_header());
        self.fragment = None;
        let upper = ipv6::extensions(payload, header.next_header())?;
        self.protocol = Some(upper.protocol);
        self.fragment = upper.fragment.filter(|fragment| !fragment.is_whole());
        let Some((extensions, payload)) = payload.split_at_checked(upper.offset) else {
            return Ok(Next::End);
        };
        if header.next_header() == Protocol::HOP_BY_HOP {
            self.hop_by_hop(extensions)?;
        }
        if upper.offset != 0 {
            self.pass(Layer::Ipv6Extension, payload)?;
        }
        if !upper.has_header() {
            return Ok(Next::End);
        }
        Ok(self.upper(upper.protocol, header.pseudo(), payload))
    }

    /// Looks at the options of the header that `extensions` begin with.
    fn hop_by_hop(&mut self, extensions: &[u8]) -> Result<(), Error> {
        use super::Header as _;

        let (extension, _) = ipv6::Extension::view(extensions)?;
        let len = extension.len(Protocol::HOP_BY_HOP).unwrap_or(0);
        let options = extensions.get(2..len).unwrap_or(&[]);
        self.options = self.options.saturating_add(options.len());
        for option in ipv6::Options::new(options) {
            option?;
        }
        Ok(())
    }

    /// Where to go on behind an IP header.
    fn upper<'a>(&self, protocol: Protocol, pseudo: Pseudo, payload: &'a [u8]) -> Next<'a> {
        // Only the first fragment has the next header, and none has all that a checksum covers.
        match self.fragment {
            Some(fragment) if !fragment.is_first() => Next::End,
            _ => Next::Transport(protocol, pseudo, payload),
        }
    }

    fn transport<'a>(
        &mut self,
        protocol: Protocol,
        pseudo: Pseudo,
        bytes: &'a [u8],
    ) -> Result<Next<'a>, Error> {
        let whole = self.fragment.is_none();
        if let Some(ports) = ip::ports(protocol, bytes)? {
            self.ports = Some((ports.source(), ports.destination()));
        }
        match protocol {
            Protocol::UDP if whole => {
                let (_, payload) = udp::parse(bytes)?;
                self.pass(Layer::Udp, payload)?;
                self.verified(udp::verify_checksum(pseudo, bytes));
            }
            Protocol::TCP => {
                let (_, options, payload) = tcp::parse(bytes)?;
                self.pass(Layer::Tcp, payload)?;
                self.options = self.options.saturating_add(options.len());
                for option in tcp::options(options) {
                    option?;
                }
                if whole {
                    self.verified(tcp::verify_checksum(pseudo, bytes));
                }
            }
            Protocol::ICMP => {
                let (_, payload) = icmp::parse(bytes)?;
                self.pass(Layer::Icmp, payload)?;
                if whole {
                    self.verified(icmp::verify_checksum(bytes));
                }
            }
            Protocol::ICMPV6 => self.icmpv6(pseudo, bytes, whole)?,
            Protocol::ETHERIP => {
                let (_, frame) = etherip::parse(bytes)?;
                self.pass(Layer::EtherIp, frame)?;
                return Ok(Next::Frame(frame));
            }
            Protocol::IPV4 => return Ok(Next::Packet(EtherType::IPV4, bytes)),
            Protocol::IPV6 => return Ok(Next::Packet(EtherType::IPV6, bytes)),
            _ => {}
        }
        Ok(Next::End)
    }

    fn icmpv6(&mut self, pseudo: Pseudo, bytes: &[u8], whole: bool) -> Result<(), Error> {
        use super::Header as _;

        let (header, payload) = icmpv6::parse(bytes)?;
        self.pass(Layer::Icmpv6, payload)?;
        if whole {
            self.verified(icmpv6::verify_checksum(pseudo, bytes));
        }
        if matches!(
            header.kind(),
            icmpv6::Type::NEIGHBOUR_SOLICITATION | icmpv6::Type::NEIGHBOUR_ADVERTISEMENT
        ) {
            let (neighbour, options) = ndisc::Neighbour::view(bytes)?;
            neighbour.check()?;
            self.options = self.options.saturating_add(options.len());
            for option in ndisc::Options::new(options) {
                option?;
            }
            self.payload = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            captures,
            testing::Random,
            vlan::Tci,
            Header as _, //
        },
        *, //
    };
    use core::net::Ipv4Addr;
    use std::{
        format,
        string::ToString,
        vec,
        vec::Vec, //
    };

    /// The frame in EtherIP, in IPv4, in Ethernet.
    fn tunnel(frame: &[u8]) -> Vec<u8> {
        let (a, b) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2));
        let mut ip = ipv4::Header::new(a, b, Protocol::ETHERIP, frame.len() + 2).unwrap();
        ip.fill_checksum(&[]);
        let mut bytes = vec![0xa5; 14 + 20 + 2 + frame.len()];
        let (ethernet, _) = ethernet::parse(frame).unwrap();
        let mut outer = *ethernet;
        outer.set_ethertype(EtherType::IPV4);
        let rest = outer.emit(&mut bytes).unwrap();
        let rest = ip.emit(rest).unwrap();
        let rest = etherip::Header::new().emit(rest).unwrap();
        rest.copy_from_slice(frame);
        bytes
    }

    /// The frame with a VLAN tag.
    fn tag(frame: &[u8]) -> Vec<u8> {
        let (header, payload) = ethernet::parse(frame).unwrap();
        let tag = vlan::Header::new(Tci(0x2007), header.ethertype());
        let mut bytes = vec![0xa5; frame.len() + 4];
        let mut header = *header;
        header.set_ethertype(EtherType::VLAN);
        let rest = header.emit(&mut bytes).unwrap();
        tag.emit(rest).unwrap().copy_from_slice(payload);
        bytes
    }

    #[test]
    fn captured() {
        for (frame, text) in [
            (
                &captures::LISTENER_REPORT[..],
                "ethernet / ipv6 / ipv6 extension header / icmpv6 / 40 octets",
            ),
            (&captures::ARP_REQUEST, "ethernet / arp / 0 octets"),
            (&captures::ARP_REPLY, "ethernet / arp / 0 octets"),
            (&captures::PING, "ethernet / ipv4 / icmp / 16 octets"),
            (&captures::RECORD_ROUTE, "ethernet / ipv4 / icmp / 8 octets"),
            (
                &captures::PORT_UNREACHABLE,
                "ethernet / ipv4 / icmp / 32 octets",
            ),
            (
                &captures::UDP,
                "ethernet / ipv4 / udp / 59935 > 9 / 4 octets",
            ),
            (
                &captures::NEIGHBOUR_SOLICITATION,
                "ethernet / ipv6 / icmpv6 / 0 octets",
            ),
            (
                &captures::NEIGHBOUR_ADVERTISEMENT,
                "ethernet / ipv6 / icmpv6 / 0 octets",
            ),
            (&captures::PING6, "ethernet / ipv6 / icmpv6 / 16 octets"),
            (
                &captures::LATER_FRAGMENT,
                "ethernet / ipv6 / ipv6 extension header / 160 octets",
            ),
            (
                &captures::SYN,
                "ethernet / ipv6 / tcp / 52754 > 7777 / 0 octets",
            ),
            (
                &captures::DATA,
                "ethernet / ipv6 / tcp / 52754 > 7777 / 5 octets",
            ),
            (
                &captures::UDP6,
                "ethernet / ipv6 / udp / 58936 > 9 / 3 octets",
            ),
        ] {
            let summary = walk(frame);
            assert_eq!(summary.to_string(), text);
            assert_eq!(summary.error, None);

            let tunnelled = walk(&tunnel(&tag(frame)));
            let inner = text.replace("ethernet", "ethernet / vlan");
            assert_eq!(
                tunnelled.to_string(),
                format!("ethernet / ipv4 / etherip / {inner}")
            );
            assert_eq!(tunnelled.vlan, Some(Tci(0x2007)));
            assert!(tunnelled.protocol.is_some());
            assert_eq!(tunnelled.fragment, summary.fragment);
        }
    }

    #[test]
    fn every_shorter_length() {
        for frame in captures::ALL {
            let whole = walk(frame);
            for len in 0..frame.len() {
                let error = walk(&frame[..len]).error;
                assert!(
                    matches!(error, Some(Error::Truncated { .. })),
                    "{whole} at {len}"
                );
            }
            let mut padded = frame.to_vec();
            padded.push(0xa5);
            assert_eq!(walk(&padded), whole);
        }
    }

    #[test]
    fn unknown_protocols() {
        let mut frame = [0; 14];
        frame[12..].copy_from_slice(&EtherType::LLDP.0.to_be_bytes());
        assert_eq!(walk(&frame).ethertype, Some(EtherType::LLDP));
        assert_eq!(walk(&frame).error, None);
        assert_eq!(walk(&captures::UDP).ethertype, None);
    }

    #[test]
    fn nesting_ends() {
        let mut frame = captures::UDP.to_vec();
        for _ in 0..10 {
            frame = tunnel(&frame);
        }
        let summary = walk(&frame);
        assert!(matches!(summary.error, Some(Error::TooMany { .. })));
        assert_eq!(summary.layers.iter().count(), MAX_LAYERS);
        assert_eq!(
            format!("{:?}", walk(&captures::ARP_REPLY).layers),
            "[Ethernet, Arp]"
        );
    }

    #[test]
    fn first_fragment() {
        // As the first part of a longer datagram the length and the checksum say nothing.
        let mut frame = captures::UDP.to_vec();
        let (ip, rest) = ipv4::Header::view_mut(&mut frame[14..]).unwrap();
        ip.set_fragment(0, true);
        ip.fill_checksum(&[]);
        rest[4..6].copy_from_slice(&1000_u16.to_be_bytes());
        let summary = walk(&frame);
        assert_eq!((summary.error, summary.bad_checksums), (None, 0));
        assert_eq!(summary.ports, Some((59935, 9)));
        let (ip, _) = ipv4::Header::view_mut(&mut frame[14..]).unwrap();
        ip.set_fragment(8, false);
        ip.fill_checksum(&[]);
        assert_eq!(walk(&frame).ports, None);
    }

    /// No change, however many and wherever, may make a check lie: what is counted is there.
    #[test]
    fn mutated() {
        let mut random = Random::new(8);
        let mut failed = 0;
        for round in 0..if cfg!(miri) { 100 } else { 60_000 } {
            let mut frame = captures::ALL[random.below(captures::ALL.len())].to_vec();
            if random.below(3) == 0 {
                frame = tag(&frame);
            }
            if random.below(3) == 0 {
                frame = tunnel(&frame);
            }
            for _ in 0..=random.below(6) {
                let at = random.below(frame.len());
                match random.below(4) {
                    0 => frame[at] = random.next() as u8,
                    1 => frame[at] ^= 1 << random.below(8),
                    2 => frame[at] = [0, 0xff, 0x7f, 0x80][random.below(4)],
                    _ => frame.truncate(at.max(1)),
                }
            }
            let summary = walk(&frame);
            assert!(summary.payload <= frame.len(), "round {round}: {summary}");
            assert!(summary.options <= frame.len(), "round {round}: {summary}");
            failed += usize::from(summary.error.is_some());
        }
        // Neither all are refused nor none.
        assert!(failed > 10 && failed < 50_000, "{failed}");
    }

    #[test]
    fn random_bytes() {
        let mut random = Random::new(9);
        for _ in 0..if cfg!(miri) { 100 } else { 30_000 } {
            let len = random.below(200);
            let mut bytes = random.bytes(len);
            if let Some(ethertype) = bytes.get_mut(12..14) {
                let types = [
                    EtherType::IPV4,
                    EtherType::IPV6,
                    EtherType::ARP,
                    EtherType::VLAN,
                ];
                ethertype.copy_from_slice(&types[random.below(4)].0.to_be_bytes());
            }
            if let Some(first) = bytes.get_mut(14) {
                *first = [0x45, 0x46, 0x60, 0x4f][random.below(4)];
            }
            assert!(walk(&bytes).payload <= len);
        }
    }
}
