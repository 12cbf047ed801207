// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! The device that a packet has arrived on, kept beyond the callback.

#![forbid(unsafe_code)]

use kernet::{ethertype::Arrival, netdev::Device};

pub fn keep(arrival: &Arrival<'_>) -> &'static Device {
    arrival.device()
}
