// SPDX-License-Identifier: GPL-2.0
// error: borrowed data escapes outside of closure

//! A frame that is to be sent, kept to be given back in place of the next one.

#![forbid(unsafe_code)]

use kernet::xdp::{Frames, Offered};

pub fn exchange<'a>(frames: &mut Frames<'_>, mut kept: Option<Offered<'a>>) {
    frames.send_each(|offered| match kept.replace(offered) {
        Some(_) => Ok(()),
        None => Ok(()),
    });
}
