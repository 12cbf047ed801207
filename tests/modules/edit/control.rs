// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family, as `edit.yaml` tells it.

use core::{
    net::{
        IpAddr,
        Ipv6Addr, //
    },
    time::Duration, //
};
use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};
use kernet::{
    context::Process,
    error::eopnotsupp,
    genl::Replied,
    netfilter,
    percpu::PacketCounter,
    ratelimit::RateLimit,
    rcu::RcuBox,
    wire::ip::{
        Ecn,
        Protocol, //
    },
};

use crate::{
    nl_generated::{
        DeviceSetRequest,
        Operations,
        Point,
        RuleSetRequest,
        StatsGetReply,
        StatsGetRequest, //
    },
    rule::{
        Answer,
        Rule, //
    },
    Editor, //
};

/// Who serves the family.
pub(crate) struct Control;

fn address(octets: [u8; 16]) -> IpAddr {
    Ipv6Addr::from(octets).to_canonical()
}

fn ecn(bits: u8) -> Result<Ecn> {
    match bits {
        0 => Ok(Ecn::NotCapable),
        1 => Ok(Ecn::Capable1),
        2 => Ok(Ecn::Capable0),
        3 => Ok(Ecn::Congested),
        _ => Err(EINVAL),
    }
}

impl Operations for Control {
    fn rule_set(request: &RuleSetRequest<'_, Self>, process: Process<'_>) -> Result {
        let state = request.state::<Editor>().ok_or(ENODEV)?;
        let index = request.index().unwrap_or(0) as usize;
        let rule = Rule {
            point: request.point().map(|point| match point {
                Point::Prerouting => netfilter::Point::Prerouting,
                Point::LocalIn => netfilter::Point::LocalIn,
                Point::Forward => netfilter::Point::Forward,
                Point::LocalOut => netfilter::Point::LocalOut,
                Point::Postrouting => netfilter::Point::Postrouting,
            }),
            protocol: request.protocol().map(Protocol),
            if_source_port: request.if_source_port(),
            if_destination_port: request.if_destination_port(),
            hop_limit: request.hop_limit(),
            decrement: request.decrement() == Some(1),
            dscp: request.dscp(),
            ecn: request.ecn().map(ecn).transpose()?,
            congested: request.congested() == Some(1),
            source: request.source().map(address),
            destination: request.destination().map(address),
            source_port: request.source_port(),
            destination_port: request.destination_port(),
            window: request.window(),
            reroute: request.reroute() == Some(1),
            limit: request.rate().map(|rate| {
                RateLimit::new(rate, Duration::from_secs(1), request.burst().unwrap_or(1))
            }),
            reject: match request.reject() {
                None => None,
                Some(_) if !cfg!(wing_reject) => return Err(eopnotsupp()),
                Some(1) => Some(Answer::Reset),
                Some(_) => Some(Answer::Error),
            },
        };
        let rule = RcuBox::new(rule, process)?;
        let place = state.rules.get(index).ok_or(EINVAL)?;
        place.replace(Some(rule), process);
        Ok(())
    }

    fn device_set(request: &DeviceSetRequest<'_, Self>, _process: Process<'_>) -> Result {
        let device = &request.state::<Editor>().ok_or(ENODEV)?.device;
        if let Some(tag) = request.tag() {
            device.tag.store(tag as u32, Relaxed);
        }
        if let Some(tci) = request.tci() {
            device.tci.store(tci.into(), Relaxed);
        }
        if let Some(service) = request.service() {
            device.service.store(service == 1, Relaxed);
        }
        if let Some(sum) = request.sum() {
            device.sum.store(sum as u32, Relaxed);
        }
        Ok(())
    }

    fn stats_get(
        request: &StatsGetRequest<'_, Self>,
        reply: StatsGetReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let counts = &request.state::<Editor>().ok_or(ENODEV)?.counts;
        let count = |counters: &PacketCounter| counters.read().packets;
        reply.send(process, |message| {
            message
                .edited(count(&counts.edited))?
                .too_short(count(&counts.too_short))?
                .malformed(count(&counts.malformed))?
                .absent(count(&counts.absent))?
                .out_of_range(count(&counts.out_of_range))?
                .unsupported(count(&counts.unsupported))?
                .no_memory(count(&counts.no_memory))?
                .limited(count(&counts.limited))?
                .unrouted(count(&counts.unrouted))?;
            Ok(())
        })
    }
}
