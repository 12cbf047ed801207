// SPDX-License-Identifier: GPL-2.0

//! Ethernet Configuration Testing Protocol, EtherType 9000, known as "loopback".
//!
//! Specification: "The Ethernet", version 2.0 (Digital, Intel, Xerox, 1982), section 8. Numbers are
//! little-endian, unlike those of all other protocols here.
//!
//! A frame carries messages one inside the other. The skip count says how many octets behind it
//! have been dealt with; the current message begins there. Each station advances the count and
//! sends the frame on, which keeps its length. So a frame that station A sends to B, to be
//! forwarded to C and back to A, is
//!
//! ```text
//! | skip count 0 | forward to C | forward to A | reply, receipt number | data |
//!                ^ current at B ^ at C         ^ at A
//! ```

use zerocopy::little_endian::U16;
use zerocopy_derive::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use super::{
    ethernet::Address,
    Error,
    Header as _,
    Layer, //
};

/// The group of the stations that help others to find each other: the loopback assistance
/// multicast address.
pub const ASSISTANCE: Address = Address::new([0xcf, 0x00, 0x00, 0x00, 0x00, 0x00]);

/// What every frame begins with.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{ect, Header as _};
///
/// /// Where the current message of a frame's payload begins, in octets.
/// fn current(payload: &[u8]) -> Result<u32, wire::Error> {
///     let (header, _) = ect::Header::view(payload)?;
///     header.check()
/// }
///
/// let mut payload = [0; 46];
/// ect::Header::new(8).emit(&mut payload)?;
/// assert_eq!(payload[..2], [8, 0]); // little-endian
/// assert_eq!(current(&payload), Ok(10));
/// # Ok::<(), wire::Error>(())
/// ```
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Header {
    skip_count: U16,
}

header!(Header, Ect, 2);

impl Header {
    /// A header with this skip count, in octets.
    #[inline]
    pub const fn new(skip_count: u16) -> Self {
        Self {
            skip_count: U16::new(skip_count),
        }
    }

    /// Octets behind the header that have been dealt with; even, if [`Header::check`] passes.
    #[doc(alias = "skipCount")]
    #[inline]
    pub const fn skip_count(&self) -> u16 {
        self.skip_count.get()
    }

    /// Checks the skip count; returns where the current message begins, in octets from the
    /// header's start.
    ///
    /// # Errors
    ///
    /// [`Error::BadReserved`].
    #[inline]
    pub const fn check(&self) -> Result<u32, Error> {
        let skip_count = self.skip_count();
        // All fields begin on 16-bit boundaries, hence the count is always even.
        if skip_count & 1 != 0 {
            return Err(Error::BadReserved {
                layer: Layer::Ect,
                value: skip_count,
            });
        }
        // Not more than 2 + 65534.
        Ok(Self::LEN as u32 + skip_count as u32)
    }

    /// Marks a [`Forward`] message as dealt with.
    ///
    /// # Errors
    ///
    /// [`Error::BadTotalLength`] if the field does not hold the new count; it is left as it is.
    #[inline]
    pub fn advance(&mut self) -> Result<(), Error> {
        // The count is increased by the length of function code and forward address.
        let len = Forward::LEN as u16;
        let Some(skip_count) = self.skip_count().checked_add(len) else {
            return Err(Error::BadTotalLength {
                layer: Layer::Ect,
                len: u32::from(self.skip_count()).saturating_add(u32::from(len)),
            });
        };
        self.skip_count.set(skip_count);
        Ok(())
    }
}

/// What a message is, with which every message begins.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::ect::{self, Function, Message};
///
/// let (_, message, _) = ect::parse(&[0, 0, 9, 0])?;
/// assert_eq!(message, Message::Unknown(Function::new(9)));
/// # Ok::<(), wire::Error>(())
/// ```
#[repr(transparent)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Function(U16);

impl Function {
    /// A [`Reply`].
    pub const REPLY: Self = Self(U16::new(1));
    /// A [`Forward`] (`Forward Data`).
    #[doc(alias = "Forward Data")]
    pub const FORWARD: Self = Self(U16::new(2));

    /// The function of this code.
    #[inline]
    pub const fn new(code: u16) -> Self {
        Self(U16::new(code))
    }

    /// Its code.
    #[inline]
    pub const fn code(self) -> u16 {
        self.0.get()
    }
}

/// "Forward Data": to be sent on. The message inside it follows.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{ect::{self, Forward, Message}, ethernet::Address, Header as _};
///
/// /// The station that a frame's payload is to be sent on to.
/// fn next(payload: &[u8]) -> Option<Address> {
///     match ect::parse(payload).ok()? {
///         (_, Message::Forward(forward), _) => Some(forward.address()),
///         _ => None,
///     }
/// }
///
/// let station = Address::new([2, 0, 0, 0, 0, 1]);
/// let mut payload = [0; 46];
/// Forward::new(station).emit(&mut payload[ect::Header::LEN..])?;
/// assert_eq!(next(&payload), Some(station));
/// # Ok::<(), wire::Error>(())
/// ```
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Forward {
    function: Function,
    address: Address,
}

