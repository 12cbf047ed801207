// SPDX-License-Identifier: GPL-2.0

//! The inner Ethernet frames of a tunnel.

use core::pin::Pin;
use kernel::prelude::*;

use crate::{
    bindings,
    context::Softirq,
    netdev::{
        Driver,
        DriverDevice,
        PacketError, //
    },
    skb::{
        DropReason,
        Skb,
        SkbRef, //
    },
    wire::{
        ethernet::{
            self,
            EtherType, //
        },
        ip,
        ipv4,
        ipv6,
        vlan, //
    },
};

/// Why a packet that came through a tunnel holds no valid frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecapError {
    /// Too short. Counted as `rx_length_errors`.
    Truncated,
    /// The outer header has a congestion mark that the inner packet cannot carry
    /// (`IP_ECN_decapsulate`). Counted as `rx_frame_errors`.
    #[doc(alias = "IP_ECN_decapsulate")]
    Congestion,
    /// No memory. Counted as `rx_dropped`.
    NoMemory,
}

impl DecapError {
    /// Counts the packet in the statistics of the device that would have received it, and frees it.
    #[cold]
    pub fn count_and_drop<D: Driver>(
        self,
        skb: Skb<'_>,
        dev: &DriverDevice<D>,
        softirq: Softirq<'_>,
    ) {
        match self {
            Self::Truncated => dev.count_error(PacketError::RxLength),
            Self::Congestion => dev.count_error(PacketError::RxFrame),
            Self::NoMemory => dev.count_rx_dropped(),
        }
        skb.drop_with(self.reason(), softirq);
    }

    /// The drop reason for the packet.
    pub fn reason(self) -> DropReason {
        match self {
            Self::Truncated => DropReason::PKT_TOO_SMALL,
            Self::Congestion => DropReason::IP_TUNNEL_ECN,
            Self::NoMemory => DropReason::NOMEM,
        }
    }
}

/// How many VLAN tags are looked behind.
pub(super) const MAX_TAGS: usize = 2;

/// Where the packet in an Ethernet frame begins, and its EtherType.
#[inline]
fn payload(frame: &SkbRef) -> Option<(u32, u16)> {
    let header = frame.copy_header::<ethernet::Header>(0)?;
    let mut ethertype = header.ethertype();
    // Not more than 14 + 2 * 4.
    let mut offset = ethernet::Header::LEN as u32;
    for _ in 0..MAX_TAGS {
        if !ethertype.is_vlan() {
            break;
        }
        ethertype = frame.copy_header::<vlan::Header>(offset)?.ethertype();
        offset = offset.checked_add(vlan::Header::LEN as u32)?;
    }
    Some((offset, ethertype.0))
}

/// Passes the congestion mark of an outer header on to the packet in a frame (RFC 6040 section 4.2).
pub(super) fn mark(mut frame: Pin<&mut SkbRef>, outer: u8) -> Result<(), DecapError> {
    const IPV4: u16 = ethernet::EtherType::IPV4.0;
    const IPV6: u16 = ethernet::EtherType::IPV6.0;
    const NOT_ECT: u8 = 0;
    const ECT_1: u8 = 1;
    const CE: u8 = 3;

    let Some((offset, ethertype)) = payload(&frame) else {
        return Ok(());
    };
    let inner = match ethertype {
        IPV4 => frame
            .copy_header::<ipv4::Header>(offset)
            .map(|h| h.traffic_class()),
        IPV6 => frame
            .copy_header::<ipv6::Header>(offset)
            .map(|h| h.traffic_class()),
        // Nothing in it that could carry a mark.
        _ => return Ok(()),
    };
    // `ip_tunnel_rcv()` wants the header that the EtherType promises.
    let inner = inner.ok_or(DecapError::Truncated)? & 3;
    let outer = outer & 3;
    if inner == NOT_ECT {
        // RFC 6040 section 4.2: a mark must not be forwarded to a transport that takes no part.
        return if outer == CE {
            Err(DecapError::Congestion)
        } else {
            Ok(())
        };
    }
    if outer != CE && outer != ECT_1 {
        return Ok(());
    }
    let no_memory = |_| DecapError::NoMemory;
    if ethertype == IPV4 {
        let header = frame
            .as_mut()
            .header_mut::<ipv4::Header>(offset)
            .map_err(no_memory)?;
        let header = core::ptr::from_mut(header).cast::<bindings::iphdr>();
        // SAFETY: Writable, as just seen. The checksum is adjusted by the callees.
        unsafe {
            if outer == CE {
                bindings::IP_ECN_set_ce(header);
            } else {
                bindings::IP_ECN_set_ect1(header);
            }
        }
    } else {
        let header = frame
            .as_mut()
            .header_mut::<ipv6::Header>(offset)
            .map_err(no_memory)?;
        let header = core::ptr::from_mut(header).cast::<bindings::ipv6hdr>();
        // SAFETY: Writable, as just seen, and part of the packet, whose sum the callees adjust.
        unsafe {
            if outer == CE {
                bindings::IP6_ECN_set_ce(frame.as_raw(), header);
            } else {
                bindings::IP6_ECN_set_ect1(frame.as_raw(), header);
            }
        }
    }
    Ok(())
}

