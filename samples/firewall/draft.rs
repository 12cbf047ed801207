// SPDX-License-Identifier: GPL-2.0

//! Rules as requests state them.

use core::net::{
    IpAddr,
    Ipv4Addr,
    Ipv6Addr, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use kernet::{
    context::Process,
    nlattr::{
        Attr,
        Attrs,
        ExtAck, //
    },
    percpu::PacketCounter,
    wire::ip::{
        Protocol,
        Version, //
    }, //
};

use crate::{
    nl_generated::{
        attr::rule,
        view,
        Family, //
    },
    rules::{
        Action,
        End,
        Field,
        Match,
        Refusal,
        Rule,
        Wish, //
    }, //
};

/// The attributes of one end of a rule, by type.
struct EndAttrs {
    address: u16,
    prefix_len: u16,
    port_min: u16,
    port_max: u16,
}

const SOURCE: EndAttrs = EndAttrs {
    address: rule::SOURCE,
    prefix_len: rule::SOURCE_PREFIX_LEN,
    port_min: rule::SOURCE_PORT_MIN,
    port_max: rule::SOURCE_PORT_MAX,
};

const DESTINATION: EndAttrs = EndAttrs {
    address: rule::DESTINATION,
    prefix_len: rule::DESTINATION_PREFIX_LEN,
    port_min: rule::DESTINATION_PORT_MIN,
    port_max: rule::DESTINATION_PORT_MAX,
};

/// A rule that is asked for, with counters of its own.
pub(crate) struct Draft {
    pub(crate) id: Option<u32>,
    pub(crate) priority: Option<u32>,
    matches: Match,
    action: Action,
    counters: Arc<PacketCounter>,
}

impl Draft {
    /// Reads it, and says what is wrong with it.
    pub(crate) fn new(
        asked: &view::Rule<'_>,
        extack: ExtAck<'_>,
        process: Process<'_>,
    ) -> Result<Self> {
        let attrs = asked.attrs();
        for counter in [rule::PACKETS, rule::BYTES] {
            if let Some(attr) = attrs.get(counter) {
                return Err(extack.bad_attr(
                    Some(attr),
                    EINVAL,
                    fmt!("unknown in a request: the kernel counts"),
                ));
            }
        }
        let action = asked
            .action()
            .ok_or_else(|| attrs.missing(rule::ACTION, extack))?;
        let wish = wish(asked, extack)?;
        Ok(Self {
            id: asked.id(),
            priority: asked.priority(),
            matches: Match::new(&wish).map_err(|refusal| explain(refusal, attrs, extack))?,
            action,
            counters: Arc::new(PacketCounter::new(process)?, GFP_KERNEL_ACCOUNT)?,
        })
    }

    /// The rule; the set that it comes into gives it its place.
    pub(crate) fn rule(self, id: u32, priority: u32) -> Rule {
        Rule {
            id,
            priority,
            place: 0,
            matches: self.matches,
            action: self.action,
            counters: self.counters,
        }
    }
}

/// Reads what a rule is to match.
fn wish(asked: &view::Rule<'_>, extack: ExtAck<'_>) -> Result<Wish> {
    let attrs = asked.attrs();
    Ok(Wish {
        chain: asked
            .chain()
            .ok_or_else(|| attrs.missing(rule::CHAIN, extack))?,
        family: asked.family().map(|family| match family {
            Family::Ipv4 => Version::V4,
            Family::Ipv6 => Version::V6,
        }),
        protocol: asked.protocol().map(Protocol),
        source: end(attrs, &SOURCE, extack)?,
        destination: end(attrs, &DESTINATION, extack)?,
    })
}

fn end(attrs: Attrs<'_>, names: &EndAttrs, extack: ExtAck<'_>) -> Result<End> {
    Ok(End {
        address: attrs
            .get(names.address)
            .map(|attr| address(attr, extack))
            .transpose()?,
        prefix_len: attrs.u8(names.prefix_len),
        port_min: attrs.u16(names.port_min),
        port_max: attrs.u16(names.port_max),
    })
}

fn address(attr: Attr<'_>, extack: ExtAck<'_>) -> Result<IpAddr> {
    if let Some(bytes) = attr.array::<4>() {
        return Ok(Ipv4Addr::from(bytes).into());
    }
    if let Some(bytes) = attr.array::<16>() {
        return Ok(Ipv6Addr::from(bytes).into());
    }
    Err(extack.bad_attr(
        Some(attr),
        EINVAL,
        fmt!("an address has 4 bytes (IPv4) or 16 (IPv6)"),
    ))
}

/// Points at the attribute that cannot be granted.
fn explain(refusal: Refusal, attrs: Attrs<'_>, extack: ExtAck<'_>) -> Error {
    let names = if refusal.source {
        &SOURCE
    } else {
        &DESTINATION
    };
    let name = match refusal.field {
        Field::Address => names.address,
        Field::PrefixLen => names.prefix_len,
        Field::PortMin => names.port_min,
        Field::PortMax => names.port_max,
    };
    extack.bad_attr(attrs.get(name), EINVAL, fmt!("{}", refusal.why))
}
