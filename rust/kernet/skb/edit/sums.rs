// SPDX-License-Identifier: GPL-2.0

//! The sums that cover what an edit changes, written when it ends.

use core::pin::Pin;

use super::Edit;
use crate::{
    bindings,
    skb::{
        Checksum,
        SkbRef, //
    },
    wire::{
        checksum::Delta,
        ip::{
            Protocol,
            Version, //
        }, //
    },
};

/// The transport's checksum.
#[derive(Clone, Copy)]
pub(super) enum Sum {
    /// There is none, or none that is kept right.
    None,
    /// It is not in the packet.
    CutOff,
    /// It is at this place.
    Full(u32),
    /// What is at this place is a sum of the pseudo header, not complemented.
    Partial(u32),
}

/// What is known of a protocol.
#[derive(Clone, Copy)]
pub(super) struct Facts {
    pub(super) has_ports: bool,
    pub(super) has_pseudo: bool,
    /// Where its header has the checksum; 0 if nowhere.
    pub(super) checksum: u32,
}

impl Facts {
    #[inline]
    pub(super) fn of(protocol: Protocol, version: Version) -> Self {
        #[cold]
        #[inline(never)]
        fn of_others(protocol: Protocol, version: Version) -> Facts {
            Facts::found(protocol, version)
        }
        match protocol {
            Protocol::TCP => const { Self::found(Protocol::TCP, Version::V4) },
            Protocol::UDP => const { Self::found(Protocol::UDP, Version::V4) },
            _ => of_others(protocol, version),
        }
    }

    const fn found(protocol: Protocol, version: Version) -> Self {
        Self {
            has_ports: protocol.has_ports(),
            has_pseudo: protocol.has_pseudo_header(),
            checksum: match protocol.checksum_offset(version) {
                // Widening, in a const function.
                Some(offset) => offset as u32,
                None => 0,
            },
        }
    }
}

impl Edit<'_> {
    /// Writes the checksums that cover what has changed. Returns what that changes itself.
    #[inline(always)]
    fn write_sums(&mut self) -> Delta {
        let mut written = Delta::new();
        if self.layout.version == Version::V4 {
            let delta = self.header;
            let checksum = self.in_header::<10>();
            let old = *checksum;
            *checksum = delta.checksum_octets(old);
            written = written.octets(&old, checksum);
        }
        let (at, is_partial, delta) = match self.sum {
            Sum::Full(at) => (at, false, self.pseudo.and(self.transport)),
            // The device sums what is in the packet.
            Sum::Partial(at) => (at, true, self.pseudo),
            Sum::None | Sum::CutOff => return written,
        };
        let protocol = self.layout.protocol;
        // SAFETY: By the type invariants.
        let checksum = unsafe { self.place::<[u8; 2]>(at) };
        let old = *checksum;
        let new = match is_partial {
            true => delta.folded_octets(old),
            false => delta.checksum_octets(old),
        };
        // RFC 768, RFC 3828 section 3.1: zero says that there is none.
        *checksum = match (protocol, new) {
            (Protocol::UDP | Protocol::UDP_LITE, [0, 0]) if delta.is_change() => [0xff; 2],
            _ => new,
        };
        written.octets(&old, checksum)
    }
}

/// Changes the sum of all of a packet's bytes.
#[inline(never)]
fn change_sum(skb: Pin<&mut SkbRef>, delta: Delta, odd: bool) {
    if let Checksum::Complete { sum } = skb.checksum() {
        // SAFETY: The packet is ours to change.
        unsafe { bindings::skb_set_csum_complete(skb.as_raw(), delta.unfolded(sum, odd)) };
    }
}

impl Drop for Edit<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.header.is_change() && !self.transport.is_change() {
            return;
        }
        let written = self.write_sums();
        if self.is_complete {
            let changed = self.header.and(self.transport).and(written);
            // All headers begin as the IP header does, at even places or at odd ones.
            change_sum(self.skb.as_mut(), changed, self.layout.network % 2 != 0);
        }
    }
}
