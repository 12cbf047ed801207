// SPDX-License-Identifier: GPL-2.0
// undefined: rust_build_error

//! A packet that could not be translated, and is lost.

#![forbid(unsafe_code)]

use kernet::{
    skb::Skb,
    wire::xlat::{Mapping, Packet, Settings, Table, Translator},
};

pub fn lost<'a>(
    skb: Skb<'a>,
    table: &Table<&'static [Mapping], &'static [u32]>,
    settings: &Settings,
) -> Option<Skb<'static>> {
    let translator = Translator::new(table, settings);
    let (skb, _fragments) = skb.translate(&translator, 1500, Packet::new(0)).ok()?;
    Some(skb)
}
