// SPDX-License-Identifier: GPL-2.0

//! Rules: whose connections are translated, and to what.

use kernet::{
    netdev::Device,
    netfilter::Family,
    rcu::RcuPointer,
    wire::ip::Protocol, //
};
use kernet_conntrack::{
    Connection,
    Direction, //
};
use kernet_nat::{
    Ports,
    Range, //
};

/// What is done where the source may be translated.
pub(crate) enum From {
    Leave,
    Drop,
    Snat(Range),
    /// At postrouting.
    Masquerade(Ports),
}

/// What is done where the destination may be translated.
pub(crate) enum To {
    Leave,
    Drop,
    Dnat(Range),
    Redirect(Ports),
}

/// Whose connections a rule is for.
pub(crate) struct Matching {
    pub(crate) protocol: Option<Protocol>,
    /// The destination's.
    pub(crate) port: Option<u16>,
    /// The index of the device.
    pub(crate) device: Option<u32>,
}

impl Matching {
    pub(crate) fn is(&self, connection: Option<Connection<'_>>, device: Option<&Device>) -> bool {
        let Some(connection) = connection else {
            return false;
        };
        let tuple = connection.tuple(Direction::Original);
        self.protocol.is_none_or(|own| own == tuple.protocol())
            && self.port.is_none_or(|own| {
                tuple
                    .ports()
                    .is_some_and(|(_, destination)| own == destination)
            })
            && self
                .device
                .is_none_or(|own| device.is_some_and(|device| own == device.ifindex()))
    }
}

/// A rule.
pub(crate) struct Rule<A> {
    pub(crate) matching: Matching,
    pub(crate) action: A,
}

/// The rules of a point, of IPv4 and of IPv6.
pub(crate) struct Rules<A: Send + Sync + 'static> {
    pub(crate) v4: RcuPointer<Rule<A>>,
    pub(crate) v6: RcuPointer<Rule<A>>,
}

impl<A: Send + Sync + 'static> Rules<A> {
    pub(crate) const fn new() -> Self {
        Self {
            v4: RcuPointer::empty(),
            v6: RcuPointer::empty(),
        }
    }

    pub(crate) fn of(&self, family: Family) -> &RcuPointer<Rule<A>> {
        match family {
            Family::Ipv6 => &self.v6,
            _ => &self.v4,
        }
    }
}
