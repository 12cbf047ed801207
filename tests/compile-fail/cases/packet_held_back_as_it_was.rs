// SPDX-License-Identifier: GPL-2.0
// error: borrowed data escapes outside of function

//! A packet held back with what is lent: who holds it back may keep it.

#![forbid(unsafe_code)]

use kernet::{
    context::Softirq,
    napi::RxQueue,
    netdev::{Driver, Transmit, TxQueue},
    skb::Skb,
};

pub fn hold<D: Driver>(
    skb: Skb<'_>,
    queue: &TxQueue<'_, D>,
    receiver: &RxQueue<D>,
    softirq: Softirq<'_>,
) -> Result<Transmit, Skb<'static>> {
    queue.stop_and_requeue(skb, receiver, softirq)
}
