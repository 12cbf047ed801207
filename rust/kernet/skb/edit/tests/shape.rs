// SPDX-License-Identifier: GPL-2.0

//! Packets of each shape, and what their sums are when they are computed anew.

use core::net::{
    Ipv4Addr,
    Ipv6Addr, //
};
use zerocopy::IntoBytes;

use crate::{
    context::Process,
    random,
    skb::{
        Checksum,
        Skb,
        SkbRef, //
    },
    wire::{
        checksum::{
            Pseudo,
            Sum, //
        },
        ip::{
            Protocol,
            Version, //
        },
        ipv4,
        ipv6, //
    },
};

pub(super) const PAYLOAD: usize = 45;
pub(super) const STATES: [State; 4] = [
    State::None,
    State::Verified,
    State::Complete,
    State::Partial,
];

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    None,
    Verified,
    Complete,
    Partial,
}

#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) version: Version,
    pub(super) protocol: Protocol,
    pub(super) state: State,
    /// Bytes before the IP header.
    pub(super) lead: usize,
    /// UDP without a checksum.
    pub(super) unsummed: bool,
}

impl Shape {
    pub(super) const fn new(version: Version, protocol: Protocol) -> Self {
        Self {
            version,
            protocol,
            state: State::None,
            lead: 0,
            unsummed: false,
        }
    }

    pub(super) fn header_len(self) -> usize {
        match self.version {
            Version::V4 => ipv4::Header::LEN,
            Version::V6 => ipv6::Header::LEN,
        }
    }

    pub(super) fn field(self) -> usize {
        let offset = self.protocol.checksum_offset(self.version).unwrap_or(0);
        self.lead + self.header_len() + usize::from(offset)
    }

    /// Its bytes, and how many they are.
    pub(super) fn bytes(self) -> Option<([u8; 160], usize)> {
        let mut bytes = [0; 160];
        random::fill(&mut bytes);
        let (protocol, at) = (self.protocol, self.lead + self.header_len());
        match self.version {
            Version::V4 => {
                let ends = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2));
                let mut header = ipv4::Header::new(ends.0, ends.1, protocol, PAYLOAD).ok()?;
                header.fill_checksum(&[]);
                bytes
                    .get_mut(self.lead..at)?
                    .copy_from_slice(header.as_bytes());
            }
            Version::V6 => {
                let ends = (Ipv6Addr::LOCALHOST, Ipv6Addr::from_bits(7));
                let header = ipv6::Header::new(ends.0, ends.1, protocol, PAYLOAD).ok()?;
                bytes
                    .get_mut(self.lead..at)?
                    .copy_from_slice(header.as_bytes());
            }
        }
        if protocol == Protocol::TCP {
            // Its length.
            *bytes.get_mut(at + 12)? = 0x50;
        }
        let end = at + PAYLOAD;
        let field = self.field();
        bytes.get_mut(field..field + 2)?.fill(0);
        let pseudo = pseudo(self, bytes.get(..end)?)?;
        let sum = match self.state {
            State::Partial => pseudo.fold(),
            _ if self.unsummed => 0,
            _ => match pseudo.bytes(bytes.get(at..end)?).checksum() {
                0 => 0xffff,
                sum => sum,
            },
        };
        bytes
            .get_mut(field..field + 2)?
            .copy_from_slice(&sum.to_be_bytes());
        Some((bytes, end))
    }

    pub(super) fn packet(self, process: Process<'_>) -> Option<Skb<'static>> {
        let (bytes, len) = self.bytes()?;
        let mut skb = Skb::new(64, 160, process).ok()?;
        let put = skb.put(bytes.get(..len).unwrap_or(&[]));
        let checksum = match self.state {
            State::None => Checksum::None,
            State::Verified => Checksum::Unnecessary { level: 0 },
            State::Complete => Checksum::Complete {
                sum: skb.sum(0, len as u32, 0).unwrap_or(0),
            },
            State::Partial => Checksum::Partial {
                start: (self.lead + self.header_len()) as i32,
                offset: self
                    .protocol
                    .checksum_offset(self.version)
                    .unwrap_or(0)
                    .into(),
            },
        };
        if put.is_ok() && skb.as_mut().set_checksum(checksum).is_ok() {
            return Some(skb);
        }
        skb.consume(process);
        None
    }

    /// Whether all sums are what they would be if computed anew.
    pub(super) fn is_right(self, skb: &SkbRef) -> bool {
        self.check(skb).unwrap_or(false)
    }

    pub(super) fn check(self, skb: &SkbRef) -> Option<bool> {
        let bytes = skb.linear();
        let at = self.lead + self.header_len();
        let header = match self.version {
            Version::V4 => Sum::new().bytes(bytes.get(self.lead..at)?).checksum() == 0,
            Version::V6 => true,
        };
        let field = self.field();
        let stored = bytes.get(field..field + 2)?;
        let pseudo = pseudo(self, bytes)?;
        let transport = match self.state {
            State::Partial => stored == pseudo.fold().to_be_bytes(),
            _ if self.unsummed => stored == [0, 0],
            _ => {
                let zero = self.protocol == Protocol::UDP && stored == [0, 0];
                !zero && pseudo.bytes(bytes.get(at..)?).checksum() == 0
            }
        };
        let complete = match skb.checksum() {
            Checksum::Complete { sum } => folded(sum) == folded(skb.sum(0, skb.len(), 0).ok()?),
            _ => self.state != State::Complete,
        };
        Some(header && transport && complete)
    }
}

/// The two forms of zero are one.
pub(super) fn folded(sum: u32) -> u32 {
    sum % 0xffff
}

pub(super) fn pseudo(shape: Shape, bytes: &[u8]) -> Option<Sum> {
    if !shape.protocol.has_pseudo_header() {
        return Some(Sum::new());
    }
    let bytes = bytes.get(shape.lead..)?;
    let pseudo: Pseudo = match shape.version {
        Version::V4 => ipv4::parse(bytes).ok()?.0.pseudo(),
        Version::V6 => ipv6::parse(bytes).ok()?.0.pseudo(),
    };
    Some(pseudo.sum(shape.protocol, PAYLOAD as u32))
}
