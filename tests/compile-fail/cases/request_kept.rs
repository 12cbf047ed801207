// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! An attribute that is kept beyond its request.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::nlattr::Attrs;

pub fn keep(attrs: Attrs<'_>, kept: &mut &'static [u8]) {
    if let Some(attr) = attrs.get(1) {
        *kept = attr.bytes();
    }
}
