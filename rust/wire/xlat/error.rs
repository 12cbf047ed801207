// SPDX-License-Identifier: GPL-2.0

//! ICMP errors, with the packet that they quote and the extensions behind it (RFC 7915 sections 4.2, 4.3,
//! 5.2 and 5.3, RFC 4884).

use core::ops::Deref;

use super::super::{
    icmp as icmp4,
    icmpv6,
    ip::Protocol,
    ipv4,
    ipv6,
    Error,
    Header as _,
    Layer, //
};
use super::{
    icmp,
    v4,
    v6,
    Exchange,
    Mapping,
    Refused,
    Translator,
    ERROR4_LEN,
    ERROR6_LEN, //
};

/// The fewest octets of a quoted packet in front of extensions (RFC 4884 section 3).
const LEAST_QUOTED: usize = 128;

/// A quoted packet and the extensions behind it.
struct Body<'a> {
    quoted: &'a [u8],
    extensions: &'a [u8],
}

impl<'a> Body<'a> {
    /// Takes apart what is behind the header of an error, whose `words` of `unit` octets are quoted. None
    /// says that there are no extensions; so does a length that cannot be.
    fn new(bytes: &'a [u8], words: u8, unit: Option<usize>) -> Self {
        let len = unit.map_or(0, |unit| usize::from(words).saturating_mul(unit));
        match bytes.split_at_checked(len) {
            Some((quoted, extensions)) if len != 0 && !extensions.is_empty() => {
                Self { quoted, extensions }
            }
            _ => Self {
                quoted: bytes,
                extensions: &[],
            },
        }
    }
}

/// What has been written.
struct Written {
    /// How many octets.
    len: usize,
    /// RFC 4884's length: how many words are quoted, if extensions are behind.
    words: u8,
}

/// Writes a quoted packet with its front exchanged, and the extensions if there is room for them and the
/// error has the length, in words of `unit` octets.
fn write(
    out: &mut [u8],
    body: &Body<'_>,
    exchange: &Exchange,
    unit: Option<usize>,
) -> Option<Written> {
    let rest = body.quoted.get(exchange.replaced()..)?;
    let front = exchange.front();
    let room = out.len();
    // The front is never longer than what is there for it.
    let (place, behind) = out.split_at_mut_checked(front.len())?;
    place.copy_from_slice(front);
    let copied = rest.len().min(behind.len());
    behind
        .get_mut(..copied)?
        .copy_from_slice(rest.get(..copied)?);
    let mut written = Written {
        len: front.len().checked_add(copied)?,
        words: 0,
    };
    if let Some((at, value)) = exchange.checksum() {
        // What is quoted may end before.
        let end = at.checked_add(2)?;
        if end <= written.len {
            out.get_mut(at..end)?.copy_from_slice(&value.to_be_bytes());
        }
    }
    let (Some(unit), false) = (unit, body.extensions.is_empty()) else {
        return Some(written);
    };
    let down = |len: usize| {
        len.checked_div(unit)
            .map(|words| words.saturating_mul(unit))
    };
    // RFC 7915 section 4.2: extensions that do not fit are left out.
    let Some(most) = room.checked_sub(body.extensions.len()).and_then(down) else {
        return Some(written);
    };
    if most < LEAST_QUOTED {
        return Some(written);
    }
    let quoted = down(written.len)?.max(LEAST_QUOTED).min(most);
    let words = u8::try_from(quoted.checked_div(unit)?).ok()?;
    // RFC 4884 section 4: zeros behind what is shorter.
    if let Some(padding) = out.get_mut(written.len..quoted) {
        padding.fill(0);
    }
    let end = quoted.checked_add(body.extensions.len())?;
    out.get_mut(quoted..end)?.copy_from_slice(body.extensions);
    written = Written { len: end, words };
    Some(written)
}

