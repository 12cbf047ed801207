// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family, as `Documentation/netlink/specs/ect.yaml` tells it.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kernet::{
    context::Process,
    genl::Replied,
    percpu::PacketCounter, //
};

use crate::{
    nl_generated::{
        ConfigGetReply,
        ConfigGetRequest,
        ConfigSetRequest,
        Operations,
        StatsGetReply,
        StatsGetRequest, //
    },
    Ect, //
};

/// Who serves the family.
pub(crate) struct Control;

impl Operations for Control {
    fn config_get(
        request: &ConfigGetRequest<'_, Self>,
        reply: ConfigGetReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let station = request.state::<Ect>().ok_or(ENODEV)?;
        reply.send(process, |message| {
            let on = |setting: &Atomic<bool>| u8::from(setting.load(Relaxed));
            message
                .server(on(&station.server))?
                .assistance(on(&station.assistance))?;
            Ok(())
        })
    }

    fn config_set(request: &ConfigSetRequest<'_, Self>, _process: Process<'_>) -> Result {
        let station = request.state::<Ect>().ok_or(ENODEV)?;
        if request.server().is_none() && request.assistance().is_none() {
            let why = fmt!("neither server nor assistance is given");
            return Err(request.error(EINVAL, why));
        }
        if let Some(on) = request.server() {
            station.server.store(on != 0, Relaxed);
        }
        if let Some(on) = request.assistance() {
            station.assistance.store(on != 0, Relaxed);
        }
        Ok(())
    }

    fn stats_get(
        request: &StatsGetRequest<'_, Self>,
        reply: StatsGetReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let station = request.state::<Ect>().ok_or(ENODEV)?;
        let count = |counters: &PacketCounter| counters.read().packets;
        reply.send(process, |message| {
            message
                .forwarded(count(&station.forwarded))?
                .not_sent(count(&station.not_sent))?
                .replies(count(&station.replies))?
                .off(count(&station.off))?
                .group(count(&station.group))?
                .truncated(count(&station.truncated))?
                .malformed(count(&station.malformed))?
                .bad_address(count(&station.bad_address))?
                .looped(count(&station.looped))?
                .no_memory(count(&station.no_memory))?;
            Ok(())
        })
    }
}
