// SPDX-License-Identifier: GPL-2.0

//! A frame, and what is known of it: where its fields and checksums are.

use std::ops::Range;

/// `struct virtio_net_hdr`.
#[derive(Clone, Copy, Default)]
pub struct Offload {
    pub flags: u8,
    pub kind: u8,
    /// Length of headers, size of a segment, where the sum begins, where it is from there.
    pub words: [u16; 4],
}

impl Offload {
    pub const LEN: usize = 10;
    pub const NEEDS_CSUM: u8 = 1;

    pub fn bytes(&self) -> [u8; Self::LEN] {
        let mut bytes = [self.flags, self.kind, 0, 0, 0, 0, 0, 0, 0, 0];
        for (to, word) in bytes[2..].chunks_mut(2).zip(self.words) {
            to.copy_from_slice(&word.to_ne_bytes());
        }
        bytes
    }
}

/// A checksum: what it covers, and where it is.
#[derive(Clone)]
pub struct Sum {
    pub over: Range<usize>,
    pub at: usize,
    /// The addresses and the protocol of a pseudo header.
    pub pseudo: Option<(Range<usize>, u8)>,
    /// The rest is left to the device.
    pub partial: bool,
}

#[derive(Clone, Default)]
pub struct Frame {
    pub bytes: Vec<u8>,
    pub offload: Offload,
    /// Fields that say what comes behind or how long it is: place, octets.
    pub fields: Vec<(usize, usize)>,
    /// Inner ones first.
    pub sums: Vec<Sum>,
}

impl Frame {
    pub fn put(&mut self, bytes: &[u8]) -> usize {
        let at = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        at
    }

    /// A field of 16 bits, which is one to change.
    pub fn field(&mut self, value: u16) -> usize {
        let at = self.put(&value.to_be_bytes());
        self.fields.push((at, 2));
        at
    }

    pub fn octet(&mut self, value: u8) {
        let at = self.put(&[value]);
        self.fields.push((at, 1));
    }

    pub fn set(&mut self, at: usize, value: u16) {
        if let Some(place) = self.bytes.get_mut(at..at + 2) {
            place.copy_from_slice(&value.to_be_bytes());
        }
    }

    /// Makes all checksums true.
    pub fn repair(&mut self) {
        for sum in self.sums.clone() {
            let end = sum.over.end.min(self.bytes.len());
            if sum.at + 2 > end {
                continue;
            }
            self.set(sum.at, 0);
            let mut total = 0;
            if let Some((addresses, protocol)) = sum.pseudo {
                let len = (end - sum.over.start) as u32;
                total += words(&self.bytes[addresses]) + u64::from(protocol) + u64::from(len);
            }
            if sum.partial {
                self.set(sum.at, fold(total));
                continue;
            }
            total += words(&self.bytes[sum.over.start..end]);
            self.set(sum.at, !fold(total));
        }
    }
}

fn words(bytes: &[u8]) -> u64 {
    bytes
        .chunks(2)
        .map(|pair| {
            u64::from(u16::from_be_bytes([
                pair[0],
                pair.get(1).copied().unwrap_or(0),
            ]))
        })
        .sum()
}

fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}
