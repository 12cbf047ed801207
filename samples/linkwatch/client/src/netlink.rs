// SPDX-License-Identifier: GPL-2.0

//! The family, and a socket that listens to it.

use kernet_client::{netlink::Numbers, Failure, Family, Listener};
use socket2::SockRef;

use crate::{
    filter,
    schema::{self, Kind, KINDS},
};

pub(crate) struct Linkwatch;

impl Family for Linkwatch {
    const NAME: &'static str = schema::FAMILY;
    const MODULE: &'static str = "linkwatch";
    const VERSION: u8 = schema::VERSION;
}

/// Hears of the kinds from now on, of all devices or of some; which devices there are in any case.
pub(crate) fn listener(
    family: &Numbers,
    kinds: &[&Kind],
    devices: Option<&[u32]>,
) -> Result<Listener<Linkwatch>, Failure> {
    let device_events = kinds.iter().any(|kind| kind.is_device());
    let always = KINDS.iter().filter(|kind| kind.is_device());
    let groups = kinds.iter().copied().chain(always).map(|kind| kind.group);
    Listener::new(family, groups, |socket| {
        if devices.is_none() && device_events {
            return Ok(());
        }
        SockRef::from(socket).attach_filter(&filter::of(devices, device_events))
    })
}
