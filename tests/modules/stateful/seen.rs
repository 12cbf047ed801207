// SPDX-License-Identifier: GPL-2.0

//! What a connection looked like.

use core::net::IpAddr;
use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};
use kernet_conntrack::{
    Connection,
    Direction,
    Tuple, //
};

/// What packets look like in one direction.
pub(crate) struct Way {
    source: [Atomic<u64>; 2],
    destination: [Atomic<u64>; 2],
    pub(crate) ports: Atomic<u32>,
}

const fn zero() -> Atomic<u32> {
    Atomic::<u32>::new(0)
}

const fn no_address() -> [Atomic<u64>; 2] {
    [Atomic::<u64>::new(0), Atomic::<u64>::new(0)]
}

fn store(place: &[Atomic<u64>; 2], address: IpAddr) {
    let bits = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
    .to_bits();
    let [high, low] = place;
    high.store((bits >> 64) as u64, Relaxed);
    low.store(bits as u64, Relaxed);
}

fn load(place: &[Atomic<u64>; 2]) -> [u8; 16] {
    let [high, low] = place;
    (u128::from(high.load(Relaxed)) << 64 | u128::from(low.load(Relaxed))).to_be_bytes()
}

impl Way {
    const fn new() -> Self {
        Self {
            source: no_address(),
            destination: no_address(),
            ports: zero(),
        }
    }

    fn note(&self, tuple: Tuple<'_>) {
        store(&self.source, tuple.source());
        store(&self.destination, tuple.destination());
        let ports = match (tuple.ports(), tuple.icmp()) {
            (Some((source, destination)), _) => (source, destination),
            (None, Some((id, kind, code))) => (id, u16::from_be_bytes([kind, code])),
            (None, None) => (0, 0),
        };
        self.ports
            .store(u32::from(ports.0) << 16 | u32::from(ports.1), Relaxed);
    }

    pub(crate) fn source(&self) -> [u8; 16] {
        load(&self.source)
    }

    pub(crate) fn destination(&self) -> [u8; 16] {
        load(&self.destination)
    }
}

/// The connection of the last packet. Two packets at a time may mix: tests send one.
pub(crate) struct Last {
    pub(crate) original: Way,
    pub(crate) reply: Way,
    pub(crate) protocol: Atomic<u32>,
    pub(crate) mark: Atomic<u32>,
    pub(crate) zone: Atomic<u32>,
    pub(crate) confirmed: Atomic<bool>,
    pub(crate) seen_reply: Atomic<bool>,
    pub(crate) assured: Atomic<bool>,
}

impl Last {
    pub(crate) const fn new() -> Self {
        Self {
            original: Way::new(),
            reply: Way::new(),
            protocol: zero(),
            mark: zero(),
            zone: zero(),
            confirmed: Atomic::<bool>::new(false),
            seen_reply: Atomic::<bool>::new(false),
            assured: Atomic::<bool>::new(false),
        }
    }

    pub(crate) fn note(&self, connection: &Connection<'_>) {
        let original = connection.tuple(Direction::Original);
        self.original.note(original);
        self.reply.note(connection.tuple(Direction::Reply));
        self.protocol
            .store(u32::from(original.protocol().0), Relaxed);
        self.mark.store(connection.mark(), Relaxed);
        let zone = connection.zone(connection.direction());
        self.zone.store(u32::from(zone), Relaxed);
        self.confirmed.store(connection.is_confirmed(), Relaxed);
        self.seen_reply.store(connection.has_seen_reply(), Relaxed);
        self.assured.store(connection.is_assured(), Relaxed);
    }
}
