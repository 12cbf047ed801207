// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family, as `natted.yaml` tells it.

use core::net::{
    IpAddr,
    Ipv6Addr, //
};
use kernel::prelude::*;
use kernet::{
    context::Process,
    genl::Replied,
    netfilter,
    percpu::PacketCounter,
    rcu::RcuBox,
    wire::ip::Protocol, //
};
use kernet_nat::{
    self as nat,
    Ports,
    Range, //
};

use crate::{
    nl_generated::{
        attr::rule,
        Action,
        Family,
        Operations,
        Point,
        RuleSetRequest,
        StatsGetReply,
        StatsGetRequest,
        SwitchSetRequest, //
    },
    rule::{
        From,
        Matching,
        Rule,
        Rules,
        To, //
    },
    Natted, //
};

/// Who serves the family.
pub(crate) struct Control;

fn address(octets: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(octets).to_canonical()
}

fn family(family: Option<Family>) -> netfilter::Family {
    match family {
        Some(Family::Ipv4) => netfilter::Family::Ipv4,
        Some(Family::Ipv6) => netfilter::Family::Ipv6,
        Some(Family::Inet) | None => netfilter::Family::Inet,
    }
}

type Request<'a> = RuleSetRequest<'a, Control>;

fn matching(request: &Request<'_>) -> Matching {
    Matching {
        protocol: request.protocol().filter(|&n| n != 0).map(Protocol),
        port: request.port().filter(|&port| port != 0),
        device: request.device().filter(|&index| index != 0),
    }
}

fn ports(request: &Request<'_>) -> Result<Ports> {
    let mut ports = match request.first_port() {
        Some(first) => {
            let last = request.last_port().unwrap_or(first);
            Ports::new(first..=last).map_err(|error| {
                request.bad_attr(
                    request.attrs().get(rule::FIRST_PORT),
                    error,
                    fmt!("no range of ports"),
                )
            })?
        }
        None => Ports::ANY,
    };
    if request.random() {
        ports = ports.random();
    }
    if request.fully_random() {
        ports = ports.fully_random();
    }
    Ok(ports)
}

fn range(request: &Request<'_>) -> Result<Range> {
    let ports = ports(request)?;
    let Some(first) = request.first() else {
        return Ok(Range::from(ports));
    };
    let last = request.last().unwrap_or(first);
    let range = Range::new(address(first)..=address(last)).map_err(|error| {
        request.bad_attr(
            request.attrs().get(rule::FIRST),
            error,
            fmt!("no range of addresses"),
        )
    })?;
    let range = range.with_ports(ports);
    Ok(if request.persistent() {
        range.persistent()
    } else {
        range
    })
}

/// Replaces the rules of the request's family.
fn set<A: Send + Sync + 'static>(
    rules: &Rules<A>,
    request: &Request<'_>,
    action: impl Fn() -> Result<A>,
    process: Process<'_>,
) -> Result {
    let new = || {
        let rule = Rule {
            matching: matching(request),
            action: action()?,
        };
        RcuBox::new(rule, process)
    };
    let families: &[netfilter::Family] = match family(request.family()) {
        netfilter::Family::Inet => &[netfilter::Family::Ipv4, netfilter::Family::Ipv6],
        netfilter::Family::Ipv4 => &[netfilter::Family::Ipv4],
        netfilter::Family::Ipv6 => &[netfilter::Family::Ipv6],
    };
    for &family in families {
        rules.of(family).replace(Some(new()?), process);
    }
    Ok(())
}

impl Operations for Control {
    fn switch_set(request: &SwitchSetRequest<'_, Self>, process: Process<'_>) -> Result {
        let (net, family) = (request.net(), family(request.family()));
        match request.enabled() {
            Some(0) => nat::disable::<Natted>(net, family, process),
            Some(_) => nat::enable::<Natted>(net, family, process),
            None => Ok(()),
        }
    }

    fn rule_set(request: &RuleSetRequest<'_, Self>, process: Process<'_>) -> Result {
        let state = request.state::<Natted>().ok_or(ENODEV)?;
        let point = request.required(rule::POINT, request.point())?;
        let action = request.required(rule::ACTION, request.action())?;
        let wrong = || {
            request.bad_attr(
                request.attrs().get(rule::ACTION),
                EINVAL,
                fmt!("not at this point"),
            )
        };
        let from = || match action {
            Action::Leave => Ok(From::Leave),
            Action::Drop => Ok(From::Drop),
            Action::Snat => Ok(From::Snat(range(request)?)),
            Action::Masquerade if !matches!(point, Point::Postrouting) => Err(wrong()),
            Action::Masquerade => Ok(From::Masquerade(ports(request)?)),
            Action::Dnat | Action::Redirect => Err(wrong()),
        };
        let to = || match action {
            Action::Leave => Ok(To::Leave),
            Action::Drop => Ok(To::Drop),
            Action::Dnat => Ok(To::Dnat(range(request)?)),
            Action::Redirect => Ok(To::Redirect(ports(request)?)),
            Action::Snat | Action::Masquerade => Err(wrong()),
        };
        match point {
            Point::Prerouting => set(&state.prerouting, request, to, process),
            Point::LocalIn => set(&state.local_in, request, from, process),
            Point::LocalOut => set(&state.local_out, request, to, process),
            Point::Postrouting => set(&state.postrouting, request, from, process),
        }
    }

    fn stats_get(
        request: &StatsGetRequest<'_, Self>,
        reply: StatsGetReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let state = request.state::<Natted>().ok_or(ENODEV)?;
        let count = |counters: &PacketCounter| counters.read().packets;
        let [prerouting, local_in, local_out, postrouting] = &state.asked;
        reply.send(process, |message| {
            message
                .prerouting(count(prerouting))?
                .local_in(count(local_in))?
                .local_out(count(local_out))?
                .postrouting(count(postrouting))?;
            Ok(())
        })
    }
}
