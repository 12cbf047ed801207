// SPDX-License-Identifier: GPL-2.0
// error: more types than the stack has room for

//! A nest whose index would overflow the stack.

#![forbid(unsafe_code)]

use kernet::nlattr::Attr;

pub fn first(attr: Attr<'_>) -> Option<u8> {
    attr.nest::<513>().attrs().u8(1)
}
