// SPDX-License-Identifier: GPL-2.0
// error: lifetime may not live long enough

//! A device's timer and work item, kept beyond the borrow of the device, whose memory they are in.

#![forbid(unsafe_code)]

use kernet::{
    netdev::{Driver, DriverDevice},
    timer::TimerRef,
    work::WorkRef,
};

pub fn keep<D: Driver>(dev: &DriverDevice<D>) -> (TimerRef<'static>, WorkRef<'static>) {
    (dev.timer(), dev.work())
}
