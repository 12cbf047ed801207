// SPDX-License-Identifier: GPL-2.0

//! The fragments that a translated packet is sent as.

use core::iter::FusedIterator;

use super::super::{
    ip,
    ipv6,
    Header as _, //
};

/// The octets in front of a fragment's data: an IPv6 header and a fragment header.
const HEADERS: usize = ipv6::Header::LEN + ipv6::Extension::LEN;

/// One fragment of an IPv6 packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fragment {
    /// Its headers.
    pub header: [u8; HEADERS],
    /// Where in the whole packet its data begin, in octets.
    pub offset: usize,
    /// How long its data are, in octets.
    pub len: usize,
}

/// The fragments of an IPv6 packet that has a fragment header, first to last (RFC 8200 section 4.5) (`struct
/// ip6_frag_state`).
///
/// It may be one of several fragments itself.
#[doc(alias = "struct ip6_frag_state")]
#[derive(Clone, Debug)]
pub struct Fragments {
    ip: ipv6::Header,
    extension: ipv6::Extension,
    /// The packet's length.
    len: usize,
    /// How far it has been split.
    at: usize,
    /// How much of it each fragment has, but for the last one; a multiple of 8.
    step: usize,
}

impl Fragments {
    /// Splits a packet of `len` octets that begins with `front` into ones of at most `limit` octets.
    pub(super) fn new(front: &[u8], len: usize, limit: u32) -> Option<Self> {
        let (ip, rest) = ipv6::Header::view(front).ok()?;
        let (extension, _) = ipv6::Extension::view(rest).ok()?;
        let step = usize::try_from(limit).ok()?.checked_sub(HEADERS)? & !7;
        (ip.next_header() == ip::Protocol::FRAGMENT && step != 0).then_some(Self {
            ip: *ip,
            extension: *extension,
            len,
            at: HEADERS,
            step,
        })
    }
}

impl Iterator for Fragments {
    type Item = Fragment;

    fn next(&mut self) -> Option<Fragment> {
        let rest = self.len.checked_sub(self.at)?;
        let len = rest.min(self.step);
        if len == 0 {
            return None;
        }
        let whole = self.extension.fragment();
        let done = u16::try_from(self.at.checked_sub(HEADERS)?).ok()?;
        let fragment = ip::Fragment {
            identification: whole.identification,
            offset: whole.offset.checked_add(done)?,
            more: whole.more || len != rest,
        };
        let mut ip = self.ip;
        ip.set_payload_len(u16::try_from(len.checked_add(ipv6::Extension::LEN)?).ok()?);
        let next = self.extension.next_header();
        let extension = ipv6::Extension::fragment_header(next, fragment);
        let mut header = [0; HEADERS];
        let behind = ip.emit(&mut header).ok()?;
        extension.emit(behind).ok()?;
        let offset = self.at;
        self.at = self.at.checked_add(len)?;
        Some(Fragment {
            header,
            offset,
            len,
        })
    }
}

impl FusedIterator for Fragments {}
