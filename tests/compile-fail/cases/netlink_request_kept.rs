// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! An attribute of an rtnetlink request that is kept beyond it.

#![forbid(unsafe_code)]

use kernet::{
    netlink::Request,
    nlattr::{Attr, Attrs},
};

pub fn keep(request: &Request<'_, u32, Attrs<'static>>) -> Option<Attr<'static>> {
    request.attrs().get(1)
}
