// SPDX-License-Identifier: GPL-2.0
// error: an attribute type with two policies

//! An attribute with two policies.

#![forbid(unsafe_code)]

use kernet::nlattr::{Policy, Table};

pub static TABLE: Table<3> = Table::new(&[(1, Policy::U8), (1, Policy::U32)]);
