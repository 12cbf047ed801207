// SPDX-License-Identifier: GPL-2.0
// error: E0382

//! A packet that a device has sent as a frame.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    netdev::Device,
    skb::{DropReason, Skb},
    wire::ethernet::{Address, EtherType},
};

pub fn resend(device: &Device, skb: Skb<'_>, to: Address, softirq: Softirq<'_>) {
    if device.send(skb, to, EtherType::LOOPBACK, softirq).is_err() {
        skb.drop_with(DropReason::NOMEM, softirq);
    }
}
