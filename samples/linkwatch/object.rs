// SPDX-License-Identifier: GPL-2.0

//! What is told of addresses, neighbours and routes.

use core::net::{
    IpAddr,
    Ipv4Addr,
    Ipv6Addr, //
};
use kernel::prelude::*;
use kernet::{
    address::{
        Ipv4Address,
        Ipv6Address, //
    },
    fib,
    neighbour::{
        Neighbour,
        NudState,
        Resolution, //
    },
    netdev::{
        HardwareAddress,
        Name, //
    },
};

use crate::nl_generated::{
    reply,
    NeighbourState, //
};

/// An address in network byte order.
struct Octets([u8; 16], usize);

impl Octets {
    fn of(address: impl Into<IpAddr>) -> Self {
        match address.into() {
            IpAddr::V4(address) => {
                let mut octets = [0; 16];
                for (to, from) in octets.iter_mut().zip(address.octets()) {
                    *to = from;
                }
                Self(octets, 4)
            }
            IpAddr::V6(address) => Self(address.octets(), 16),
        }
    }

    fn as_bytes(&self) -> &[u8] {
        self.0.get(..self.1).unwrap_or(&[])
    }
}

/// An address of a device.
pub(crate) struct Address {
    ifindex: u32,
    address: IpAddr,
    prefix_len: u8,
    of_ipv4: Option<OfIpv4>,
}

/// What IPv4's addresses alone have.
struct OfIpv4 {
    peer: Option<Ipv4Addr>,
    broadcast: Option<Ipv4Addr>,
    scope: u8,
    label: Name,
    secondary: bool,
}

impl From<&Ipv4Address> for Address {
    fn from(address: &Ipv4Address) -> Self {
        Self {
            ifindex: address.device().ifindex(),
            address: address.address().into(),
            prefix_len: address.prefix_len(),
            of_ipv4: Some(OfIpv4 {
                peer: address.peer(),
                broadcast: address.broadcast(),
                scope: address.scope(),
                label: address.label(),
                secondary: address.is_secondary(),
            }),
        }
    }
}

impl From<&Ipv6Address> for Address {
    fn from(address: &Ipv6Address) -> Self {
        Self {
            ifindex: address.device().ifindex(),
            address: address.address().into(),
            prefix_len: address.prefix_len(),
            of_ipv4: None,
        }
    }
}

impl Address {
    pub(crate) fn describe(&self, message: &mut reply::AddressGet<'_>) -> Result {
        message
            .ifindex(self.ifindex)?
            .address(Octets::of(self.address).as_bytes())?
            .prefix_length(self.prefix_len)?;
        let Some(of_ipv4) = &self.of_ipv4 else {
            return Ok(());
        };
        if let Some(peer) = of_ipv4.peer {
            message.peer(&peer.octets())?;
        }
        if let Some(broadcast) = of_ipv4.broadcast {
            message.broadcast(&broadcast.octets())?;
        }
        message
            .scope(of_ipv4.scope)?
            .label(of_ipv4.label.as_bytes())?;
        if of_ipv4.secondary {
            message.secondary()?;
        }
        Ok(())
    }
}

/// A neighbour; not resolved, or gone, without a state.
pub(crate) struct Resolved {
    ifindex: u32,
    address: IpAddr,
    state: Option<NeighbourState>,
    hardware_address: Option<HardwareAddress>,
}

impl Resolved {
    pub(crate) fn new(neighbour: &Neighbour, known: &Resolution) -> Self {
        let state = (!known.dead).then(|| named(known.state)).flatten();
        Self {
            ifindex: neighbour.device().ifindex(),
            address: neighbour.address(),
            state,
            hardware_address: (state.is_some() && known.state.is_valid())
                .then_some(known.hardware_address),
        }
    }

    /// Whether it is there, as far as the specification goes.
    pub(crate) fn is_told(&self) -> bool {
        self.state.is_some()
    }

    pub(crate) fn describe(&self, message: &mut reply::NeighbourGet<'_>) -> Result {
        message
            .ifindex(self.ifindex)?
            .address(Octets::of(self.address).as_bytes())?;
        if let Some(state) = self.state {
            message.state(state)?;
        }
        if let Some(address) = &self.hardware_address {
            if !address.as_bytes().is_empty() {
                message.hardware_address(address.as_bytes())?;
            }
        }
        Ok(())
    }
}

/// What the specification calls a state. The kernel does not say when it puts a neighbour in one
/// of the others.
fn named(state: NudState) -> Option<NeighbourState> {
    match state {
        NudState::None | NudState::Incomplete | NudState::NoArp => None,
        NudState::Reachable => Some(NeighbourState::Reachable),
        NudState::Stale => Some(NeighbourState::Stale),
        NudState::Delay => Some(NeighbourState::Delay),
        NudState::Probe => Some(NeighbourState::Probe),
        NudState::Failed => Some(NeighbourState::Failed),
        NudState::Permanent => Some(NeighbourState::Permanent),
    }
}

/// A route, without its next hops.
pub(crate) struct Route {
    table: u32,
    destination: (IpAddr, u8),
    source: Option<(Ipv6Addr, u8)>,
    kind: u8,
    protocol: u8,
    metric: u32,
    tos: u8,
    scope: Option<u8>,
    preferred_source: Option<Ipv4Addr>,
    nexthop_id: Option<u32>,
}

impl From<&fib::Route<'_>> for Route {
    fn from(route: &fib::Route<'_>) -> Self {
        Self {
            table: route.table(),
            destination: route.destination(),
            source: route.source(),
            kind: route.kind(),
            protocol: route.protocol(),
            metric: route.metric(),
            tos: route.tos(),
            scope: route.scope(),
            preferred_source: route.preferred_source(),
            nexthop_id: route.nexthop_id(),
        }
    }
}

impl Route {
    pub(crate) fn describe(
        &self,
        message: &mut reply::RouteGet<'_>,
        nexthops: impl Iterator<Item = fib::Nexthop>,
    ) -> Result {
        let (destination, len) = self.destination;
        message
            .table(self.table)?
            .destination(Octets::of(destination).as_bytes())?
            .destination_length(len)?;
        if let Some((source, len)) = self.source {
            message.source(&source.octets())?.source_length(len)?;
        }
        message
            .r#type(self.kind)?
            .protocol(self.protocol)?
            .metric(self.metric)?;
        if self.tos != 0 {
            message.tos(self.tos)?;
        }
        if let Some(scope) = self.scope {
            message.scope(scope)?;
        }
        if let Some(source) = self.preferred_source {
            message.preferred_source(&source.octets())?;
        }
        if let Some(id) = self.nexthop_id {
            message.nexthop_id(id)?;
        }
        for hop in nexthops {
            message.nexthop(|nest| {
                if hop.ifindex != 0 {
                    nest.ifindex(hop.ifindex)?;
                }
                if let Some(gateway) = hop.gateway {
                    nest.gateway(Octets::of(gateway).as_bytes())?;
                }
                nest.weight(hop.weight)?;
                Ok(())
            })?;
        }
        Ok(())
    }
}
