// SPDX-License-Identifier: GPL-2.0

//! Rules as requests state them.

use core::net::{
    IpAddr,
    Ipv4Addr,
    Ipv6Addr, //
};
use kernel::prelude::*;
use kernet::{
    error::eopnotsupp,
    nlattr::{
        Attr,
        Attrs,
        ExtAck, //
    },
    percpu::PacketTotals,
    wire::ip::{
        Protocol,
        Version, //
    }, //
};

use crate::{
    nl_generated::{
        self,
        attr::rule,
        view,
        Family,
        RejectWith, //
    },
    reject,
    rules::{
        Action,
        End,
        Field,
        Match,
        Refusal,
        SetMark,
        Wish, //
    },
    wish::{
        self,
        Bits, //
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

/// Where the reason of a refusal is put, and which of many rules it is about.
#[derive(Clone, Copy)]
pub(crate) struct Blame<'a> {
    extack: ExtAck<'a>,
    number: Option<usize>,
}

impl<'a> Blame<'a> {
    /// Of the one rule of a request.
    pub(crate) fn the_rule(extack: ExtAck<'a>) -> Self {
        Self {
            extack,
            number: None,
        }
    }

    /// Of a rule of many, which the reason then names by its number, from 1 on.
    pub(crate) fn rule(extack: ExtAck<'a>, number: usize) -> Self {
        Self {
            extack,
            number: Some(number),
        }
    }

    /// Refuses the rule.
    #[cold]
    pub(crate) fn error(self, error: Error, message: core::fmt::Arguments<'_>) -> Error {
        self.bad_attr(None, error, message)
    }

    /// Refuses the rule because of an attribute.
    #[cold]
    pub(crate) fn bad_attr(
        self,
        attr: Option<Attr<'_>>,
        error: Error,
        message: core::fmt::Arguments<'_>,
    ) -> Error {
        match self.number {
            None => self.extack.bad_attr(attr, error, message),
            Some(number) => self
                .extack
                .bad_attr(attr, error, fmt!("rule {number}: {message}")),
        }
    }

    /// Refuses the rule because it lacks an attribute.
    #[cold]
    fn missing(self, attrs: Attrs<'_>, r#type: u16) -> Error {
        if self.number.is_some() {
            // The first message stays.
            self.error(EINVAL, fmt!("a required attribute is missing"));
        }
        attrs.missing(r#type, self.extack)
    }
}

/// A rule that is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Draft {
    pub(crate) id: Option<u32>,
    pub(crate) priority: Option<u32>,
    pub(crate) matches: Match,
    pub(crate) action: Action,
    /// What its counters are to begin at, if that is said.
    pub(crate) totals: Option<PacketTotals>,
}

impl Draft {
    /// Reads a rule whose counters the kernel chooses, and says what is wrong with it.
    pub(crate) fn new(asked: &view::Rule<'_>, blame: Blame<'_>) -> Result<Self> {
        for counter in [rule::PACKETS, rule::BYTES] {
            if let Some(attr) = asked.attrs().get(counter) {
                return Err(blame.bad_attr(
                    Some(attr),
                    EINVAL,
                    fmt!("unknown in a request: the kernel counts"),
                ));
            }
        }
        Self::with_totals(asked, blame)
    }

    /// As [`Self::new`], of a request that may say what counters begin at.
    pub(crate) fn with_totals(asked: &view::Rule<'_>, blame: Blame<'_>) -> Result<Self> {
        let attrs = asked.attrs();
        let asked_action = asked
            .action()
            .ok_or_else(|| blame.missing(attrs, rule::ACTION))?;
        let wish = wanted(asked, blame)?;
        let matches = Match::new(&wish).map_err(|refusal| explain(refusal, attrs, blame))?;
        let action = action(asked, asked_action, &matches, blame)?;
        let totals = match (asked.packets(), asked.bytes()) {
            (None, None) => None,
            (packets, bytes) => Some(PacketTotals {
                packets: packets.unwrap_or(0),
                bytes: bytes.unwrap_or(0),
            }),
        };
        Ok(Self {
            id: asked.id(),
            priority: asked.priority(),
            matches,
            action,
            totals,
        })
    }
}

/// Reads what a rule is to do with what it matches.
fn action(
    asked: &view::Rule<'_>,
    action: nl_generated::Action,
    matches: &Match,
    blame: Blame<'_>,
) -> Result<Action> {
    let attrs = asked.attrs();
    let refuse = |name, why: &str| Err(blame.bad_attr(attrs.get(name), EINVAL, fmt!("{why}")));
    let with = asked.reject_with();
    if with.is_some() && action != nl_generated::Action::Reject {
        return refuse(
            rule::REJECT_WITH,
            "only a rule that rejects tells the sender",
        );
    }
    let mark = match wish::bits((asked.set_mark(), asked.set_mark_mask())) {
        Ok(mark) => mark,
        Err(Bits::None) => return refuse(rule::SET_MARK_MASK, "none of the mark's bits changes"),
        Err(Bits::Beyond) => return refuse(rule::SET_MARK, "a bit of the mark is not in the mask"),
    };
    if mark.is_some() && action != nl_generated::Action::Accept {
        let name = match asked.set_mark() {
            Some(_) => rule::SET_MARK,
            None => rule::SET_MARK_MASK,
        };
        return refuse(name, "only a rule that accepts sets the mark");
    }
    match action {
        nl_generated::Action::Accept => Ok(match mark {
            None => Action::Accept,
            Some((value, mask)) => Action::Mark(SetMark { value, mask }),
        }),
        nl_generated::Action::Drop => Ok(Action::Drop),
        nl_generated::Action::Reject if !reject::IS_THERE => Err(blame.bad_attr(
            attrs.get(rule::ACTION),
            eopnotsupp(),
            fmt!("this kernel does not reject: it lacks CONFIG_NF_REJECT_IPV4 or _IPV6"),
        )),
        nl_generated::Action::Reject => {
            let with = with.unwrap_or(RejectWith::PortUnreachable);
            match with.why_not(matches.protocol(), matches.family()) {
                None => Ok(Action::Reject(with)),
                Some(why) => refuse(rule::REJECT_WITH, why),
            }
        }
    }
}

/// Reads what a rule is to match.
fn wanted(asked: &view::Rule<'_>, blame: Blame<'_>) -> Result<Wish> {
    let attrs = asked.attrs();
    Ok(Wish {
        chain: asked
            .chain()
            .ok_or_else(|| blame.missing(attrs, rule::CHAIN))?,
        family: asked.family().map(|family| match family {
            Family::Ipv4 => Version::V4,
            Family::Ipv6 => Version::V6,
        }),
        protocol: asked.protocol().map(Protocol),
        source: end(attrs, &SOURCE, blame)?,
        destination: end(attrs, &DESTINATION, blame)?,
        // The specification has named those that there are.
        states: attrs.u8(rule::STATE),
        icmp_type: asked.icmp_type(),
        icmp_code: asked.icmp_code(),
        tcp_flags: attrs.u8(rule::TCP_FLAGS),
        tcp_flags_mask: attrs.u8(rule::TCP_FLAGS_MASK),
        lengths: (asked.length_min(), asked.length_max()),
        hop_limits: (asked.hop_limit_min(), asked.hop_limit_max()),
        dscp: asked.dscp(),
        mark: (asked.mark(), asked.mark_mask()),
    })
}

fn end(attrs: Attrs<'_>, names: &EndAttrs, blame: Blame<'_>) -> Result<End> {
    Ok(End {
        address: attrs
            .get(names.address)
            .map(|attr| address(attr, blame))
            .transpose()?,
        prefix_len: attrs.u8(names.prefix_len),
        port_min: attrs.u16(names.port_min),
        port_max: attrs.u16(names.port_max),
    })
}

fn address(attr: Attr<'_>, blame: Blame<'_>) -> Result<IpAddr> {
    if let Some(bytes) = attr.array::<4>() {
        return Ok(Ipv4Addr::from(bytes).into());
    }
    if let Some(bytes) = attr.array::<16>() {
        return Ok(Ipv6Addr::from(bytes).into());
    }
    Err(blame.bad_attr(
        Some(attr),
        EINVAL,
        fmt!("an address has 4 bytes (IPv4) or 16 (IPv6)"),
    ))
}

/// Points at the attribute that cannot be granted.
fn explain(refusal: Refusal, attrs: Attrs<'_>, blame: Blame<'_>) -> Error {
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
        Field::States => rule::STATE,
        Field::IcmpType => rule::ICMP_TYPE,
        Field::IcmpCode => rule::ICMP_CODE,
        Field::TcpFlags => rule::TCP_FLAGS,
        Field::TcpFlagsMask => rule::TCP_FLAGS_MASK,
        Field::LengthMax => rule::LENGTH_MAX,
        Field::HopLimitMax => rule::HOP_LIMIT_MAX,
        Field::Mark => rule::MARK,
        Field::MarkMask => rule::MARK_MASK,
    };
    blame.bad_attr(attrs.get(name), EINVAL, fmt!("{}", refusal.why))
}
