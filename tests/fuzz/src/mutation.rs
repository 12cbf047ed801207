// SPDX-License-Identifier: GPL-2.0

//! Changes to a valid frame, and lies about it.

use fastrand::Rng;

use crate::frame::{
    Frame,
    Offload, //
};

const OCTETS: [u8; 8] = [0, 1, 4, 0x0f, 0x7f, 0x80, 0xfe, 0xff];
const WORDS: [u16; 20] = [
    0, 1, 4, 7, 14, 20, 33, 35, 40, 53, 500, 1400, 1500, 4000, 0x7fff, 0x8000, 0xfff8, 0xffff,
    0x0800, 0x86dd,
];
const ETHERTYPES: [u16; 10] = [
    0x0800, 0x86dd, 0x0806, 0x8100, 0x88a8, 0x9000, 0x8847, 0x8864, 0x0026, 0x05ff,
];
/// Of `VIRTIO_NET_HDR_GSO_`: all there are, some that there are not, with ECN.
const KINDS: [u8; 9] = [0, 1, 3, 4, 5, 0x81, 0x84, 2, 0x7f];
/// Most headers are in this many octets.
const HEADERS: usize = 128;
/// The longest frame that is thrown.
const LONGEST: usize = 66000;
/// Segments of a frame, at most. The core makes as many as it is told to, with bottom halves off: of
/// 64 KiB in segments of one byte it takes seconds, in which nothing else is tried.
const SEGMENTS: usize = 256;

/// A frame like this one, with up to four changes. It is valid now and then.
pub fn changed(rng: &mut Rng, frame: &Frame) -> (Offload, Vec<u8>) {
    let mut copy = frame.clone();
    let mut moved = false;
    let changes = [0, 1, 1, 1, 2, 2, 3, 4][rng.usize(..8)];
    for _ in 0..changes {
        moved |= change(rng, &mut copy);
    }
    // What checks the sums first looks no further, unless they are right.
    if changes != 0 && !moved && rng.u8(..) < 160 {
        copy.repair();
    }
    let mut offload = copy.offload;
    for _ in 0..[0, 0, 0, 1, 1, 2, 3][rng.usize(..7)] {
        lie(rng, &mut offload, copy.bytes.len());
    }
    copy.bytes.truncate(LONGEST);
    let size = &mut offload.words[1];
    if *size != 0 {
        *size = (*size).max((copy.bytes.len() / SEGMENTS) as u16);
    }
    (offload, copy.bytes)
}

fn octet(rng: &mut Rng, old: u8) -> u8 {
    match rng.u8(..4) {
        0 => rng.u8(..),
        1 => old ^ (1 << rng.u8(..8)),
        2 => old.wrapping_add(if rng.bool() { 1 } else { 255 }),
        _ => OCTETS[rng.usize(..OCTETS.len())],
    }
}

/// One change; whether what is known of the frame's places is not so any more.
fn change(rng: &mut Rng, frame: &mut Frame) -> bool {
    let len = frame.bytes.len();
    if len < 15 {
        frame.bytes.resize(len + rng.usize(1..40), rng.u8(..));
        return false;
    }
    let front = rng.usize(..len.min(HEADERS));
    match rng.u8(..16) {
        // Fields are what is worth changing.
        0..=5 => {
            let Some((at, size)) = frame
                .fields
                .get(rng.usize(..frame.fields.len().max(1)))
                .copied()
            else {
                return false;
            };
            if let (1, Some(place)) = (size, frame.bytes.get_mut(at)) {
                *place = octet(rng, *place);
            } else if let Some(&[a, b]) = frame.bytes.get(at..at + 2) {
                let old = u16::from_be_bytes([a, b]);
                let value = match rng.u8(..5) {
                    0 => rng.u16(..),
                    1 => old.wrapping_add(1),
                    2 => old.wrapping_sub(1),
                    3 => (len - at) as u16,
                    _ => WORDS[rng.usize(..WORDS.len())],
                };
                frame.set(at, value);
            }
            false
        }
        6..=8 => {
            frame.bytes[front] = octet(rng, frame.bytes[front]);
            false
        }
        9 => {
            let at = rng.usize(..len);
            frame.bytes[at] = octet(rng, frame.bytes[at]);
            false
        }
        10 => {
            frame.bytes.truncate(rng.usize(14..=len));
            true
        }
        11 => {
            let end = frame.bytes.len() + rng.usize(1..64);
            frame.bytes.resize(end, rng.u8(..));
            false
        }
        12 => {
            let end = (front + rng.usize(1..24)).min(len);
            frame.bytes.drain(front..end);
            true
        }
        13 => {
            let end = (front + rng.usize(1..24)).min(len);
            let span = frame.bytes[front..end].to_vec();
            frame.bytes.splice(front..front, span);
            true
        }
        14 => {
            let tag = [
                ETHERTYPES[3 + rng.usize(..2)].to_be_bytes(),
                rng.u16(..).to_be_bytes(),
            ]
            .concat();
            frame.bytes.splice(12..12, tag);
            true
        }
        _ => {
            frame.set(12, ETHERTYPES[rng.usize(..ETHERTYPES.len())]);
            false
        }
    }
}

/// One thing said of a frame that is not so.
fn lie(rng: &mut Rng, offload: &mut Offload, len: usize) {
    match rng.u8(..6) {
        0 => offload.flags = [0, 1, 2, 3, 4, 0xff][rng.usize(..6)],
        1 => offload.kind = KINDS[rng.usize(..KINDS.len())],
        field => {
            let word = &mut offload.words[usize::from(field - 2)];
            *word = match rng.u8(..4) {
                0 => rng.u16(..),
                1 => (len as u16).wrapping_sub(rng.u16(..4)),
                2 => word.wrapping_add(rng.u16(..8)).wrapping_sub(4),
                _ => WORDS[rng.usize(..WORDS.len())],
            };
        }
    }
}
