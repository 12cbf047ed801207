// SPDX-License-Identifier: GPL-2.0
// error: `kernet::module!` wants, in this order: `type: Type, name: "name"

//! A module that does not say its licence.

#![forbid(unsafe_code)]

kernet::module! {
    type: Mine,
    name: "mine",
    authors: ["Nobody"],
    description: "Forgets its licence",
}

struct Mine;
