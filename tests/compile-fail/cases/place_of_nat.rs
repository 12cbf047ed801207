// SPDX-License-Identifier: GPL-2.0
// wing: nat
// error: NAT is decided on before and behind forwarding, not there

//! NAT at a point at which nothing is translated.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::netfilter::{Family, HookPoint, Point};
use kernet_nat::{self as nat, Nat};

kernet::module! {
    type: Mine,
    name: "place_of_nat",
    authors: ["Nobody"],
    description: "Decides where it cannot",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = nat::Registration<Mine>;
}

kernet::slot!(Mine: nat::Slot);

impl Nat for Mine {
    type Module = Mine;

    const HOOKS: &'static [HookPoint] = &[HookPoint {
        family: Family::Inet,
        point: Point::Forward,
        priority: 0,
    }; 1];
}
