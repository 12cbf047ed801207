// SPDX-License-Identifier: GPL-2.0

//! What a card receives: as it was sent, or written to buffers.

#![forbid(unsafe_code)]

use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};
use kernet::{
    context::{
        Napi,
        Process, //
    },
    napi::{
        Packet,
        Polled,
        Queue,
        Ring, //
    },
    netdev::Dev,
    page_pool::Buffer,
    skb::{
        Checksum,
        DropReason,
        Skb, //
    },
};

use super::Nic;

/// Packets that wait until the host takes what it receives.
const RX_RING: i32 = 256;
/// Of what is received: written to buffers, none of which the card looks at.
pub(super) const FRAGMENTS: u32 = 1 << 2;
/// Of what is received: written to buffers, the first of which begins a packet.
pub(super) const BUFFERS: u32 = 1 << 3;
/// Bytes that the card writes to a buffer.
const PIECE: u32 = 700;
/// A receive queue: what the cable has brought, until it is written to memory.
#[pin_data]
pub(super) struct RxRing {
    #[pin]
    pub(super) ring: Ring<RX_RING>,
}

impl Queue<Nic> for RxRing {
    const SIZE: u32 = RX_RING.unsigned_abs();
    const BUFFERS: bool = true;

    fn init<'a>(process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            ring <- Ring::new(process),
        }? Error)
    }

    fn next(queue: &mut Polled<'_, Self>, dev: &Dev<Nic>, napi: Napi<'_>) -> Option<Packet> {
        loop {
            let mut ring = queue.part(|queue| &queue.ring)?;
            let received = match Queue::<Nic>::next(&mut ring, dev, napi)? {
                Packet::Skb(received) => received,
                other => return Some(other),
            };
            let how = dev.private().writes.load(Relaxed);
            // What is to be segmented yet is more than there are buffers for.
            if how == 0 || received.gso().is_some() {
                return Some(received.into());
            }
            let mut frame = received.into_frame();
            match write(&mut frame, how, queue, dev, napi) {
                Ok(packet) => {
                    frame.consume(napi);
                    return Some(packet);
                }
                Err(reason) => {
                    dev.count_rx_dropped();
                    frame.drop_reason(reason, napi);
                }
            }
        }
    }

    fn is_empty(queue: &mut Polled<'_, Self>) -> bool {
        let ring = queue.part(|queue| &queue.ring);
        ring.is_none_or(|mut ring| Queue::<Nic>::is_empty(&mut ring))
    }
}

/// A buffer with the bytes of a frame from `offset` on.
fn piece(
    frame: &Skb,
    offset: u32,
    queue: &mut Polled<'_, RxRing>,
    napi: Napi<'_>,
) -> Option<Buffer> {
    let mut buffer = queue.buffer(napi)?;
    let len = PIECE.min(frame.len().checked_sub(offset)?);
    buffer.append_from(frame, offset, len).ok()?;
    Some(buffer)
}

/// Writes a frame to buffers, as hardware does, and makes what it received of them.
fn write(
    frame: &mut Skb,
    how: u32,
    queue: &mut Polled<'_, RxRing>,
    dev: &Dev<Nic>,
    napi: Napi<'_>,
) -> Result<Packet, DropReason> {
    let verified = frame.checksum() != Checksum::None;
    // What the sender has left to the card is in the frame that is on the cable.
    let filled = frame.as_mut().fill_checksum();
    filled.map_err(|_| DropReason::SKB_CSUM)?;
    let offsets = (0..frame.len()).step_by(PIECE as usize);
    if how & FRAGMENTS != 0 {
        let mut written = queue.fragments(napi).ok_or(DropReason::NOMEM)?;
        for offset in offsets {
            let buffer = piece(frame, offset, queue, napi);
            if buffer.is_none_or(|buffer| written.add(buffer).is_err()) {
                written.drop_reason(DropReason::NOMEM, napi);
                return Err(DropReason::NOMEM);
            }
        }
        if verified {
            written.checksum_verified();
        }
        written.set_vlan_tag(frame.vlan_tag());
        return Ok(written.into());
    }
    let first = piece(frame, 0, queue, napi).ok_or(DropReason::NOMEM)?;
    let mut written = first.into_skb(napi).map_err(|_| DropReason::NOMEM)?;
    for offset in offsets.skip(1) {
        let buffer = piece(frame, offset, queue, napi);
        if buffer.is_none_or(|buffer| written.add_buffer(buffer).is_err()) {
            written.drop_reason(DropReason::NOMEM, napi);
            return Err(DropReason::NOMEM);
        }
    }
    if verified {
        let verified = Checksum::Unnecessary { level: 0 };
        let _ = written.as_mut().set_checksum(verified);
    }
    written.as_mut().set_vlan_tag(frame.vlan_tag());
    let received = dev.received(written, napi);
    received.map(Packet::from).ok_or(DropReason::PKT_TOO_SMALL)
}
