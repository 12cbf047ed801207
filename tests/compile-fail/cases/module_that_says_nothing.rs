// SPDX-License-Identifier: GPL-2.0
// error: `Mine` does not say what the module consists of
// error: `impl kernet::Module for Mine`, with `type State = ();` and `type Parts = ...;`

//! A module that is declared and has no `impl kernet::Module`.

#![forbid(unsafe_code)]

kernet::module! {
    type: Mine,
    name: "mine",
    authors: ["Nobody"],
    description: "Says nothing",
    license: "GPL",
}

struct Mine;
