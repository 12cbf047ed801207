// SPDX-License-Identifier: GPL-2.0

//! What is changed, and how often it was.

use core::net::IpAddr;
use kernel::prelude::*;
use kernet::{
    context::Process,
    netfilter::Point,
    percpu::PacketCounter,
    ratelimit::RateLimit,
    skb::{
        Edit,
        EditError, //
    },
    wire::{
        ip::{
            Ecn,
            Protocol, //
        },
        tcp, //
    },
};

/// Which packets change, and how.
pub(crate) struct Rule {
    pub(crate) point: Option<Point>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) if_source_port: Option<u16>,
    pub(crate) if_destination_port: Option<u16>,
    pub(crate) hop_limit: Option<u8>,
    pub(crate) decrement: bool,
    pub(crate) dscp: Option<u8>,
    pub(crate) ecn: Option<Ecn>,
    pub(crate) congested: bool,
    pub(crate) source: Option<IpAddr>,
    pub(crate) destination: Option<IpAddr>,
    pub(crate) source_port: Option<u16>,
    pub(crate) destination_port: Option<u16>,
    pub(crate) window: Option<u16>,
    pub(crate) reroute: bool,
    pub(crate) limit: Option<RateLimit>,
    #[cfg_attr(
        not(wing_reject),
        allow(dead_code, reason = "it is refused where the kernel cannot")
    )]
    pub(crate) reject: Option<Answer>,
}

/// How a packet is rejected.
#[derive(Clone, Copy)]
pub(crate) enum Answer {
    Reset,
    Error,
}

impl Rule {
    /// Whether the packet is one of those that change.
    pub(crate) fn matches(&self, edit: &Edit<'_>) -> bool {
        let ports = edit.ports();
        let port = |wanted: Option<u16>, port: Option<u16>| wanted.is_none() || wanted == port;
        self.protocol
            .is_none_or(|protocol| protocol == edit.protocol())
            && port(self.if_source_port, ports.map(|ports| ports.source()))
            && port(
                self.if_destination_port,
                ports.map(|ports| ports.destination()),
            )
    }

    /// Changes all that is to change; the first failure ends it.
    pub(crate) fn apply(&self, edit: &mut Edit<'_>) -> Result<(), EditError> {
        if let Some(limit) = self.hop_limit {
            edit.set_hop_limit(limit)?;
        }
        if self.decrement {
            edit.decrement_hop_limit()?;
        }
        if let Some(dscp) = self.dscp {
            edit.set_dscp(dscp)?;
        }
        if let Some(ecn) = self.ecn {
            edit.set_ecn(ecn)?;
        }
        if self.congested {
            edit.mark_congested()?;
        }
        if let Some(address) = self.source {
            edit.set_source(address)?;
        }
        if let Some(address) = self.destination {
            edit.set_destination(address)?;
        }
        if let Some(port) = self.source_port {
            edit.set_source_port(port)?;
        }
        if let Some(port) = self.destination_port {
            edit.set_destination_port(port)?;
        }
        if let Some(window) = self.window {
            edit.transport(|header: &mut tcp::Header| header.set_window(window))?;
        }
        Ok(())
    }
}

/// How many packets what was done to.
pub(crate) struct Counts {
    pub(crate) edited: PacketCounter,
    pub(crate) too_short: PacketCounter,
    pub(crate) malformed: PacketCounter,
    pub(crate) absent: PacketCounter,
    pub(crate) out_of_range: PacketCounter,
    pub(crate) unsupported: PacketCounter,
    pub(crate) no_memory: PacketCounter,
    pub(crate) limited: PacketCounter,
    pub(crate) unrouted: PacketCounter,
}

impl Counts {
    pub(crate) fn new(process: Process<'_>) -> Result<Self> {
        let counter = || PacketCounter::new(process);
        Ok(Self {
            edited: counter()?,
            too_short: counter()?,
            malformed: counter()?,
            absent: counter()?,
            out_of_range: counter()?,
            unsupported: counter()?,
            no_memory: counter()?,
            limited: counter()?,
            unrouted: counter()?,
        })
    }

    /// Counts what has become of an edit.
    pub(crate) fn note(&self, result: Result<(), EditError>) {
        match result {
            Ok(()) => &self.edited,
            Err(EditError::TooShort) => &self.too_short,
            Err(EditError::Malformed) => &self.malformed,
            Err(EditError::Absent) => &self.absent,
            Err(EditError::OutOfRange) => &self.out_of_range,
            Err(EditError::Unsupported) => &self.unsupported,
            Err(EditError::NoMemory) => &self.no_memory,
        }
        .add(0);
    }
}
