// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family, as `stateful.yaml` tells it.

use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};
use kernet::{
    context::Process,
    genl::Replied,
    netfilter,
    percpu::PacketCounter, //
};
use kernet_conntrack as conntrack;

use crate::{
    nl_generated::{
        ConfigSetRequest,
        ConnectionGetReply,
        ConnectionGetRequest,
        Family,
        Operations,
        StatsGetReply,
        StatsGetRequest, //
    },
    Stateful, //
};

/// Who serves the family.
pub(crate) struct Control;

impl Operations for Control {
    fn config_set(request: &ConfigSetRequest<'_, Self>, process: Process<'_>) -> Result {
        let net = request.net();
        let seen = request.state::<Stateful>().ok_or(ENODEV)?;
        let family = match request.family() {
            Some(Family::Ipv4) => netfilter::Family::Ipv4,
            Some(Family::Ipv6) => netfilter::Family::Ipv6,
            Some(Family::Inet) | None => netfilter::Family::Inet,
        };
        match request.tracking() {
            Some(0) => conntrack::disable::<Stateful>(net, family, process)?,
            Some(_) => conntrack::enable::<Stateful>(net, family, process)?,
            None => (),
        }
        if let Some(outside) = request.outside() {
            seen.outside.store(outside, Relaxed);
        }
        if let Some(mark) = request.mark() {
            seen.mark.store(mark, Relaxed);
            seen.mask.store(request.mask().unwrap_or(u32::MAX), Relaxed);
        }
        Ok(())
    }

    fn stats_get(
        request: &StatsGetRequest<'_, Self>,
        reply: StatsGetReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let seen = request.state::<Stateful>().ok_or(ENODEV)?;
        let count = |counters: &PacketCounter| counters.read().packets;
        let [invalid, untracked, new, established, related] = &seen.states;
        reply.send(process, |message| {
            message
                .invalid(count(invalid))?
                .untracked(count(untracked))?
                .new(count(new))?
                .established(count(established))?
                .related(count(related))?
                .reply(count(&seen.reply))?
                .dropped(count(&seen.dropped))?
                .early(count(&seen.early))?
                .mark_errors(count(&seen.mark_errors))?;
            Ok(())
        })
    }

    fn connection_get(
        request: &ConnectionGetRequest<'_, Self>,
        reply: ConnectionGetReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let last = &request.state::<Stateful>().ok_or(ENODEV)?.last;
        let protocol = u8::try_from(last.protocol.load(Relaxed)).unwrap_or(0);
        reply.send(process, |message| {
            message
                .protocol(protocol)?
                .source(&last.original.source())?
                .destination(&last.original.destination())?
                .ports(last.original.ports.load(Relaxed))?
                .reply_source(&last.reply.source())?
                .reply_destination(&last.reply.destination())?
                .reply_ports(last.reply.ports.load(Relaxed))?
                .mark(last.mark.load(Relaxed))?
                .zone(last.zone.load(Relaxed))?
                .confirmed(u8::from(last.confirmed.load(Relaxed)))?
                .seen_reply(u8::from(last.seen_reply.load(Relaxed)))?
                .assured(u8::from(last.assured.load(Relaxed)))?;
            Ok(())
        })
    }
}
