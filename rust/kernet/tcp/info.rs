// SPDX-License-Identifier: GPL-2.0

//! What `ss -i` shows of a socket's algorithm.

use crate::bindings;

/// What an algorithm shows of a socket, in one of the forms that `ss -i` prints.
///
/// # Examples
///
/// ```
/// use kernet::tcp::{Info, Socket};
///
/// /// Shows what an algorithm has measured: `ss -i` prints it as BBR's.
/// fn show(socket: &mut Socket<'_>, bytes_per_second: u64) {
///     socket.show(Info::Bbr {
///         bandwidth: bytes_per_second,
///         min_rtt: socket.min_rtt().unwrap_or(0),
///         pacing_gain: 320, // 1.25
///         cwnd_gain: 512,
///     });
/// }
/// ```
#[doc(alias = "union tcp_cc_info")]
#[doc(alias = "TCP_CC_INFO")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Info {
    /// `bbr:(bw:...,mrtt:...,pacing_gain:...,cwnd_gain:...)` (`tcp_bbr_info`)
    #[doc(alias = "tcp_bbr_info")]
    Bbr {
        /// The bandwidth in bytes per second.
        bandwidth: u64,
        /// The smallest round trip time in microseconds.
        min_rtt: u32,
        /// The gain of pacing, in 1/256.
        pacing_gain: u32,
        /// The gain of the window, in 1/256.
        cwnd_gain: u32,
    },
    /// `vegas:...`; `ss` shows its round trip times as the socket's (`tcpvegas_info`).
    #[doc(alias = "tcpvegas_info")]
    Vegas {
        /// Whether the algorithm is at work.
        enabled: bool,
        /// How many round trip times it was told.
        count: u32,
        /// The round trip time in microseconds.
        rtt: u32,
        /// The smallest one.
        min_rtt: u32,
    },
}

/// As many words as the longest form has.
pub(super) const WORDS: usize = size_of::<bindings::tcp_cc_info>() / 4;

impl Info {
    /// The number of the form, and its words.
    #[inline]
    pub(super) fn words(self) -> (u32, [u32; WORDS]) {
        match self {
            Self::Bbr {
                bandwidth,
                min_rtt,
                pacing_gain,
                cwnd_gain,
            } => (
                bindings::INET_DIAG_BBRINFO,
                [
                    bandwidth as u32,
                    (bandwidth >> 32) as u32,
                    min_rtt,
                    pacing_gain,
                    cwnd_gain,
                ],
            ),
            Self::Vegas {
                enabled,
                count,
                rtt,
                min_rtt,
            } => (
                bindings::INET_DIAG_VEGASINFO,
                [u32::from(enabled), count, rtt, min_rtt, 0],
            ),
        }
    }
}

/// How many bytes a form has. 0 of a number that is none.
pub(super) fn size(form: u32) -> usize {
    match form {
        bindings::INET_DIAG_BBRINFO => size_of::<bindings::tcp_bbr_info>(),
        bindings::INET_DIAG_VEGASINFO => size_of::<bindings::tcpvegas_info>(),
        _ => 0,
    }
}
