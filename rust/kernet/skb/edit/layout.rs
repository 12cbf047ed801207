// SPDX-License-Identifier: GPL-2.0

//! Where in a packet an edit finds what.

use super::EditError;
use crate::{
    skb::SkbRef,
    wire::{
        ip::{
            Protocol,
            Version, //
        },
        ipv4,
        ipv6, //
    },
};

/// Where the headers of an IP packet are, in bytes from `skb->data`. An edit moves none of them.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    pub(super) version: Version,
    /// Of the IP header.
    pub(super) network: u32,
    /// What is behind the IP header and its extensions.
    pub(super) protocol: Protocol,
    /// Of the transport header; later fragments have none.
    pub(super) transport: Option<u32>,
    /// Of the packet's end; what is behind is the link's.
    pub(super) end: u32,
    /// Whether a routing header has segments left: the transport's checksum covers the last one then,
    /// not the destination.
    pub(super) source_routed: bool,
}

impl Layout {
    #[inline]
    pub(super) fn of(skb: &SkbRef, network: u32) -> Result<Self, EditError> {
        let first = skb
            .copy_header::<[u8; 1]>(network)
            .ok_or(EditError::TooShort)?;
        match Version::of(first[0]) {
            Some(Version::V4) => Self::v4(skb, network),
            Some(Version::V6) => Self::v6(skb, network),
            None => Err(EditError::Malformed),
        }
    }

    /// How many bytes there are from the IP header on, and how many of them are the packet's.
    /// `claimed` is what the header says, if it says something.
    #[inline]
    fn end(skb: &SkbRef, network: u32, claimed: Option<usize>) -> Result<u32, EditError> {
        let Some(claimed) = claimed else {
            // Aggregated beyond 65535 bytes.
            return Ok(skb.len());
        };
        u32::try_from(claimed)
            .ok()
            .and_then(|len| network.checked_add(len))
            .ok_or(EditError::Malformed)
    }

    #[inline]
    fn v4(skb: &SkbRef, network: u32) -> Result<Self, EditError> {
        let header: ipv4::Header = skb.copy_header(network).ok_or(EditError::TooShort)?;
        let available = skb.len().saturating_sub(network) as usize;
        let claimed = if header.total_len() == 0 && skb.gso().is_some() {
            None
        } else {
            Some(header.check(available)?.total_len())
        };
        let header_len = header.header_len();
        if usize::from(header_len) < ipv4::Header::LEN {
            return Err(EditError::Malformed);
        }
        let end = Self::end(skb, network, claimed)?;
        let transport = network
            .checked_add(u32::from(header_len))
            .filter(|&transport| transport <= end)
            .ok_or(EditError::TooShort)?;
        Ok(Self {
            version: Version::V4,
            network,
            protocol: header.protocol(),
            transport: (header.fragment_offset() == 0).then_some(transport),
            end,
            source_routed: false,
        })
    }

    fn v6(skb: &SkbRef, network: u32) -> Result<Self, EditError> {
        let header: ipv6::Header = skb.copy_header(network).ok_or(EditError::TooShort)?;
        let available = skb.len().saturating_sub(network) as usize;
        let claimed = if header.payload_len() == 0 && skb.gso().is_some() {
            None
        } else {
            Some(header.check(available)?.total_len())
        };
        let end = Self::end(skb, network, claimed)?;
        let payload = network
            .checked_add(ipv6::Header::LEN as u32)
            .ok_or(EditError::Malformed)?;
        let at = |offset: usize| {
            u32::try_from(offset)
                .ok()
                .and_then(|offset| payload.checked_add(offset))
                .filter(|&at| at <= end)
                .ok_or(EditError::TooShort)
        };
        let mut source_routed = false;
        let mut walk = ipv6::Extensions::new(header.next_header());
        while let Some(offset) = walk.wanted() {
            let extension: ipv6::Extension =
                skb.copy_header(at(offset)?).ok_or(EditError::TooShort)?;
            if walk.upper().protocol == Protocol::ROUTING {
                source_routed |= extension.segments_left() != 0;
            }
            walk.step(&extension)?;
        }
        let upper = walk.upper();
        let transport = at(upper.offset)?;
        Ok(Self {
            version: Version::V6,
            network,
            protocol: upper.protocol,
            transport: upper.has_header().then_some(transport),
            end,
            source_routed,
        })
    }
}
