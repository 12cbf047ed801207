// SPDX-License-Identifier: GPL-2.0
// error: cannot construct `Consumer<'_, _>`

//! A ring emptied by somebody else than the poll of its queue, which takes no lock.

#![forbid(unsafe_code)]

use kernet::{
    context::Napi,
    napi::{Consumer, Queue, Ring, RxFrame},
    netdev::{Driver, DriverDevice},
};

pub fn steal<D: Driver<Queue = Ring<16>>>(ring: &Ring<16>, dev: &DriverDevice<D>, napi: Napi<'_>) {
    let _: Option<RxFrame> =
        <Ring<16> as Queue<D>>::next(&mut Consumer { content: ring }, dev, napi);
}
