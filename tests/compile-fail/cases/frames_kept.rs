// SPDX-License-Identifier: GPL-2.0
// error: E0621

//! Frames that were not sent, kept beyond the call that lends them.

#![forbid(unsafe_code)]

use kernet::xdp::Frames;

pub fn keep<'a>(frames: &mut Frames<'_>, kept: &mut Option<&'a mut Frames<'a>>) {
    *kept = Some(frames);
}
