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
    genl::{
        self,
        Access,
        Do,
        Op,
        Request, //
    },
    nlattr::{
        Policy,
        Table, //
    },
};

use crate::{
    Ect,
    Station, //
};

/// Commands.
mod command {
    pub(super) const CONFIG_GET: u8 = 1;
    pub(super) const CONFIG_SET: u8 = 2;
    pub(super) const STATS_GET: u8 = 3;
}

/// Attributes of the settings.
mod config {
    pub(super) const SERVER: u16 = 1;
    pub(super) const ASSISTANCE: u16 = 2;
    pub(super) const COUNT: usize = 3;
}

/// Attributes of the statistics.
mod stats {
    pub(super) const FORWARDED: u16 = 1;
    pub(super) const NOT_SENT: u16 = 2;
    pub(super) const REPLIES: u16 = 3;
    pub(super) const OFF: u16 = 4;
    pub(super) const GROUP: u16 = 5;
    pub(super) const TRUNCATED: u16 = 6;
    pub(super) const MALFORMED: u16 = 7;
    pub(super) const BAD_ADDRESS: u16 = 8;
    pub(super) const LOOPED: u16 = 9;
    pub(super) const NO_MEMORY: u16 = 10;
}

static CONFIG: Table<{ config::COUNT }> = Table::new(&[
    (config::SERVER, Policy::U8.range(0, 1)),
    (config::ASSISTANCE, Policy::U8.range(0, 1)),
]);

/// Refuses any attribute.
static NOTHING: Table<1> = Table::new(&[]);

/// The family.
pub(crate) struct Control;

impl genl::Family for Control {
    const NAME: &'static CStr = c"ect";

    const OPS: &'static [Op<Self>] = &[
        Op::new_do::<ConfigGet, 1>(),
        Op::new_do::<ConfigSet, { config::COUNT }>(),
        Op::new_do::<StatsGet, 1>(),
    ];

    fn slot() -> &'static genl::Slot {
        static SLOT: genl::Slot = genl::Slot::new();
        &SLOT
    }
}

/// The station of the request's namespace.
fn station<'a>(request: &Request<'a, Control>) -> Result<&'a Station> {
    request.net().state::<Ect>().ok_or(ESHUTDOWN)
}

/// `config-get`.
struct ConfigGet;

impl Do<Control, 1> for ConfigGet {
    const COMMAND: u8 = command::CONFIG_GET;
    const POLICY: &'static Table<1> = &NOTHING;

    fn run(request: &Request<'_, Control>, process: Process<'_>) -> Result {
        let station = station(request)?;
        request.reply(process, |message| {
            let on = |setting: &Atomic<bool>| u8::from(setting.load(Relaxed));
            message.put_u8(config::SERVER, on(&station.server))?;
            message.put_u8(config::ASSISTANCE, on(&station.assistance))
        })
    }
}

/// `config-set`.
struct ConfigSet;

impl Do<Control, { config::COUNT }> for ConfigSet {
    const COMMAND: u8 = command::CONFIG_SET;
    const ACCESS: Access = Access::NamespaceAdmin;
    const POLICY: &'static Table<{ config::COUNT }> = &CONFIG;

    fn run(request: &Request<'_, Control>, _process: Process<'_>) -> Result {
        let station = station(request)?;
        let server = request.attrs().u8(config::SERVER);
        let assistance = request.attrs().u8(config::ASSISTANCE);
        if server.is_none() && assistance.is_none() {
            let why = fmt!("neither server nor assistance is given");
            return Err(request.extack().error(EINVAL, why));
        }
        if let Some(on) = server {
            station.server.store(on != 0, Relaxed);
        }
        if let Some(on) = assistance {
            station.assistance.store(on != 0, Relaxed);
        }
        Ok(())
    }
}

/// `stats-get`.
struct StatsGet;

impl Do<Control, 1> for StatsGet {
    const COMMAND: u8 = command::STATS_GET;
    const POLICY: &'static Table<1> = &NOTHING;

    fn run(request: &Request<'_, Control>, process: Process<'_>) -> Result {
        let station = station(request)?;
        request.reply(process, |message| {
            for (number, counters) in [
                (stats::FORWARDED, &station.forwarded),
                (stats::NOT_SENT, &station.not_sent),
                (stats::REPLIES, &station.replies),
                (stats::OFF, &station.off),
                (stats::GROUP, &station.group),
                (stats::TRUNCATED, &station.truncated),
                (stats::MALFORMED, &station.malformed),
                (stats::BAD_ADDRESS, &station.bad_address),
                (stats::LOOPED, &station.looped),
                (stats::NO_MEMORY, &station.no_memory),
            ] {
                message.put_uint(number, counters.read().packets)?;
            }
            Ok(())
        })
    }
}
