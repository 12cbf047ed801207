// SPDX-License-Identifier: GPL-2.0

//! UDP.
//!
//! Specification: RFC 768, RFC 8200 section 8.1 (over IPv6). UDP-Lite and the zero checksum of
//! tunnels over IPv6 (RFC 6935) are **not** supported.

use zerocopy::network_endian::U16;
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    checksum::{
        self,
        Pseudo, //
    },
    ip::{
        Protocol,
        Version, //
    },
    Error,
    Header as _,
    Layer, //
};

/// A UDP header.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{udp, Header as _};
///
/// let payload = b"ping";
/// let mut datagram = [0; udp::Header::LEN + 4];
/// udp::Header::new(4000, 7, payload.len())?.emit(&mut datagram)?.copy_from_slice(payload);
/// let (header, payload) = udp::parse(&datagram)?;
/// assert_eq!((header.destination(), payload), (7, &b"ping"[..]));
/// # Ok::<(), wire::Error>(())
/// ```
#[doc(alias = "struct udphdr")]
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Header {
    source: U16,
    destination: U16,
    len: U16,
    checksum: U16,
}

header!(Header, Udp, 8);

impl Header {
    /// A header before `payload_len` octets, without checksum.
    ///
    /// # Errors
    ///
    /// [`Error::BadTotalLength`] if the datagram would be longer than 65535 octets.
    pub fn new(source: u16, destination: u16, payload_len: usize) -> Result<Self, Error> {
        let len = payload_len.saturating_add(Self::LEN);
        let len = u16::try_from(len).map_err(|_| Error::BadTotalLength {
            layer: Layer::Udp,
            len: u32::try_from(len).unwrap_or(u32::MAX),
        })?;
        Ok(Self {
            source: U16::new(source),
            destination: U16::new(destination),
            len: U16::new(len),
            checksum: U16::ZERO,
        })
    }

    /// The sender's port; zero if it wants no reply.
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

    /// The length of header and payload that it claims, in octets.
    #[expect(
        clippy::len_without_is_empty,
        reason = "a field's value; no collection"
    )]
    #[inline]
    pub const fn len(&self) -> u16 {
        self.len.get()
    }

    /// The checksum; zero if there is none (`check()`).
    #[doc(alias = "check")]
    #[inline]
    pub const fn checksum(&self) -> u16 {
        self.checksum.get()
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

    /// Sets the length of header and payload, in octets.
    #[inline]
    pub fn set_len(&mut self, len: u16) {
        self.len.set(len);
    }

    /// Sets the checksum.
    #[inline]
    pub fn set_checksum(&mut self, checksum: u16) {
        self.checksum.set(checksum);
    }

    /// Sets a checksum that was computed: zero is sent as all ones (RFC 768, "Checksum")
    /// (`CSUM_MANGLED_0`).
    #[doc(alias = "CSUM_MANGLED_0")]
    #[inline]
    pub fn set_computed_checksum(&mut self, checksum: u16) {
        self.checksum
            .set(if checksum == 0 { 0xffff } else { checksum });
    }

    /// Keeps the checksum right when a 16-bit word it covers changes from `old` to `new`; a port,
    /// say. Where there is none there will be none.
    #[inline]
    pub fn update_checksum(&mut self, old: u16, new: u16) {
        let checksum = self.checksum.get();
        if checksum != 0 {
            self.set_computed_checksum(checksum::update_u16(checksum, old, new));
        }
    }

    /// Checks the length of a datagram of which `available` octets are there from the header on;
    /// returns it, in octets. What is beyond is no part of the datagram.
    ///
    /// # Errors
    ///
    /// [`Error::BadTotalLength`], [`Error::Truncated`].
    #[inline]
    pub fn check(&self, available: usize) -> Result<usize, Error> {
        let layer = Layer::Udp;
        let len = usize::from(self.len());
        // RFC 768, "Length": header and data, so the minimum is eight.
        if len < Self::LEN {
            return Err(Error::BadTotalLength {
                layer,
                len: u32::from(self.len()),
            });
        }
        if len > available {
            return Err(Error::truncated(layer, len, available));
        }
        Ok(len)
    }
}

