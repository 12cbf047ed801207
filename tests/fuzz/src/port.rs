// SPDX-License-Identifier: GPL-2.0

//! Where the packets go: the file that is the standard input.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    io::{
        self,
        IoSlice,
        Write as _, //
    },
    os::fd::AsFd,
};

use fastrand::Rng;
use rustix::net::{
    sendmmsg,
    MMsgHdr,
    SendAncillaryBuffer,
    SendFlags, //
};

use crate::frame::Offload;

/// Packets in one call.
const BATCH: usize = 64;
/// The kernel's: what is not in the packet's own memory is in up to so many pieces, each in a page.
const PIECES: usize = 8;
const PAGE: usize = 4096;

#[derive(PartialEq)]
pub enum Form {
    Packet,
    Tap,
    Pieces,
}

pub struct Port {
    form: Form,
    file: File,
    waiting: Vec<Vec<u8>>,
    taken: u64,
    /// How often which errno was said.
    refused: BTreeMap<i32, u64>,
}

impl Port {
    pub fn new(form: Form) -> io::Result<Self> {
        let file = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        Ok(Self {
            form,
            file,
            waiting: Vec::with_capacity(BATCH),
            taken: 0,
            refused: BTreeMap::new(),
        })
    }

    pub fn throw(&mut self, (offload, frame): (Offload, Vec<u8>), rng: &mut Rng) {
        let packet = [&offload.bytes(), &frame[..]].concat();
        if self.form == Form::Packet {
            self.waiting.push(packet);
            if self.waiting.len() == BATCH {
                self.flush();
            }
            return;
        }
        // What is not to be in pieces is in one, beside its header.
        let first = if self.form == Form::Pieces && rng.u8(..4) != 0 {
            rng.usize(..frame.len().min(256) + 1)
        } else {
            frame.len()
        };
        let (head, mut rest) = packet.split_at(Offload::LEN + first);
        let mut pieces = vec![IoSlice::new(head)];
        while !rest.is_empty() {
            let most = rest.len().min(PAGE);
            let last = pieces.len() > PIECES;
            let len = if last {
                rest.len()
            } else {
                rng.usize(1..=most)
            };
            let (piece, behind) = rest.split_at(len);
            pieces.push(IoSlice::new(piece));
            rest = behind;
        }
        match self.file.write_vectored(&pieces) {
            Ok(_) => self.taken += 1,
            Err(error) => self.refuse(error.raw_os_error().unwrap_or(0)),
        }
    }

    fn refuse(&mut self, error: i32) {
        *self.refused.entry(error).or_default() += 1;
    }

    /// Sends what waits. At a packet that is refused the call ends, and a new one begins behind it.
    pub fn flush(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let slices: Vec<_> = waiting
            .iter()
            .map(|packet| [IoSlice::new(packet)])
            .collect();
        let mut at = 0;
        while at < slices.len() {
            let mut control: Vec<_> = slices[at..]
                .iter()
                .map(|_| SendAncillaryBuffer::default())
                .collect();
            let mut messages: Vec<_> = slices[at..]
                .iter()
                .zip(control.iter_mut())
                .map(|(slice, control)| MMsgHdr::new(slice, control))
                .collect();
            match sendmmsg(&self.file, &mut messages, SendFlags::empty()) {
                Ok(sent) => {
                    self.taken += sent as u64;
                    at += sent;
                }
                Err(error) => {
                    self.refuse(error.raw_os_error());
                    at += 1;
                }
            }
        }
    }

    pub fn said(&self) -> String {
        let mut text = format!("taken={}", self.taken);
        for (error, count) in &self.refused {
            let _ = write!(text, " {error}={count}");
        }
        text
    }
}
