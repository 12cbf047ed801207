// SPDX-License-Identifier: GPL-2.0
// error: E0308

//! A frame given back in place of the one that was to be sent: its memory may be another queue's.

#![forbid(unsafe_code)]

use kernet::xdp::{Frame, Frames};

pub fn exchange(frames: &mut Frames<'_>, mut other: Option<Frame>) {
    frames.send_each(|offered| match other.take() {
        Some(frame) => Err(frame),
        None => Err(offered),
    });
}
