// SPDX-License-Identifier: GPL-2.0

//! Generic segmentation offload: packets that are segmented later.
//!
//! C source: [`Documentation/networking/segmentation-offloads.rst`](srctree/Documentation/networking/segmentation-offloads.rst)

use core::pin::Pin;
use kernel::{
    error::to_result,
    prelude::*, //
};

use super::{
    Checksum,
    SkbRef, //
};
use crate::bindings;

/// How a packet is to be segmented.
///
/// # Examples
///
/// ```
/// use kernet::skb::{Gso, SkbRef};
///
/// /// How many packets leave when this one does.
/// fn packets(skb: &SkbRef) -> u16 {
///     match skb.gso() {
///         Some(Gso { segments, .. }) => segments.max(1),
///         None => 1,
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gso {
    /// The payload of each segment in bytes, except for the last one.
    #[doc(alias = "gso_size")]
    pub size: u16,
    /// How many segments; 0 if they were not counted (`gso_segs`).
    #[doc(alias = "gso_segs")]
    pub segments: u16,
    /// The kind of segmentation (`gso_type`).
    #[doc(alias = "gso_type")]
    pub kind: GsoKind,
}

/// Kinds of segmentation, `SKB_GSO_*` (`skb_shared_info::gso_type`). A value can hold several.
#[doc(alias = "skb_shared_info::gso_type")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GsoKind(u32);

impl GsoKind {
    /// TCP over IPv4.
    #[doc(alias = "SKB_GSO_TCPV4")]
    pub const TCPV4: Self = Self(bindings::SKB_GSO_TCPV4 as u32);
    /// TCP over IPv6.
    #[doc(alias = "SKB_GSO_TCPV6")]
    pub const TCPV6: Self = Self(bindings::SKB_GSO_TCPV6 as u32);
    /// UDP, into datagrams.
    #[doc(alias = "SKB_GSO_UDP_L4")]
    pub const UDP_L4: Self = Self(bindings::SKB_GSO_UDP_L4 as u32);
    /// SCTP.
    #[doc(alias = "SKB_GSO_SCTP")]
    pub const SCTP: Self = Self(bindings::SKB_GSO_SCTP as u32);
    /// In a UDP tunnel whose header has a checksum.
    #[doc(alias = "SKB_GSO_UDP_TUNNEL_CSUM")]
    pub const UDP_TUNNEL_CSUM: Self = Self(bindings::SKB_GSO_UDP_TUNNEL_CSUM as u32);
    /// By its list of packets, which it was made of.
    #[doc(alias = "SKB_GSO_FRAGLIST")]
    pub const FRAGLIST: Self = Self(bindings::SKB_GSO_FRAGLIST as u32);
    /// From an untrusted source, such as a guest: the headers are checked before segmentation.
    #[doc(alias = "SKB_GSO_DODGY")]
    pub const DODGY: Self = Self(bindings::SKB_GSO_DODGY as u32);

    /// The value as C has it.
    pub(super) const fn into_raw(self) -> u32 {
        self.0
    }

    /// Whether all kinds of `other` are in `self`.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl SkbRef {
    /// How the packet is to be segmented; `None` if it is not.
    #[doc(alias = "skb_is_gso")]
    #[doc(alias = "skb_shinfo")]
    #[inline]
    pub fn gso(&self) -> Option<Gso> {
        // SAFETY: Valid by the type, and so is what describes its data, which nobody changes while
        // the packet is borrowed.
        let shared = unsafe { &*bindings::skb_shinfo(self.as_raw()) };
        (shared.gso_size != 0).then_some(Gso {
            size: shared.gso_size,
            segments: shared.gso_segs,
            kind: GsoKind(shared.gso_type),
        })
    }

    /// What is to be made of the packet by segmentation, if it is to be [segmented](Self::gso).
    #[inline]
    pub(super) fn gso_kind(&self) -> GsoKind {
        // SAFETY: As in `gso()`.
        GsoKind(unsafe { (*bindings::skb_shinfo(self.as_raw())).gso_type })
    }

    /// Marks the packet for segmentation, as a device that has merged packets, or a guest, does
    /// (`virtio_net_hdr_to_skb()`). The data begins with the link header, and the
    /// [checksum](Checksum::Partial) is left to whoever segments the packet.
    ///
    /// The headers are checked before segmentation ([`GsoKind::DODGY`]). A packet with at most
    /// `size` bytes of payload stays one packet.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the kind is neither TCP nor UDP, is more than one of them, or does not match
    /// the checksum; if no checksum is to be filled in; if the size is 0 or has a special meaning;
    /// or if the packet has a [list](Self::has_frag_list), whose parts have their own sizes.
    /// [`ENOMEM`].
    #[doc(alias = "virtio_net_hdr_to_skb")]
    pub fn set_gso(mut self: Pin<&mut Self>, kind: GsoKind, size: u16) -> Result {
        let gso_type = match kind {
            GsoKind::TCPV4 => bindings::VIRTIO_NET_HDR_GSO_TCPV4,
            GsoKind::TCPV6 => bindings::VIRTIO_NET_HDR_GSO_TCPV6,
            GsoKind::UDP_L4 => bindings::VIRTIO_NET_HDR_GSO_UDP_L4,
            _ => return Err(EINVAL),
        };
        let Checksum::Partial { start, offset } = self.checksum() else {
            return Err(EINVAL);
        };
        if self.has_frag_list() {
            return Err(EINVAL);
        }
        // What is said is kept with the data, which a clone has too.
        self.as_mut().cow(0)?;
        let header = bindings::virtio_net_hdr {
            flags: bindings::VIRTIO_NET_HDR_F_NEEDS_CSUM as u8,
            gso_type: gso_type as u8,
            gso_size: size,
            csum_start: u16::try_from(start).map_err(|_| EINVAL)?,
            csum_offset: offset,
            ..Default::default()
        };
        // SAFETY: The packet and its data are ours to change; no view of them is left. The callee
        // checks what it is told against the data, and makes linear what it looks at. That the link
        // header, where the data begins, can be noted in 16 bits: so can the start of the checksum,
        // which does not come before it.
        to_result(unsafe {
            bindings::virtio_net_hdr_to_skb(self.as_raw(), &header, cfg!(target_endian = "little"))
        })
    }
}
