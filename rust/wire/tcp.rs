// SPDX-License-Identifier: GPL-2.0

//! TCP.
//!
//! Specification: RFC 9293, RFC 7323 (window scale, timestamps), RFC 2018 (selective
//! acknowledgement).

use core::{
    iter::FusedIterator,
    ops::BitOr, //
};

use zerocopy::{
    network_endian::{
        U16,
        U32, //
    },
    FromBytes as _, //
};
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    checksum::Pseudo,
    ip::Protocol,
    options::{
        self,
        Item, //
    },
    Error,
    Header as _,
    Layer, //
};

/// The longest header, with 40 octets of options.
pub const MAX_HEADER_LEN: usize = 60;

const FLAGS_MASK: u16 = 0x01ff;

/// Control bits. Registry: IANA "TCP Header Flags".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u16);

impl Flags {
    /// No more data from the sender.
    pub const FIN: Self = Self(0x001);
    /// Synchronise sequence numbers.
    pub const SYN: Self = Self(0x002);
    /// Reset the connection.
    pub const RST: Self = Self(0x004);
    /// Push.
    pub const PSH: Self = Self(0x008);
    /// The acknowledgement number counts.
    pub const ACK: Self = Self(0x010);
    /// The urgent pointer counts.
    pub const URG: Self = Self(0x020);
    /// Congestion was notified (RFC 3168).
    pub const ECE: Self = Self(0x040);
    /// The congestion window was reduced (RFC 3168).
    pub const CWR: Self = Self(0x080);
    /// Accurate ECN (RFC 9768).
    pub const AE: Self = Self(0x100);

    /// Whether all of `flags` are set.
    #[inline]
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether any of `flags` is set.
    #[inline]
    pub const fn intersects(self, flags: Self) -> bool {
        self.0 & flags.0 != 0
    }
}

impl BitOr for Flags {
    type Output = Self;

    #[inline]
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// The fixed part of a TCP header.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::tcp::{self, Flags};
///
/// /// What refuses a segment that begins no connection here (RFC 9293 section 3.10.7.1).
/// fn reset(segment: &tcp::Header) -> tcp::Header {
///     let [to, from] = [segment.source(), segment.destination()];
///     tcp::Header::new(from, to, segment.acknowledgement(), 0, Flags::RST)
/// }
///
/// let segment = tcp::Header::new(4000, 443, 1, 77, Flags::ACK);
/// assert_eq!(reset(&segment).sequence(), 77);
/// ```
#[doc(alias = "struct tcphdr")]
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Header {
    source: U16,
    destination: U16,
    sequence: U32,
    acknowledgement: U32,
    offset_flags: U16,
    window: U16,
    checksum: U16,
    urgent: U16,
}

header!(Header, Tcp, 20);

impl Header {
    /// A header without options, window or checksum.
    #[inline]
    pub const fn new(
        source: u16,
        destination: u16,
        sequence: u32,
        acknowledgement: u32,
        flags: Flags,
    ) -> Self {
        Self {
            source: U16::new(source),
            destination: U16::new(destination),
            sequence: U32::new(sequence),
            acknowledgement: U32::new(acknowledgement),
            offset_flags: U16::new(0x5000 | (flags.0 & FLAGS_MASK)),
            window: U16::ZERO,
            checksum: U16::ZERO,
            urgent: U16::ZERO,
        }
    }

    /// The sender's port.
    #[inline]
    pub const fn source(&self) -> u16 {
        self.source.get()
    }

    /// The receiver's port (`dest`).
    #[doc(alias = "dest")]
    #[inline]
    pub const fn destination(&self) -> u16 {
        self.destination.get()
    }

    /// The number of the payload's first octet, or of SYN (`seq`).
    #[doc(alias = "seq")]
    #[inline]
    pub const fn sequence(&self) -> u32 {
        self.sequence.get()
    }

    /// The number of the octet expected next, if [`Flags::ACK`] is set (`ack_seq`).
    #[doc(alias = "ack_seq")]
    #[inline]
    pub const fn acknowledgement(&self) -> u32 {
        self.acknowledgement.get()
    }

    /// The length of the header with options that it claims, in octets: 0 to 60 (`doff`).
    #[doc(alias = "doff")]
    #[inline]
    pub const fn header_len(&self) -> u8 {
        // The four high bits, times four.
        (self.offset_flags.get() >> 12 << 2) as u8
    }

