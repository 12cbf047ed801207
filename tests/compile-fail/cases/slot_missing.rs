// SPDX-License-Identifier: GPL-2.0
// error: has no static of its own

//! A family without a static in which it is found; the error says what to write.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::genl::FamilySpec;

pub struct Mine;

impl FamilySpec for Mine {
    const NAME: &'static CStr = c"mine";
}
