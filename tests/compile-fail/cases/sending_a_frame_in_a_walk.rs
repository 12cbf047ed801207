// SPDX-License-Identifier: GPL-2.0
// error: mismatched types

//! A frame that is sent where a lock may be held that sending takes.

#![forbid(unsafe_code)]

use kernet::{
    context::Rcu,
    netdev::Device,
    skb::{DropReason, RxSkb, Skb},
};

pub fn send(device: &Device, skb: Skb<'_>, rcu: Rcu<'_>) -> Result<(), DropReason> {
    device.queue_xmit(skb, rcu)
}

pub fn send_received(device: &Device, skb: RxSkb, rcu: Rcu<'_>) -> Result<(), DropReason> {
    skb.queue_xmit(device, rcu)
}