    /// The control bits.
    #[inline]
    pub const fn flags(&self) -> Flags {
        Flags(self.offset_flags.get() & FLAGS_MASK)
    }

    /// The receive window, not scaled.
    #[inline]
    pub const fn window(&self) -> u16 {
        self.window.get()
    }

    /// The checksum (`check()`).
    #[doc(alias = "check")]
    #[inline]
    pub const fn checksum(&self) -> u16 {
        self.checksum.get()
    }

    /// The urgent pointer, in octets from the sequence number, if [`Flags::URG`] is set
    /// (`urg_ptr`).
    #[doc(alias = "urg_ptr")]
    #[inline]
    pub const fn urgent(&self) -> u16 {
        self.urgent.get()
    }

    /// Sets the sender's port. The checksum is left to the caller, here and below.
    #[inline]
    pub fn set_source(&mut self, port: u16) {
        self.source.set(port);
    }

    /// Sets the receiver's port.
    #[inline]
    pub fn set_destination(&mut self, port: u16) {
        self.destination.set(port);
    }

    /// Sets the sequence number.
    #[inline]
    pub fn set_sequence(&mut self, sequence: u32) {
        self.sequence.set(sequence);
    }

    /// Sets the acknowledgement number.
    #[inline]
    pub fn set_acknowledgement(&mut self, acknowledgement: u32) {
        self.acknowledgement.set(acknowledgement);
    }

    /// Sets the length of the header with `options_len` octets of options.
    ///
    /// # Errors
    ///
    /// [`Error::BadHeaderLength`] unless `options_len` is a multiple of 4, at most 40 (RFC 9293
    /// section 3.1, "Data Offset"); nothing is set then.
    #[inline]
    pub fn set_options_len(&mut self, options_len: usize) -> Result<(), Error> {
        let bad = |len| Error::BadHeaderLength {
            layer: Layer::Tcp,
            len,
        };
        let len =
            u16::try_from(options_len.saturating_add(Self::LEN)).map_err(|_| bad(u16::MAX))?;
        if usize::from(len) > MAX_HEADER_LEN || len & 3 != 0 {
            return Err(bad(len));
        }
        self.offset_flags
            .set((self.offset_flags.get() & 0x0fff) | (len << 10));
        Ok(())
    }

    /// Sets the control bits; what is beyond nine bits is cut off.
    #[inline]
    pub fn set_flags(&mut self, flags: Flags) {
        let rest = self.offset_flags.get() & !FLAGS_MASK;
        self.offset_flags.set(rest | (flags.0 & FLAGS_MASK));
    }

    /// Sets the receive window, scaled already.
    #[inline]
    pub fn set_window(&mut self, window: u16) {
        self.window.set(window);
    }

    /// Sets the checksum.
    #[inline]
    pub fn set_checksum(&mut self, checksum: u16) {
        self.checksum.set(checksum);
    }

    /// Sets the urgent pointer.
    #[inline]
    pub fn set_urgent(&mut self, urgent: u16) {
        self.urgent.set(urgent);
    }

    /// Checks the length of the header of a segment of which `available` octets are there; returns
    /// it, options included, in octets.
    ///
    /// # Errors
    ///
    /// [`Error::BadHeaderLength`], [`Error::Truncated`].
    #[inline]
    pub fn check(&self, available: usize) -> Result<usize, Error> {
        let layer = Layer::Tcp;
        let len = usize::from(self.header_len());
        // RFC 9293 section 3.1, "Data Offset": the fixed part alone is five words.
        if len < Self::LEN {
            return Err(Error::BadHeaderLength {
                layer,
                len: u16::from(self.header_len()),
            });
        }
        if len > available {
            return Err(Error::truncated(layer, len, available));
        }
        Ok(len)
    }
}

/// One block of a selective acknowledgement (RFC 2018 section 3).
#[doc(alias = "struct tcp_sack_block_wire")]
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct SackBlock {
    left: U32,
    right: U32,
}

impl SackBlock {
    /// The block from `left` to before `right`.
    #[inline]
    pub const fn new(left: u32, right: u32) -> Self {
        Self {
            left: U32::new(left),
            right: U32::new(right),
        }
    }