impl<E: Deref<Target = [Mapping]>, I: Deref<Target = [u32]>> Translator<'_, E, I> {
    /// Writes the ICMPv6 error that an ICMP error is translated to; returns its length.
    ///
    /// `bytes` are all of the packet.
    ///
    /// # Errors
    ///
    /// Why it is not translated. Nobody is to be told of it.
    pub fn error_v4_to_v6(
        &self,
        bytes: &[u8],
        out: &mut [u8; ERROR6_LEN],
    ) -> Result<usize, Refused> {
        let front = v4::front(bytes, bytes.len())?;
        front.check(bytes)?;
        let outer = front.header;
        if outer.fragment().is_some() || outer.protocol() != Protocol::ICMP {
            return Err(Refused::FragmentedIcmp);
        }
        // The checksum is made anew, and is not to become right by that.
        icmp4::verify_checksum(front.payload)?;
        let (message, body) = icmp4::Header::view(front.payload)?;
        let [_, words] = message.identifier().to_be_bytes();
        let body = Body::new(body, words, icmp::unit4(message.kind()));
        let quoted = v4::front(body.quoted, usize::MAX)?;
        let total_len = quoted.header.total_len();
        let error = icmp::error_to_v6(message, total_len, self.settings)?;
        let addresses = self.quoted_to_v6(quoted.header.source(), quoted.header.destination())?;
        let fragment = quoted.header.fragment();
        let exchange = self.exchange_v4(&quoted, addresses, fragment, false, None)?;
        let (source, destination) =
            self.error_to_v6(outer.source(), outer.destination(), addresses.1)?;

        let short = Error::truncated(Layer::Icmpv6, ERROR6_LEN, 0);
        let headers = ipv6::Header::LEN.saturating_add(icmpv6::Header::LEN);
        let place = out.get_mut(headers..).ok_or(short)?;
        let unit = icmp::unit6(error.kind);
        let written = write(place, &body, &exchange, unit).ok_or(short)?;
        let mut new = icmpv6::Header::new(error.kind, error.code);
        new.set_value(match unit {
            // RFC 4884 section 4.4: the first octet, where there is no value.
            Some(_) => u32::from(written.words) << 24,
            None => error.value,
        });
        let payload_len = written.len.saturating_add(icmpv6::Header::LEN);
        let mut header = ipv6::Header::new(source, destination, Protocol::ICMPV6, payload_len)?;
        if self.settings.copy_class {
            header.set_traffic_class(outer.traffic_class());
        }
        header.set_hop_limit(outer.ttl());
        let rest = header.emit(out)?;
        let message = rest.get_mut(..payload_len).ok_or(short)?;
        new.emit(message)?;
        icmpv6::fill_checksum(header.pseudo(), message)?;
        Ok(payload_len.saturating_add(ipv6::Header::LEN))
    }

    /// Writes the ICMP error that an ICMPv6 error is translated to; returns its length.
    ///
    /// `bytes` are all of the packet. `identification` is that of a packet that has none in IPv6.
    ///
    /// # Errors
    ///
    /// As [`Translator::error_v4_to_v6`].
    pub fn error_v6_to_v4(
        &self,
        bytes: &[u8],
        identification: u16,
        out: &mut [u8; ERROR4_LEN],
    ) -> Result<usize, Refused> {
        let front = v6::front(bytes, bytes.len())?;
        let outer = front.header;
        if front.is_fragment() || front.protocol != Protocol::ICMPV6 {
            return Err(Refused::FragmentedIcmp);
        }
        icmpv6::verify_checksum(outer.pseudo(), front.payload)?;
        let (message, body) = icmpv6::Header::view(front.payload)?;
        let [words, _, _, _] = message.value().to_be_bytes();
        let body = Body::new(body, words, icmp::unit6(message.kind()));
        let error = icmp::error_to_v4(message, self.settings)?;
        let quoted = v6::front(body.quoted, usize::MAX)?;
        let addresses = self.quoted_to_v4(quoted.header.source(), quoted.header.destination())?;
        let sent = quoted.payload_len()?.saturating_add(ipv4::Header::LEN);
        let exchange = self.exchange_v6(&quoted, addresses, sent, None)?;
        let (source, destination) =
            self.error_to_v4(outer.source(), outer.destination(), addresses.1)?;

        let short = Error::truncated(Layer::Icmp, ERROR4_LEN, 0);
        let headers = ipv4::Header::LEN.saturating_add(icmp4::Header::LEN);
        let place = out.get_mut(headers..).ok_or(short)?;
        let written = write(place, &body, &exchange, icmp::unit4(error.kind)).ok_or(short)?;
        let mut new = icmp4::Header::new(error.kind, error.code);
        // RFC 4884 section 4.1: the second octet; the first one is the pointer, the last two the MTU.
        new.set_echo(
            u16::from_be_bytes([error.pointer, written.words]),
            error.mtu,
        );
        let payload_len = written.len.saturating_add(icmp4::Header::LEN);
        let mut header = ipv4::Header::new(source, destination, Protocol::ICMP, payload_len)?;
        header.set_traffic_class(match self.settings.copy_class {
            true => outer.traffic_class(),
            false => 0,
        });
        header.set_ttl(outer.hop_limit());
        header.set_identification(match front.fragment {
            // The low 16 bits.
            Some(fragment) => fragment.identification as u16,
            None => identification,
        });
        header.set_dont_fragment(false);
        header.fill_checksum(&[]);
        let rest = header.emit(out)?;
        let message = rest.get_mut(..payload_len).ok_or(short)?;
        new.emit(message)?;
        icmp4::fill_checksum(message)?;
        Ok(payload_len.saturating_add(ipv4::Header::LEN))
    }
}
