// SPDX-License-Identifier: GPL-2.0

//! Changes packets: in hooks, and in a device that receives what is sent by it. For tests alone.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    context::{
        Process,
        Rcu, //
    },
    net_info_ratelimited,
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
    netns::{
        Net,
        NetState, //
    },
    rcu::RcuPointer,
    rtnl,
    skb::DropReason, //
};

mod control;
mod device;
mod nl_generated;
mod rule;

kernet::module! {
    type: Editor,
    name: "edit",
    authors: ["The kernet developers"],
    description: "Changes packets, for tests",
    license: "GPL",
    alias: ["rtnl-link-edit", "net-pf-16-proto-16-family-edit"],
}

struct Editor;

impl kernet::Module for Editor {
    type State = State;
    type Parts = (
        netfilter::Registration<Mangle>,
        rtnl::Registration<device::Device, 1>,
        nl_generated::Registration<control::Control>,
    );
}

/// What a namespace has.
struct State {
    rules: [RcuPointer<rule::Rule>; 4],
    device: device::Config,
    counts: rule::Counts,
}

impl NetState for State {
    fn init<'a>(_net: &'a Net, process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        rule::Counts::new(process).map(|counts| Self {
            rules: [const { RcuPointer::empty() }; 4],
            device: device::Config::new(),
            counts,
        })
    }
}

struct Mangle;

kernet::slot!(Mangle: netfilter::Slot);

const fn mangle(point: Point) -> HookPoint {
    HookPoint {
        family: Family::Inet,
        point,
        priority: priority::MANGLE,
    }
}

impl Hook for Mangle {
    type Module = Editor;

    const HOOKS: &'static [HookPoint] = &[
        mangle(Point::Prerouting),
        mangle(Point::LocalIn),
        mangle(Point::Forward),
        mangle(Point::LocalOut),
        mangle(Point::Postrouting),
    ];

    fn hook<'a>(mut packet: Packet<'a>, state: &HookState<'a>, rcu: Rcu<'a>) -> Verdict<'a> {
        let Some(own) = state.net().state::<Editor>(rcu) else {
            return packet.accept();
        };
        for place in &own.rules {
            let Some(rule) = place.get(rcu) else {
                continue;
            };
            if rule.point != Some(state.point()) {
                continue;
            }
            // The sums are right when the edit ends, before the packet goes on.
            let applied = match packet.edit() {
                Ok(edit) if !rule.matches(&edit) => continue,
                Ok(_) if rule.limit.as_ref().is_some_and(|limit| !limit.take(1)) => None,
                Ok(mut edit) => Some(rule.apply(&mut edit)),
                Err(error) => {
                    own.counts.note(Err(error));
                    continue;
                }
            };
            let Some(applied) = applied else {
                own.counts.limited.add(0);
                net_info_ratelimited!("too many packets of {} bytes\n", packet.len());
                return packet.drop_with(DropReason::NETFILTER_DROP);
            };
            own.counts.note(applied);
            #[cfg(wing_reject)]
            if let Some(answer) = rule.reject {
                return kernet_reject::reject(packet, answer.into(), state, rcu);
            }
            if rule.reroute {
                packet = match packet.reroute(state, rcu) {
                    Ok(packet) => packet,
                    Err(verdict) => {
                        own.counts.unrouted.add(0);
                        return verdict;
                    }
                };
            }
        }
        packet.accept()
    }
}

#[cfg(wing_reject)]
impl From<rule::Answer> for kernet_reject::Answer {
    fn from(answer: rule::Answer) -> Self {
        match answer {
            rule::Answer::Reset => Self::TcpReset,
            rule::Answer::Error => Self::ADMIN_PROHIBITED,
        }
    }
}