    /// The first sequence number received.
    #[inline]
    pub const fn left(&self) -> u32 {
        self.left.get()
    }

    /// The sequence number after the last received.
    #[inline]
    pub const fn right(&self) -> u32 {
        self.right.get()
    }
}

/// One option. Registry: IANA "TCP Option Kind Numbers".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opt<'a> {
    /// The longest segment the sender takes, in octets (RFC 9293 section 3.7.1) (`TCPOPT_MSS`).
    #[doc(alias = "TCPOPT_MSS")]
    MaxSegmentSize(u16),
    /// The sender's window is shifted left by this; more than 14 is to be taken as 14 (RFC 7323
    /// section 2.3) (`TCPOPT_WINDOW`).
    #[doc(alias = "TCPOPT_WINDOW")]
    WindowScale(u8),
    /// The sender understands [`Opt::Sack`] (`TCPOPT_SACK_PERM`).
    #[doc(alias = "TCPOPT_SACK_PERM")]
    SackPermitted,
    /// What was received beyond the acknowledgement number; one to four blocks.
    #[doc(alias = "TCPOPT_SACK")]
    Sack(&'a [SackBlock]),
    /// The sender's clock, and the clock of the other end it saw last (RFC 7323 section 3.2)
    /// (`TCPOPT_TIMESTAMP`).
    #[doc(alias = "TCPOPT_TIMESTAMP")]
    Timestamps {
        /// The sender's clock.
        value: u32,
        /// What is echoed, if [`Flags::ACK`] is set.
        echo: u32,
    },
    /// Any other.
    Other(Item<'a>),
}

impl<'a> Opt<'a> {
    fn of(item: Item<'a>) -> Option<Self> {
        Some(match (item.kind, item.data) {
            (2, &[a, b]) => Self::MaxSegmentSize(u16::from_be_bytes([a, b])),
            (3, &[shift]) => Self::WindowScale(shift),
            (4, []) => Self::SackPermitted,
            (5, data @ [_, ..]) => Self::Sack(<[SackBlock]>::ref_from_bytes(data).ok()?),
            (8, &[a, b, c, d, e, f, g, h]) => Self::Timestamps {
                value: u32::from_be_bytes([a, b, c, d]),
                echo: u32::from_be_bytes([e, f, g, h]),
            },
            // Kinds above, of a length they cannot have.
            (2..=5 | 8, _) => return None,
            _ => Self::Other(item),
        })
    }
}

/// The options of a header, padding left out.
///
/// Each is there in full and as long as its kind must be, or is an [`Error::BadOption`], which is
/// the last item.
#[derive(Clone, Debug)]
pub struct Options<'a>(options::Options<'a>);

impl<'a> Iterator for Options<'a> {
    type Item = Result<Opt<'a>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = match self.0.next()? {
            Ok(item) => item,
            Err(error) => return Some(Err(error)),
        };
        Some(Opt::of(item).ok_or_else(|| {
            self.0 = options::Options::new(Layer::Tcp, &[]);
            Error::BadOption {
                layer: Layer::Tcp,
                kind: item.kind,
            }
        }))
    }
}

impl FusedIterator for Options<'_> {}

/// Goes over the options of a header, which are the second of what [`parse`] returns.
#[inline]
pub const fn options(bytes: &[u8]) -> Options<'_> {
    Options(options::Options::new(Layer::Tcp, bytes))
}

/// Views a segment; returns its header, options and payload.
///
/// The checksum is not verified: see [`verify_checksum`].
///
/// # Errors
///
/// Those of [`Header::check`].
#[inline]
pub fn parse(bytes: &[u8]) -> Result<(&Header, &[u8], &[u8]), Error> {
    let (header, rest) = Header::view(bytes)?;
    let len = header.check(bytes.len())?;
    let (options, payload) = rest
        .split_at_checked(len.saturating_sub(Header::LEN))
        .ok_or(Error::truncated(Layer::Tcp, len, bytes.len()))?;
    Ok((header, options, payload))
}

/// Verifies the checksum of a segment, which is all of `bytes` and begins with its header.
///
/// # Errors
///
/// [`Error::Truncated`], [`Error::BadChecksum`].
pub fn verify_checksum(pseudo: Pseudo, bytes: &[u8]) -> Result<(), Error> {
    Header::view(bytes)?;
    super::checksum::verify(pseudo.of(Protocol::TCP, bytes.len()), bytes, Layer::Tcp)
}

