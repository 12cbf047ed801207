// SPDX-License-Identifier: GPL-2.0

//! What the tests have: memory that may be refused, random numbers, and asking one rule after the other.

#![cfg(test)]

mod generator;
mod packets;

use core::cell::Cell;
use std::{
    boxed::Box,
    thread_local,
    vec,
    vec::Vec, //
};

pub(super) use self::{
    generator::{
        generate,
        Wide,
        SHAPES, //
    },
    packets::Packets, //
};

use super::{
    Address,
    Key,
    Memory,
    NoMemory,
    Rule, //
};

thread_local! {
    /// How many more allocations there may be.
    static LEFT: Cell<usize> = const { Cell::new(usize::MAX) };
    /// How many rules were compared.
    static COMPARED: Cell<usize> = const { Cell::new(0) };
    /// How many tables were looked at.
    static PROBED: Cell<usize> = const { Cell::new(0) };
}

/// Memory of the host.
pub(super) struct Host;

impl Memory for Host {
    type Array<T: Copy + Send + Sync + 'static> = Vec<T>;

    fn array<T: Copy + Send + Sync + 'static>(len: usize, value: T) -> Result<Vec<T>, NoMemory> {
        let left = LEFT.get().checked_sub(1).ok_or(NoMemory)?;
        LEFT.set(left);
        Ok(vec![value; len])
    }

    type Box<T: Send + Sync + 'static> = Box<T>;

    fn boxed<T: Send + Sync + 'static>(value: T) -> Result<Box<T>, NoMemory> {
        let left = LEFT.get().checked_sub(1).ok_or(NoMemory)?;
        LEFT.set(left);
        Ok(Box::new(value))
    }
}

/// What the function returns when all allocations after the first `allowed` fail.
pub(super) fn with_allocations<R>(allowed: usize, function: impl FnOnce() -> R) -> R {
    LEFT.set(allowed);
    let result = function();
    LEFT.set(usize::MAX);
    result
}

/// A rule is compared.
pub(super) fn compared() {
    COMPARED.set(COMPARED.get() + 1);
}

/// A table is looked at.
pub(super) fn probed() {
    PROBED.set(PROBED.get() + 1);
}

/// How many tables were looked at since it was asked last.
pub(super) fn probes() -> usize {
    PROBED.replace(0)
}

/// How many rules were compared since it was asked last.
pub(super) fn comparisons() -> usize {
    COMPARED.replace(0)
}

/// A generator of the same numbers in every run (xorshift64*), never cryptographic.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number below `limit`, which is not zero.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    /// One of them, as often as its weight says.
    pub(super) fn weighted<T: Copy>(&mut self, choices: &[(T, usize)]) -> T {
        let mut at = self.below(choices.iter().map(|choice| choice.1).sum());
        for (choice, weight) in choices {
            match at.checked_sub(*weight) {
                None => return *choice,
                Some(rest) => at = rest,
            }
        }
        choices[0].0
    }
}

/// The first rule that matches, asked one after the other, by its tag.
pub(super) fn linear<A: Address>(
    rules: &[Rule<A>],
    key: &Key<A>,
    granted: impl Fn(u32) -> bool,
) -> Option<u32> {
    rules
        .iter()
        .find(|rule| wants(rule, key) && (!rule.is_conditional() || granted(rule.tag())))
        .map(Rule::tag)
}

/// Whether a rule matches, from what it says of itself.
fn wants<A: Address>(rule: &Rule<A>, key: &Key<A>) -> bool {
    let (source, destination) = rule.prefixes();
    let (source_ports, destination_ports) = rule.ports();
    let (input, output) = rule.interfaces();
    let of =
        |prefix: super::Prefix<A>, address: A| super::Prefix::of(address, prefix.len()) == prefix;
    let port = |wanted: Option<super::Ports>, port: Option<u16>| match (wanted, port) {
        (None, _) => true,
        (Some(wanted), Some(port)) => (wanted.min..=wanted.max).contains(&port),
        (Some(_), None) => false,
    };
    of(source, key.source)
        && of(destination, key.destination)
        && rule
            .wanted_protocol()
            .is_none_or(|protocol| protocol == key.protocol)
        && port(source_ports, key.ports.map(|ports| ports.0))
        && port(destination_ports, key.ports.map(|ports| ports.1))
        && (input == 0 || input == key.input)
        && (output == 0 || output == key.output)
}
