// SPDX-License-Identifier: GPL-2.0

//! Packets that read the settings, and the state of the module: those of the host that are too long are dropped.

use kernel::sync::atomic::Relaxed;
use kernet::{
    context::Rcu,
    module::state,
    netfilter::{
        self,
        priority,
        Family,
        Hook,
        HookPoint,
        HookState,
        Packet,
        Point,
        Verdict, //
    },
    skb::DropReason, //
};

use crate::{
    Settings,
    Totals,
    DROP,
    DROPPED,
    LONGEST, //
};

pub(crate) struct Filter;

kernet::slot!(Filter: netfilter::Slot);

impl Hook for Filter {
    type Module = Settings;

    const HOOKS: &'static [HookPoint] = &[HookPoint {
        family: Family::Ipv4,
        point: Point::LocalOut,
        priority: priority::FILTER,
    }];

    fn hook<'a>(packet: Packet<'a>, state: &HookState<'a>, rcu: Rcu<'a>) -> Verdict<'a> {
        // It is there before the hook, and goes after it.
        if let Some(totals) = state::get::<Totals>(rcu) {
            totals.packets.fetch_add(1, Relaxed);
        }
        let Some(values) = state.net().sysctl::<Settings>(rcu) else {
            return packet.accept();
        };
        let too_long = u32::try_from(values.int::<LONGEST>()).is_ok_and(|max| packet.len() > max);
        if too_long || values.bool::<DROP>() {
            // Not exact if several processors drop at a time, and no more than the entry can hold.
            values.set_int::<DROPPED>(values.int::<DROPPED>().saturating_add(1));
            return packet.drop_with(DropReason::NETFILTER_DROP);
        }
        packet.accept()
    }
}
