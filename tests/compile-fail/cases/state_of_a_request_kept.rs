// SPDX-License-Identifier: GPL-2.0
// error: `request` escapes the function body here

//! A namespace's state kept beyond the request that it was asked for by.

#![forbid(unsafe_code)]

use kernel::sync::SetOnce;
use kernet::{
    genl::{FamilyServer, Request},
    module::Declared,
    nlattr::View,
};

pub fn keep<F: FamilyServer, V: View, M: Declared>(
    request: &Request<'_, F, V>,
    kept: &SetOnce<&'static M::State>,
) {
    if let Some(state) = request.state::<M>() {
        kept.populate(state);
    }
}
