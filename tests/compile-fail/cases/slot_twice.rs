// SPDX-License-Identifier: GPL-2.0
// error: E0119

//! Two statics, of which nobody knows which one is meant.

#![forbid(unsafe_code)]

use kernet::genl::Slot;

pub struct Mine;

kernet::slot!(Mine: Slot);
kernet::slot!(Mine: Slot);