/// Computes and sets the checksum of a segment, which is all of `bytes` and begins with its header.
///
/// # Errors
///
/// [`Error::Truncated`].
pub fn fill_checksum(pseudo: Pseudo, bytes: &mut [u8]) -> Result<(), Error> {
    let pseudo = pseudo.of(Protocol::TCP, bytes.len());
    let (header, rest) = Header::view_mut(bytes)?;
    header.set_checksum(0);
    let sum = pseudo
        .bytes(zerocopy::IntoBytes::as_bytes(header))
        .bytes(rest);
    header.set_checksum(sum.checksum());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            captures,
            ipv6,
            testing::{
                boundary,
                round_trip,
                Random, //
            }, //
        },
        *, //
    };
    use std::vec::Vec;

    const LAYER: Layer = Layer::Tcp;

    fn captured(frame: &[u8]) -> (Pseudo, &[u8]) {
        let (header, segment) = ipv6::parse(&frame[14..]).unwrap();
        (header.pseudo(), segment)
    }

    #[test]
    fn deconstruct() {
        let (_, bytes) = captured(&captures::DATA);
        let (header, options, payload) = parse(bytes).unwrap();
        assert_eq!((header.source(), header.destination()), (52754, 7777));
        assert_eq!(header.sequence(), 4_162_400_662);
        assert_eq!(header.acknowledgement(), 0x7f9d_cdc4);
        assert_eq!(header.header_len(), 32);
        assert_eq!(header.flags(), Flags::PSH | Flags::ACK);
        assert!(header.flags().contains(Flags::ACK));
        assert!(!header.flags().contains(Flags::ACK | Flags::SYN));
        assert!(header.flags().intersects(Flags::ACK | Flags::SYN));
        assert!(!header.flags().intersects(Flags::FIN | Flags::RST));
        assert_eq!(header.window(), 64);
        assert_eq!(header.checksum(), 0xb486);
        assert_eq!(header.urgent(), 0);
        assert_eq!(options.len(), 12);
        assert_eq!(payload, b"hello");
    }

    #[test]
    fn construct() {
        let (pseudo, segment) = captured(&captures::SYN);
        let mut bytes = [0xa5; 40];
        let mut header = Header::new(52754, 7777, 4_162_400_661, 0, Flags::SYN);
        header.set_window(64800);
        header.set_options_len(20).unwrap();
        let rest = header.emit(&mut bytes).unwrap();
        rest.copy_from_slice(&segment[20..]);
        fill_checksum(pseudo, &mut bytes).unwrap();
        assert_eq!(bytes, segment);
        assert_eq!(bytes.len(), parse(&bytes).unwrap().0.header_len().into());
    }

    #[test]
    fn captured_options() {
        let (_, bytes) = captured(&captures::SYN);
        let (_, bytes, _) = parse(bytes).unwrap();
        let all: Result<Vec<_>, _> = options(bytes).collect();
        let expected = [
            Opt::MaxSegmentSize(1440),
            Opt::SackPermitted,
            Opt::Timestamps {
                value: 0xae6e_5238,
                echo: 0,
            },
            Opt::WindowScale(10),
        ];
        assert_eq!(all.unwrap(), expected);
    }

    #[test]
    fn option_lengths() {
        struct Case {
            kind: u8,
            right: &'static [usize],
        }
        for case in [
            Case {
                kind: 2,
                right: &[2],
            },
            Case {
                kind: 3,
                right: &[1],
            },
            Case {
                kind: 4,
                right: &[0],
            },
            Case {
                kind: 5,
                right: &[8, 16, 24, 32],
            },
            Case {
                kind: 8,
                right: &[8],
            },
        ] {
            for len in 0..=38_u8 {
                let mut bytes = std::vec![0; usize::from(len) + 2];
                (bytes[0], bytes[1]) = (case.kind, len + 2);
                let mut options = options(&bytes);
                let right = case.right.contains(&usize::from(len));
                match options.next() {
                    Some(Ok(_)) => assert!(right, "{} of {len}", case.kind),
                    other => {
                        let bad = Error::BadOption {
                            layer: LAYER,
                            kind: case.kind,
                        };
                        assert_eq!(other, Some(Err(bad)), "{} of {len}", case.kind);
                        assert!(!right, "{} of {len}", case.kind);
                    }
                }
                assert_eq!(options.next(), None);
            }
        }
        let other = Item {
            kind: 34,
            data: &[],
        };
        assert_eq!(options(&[34, 2]).next(), Some(Ok(Opt::Other(other))));
        let bad = Error::BadOption {
            layer: LAYER,
            kind: 34,
        };
        assert_eq!(options(&[34, 1]).next(), Some(Err(bad)));
    }

    #[test]
    fn sack() {
        let mut bytes = [5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0];
        let block = SackBlock::new(7, u32::MAX);
        bytes[10..].copy_from_slice(zerocopy::IntoBytes::as_bytes(&block));
        let Some(Ok(Opt::Sack(blocks))) = options(&bytes).next() else {
            panic!("no blocks");
        };
        assert_eq!(blocks, [SackBlock::new(1, 2), block]);
        assert_eq!((blocks[1].left(), blocks[1].right()), (7, u32::MAX));
    }

    #[test]
    fn lengths() {
        let (pseudo, segment) = captured(&captures::SYN);
        boundary(segment, |bytes| parse(bytes).map(|_| ()));
        boundary(&segment[..20], |bytes| {
            fill_checksum(pseudo, &mut bytes.to_vec())
        });
        let error = Err(Error::truncated(LAYER, 20, 19));
        assert_eq!(verify_checksum(pseudo, &segment[..19]), error);
    }

    #[test]
    fn every_header_length() {
        let mut bytes = [0; 60];
        for words in 0..16 {
            bytes[12] = (words << 4) | 0x0f;
            let parsed = parse(&bytes).map(|(_, options, payload)| (options.len(), payload.len()));
            let len = usize::from(words) * 4;
            let expected = if len < 20 {
                Err(Error::BadHeaderLength {
                    layer: LAYER,
                    len: len as u16,
                })
            } else {
                Ok((len - 20, 60 - len))
            };
            assert_eq!(parsed, expected);
        }
        let mut header = Header::new(1, 2, 3, 4, Flags(0xffff));
        for len in (0..100).chain([65515, 65516, usize::MAX]) {
            let right = len <= 40 && len % 4 == 0;
            let before = header;
            assert_eq!(header.set_options_len(len).is_ok(), right, "{len}");
            if right {
                assert_eq!(usize::from(header.header_len()), 20 + len);
            } else {
                assert_eq!(header, before);
            }
            assert_eq!(header.flags(), Flags(0x1ff));
        }
    }

    #[test]
    fn round_trip_of_any_bytes() {
        round_trip::<Header>(|header| {
            let mut copy = *header;
            copy.set_source(header.source());
            copy.set_destination(header.destination());
            copy.set_sequence(header.sequence());
            copy.set_acknowledgement(header.acknowledgement());
            copy.set_flags(Flags(!header.flags().0));
            copy.set_flags(header.flags());
            copy.set_window(header.window());
            copy.set_checksum(header.checksum());
            copy.set_urgent(header.urgent());
            copy
        });
    }

    #[test]
    fn checksum_of_any_change() {
        for frame in [&captures::SYN[..], &captures::DATA] {
            let (pseudo, segment) = captured(frame);
            assert_eq!(verify_checksum(pseudo, segment), Ok(()));
            for bit in 0..segment.len() * 8 {
                let mut bytes = segment.to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                let bad = Err(Error::BadChecksum { layer: LAYER });
                assert_eq!(verify_checksum(pseudo, &bytes), bad, "bit {bit}");
                fill_checksum(pseudo, &mut bytes).unwrap();
                assert_eq!(verify_checksum(pseudo, &bytes), Ok(()), "bit {bit}");
            }
        }
    }

    #[test]
    fn any_options() {
        let mut random = Random::new(7);
        for _ in 0..20_000 {
            let len = random.below(41);
            let mut bytes = random.bytes(len);
            for byte in &mut bytes {
                *byte %= 12;
            }
            let all: Vec<_> = options(&bytes).collect();
            assert!(all.len() <= bytes.len());
            let failed = all.iter().position(Result::is_err);
            assert!(failed.is_none_or(|at| at + 1 == all.len()));
        }
    }
}
