// SPDX-License-Identifier: GPL-2.0
// error: not negative for an unsigned one

//! A bound that the kernel would warn of.

#![forbid(unsafe_code)]

use kernet::nlattr::{Policy, Table};

pub static TABLE: Table<2> = Table::new(&[(1, Policy::U32.min(-1))]);
