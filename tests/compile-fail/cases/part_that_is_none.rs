// SPDX-License-Identifier: GPL-2.0
// error: `Mine` is not a part of a module
// error: the parts are registrations, `notifier::Registration<Mine>` for one
// error: `Numbers` is not the state of a namespace
// error: `impl kernet::netns::NetState for Numbers`

//! Parts that name the type instead of its registration, and a state that cannot be made.

#![forbid(unsafe_code)]

kernet::module! {
    type: Mine,
    name: "mine",
    authors: ["Nobody"],
    description: "Lists what is no part",
    license: "GPL",
}

struct Mine;

pub struct Numbers;

impl kernet::Module for Mine {
    type State = Numbers;
    type Parts = Mine;
}
