// SPDX-License-Identifier: GPL-2.0

//! Names of new devices.

use kernel::prelude::*;

use crate::bindings;

pub(super) type Name = [u8; bindings::IFNAMSIZ as usize];

/// `KIND%d`, of which the core makes a name.
pub(super) fn from_kind(kind: &CStr) -> Name {
    let mut name = [0; bindings::IFNAMSIZ as usize];
    let pattern = Iterator::chain(kind.to_bytes().iter(), b"%d");
    let last = name.len() - 1;
    for (to, from) in name.iter_mut().take(last).zip(pattern) {
        *to = *from;
    }
    name
}

/// Replaces the name by as much of `text` as fits.
pub(super) fn set(name: &mut Name, text: &[u8]) {
    *name = [0; bindings::IFNAMSIZ as usize];
    let last = name.len() - 1;
    for (to, from) in name.iter_mut().take(last).zip(text) {
        *to = *from;
    }
}
