// SPDX-License-Identifier: GPL-2.0
// error: E0277

//! A transport header that has no checksum where kernet keeps one right.

#![forbid(unsafe_code)]

use kernet::{
    skb::{Edit, EditError},
    wire::arp,
};

pub fn overwrite(edit: &mut Edit<'_>) -> Result<(), EditError> {
    edit.transport(|_: &mut arp::Header| ())
}
