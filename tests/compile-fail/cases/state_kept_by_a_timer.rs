// SPDX-License-Identifier: GPL-2.0
// error: borrowed data escapes outside of associated function

//! What a timer of a namespace is lent, kept beyond the callback: the namespace and the state end.

#![forbid(unsafe_code)]

use kernel::{prelude::*, sync::SetOnce};
use kernet::{
    context::{Process, Softirq},
    netns::{Net, NetState},
    timer::{self, Jiffies, NetTimer},
};

kernet::module! {
    type: Mine,
    name: "mine",
    authors: ["Nobody"],
    description: "Reads what was freed",
    license: "GPL",
}

struct Mine;

pub struct Numbers(pub u64);

impl NetState for Numbers {
    fn init<'a>(_: &'a Net, _: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        Ok(Numbers(1))
    }
}

impl kernet::Module for Mine {
    type State = Numbers;
    type Parts = timer::NetRegistration<Mine>;
}

kernet::slot!(Mine: timer::NetSlot);

static NET: SetOnce<&'static Net> = SetOnce::new();
static STATE: SetOnce<&'static Numbers> = SetOnce::new();

impl NetTimer for Mine {
    type Module = Mine;

    fn expired(net: &Net, state: &Numbers, _: Softirq<'_>) -> Option<Jiffies> {
        NET.populate(net);
        STATE.populate(state);
        None
    }
}
