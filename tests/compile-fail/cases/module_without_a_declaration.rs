// SPDX-License-Identifier: GPL-2.0
// error: `Mine` is not a module that is declared to the kernel
// error: name here the type that `kernet::module! { type: ... }` names

//! A timer of a module that is not declared; the error says what to write.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    netns::Net,
    timer::{self, Jiffies, NetTimer},
};

pub struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = timer::NetRegistration<Mine>;
}

kernet::slot!(Mine: timer::NetSlot);

impl NetTimer for Mine {
    type Module = Mine;

    fn expired(_: &Net, _: &(), _: Softirq<'_>) -> Option<Jiffies> {
        None
    }
}
