// SPDX-License-Identifier: GPL-2.0
// error: an attribute type outside of the table

//! An attribute that the table has no place for.

#![forbid(unsafe_code)]

use kernet::nlattr::{Policy, Table};

pub static TABLE: Table<3> = Table::new(&[(3, Policy::U8)]);