/// What of the inner packet goes into the outer header.
pub(crate) struct Inner {
    pub(crate) version: ip::Version,
    /// Where in the frame it begins, in bytes.
    pub(crate) offset: u32,
    pub(crate) traffic_class: u8,
    pub(crate) ttl: u8,
    /// An IPv4 packet that must not be fragmented.
    pub(crate) dont_fragment: bool,
}

impl Inner {
    /// Where the fixed part of its header ends, in bytes.
    pub(super) fn end(&self) -> u32 {
        let len = match self.version {
            ip::Version::V4 => ipv4::Header::LEN,
            ip::Version::V6 => ipv6::Header::LEN,
        };
        self.offset.saturating_add(len as u32)
    }

    /// Looks into the frame, behind VLAN tags too; `None` if there is neither IPv4 nor IPv6 in it.
    #[inline]
    pub(super) fn of(frame: &SkbRef) -> Option<Self> {
        match payload(frame)? {
            (offset, ethertype) if ethertype == EtherType::IPV4.0 => {
                let header = frame.copy_header::<ipv4::Header>(offset)?;
                Some(Self {
                    version: ip::Version::V4,
                    offset,
                    traffic_class: header.traffic_class(),
                    ttl: header.ttl(),
                    dont_fragment: header.dont_fragment(),
                })
            }
            (offset, ethertype) if ethertype == EtherType::IPV6.0 => {
                let header = frame.copy_header::<ipv6::Header>(offset)?;
                Some(Self {
                    version: ip::Version::V6,
                    offset,
                    traffic_class: header.traffic_class(),
                    ttl: header.hop_limit(),
                    dont_fragment: false,
                })
            }
            _ => None,
        }
    }
}

/// The congestion bits of an outer header (RFC 6040 section 4.1, compatibility left aside).
#[inline]
pub(super) fn congestion(outer: u8, inner: u8) -> u8 {
    const ECT_0: u8 = 2;
    const CE: u8 = 3;
    // RFC 3168 section 9.1.1, as `INET_ECN_encapsulate()`: a mark is not copied outwards.
    let bits = if inner & 3 == CE { ECT_0 } else { inner & 3 };
    (outer & !3) | bits
}

#[kunit_tests(kernet_ip)]
mod tests {
    use super::*;
    use crate::context::kunit::softirq;

    const IPV4: [u8; 2] = [0x08, 0x00];
    const IPV6: [u8; 2] = [0x86, 0xdd];
    /// TOS 1, TTL 9, "don't fragment"; the checksum is that of the rest.
    const HEADER4: [u8; 20] = [
        0x45, 0x01, 0, 20, 0, 0, 0x40, 0, 9, 253, 0x1c, 0x82, 198, 51, 100, 2, 198, 51, 100, 1,
    ];
    /// Traffic class 2, hop limit 7.
    const HEADER6: [u8; 8] = [0x60, 0x20, 0, 0, 0, 0, 59, 7];
    const VLAN: [u8; 4] = [0x81, 0x00, 0x00, 0x07];

