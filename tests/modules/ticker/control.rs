// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family, as `ticker.yaml` tells it.

use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};
use kernet::{
    context::{
        rcu_read,
        Process, //
    },
    genl::Replied,
    timer::Jiffies, //
};

use crate::{
    nl_generated::{
        ConfigSetRequest,
        Operations,
        StatsGetReply,
        StatsGetRequest, //
    },
    Beat,
    Report,
    Ticker,
    CHORES,
    LINGER,
    PULSES,
    WORKING, //
};

/// Who serves the family.
pub(crate) struct Control;

impl Operations for Control {
    fn config_set(request: &ConfigSetRequest<'_, Self>, _process: Process<'_>) -> Result {
        let net = request.net();
        let clock = request.state::<Ticker>().ok_or(ENODEV)?;
        if let Some(ms) = request.timer() {
            clock.period.store(ms, Relaxed);
            rcu_read(|rcu| {
                let timer = net.timer::<Beat>(rcu).ok_or(ENODEV)?;
                if ms == 0 {
                    timer.cancel();
                } else {
                    timer.modify(Jiffies::from_millis(ms));
                }
                Ok::<(), Error>(())
            })?;
        }
        if let Some(ms) = request.linger() {
            LINGER.store(ms, Relaxed);
        }
        if let Some(ms) = request.work() {
            clock.work_period.store(ms, Relaxed);
            rcu_read(|rcu| {
                let work = net.work::<Report>(rcu).ok_or(ENODEV)?;
                if ms == 0 {
                    work.cancel();
                } else {
                    work.modify(Jiffies::from_millis(ms));
                }
                Ok::<(), Error>(())
            })?;
        }
        Ok(())
    }

    fn stats_get(
        request: &StatsGetRequest<'_, Self>,
        reply: StatsGetReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let clock = request.state::<Ticker>().ok_or(ENODEV)?;
        reply.send(process, |message| {
            message
                .timer(clock.timer.load(Relaxed))?
                .work(clock.work.load(Relaxed))?
                .working(WORKING.load(Relaxed))?
                .module_timer(PULSES.load(Relaxed))?
                .module_work(CHORES.load(Relaxed))?;
            Ok(())
        })
    }
}
