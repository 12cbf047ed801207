// SPDX-License-Identifier: GPL-2.0
// error: mismatched types

//! What waits for a grace period, or sleeps otherwise, where packets are received.

#![forbid(unsafe_code)]

use kernel::{prelude::*, sync::Arc};
use kernet::{
    context::Softirq,
    netdev::{rx_handler::RxHandler, Device, Driver, DriverDevice},
};

pub fn attach<H: RxHandler>(device: &Device, port: Arc<H::Port>, softirq: Softirq<'_>) -> Result {
    device.attach_rx_handler::<H>(port, softirq)
}

pub fn detach<H: RxHandler>(device: &Device, softirq: Softirq<'_>) {
    device.detach_rx_handler::<H>(softirq);
}

pub fn follow<D: Driver>(dev: &DriverDevice<D>, softirq: Softirq<'_>) -> Result {
    dev.set_lowers_promiscuous(true, softirq)?;
    dev.set_mtu(1400, softirq)
}
