// SPDX-License-Identifier: GPL-2.0
// error: a table has a place for type 0
// error: a table of more types than there are

//! Tables of policies that the kernel would read beyond, or by the half.

#![forbid(unsafe_code)]

use kernet::nlattr::Table;

pub static EMPTY: Table<0> = Table::new(&[]);
pub static LONG: Table<{ (1 << 14) + 1 }> = Table::for_family(&[]);