/// Views a datagram; returns its header and payload.
///
/// The checksum is not verified: see [`verify_checksum`].
///
/// # Errors
///
/// Those of [`Header::check`].
#[inline]
pub fn parse(bytes: &[u8]) -> Result<(&Header, &[u8]), Error> {
    let (header, rest) = Header::view(bytes)?;
    let len = header.check(bytes.len())?;
    let payload = rest
        .get(..len.saturating_sub(Header::LEN))
        .ok_or(Error::truncated(Layer::Udp, len, bytes.len()))?;
    Ok((header, payload))
}

/// Verifies the checksum of a datagram, which begins with its header.
///
/// # Errors
///
/// Those of [`Header::check`], and [`Error::BadChecksum`].
pub fn verify_checksum(pseudo: Pseudo, bytes: &[u8]) -> Result<(), Error> {
    let (header, _) = Header::view(bytes)?;
    let len = header.check(bytes.len())?;
    let datagram = bytes
        .get(..len)
        .ok_or(Error::truncated(Layer::Udp, len, bytes.len()))?;
    let sum = pseudo.sum(Protocol::UDP, u32::from(header.len()));
    let right = match (header.checksum(), pseudo.version()) {
        // RFC 768, "Checksum": an all zero value means that the sender made none.
        (0, Version::V4) => true,
        // RFC 8200 section 8.1: over IPv6 it is not optional.
        (0, Version::V6) => false,
        _ => sum.bytes(datagram).checksum() == 0,
    };
    if right {
        Ok(())
    } else {
        Err(Error::BadChecksum { layer: Layer::Udp })
    }
}

