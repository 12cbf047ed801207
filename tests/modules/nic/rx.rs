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
        Consumer,
        Queue,
        Ring, //
        RxFrame,
    },
    netdev::{
        DriverDevice,
        Features,
        RingSizes, //
    },
    page_pool::Buffer,
    skb::{
        Checksum,
        DropReason,
        Gso,
        GsoKind,
        Skb, //
    },
};

use super::Nic;

/// Packets that may wait until the host takes what it receives.
const RX_RING: RingSizes = RingSizes {
    min: 16,
    default: 256,
    max: 1024,
};
/// Of what is received: written to buffers, none of which the card looks at.
pub(super) const FRAGMENTS: u32 = 1 << 2;
/// Of what is received: written to buffers, the first of which begins a packet.
pub(super) const BUFFERS: u32 = 1 << 3;
/// Bytes that the card writes to a buffer.
const PIECE: u32 = 700;
/// Bytes of a packet in buffers.
const LARGEST: u32 = 16 * PIECE;

/// A receive queue: what the cable has brought, until it is written to memory.
#[pin_data]
pub(super) struct RxRing {
    #[pin]
    pub(super) ring: Ring<256>,
}

impl Queue<Nic> for RxRing {
    const SIZES: RingSizes = RX_RING;
    const BUFFERS: bool = true;

    fn init<'a>(size: u32, process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            ring <- Ring::with_size(size, process),
        }? Error)
    }

    fn next(
        queue: &mut Consumer<'_, Self>,
        dev: &DriverDevice<Nic>,
        napi: Napi<'_>,
    ) -> Option<RxFrame> {
        loop {
            let mut ring = queue.part(|queue| &queue.ring)?;
            let received = match Queue::<Nic>::next(&mut ring, dev, napi)? {
                RxFrame::Skb(received) => received,
                other => return Some(other),
            };
            let how = dev.private().writes.load(Relaxed);
            // What is to be cut yet may be more than there are buffers for.
            let large =
                received.gso().is_some() && (how & FRAGMENTS != 0 || received.len() > LARGEST);
            if how == 0 || large {
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
                    frame.drop_with(reason, napi);
                }
            }
        }
    }

    fn is_empty(queue: &mut Consumer<'_, Self>) -> bool {
        let ring = queue.part(|queue| &queue.ring);
        ring.is_none_or(|mut ring| Queue::<Nic>::is_empty(&mut ring))
    }
}

/// A buffer with the bytes of a frame from `offset` on.
fn piece(
    frame: &Skb<'_>,
    offset: u32,
    queue: &mut Consumer<'_, RxRing>,
    napi: Napi<'_>,
) -> Option<Buffer> {
    let mut buffer = queue.buffer(napi)?;
    let len = PIECE.min(frame.len().checked_sub(offset)?);
    buffer.append_from(frame, offset, len).ok()?;
    Some(buffer)
}

/// What cards merge.
fn kind(gso: Gso) -> GsoKind {
    let kinds = [GsoKind::TCPV4, GsoKind::TCPV6, GsoKind::UDP_L4];
    let found = kinds.into_iter().find(|&kind| gso.kind.contains(kind));
    found.unwrap_or(gso.kind)
}

/// Writes a frame to buffers, as hardware does, and makes what it received of them.
fn write(
    frame: &mut Skb<'_>,
    how: u32,
    queue: &mut Consumer<'_, RxRing>,
    dev: &DriverDevice<Nic>,
    napi: Napi<'_>,
) -> Result<RxFrame, DropReason> {
    let verified = frame.checksum() != Checksum::None;
    let hashes = dev.features().intersects(Features::RXHASH);
    let hash = frame.hash().filter(|_| hashes);
    if frame.gso().is_none() {
        // What the sender has left to the card is in the frame that is on the cable.
        let filled = frame.as_mut().fill_checksum();
        filled.map_err(|_| DropReason::SKB_CSUM)?;
    }
    let offsets = (0..frame.len()).step_by(PIECE as usize);
    if how & FRAGMENTS != 0 {
        let mut written = queue.frags(napi).ok_or(DropReason::NOMEM)?;
        for offset in offsets {
            let buffer = piece(frame, offset, queue, napi);
            if buffer.is_none_or(|buffer| written.add(buffer).is_err()) {
                written.drop_with(DropReason::NOMEM, napi);
                return Err(DropReason::NOMEM);
            }
        }
        if verified {
            written.checksum_verified();
        }
        if let Some(hash) = hash {
            written.set_hash(hash);
        }
        written.record_rx_queue(queue.index());
        written.set_vlan_tag(frame.vlan_tag());
        return Ok(written.into());
    }
    let first = piece(frame, 0, queue, napi).ok_or(DropReason::NOMEM)?;
    let mut written = first.into_skb(napi).map_err(|_| DropReason::NOMEM)?;
    for offset in offsets.skip(1) {
        let buffer = piece(frame, offset, queue, napi);
        if buffer.is_none_or(|buffer| written.add_buffer(buffer).is_err()) {
            written.drop_with(DropReason::NOMEM, napi);
            return Err(DropReason::NOMEM);
        }
    }
    let known = match frame.gso() {
        // As if the card had merged it.
        Some(gso) => {
            let left = written.as_mut().set_checksum(frame.checksum());
            left.and_then(|()| written.as_mut().set_gso(kind(gso), gso.size))
        }
        None if verified => {
            let verified = Checksum::Unnecessary { level: 0 };
            written.as_mut().set_checksum(verified)
        }
        None => Ok(()),
    };
    if known.is_err() {
        written.drop_with(DropReason::SKB_CSUM, napi);
        return Err(DropReason::SKB_CSUM);
    }
    if let Some(hash) = hash {
        written.as_mut().set_hash(hash);
    }
    written.as_mut().record_rx_queue(queue.index());
    written.as_mut().set_vlan_tag(frame.vlan_tag());
    let received = dev.eth_type_trans(written, napi);
    received.map(RxFrame::from).ok_or(DropReason::PKT_TOO_SMALL)
}
