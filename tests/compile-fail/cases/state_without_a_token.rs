// SPDX-License-Identifier: GPL-2.0
// error: E0277
// error: E0061

//! A namespace's state asked for where nothing keeps it: a reference keeps the namespace alone.

#![forbid(unsafe_code)]

use kernet::{context::Process, module::Declared, netns::OwnedNet};

pub fn by_a_work_item<M: Declared>(net: &OwnedNet) -> Option<&M::State> {
    net.state::<M>()
}

pub fn in_a_task<'a, M: Declared>(net: &'a OwnedNet, process: Process<'a>) -> Option<&'a M::State> {
    net.state::<M>(process)
}