header!(Forward, Ect, 8);

impl Forward {
    /// A message to be sent on to `address`.
    #[inline]
    pub const fn new(address: Address) -> Self {
        Self {
            function: Function::FORWARD,
            address,
        }
    }

    /// [`Function::FORWARD`], if the message is one.
    #[inline]
    pub const fn function(&self) -> Function {
        self.function
    }

    /// The station to send it on to.
    #[inline]
    pub const fn address(&self) -> Address {
        self.address
    }
}

/// "Reply": for who has asked. Its data follow.
///
/// # Examples
///
/// ```
/// # use kernet_wire as wire;
/// use wire::{ect::{self, Message, Reply}, Header as _};
///
/// let mut payload = [0; 46];
/// Reply::new(7).emit(&mut payload[ect::Header::LEN..])?;
/// let (_, message, _) = ect::parse(&payload)?;
/// assert!(matches!(message, Message::Reply(reply) if reply.receipt() == 7));
/// # Ok::<(), wire::Error>(())
/// ```
#[repr(C)]
#[derive(
    FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned, Clone, Copy, Debug, PartialEq, Eq,
)]
pub struct Reply {
    function: Function,
    receipt: U16,
}

header!(Reply, Ect, 4);

impl Reply {
    /// A reply with this receipt number.
    #[inline]
    pub const fn new(receipt: u16) -> Self {
        Self {
            function: Function::REPLY,
            receipt: U16::new(receipt),
        }
    }

    /// [`Function::REPLY`], if the message is one.
    #[inline]
    pub const fn function(&self) -> Function {
        self.function
    }

    /// The number by which who has asked knows what this is the reply to.
    #[inline]
    pub const fn receipt(&self) -> u16 {
        self.receipt.get()
    }
}

