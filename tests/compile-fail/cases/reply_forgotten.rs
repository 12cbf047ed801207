// SPDX-License-Identifier: GPL-2.0
// error: mismatched types

//! A request whose operation has a reply, answered without one.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::{
    genl::{Replied, Reply},
    nlattr::Writer,
};

pub fn get(_reply: Reply<'_, Writer<'static>>) -> Result<Replied> {
    Ok(())
}
