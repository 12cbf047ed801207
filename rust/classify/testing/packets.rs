// SPDX-License-Identifier: GPL-2.0

//! Packets on the bounds of rules.

#![cfg(test)]

use super::{
    super::{
        Address,
        Key,
        Ports,
        Prefix,
        Rule, //
    },
    Random, //
};

/// Packets for some rules, without end.
pub(in super::super) struct Packets<'r, A: Address> {
    rules: &'r [Rule<A>],
    pub(in super::super) random: Random,
}

impl<'r, A: Address> Packets<'r, A> {
    pub(in super::super) fn new(rules: &'r [Rule<A>], seed: u64) -> Self {
        Self {
            rules,
            random: Random::new(seed),
        }
    }

    /// The first or last address of a prefix, or the one before or behind, or one in it.
    fn address(&mut self, prefix: Prefix<A>) -> A {
        let (first, last) = (
            prefix.network(),
            !(!prefix.network() & A::mask(prefix.len())),
        );
        match self.random.below(8) {
            0 | 1 => first,
            2 | 3 => last,
            4 => last.next().unwrap_or(first),
            5 => first.previous(),
            _ => {
                // Bits of another address behind the prefix.
                let other = self.rules[self.random.below(self.rules.len())].prefixes().1;
                first ^ (other.network() & !A::mask(prefix.len()))
            }
        }
    }

    fn port(&mut self, ports: Option<Ports>) -> u16 {
        let random = self.random.next() as u16;
        let Some(ports) = ports else {
            return random;
        };
        match self.random.below(8) {
            0 | 1 => ports.min,
            2 | 3 => ports.max,
            4 => ports.max.wrapping_add(1),
            5 => ports.min.wrapping_sub(1),
            _ => ports
                .min
                .wrapping_add(random % ports.max.wrapping_sub(ports.min).max(1)),
        }
    }

    fn interface(&mut self, interface: u32) -> u32 {
        match self.random.below(4) {
            0 => self.random.below(4) as u32,
            _ => interface,
        }
    }
}

impl<A: Address> Iterator for Packets<'_, A> {
    type Item = Key<A>;

    fn next(&mut self) -> Option<Key<A>> {
        let one = self.rules[self.random.below(self.rules.len())];
        // What a rule does not want another one may.
        let other = self.rules[self.random.below(self.rules.len())];
        let pick = |wanted: bool| if wanted { one } else { other };
        let (source, destination) = one.prefixes();
        let source = self.address(pick(source.len() > 0).prefixes().0);
        let destination = self.address(pick(destination.len() > 0).prefixes().1);
        let (source_ports, destination_ports) = one.ports();
        let ports = (
            self.port(source_ports.or(other.ports().0)),
            self.port(destination_ports.or(other.ports().1)),
        );
        let protocol = match self.random.below(16) {
            0 => self.random.next() as u8,
            _ => one
                .wanted_protocol()
                .or(other.wanted_protocol())
                .unwrap_or(6),
        };
        let (input, output) = one.interfaces();
        Some(Key {
            source,
            destination,
            ports: (self.random.below(12) > 0).then_some(ports),
            protocol,
            input: self.interface(input),
            output: self.interface(output),
        })
    }
}