/// The current message of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// To be sent on.
    Forward(&'a Forward),
    /// For who has asked.
    Reply(&'a Reply),
    /// Of a function that the specification does not have; to be ignored.
    Unknown(Function),
}

/// Views the payload of a frame; returns its header, the current message and what is behind that.
///
/// # Errors
///
/// [`Error::Truncated`], and those of [`Header::check`].
pub fn parse(bytes: &[u8]) -> Result<(&Header, Message<'_>, &[u8]), Error> {
    let (header, _) = Header::view(bytes)?;
    let at = header.check()? as usize;
    let current = bytes.get(at..).unwrap_or(&[]);
    // An error that counts from the start of the frame's payload.
    let short = |len: usize| Error::truncated(Layer::Ect, at.saturating_add(len), bytes.len());
    let Some((code, rest)) = current.split_first_chunk::<2>() else {
        return Err(short(2));
    };
    match Function::new(u16::from_le_bytes(*code)) {
        Function::FORWARD => {
            let (message, rest) = Forward::view(current).map_err(|_| short(Forward::LEN))?;
            Ok((header, Message::Forward(message), rest))
        }
        Function::REPLY => {
            let (message, rest) = Reply::view(current).map_err(|_| short(Reply::LEN))?;
            Ok((header, Message::Reply(message), rest))
        }
        function => Ok((header, Message::Unknown(function), rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;
    use zerocopy::IntoBytes as _;

    const A: Address = Address::new([0x02, 0x00, 0x5e, 0x00, 0x53, 0x0a]);

    /// What A sends to a station for an answer, padded to the shortest frame, without the Ethernet
    /// header.
    const REQUEST: [u8; 46] = {
        let mut bytes = [0; 46];
        let start = [
            0x00, 0x00, // skip count
            0x02, 0x00, 0x02, 0x00, 0x5e, 0x00, 0x53, 0x0a, // forward to A
            0x01, 0x00, 0x34, 0x12, // reply
            b'd', b'a', b't', b'a',
        ];
        let mut i = 0;
        while i < start.len() {
            bytes[i] = start[i];
            i += 1;
        }
        bytes
    };

    /// What a Cisco switch port sends to itself every ten seconds.
    const KEEPALIVE: [u8; 46] = {
        let mut bytes = [0; 46];
        bytes[2] = 0x01;
        bytes
    };

    #[test]
    fn deconstruct() {
        let (header, message, rest) = parse(&REQUEST).unwrap();
        assert_eq!(header.skip_count(), 0);
        let Message::Forward(forward) = message else {
            panic!("{message:?}");
        };
        assert_eq!(forward.function().code(), 2);
        assert_eq!(forward.address(), A);
        assert_eq!(rest.len(), 36);
    }

    #[test]
    fn a_station_advances_the_count() {
        let mut bytes = REQUEST;
        Header::view_mut(&mut bytes).unwrap().0.advance().unwrap();
        assert_eq!(bytes[..2], [8, 0]);
        assert_eq!(bytes[2..], REQUEST[2..]);
        let (header, message, rest) = parse(&bytes).unwrap();
        assert_eq!(header.skip_count(), 8);
        let Message::Reply(reply) = message else {
            panic!("{message:?}");
        };
        assert_eq!(reply.function().code(), 1);
        assert_eq!(reply.receipt(), 0x1234);
        assert_eq!(rest[..4], *b"data");
        assert_eq!(rest.len(), 32);
    }

    #[test]
    fn construct() {
        let mut bytes = [0xa5; 46];
        let rest = Header::new(0).emit(&mut bytes).unwrap();
        let rest = Forward::new(A).emit(rest).unwrap();
        let rest = Reply::new(0x1234).emit(rest).unwrap();
        assert!(rest.iter().all(|byte| *byte == 0xa5));
        assert_eq!(bytes[..14], REQUEST[..14]);
    }

    #[test]
    fn a_switch_port_tests_itself() {
        let (header, message, rest) = parse(&KEEPALIVE).unwrap();
        assert_eq!(header.skip_count(), 0);
        assert_eq!(message, Message::Reply(&Reply::new(0)));
        assert_eq!(rest.len(), 40);
    }

    #[test]
    fn every_skip_count() {
        for skip_count in 0..=u16::MAX {
            let header = Header::new(skip_count);
            let expected = if skip_count % 2 == 0 {
                Ok(2 + u32::from(skip_count))
            } else {
                Err(Error::BadReserved {
                    layer: Layer::Ect,
                    value: skip_count,
                })
            };
            assert_eq!(header.check(), expected);
            let mut advanced = header;
            let result = advanced.advance();
            if skip_count <= u16::MAX - 8 {
                assert_eq!((result, advanced), (Ok(()), Header::new(skip_count + 8)));
            } else {
                let len = u32::from(skip_count) + 8;
                let layer = Layer::Ect;
                assert_eq!(result, Err(Error::BadTotalLength { layer, len }));
                assert_eq!(advanced, header);
            }
        }
    }

    #[test]
    fn every_function() {
        for code in 0..=u16::MAX {
            let mut bytes = [0; 10];
            bytes[2..4].copy_from_slice(&code.to_le_bytes());
            let (_, message, rest) = parse(&bytes).unwrap();
            match code {
                1 => assert_eq!(message, Message::Reply(&Reply::new(0))),
                2 => assert_eq!(message, Message::Forward(&Forward::new(Address::ZERO))),
                _ => {
                    assert_eq!(message, Message::Unknown(Function::new(code)));
                    assert_eq!(rest.len(), 6);
                }
            }
        }
    }

    #[test]
    fn lengths() {
        let nested = |skip_count, message: &[u8]| {
            let mut bytes = Vec::from(u16::to_le_bytes(skip_count));
            bytes.resize(2 + usize::from(skip_count), 0xa5);
            bytes.extend_from_slice(message);
            bytes
        };
        for skip_count in [0, 8, 40] {
            let forward = nested(skip_count, &[2, 0, 1, 2, 3, 4, 5, 6]);
            super::super::testing::boundary(&forward, |bytes| parse(bytes).map(|_| ()));
            let reply = nested(skip_count, &[1, 0, 0x34, 0x12]);
            super::super::testing::boundary(&reply, |bytes| parse(bytes).map(|_| ()));
            let unknown = nested(skip_count, &[3, 0]);
            super::super::testing::boundary(&unknown, |bytes| parse(bytes).map(|_| ()));
        }
    }

    #[test]
    fn round_trip() {
        super::super::testing::round_trip::<Header>(|header| Header::new(header.skip_count()));
        super::super::testing::round_trip::<Forward>(|message| Forward {
            function: Function::new(message.function().code()),
            address: message.address(),
        });
        super::super::testing::round_trip::<Reply>(|message| Reply {
            function: Function::new(message.function().code()),
            receipt: U16::new(message.receipt()),
        });
    }

    #[test]
    fn frames_end() {
        // However many stations a frame names, each hop takes eight octets of it.
        let mut bytes = Vec::from([0, 0]);
        while bytes.len() + Forward::LEN <= 1500 {
            bytes.extend_from_slice(Forward::new(A).as_bytes());
        }
        let mut hops = 0;
        while let Ok((_, Message::Forward(_), _)) = parse(&bytes) {
            Header::view_mut(&mut bytes).unwrap().0.advance().unwrap();
            hops += 1;
        }
        assert_eq!(hops, 187);
    }

    #[test]
    fn any_bytes() {
        let mut random = super::super::testing::Random::new(1);
        for _ in 0..20_000 {
            let len = random.below(64);
            let mut bytes = random.bytes(len);
            // Skip counts that may be within, and functions that exist.
            if let [low, high, ..] = &mut bytes[..] {
                *low %= 32;
                *high = 0;
            }
            let Ok((header, message, rest)) = parse(&bytes) else {
                continue;
            };
            let message = match message {
                Message::Forward(_) => Forward::LEN,
                Message::Reply(_) => Reply::LEN,
                Message::Unknown(_) => 2,
            };
            let skip_count = usize::from(header.skip_count());
            assert_eq!(2 + skip_count + message + rest.len(), bytes.len());
        }
    }
}
