// SPDX-License-Identifier: GPL-2.0
// error: E0423

//! A ring emptied by somebody else than the poll of its queue, which takes no lock.

#![forbid(unsafe_code)]

use kernet::{
    context::Napi,
    napi::{Packet, Polled, Queue, Ring},
    netdev::{Dev, Driver},
};

pub fn steal<D: Driver<Queue = Ring<16>>>(ring: &Ring<16>, dev: &Dev<D>, napi: Napi<'_>) {
    let _: Option<Packet> = <Ring<16> as Queue<D>>::next(&mut Polled(ring), dev, napi);
}
