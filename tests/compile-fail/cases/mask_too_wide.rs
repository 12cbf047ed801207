// SPDX-License-Identifier: GPL-2.0
// error: a mask has at most 32 bits

//! A mask that the kernel would cut off.

#![forbid(unsafe_code)]

use kernet::nlattr::{Policy, Table};

pub static TABLE: Table<2> = Table::new(&[(1, Policy::U64.mask(1 << 40))]);
