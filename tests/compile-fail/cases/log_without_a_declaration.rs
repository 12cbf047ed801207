// SPDX-License-Identifier: GPL-2.0
// error: cannot find value `__LOG_PREFIX` in the crate root
// help: declare the module by `kernet::module!

//! A message on the log by who is not declared as a module.

#![forbid(unsafe_code)]

use kernel::prelude::*;

pub fn greet() {
    pr_info!("hello\n");
}