    /// Runs `f` on a frame of these parts, behind two addresses.
    fn with<R>(parts: &[&[u8]], f: impl FnOnce(Pin<&mut SkbRef>) -> R + Send) -> Result<R> {
        softirq(|softirq| {
            let mut skb = Skb::new(0, 128, softirq)?;
            let mut put = skb.put(&[2; 12]);
            for part in parts {
                put = put.and_then(|()| skb.put(part));
            }
            let result = put.map(|()| f(skb.as_mut()));
            skb.consume(softirq);
            result
        })
        .ok_or(EINVAL)?
    }

    /// The inner traffic class after `mark`; 0xff if there is none.
    fn marked(parts: &[&[u8]], outer: u8) -> Result<Result<u8, DecapError>> {
        with(parts, |mut frame| {
            mark(frame.as_mut(), outer)?;
            Ok(Inner::of(&frame).map_or(0xff, |inner| inner.traffic_class))
        })
    }

    #[test]
    fn marks_go_inwards() {
        let v6: &[u8] = &[0; 32];
        for tags in [&[][..], &VLAN, &[0x88, 0xa8, 0, 1, 0x81, 0, 0, 7]] {
            for (outer, four, six) in [(0, 1, 2), (1, 1, 1), (2, 1, 2), (3, 3, 3), (0xff, 3, 3)] {
                let got = marked(&[tags, &IPV4, &HEADER4], outer);
                assert!(matches!(got, Ok(Ok(class)) if class == four));
                let got = marked(&[tags, &IPV6, &HEADER6, v6], outer);
                assert!(matches!(got, Ok(Ok(class)) if class == six));
            }
        }
    }

    #[test]
    fn a_mark_keeps_the_checksum_right() {
        let sums = with(&[&IPV4, &HEADER4], |mut frame| {
            let right = |frame: &SkbRef| {
                let header = frame.copy_header::<ipv4::Header>(14);
                header.map(|header| header.verify_checksum(&[]).is_ok())
            };
            let before = right(&frame);
            let marked = mark(frame.as_mut(), 3).is_ok();
            (before, marked, right(&frame))
        });
        assert!(matches!(sums, Ok((Some(true), true, Some(true)))));
    }

    #[test]
    fn a_mark_that_cannot_be_passed_on_is_refused() {
        let mut header = HEADER4;
        header[1] = 0;
        let refused = Err(DecapError::Congestion);
        assert!(matches!(marked(&[&IPV4, &header], 3), Ok(r) if r == refused));
        assert!(matches!(marked(&[&IPV4, &header], 2), Ok(Ok(0))));
    }

    #[test]
    fn truncated_frames() {
        let refused = Err(DecapError::Truncated);
        for len in 0..HEADER4.len() {
            let part = HEADER4.get(..len).unwrap_or(&[]);
            assert!(matches!(marked(&[&IPV4, part], 3), Ok(r) if r == refused));
        }
        assert!(matches!(marked(&[&IPV6, &HEADER6], 3), Ok(r) if r == refused));
        // What is no IP packet has no mark.
        assert!(matches!(marked(&[&[0x08]], 3), Ok(Ok(0xff))));
        assert!(matches!(marked(&[&VLAN, &[0x08]], 3), Ok(Ok(0xff))));
        assert!(matches!(marked(&[&[0x08, 0x06]], 3), Ok(Ok(0xff))));
    }

    #[test]
    fn the_outer_header_inherits() {
        let got = with(&[&VLAN, &IPV4, &HEADER4], |frame| {
            Inner::of(&frame).map(|i| (i.offset, i.traffic_class, i.ttl, i.dont_fragment))
        });
        assert!(matches!(got, Ok(Some((18, 1, 9, true)))));
        let got = with(&[&IPV6, &HEADER6, &[0; 32]], |frame| {
            Inner::of(&frame).map(|i| (i.offset, i.traffic_class, i.ttl, i.dont_fragment))
        });
        assert!(matches!(got, Ok(Some((14, 2, 7, false)))));
    }

    #[test]
    fn congestion_bits_of_an_outer_header() {
        for (outer, inner, want) in [(0x50, 0, 0x50), (0x53, 1, 0x51), (0, 2, 2), (0x2b, 3, 0x2a)] {
            assert_eq!(congestion(outer, inner), want);
        }
    }
}