/// Computes and sets the checksum of a datagram, which begins with its header.
///
/// # Errors
///
/// Those of [`Header::check`].
pub fn fill_checksum(pseudo: Pseudo, bytes: &mut [u8]) -> Result<(), Error> {
    let have = bytes.len();
    let (header, rest) = Header::view_mut(bytes)?;
    let len = header.check(have)?;
    let payload = rest
        .get(..len.saturating_sub(Header::LEN))
        .ok_or(Error::truncated(Layer::Udp, len, have))?;
    header.set_checksum(0);
    let sum = pseudo
        .sum(Protocol::UDP, u32::from(header.len()))
        .bytes(zerocopy::IntoBytes::as_bytes(header))
        .bytes(payload);
    header.set_computed_checksum(sum.checksum());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            captures,
            ipv4,
            ipv6,
            testing::{
                boundary,
                round_trip,
                Random, //
            }, //
        },
        *, //
    };

    const LAYER: Layer = Layer::Udp;
    const BAD: Result<(), Error> = Err(Error::BadChecksum { layer: LAYER });

    /// The pseudo headers of the captured datagrams, and the datagrams.
    fn captured() -> [(Pseudo, &'static [u8]); 2] {
        let (v4, _, udp) = ipv4::parse(&captures::UDP[14..]).unwrap();
        let (v6, udp6) = ipv6::parse(&captures::UDP6[14..]).unwrap();
        [(v4.pseudo(), udp), (v6.pseudo(), udp6)]
    }

    #[test]
    fn deconstruct() {
        let [(_, bytes), (_, bytes6)] = captured();
        let (header, payload) = parse(bytes).unwrap();
        assert_eq!((header.source(), header.destination()), (59935, 9));
        assert_eq!(header.len(), 12);
        assert_eq!(header.checksum().to_be_bytes(), bytes[6..8]);
        assert_eq!(payload, b"wire");
        assert_eq!(parse(bytes6).unwrap().1, b"abc");
    }

    #[test]
    fn construct() {
        for (pseudo, datagram) in captured() {
            let (captured, payload) = parse(datagram).unwrap();
            let mut bytes = [0xa5; 14];
            let header =
                Header::new(captured.source(), captured.destination(), payload.len()).unwrap();
            let rest = header.emit(&mut bytes).unwrap();
            rest[..payload.len()].copy_from_slice(payload);
            fill_checksum(pseudo, &mut bytes).unwrap();
            assert_eq!(bytes[..datagram.len()], *datagram);
            assert!(bytes[datagram.len()..].iter().all(|byte| *byte == 0xa5));
        }
    }

    #[test]
    fn payload_limit() {
        let len = |payload| Header::new(1, 2, payload).map(|header| header.len());
        assert_eq!(len(65527), Ok(65535));
        let bad = |len| Err(Error::BadTotalLength { layer: LAYER, len });
        assert_eq!(len(65528), bad(65536));
        assert_eq!(len(usize::MAX), bad(u32::MAX));
    }

    #[test]
    fn lengths() {
        for (pseudo, datagram) in captured() {
            boundary(datagram, |bytes| parse(bytes).map(|_| ()));
            boundary(datagram, |bytes| verify_checksum(pseudo, bytes));
            boundary(datagram, |bytes| fill_checksum(pseudo, &mut bytes.to_vec()));
        }
    }

    #[test]
    fn length_field() {
        let (pseudo, datagram) = captured()[0];
        let mut bytes = datagram.to_vec();
        let mut check = |len: u16| {
            bytes[4..6].copy_from_slice(&len.to_be_bytes());
            let parsed = parse(&bytes).map(|(_, payload)| payload.len());
            if let Err(error) = parsed {
                assert_eq!(verify_checksum(pseudo, &bytes), Err(error));
                assert_eq!(fill_checksum(pseudo, &mut bytes.clone()), Err(error));
            }
            parsed
        };
        let bad = |len| Err(Error::BadTotalLength { layer: LAYER, len });
        assert_eq!(check(0), bad(0));
        assert_eq!(check(7), bad(7));
        assert_eq!(check(8), Ok(0));
        assert_eq!(check(12), Ok(4));
        assert_eq!(check(13), Err(Error::truncated(LAYER, 13, 12)));
    }

    #[test]
    fn round_trip_of_any_bytes() {
        round_trip::<Header>(|header| {
            let mut copy = Header::new(0, 0, 0).unwrap();
            copy.set_source(header.source());
            copy.set_destination(header.destination());
            copy.set_len(header.len());
            copy.set_checksum(header.checksum());
            copy
        });
    }

    #[test]
    fn checksum_of_any_change() {
        for (pseudo, datagram) in captured() {
            assert_eq!(verify_checksum(pseudo, datagram), Ok(()));
            for bit in (0..datagram.len() * 8).filter(|bit| !(32..48).contains(bit)) {
                let mut bytes = datagram.to_vec();
                bytes[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(verify_checksum(pseudo, &bytes), BAD, "bit {bit}");
            }
        }
        let [(v4, udp), (v6, udp6)] = captured();
        assert_eq!(verify_checksum(v6, udp), BAD);
        assert_eq!(verify_checksum(v4, udp6), BAD);
    }

    #[test]
    fn no_checksum() {
        let [(v4, udp), (v6, udp6)] = captured();
        let without = |datagram: &[u8]| {
            let mut bytes = datagram.to_vec();
            bytes[6..8].fill(0);
            bytes
        };
        assert_eq!(verify_checksum(v4, &without(udp)), Ok(()));
        assert_eq!(verify_checksum(v6, &without(udp6)), BAD);
        let bytes = without(udp);
        let mut header = *parse(&bytes).unwrap().0;
        header.update_checksum(1, 2);
        assert_eq!(header.checksum(), 0);
    }

    #[test]
    fn zero_is_sent_as_ones() {
        // A payload that makes the sum all ones.
        let (pseudo, _) = captured()[0];
        let mut bytes = [0; 10];
        Header::new(1, 2, 2).unwrap().emit(&mut bytes).unwrap();
        fill_checksum(pseudo, &mut bytes).unwrap();
        let checksum = [bytes[6], bytes[7]];
        bytes[8..].copy_from_slice(&checksum);
        fill_checksum(pseudo, &mut bytes).unwrap();
        assert_eq!(bytes[6..8], [0xff, 0xff]);
        assert_eq!(verify_checksum(pseudo, &bytes), Ok(()));
    }

    #[test]
    fn updated_ports() {
        let mut random = Random::new(6);
        for (pseudo, datagram) in captured() {
            for _ in 0..70_000 {
                let mut bytes = datagram.to_vec();
                let (header, _) = Header::view_mut(&mut bytes).unwrap();
                let (old, new) = (header.source(), random.next() as u16);
                header.set_source(new);
                header.update_checksum(old, new);
                assert_ne!(header.checksum(), 0);
                assert_eq!(verify_checksum(pseudo, &bytes), Ok(()), "{new}");
            }
        }
    }
}
