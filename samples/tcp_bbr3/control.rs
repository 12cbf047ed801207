// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family, as `Documentation/netlink/specs/tcp_bbr3.yaml` tells it.

use core::net::{
    IpAddr,
    SocketAddr, //
};
use kernel::{
    prelude::*,
    sync::{
        atomic::Relaxed,
        Arc, //
    }, //
};
use kernet::{
    context::Process,
    genl::{
        Full,
        Replied, //
    },
    tcp, //
};

use crate::{
    model::INFINITE,
    nl_generated::{
        reply,
        Operations,
        Phase,
        SocketGetEntries,
        SocketGetRequest,
        StatsGetReply,
        StatsGetRequest, //
    },
    sockets::Shown,
    Flow,
    TcpBbr3, //
};

/// Who serves the family.
pub(crate) struct Control;

/// The sockets that were there when a dump began, and how many of them it has told.
pub(crate) struct Snapshot {
    sockets: KVVec<Arc<Shown>>,
    told: usize,
}

/// An address without its port.
fn octets(address: &SocketAddr, put: impl FnOnce(&[u8]) -> Result) -> Result {
    match address.ip() {
        IpAddr::V4(address) => put(&address.octets()),
        IpAddr::V6(address) => put(&address.octets()),
    }
}

fn describe(entry: &mut reply::SocketGet<'_>, shown: &Shown) -> Result {
    entry.cookie(shown.cookie)?;
    octets(&shown.local, |address| entry.local(address).map(|_| ()))?;
    octets(&shown.remote, |address| entry.remote(address).map(|_| ()))?;
    entry
        .local_port(shown.local.port())?
        .remote_port(shown.remote.port())?
        .full(u8::from(shown.full.load(Relaxed) != 0))?
        .rounds(shown.rounds.load(Relaxed))?
        .bandwidth(shown.bandwidth.load(Relaxed))?
        .max_bandwidth(shown.max_bandwidth.load(Relaxed))?
        .cwnd(shown.cwnd.load(Relaxed))?
        .pacing_rate(shown.pacing_rate.load(Relaxed))?;
    if let Some(phase) = [
        Phase::Startup,
        Phase::Drain,
        Phase::ProbeBwDown,
        Phase::ProbeBwCruise,
        Phase::ProbeBwRefill,
        Phase::ProbeBwUp,
        Phase::ProbeRtt,
    ]
    .get(shown.phase() as usize)
    {
        entry.phase(*phase)?;
    }
    let bound = |volume: u32| (volume != INFINITE).then_some(volume);
    if let Some(rtt) = bound(shown.min_rtt.load(Relaxed)) {
        entry.min_rtt(rtt)?;
    }
    if let Some(packets) = bound(shown.inflight_longterm.load(Relaxed)) {
        entry.inflight_longterm(packets)?;
    }
    if let Some(packets) = bound(shown.inflight_shortterm.load(Relaxed)) {
        entry.inflight_shortterm(packets)?;
    }
    Ok(())
}

impl Operations for Control {
    type SocketGetDump = Snapshot;

    fn socket_get_start(
        request: &SocketGetRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Snapshot> {
        let state = request.state::<TcpBbr3>().ok_or(ENODEV)?;
        Ok(Snapshot {
            sockets: state.0.all(process)?,
            told: 0,
        })
    }

    fn socket_get_dump(
        _request: &SocketGetRequest<'_, Self>,
        dump: &mut Snapshot,
        entries: &mut SocketGetEntries<'_>,
        _process: Process<'_>,
    ) -> Result<(), Full> {
        while let Some(shown) = dump.sockets.get(dump.told) {
            entries.put(|entry| describe(entry, shown))?;
            dump.told = dump.told.saturating_add(1);
        }
        Ok(())
    }

    fn stats_get(
        request: &StatsGetRequest<'_, Self>,
        reply: StatsGetReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let state = request.state::<TcpBbr3>().ok_or(ENODEV)?;
        reply.send(process, |message| {
            message
                .fallbacks(tcp::fallbacks::<Flow>())?
                .sockets(state.0.count())?;
            Ok(())
        })
    }
}
