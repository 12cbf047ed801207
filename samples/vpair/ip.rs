// SPDX-License-Identifier: GPL-2.0

//! `ip link add left type vpair peer ...`: the plugin for iproute2.

#![no_std]
#![forbid(unsafe_code)]

use core::ffi::CStr;
use iplink::{
    Kind,
    Options,
    Refused, //
};

mod uapi;

iplink::plugin! { type: Vpair, kind: "vpair" }

struct Vpair;

impl Kind for Vpair {
    const HELP: &'static CStr = c"\
Usage: ... vpair [ peer OPTIONS ]

OPTIONS := as of \"ip link add\": name, address, mtu, netns, numrxqueues, ...
";

    fn parse(options: &mut Options<'_>) -> Result<(), Refused> {
        while let Some(option) = options.next() {
            match option.to_bytes() {
                b"peer" => options.put_link(uapi::PEER)?,
                _ => return Err(options.unknown()),
            }
        }
        Ok(())
    }
}
