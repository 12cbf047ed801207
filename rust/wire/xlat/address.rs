// SPDX-License-Identifier: GPL-2.0

//! Which address stands for which, in a packet, in an ICMP error, and in the packet that it quotes.

use core::{
    net::{
        Ipv4Addr,
        Ipv6Addr, //
    },
    ops::Deref, //
};

use super::{
    Mapping,
    Refused,
    Translator, //
};

/// Whether no single host has the address: RFC 1812 section 5.3.7, RFC 3927 section 7.
const fn of_no_host4(address: Ipv4Addr) -> bool {
    matches!(address.octets(), [0 | 127 | 224..=255, ..] | [169, 254, ..])
}

/// The same of IPv6: RFC 4291 sections 2.5.2, 2.5.3, 2.5.6 and 2.7.
const fn of_no_host6(address: Ipv6Addr) -> bool {
    let bits = address.to_bits();
    bits <= 1 || bits >> 120 == 0xff || bits >> 118 == 0xfe80 >> 6
}

impl<E: Deref<Target = [Mapping]>, I: Deref<Target = [u32]>> Translator<'_, E, I> {
    /// What stands for an IPv4 address by the prefix.
    fn embedded(&self, address: Ipv4Addr) -> Result<Ipv6Addr, Refused> {
        let prefix = self.settings.prefix.ok_or(Refused::Unmapped4(address))?;
        if !self.settings.private && prefix.forbids(address) {
            return Err(Refused::Private(address));
        }
        Ok(prefix.embed(address))
    }

    /// What stands for an IPv4 address, and whether by a mapping (RFC 7757 section 3.3.1).
    #[inline]
    fn to_v6(&self, address: Ipv4Addr) -> Result<(Ipv6Addr, bool), Refused> {
        match self.table.v6_of(address) {
            Some(mapped) => Ok((mapped, true)),
            None => Ok((self.embedded(address)?, false)),
        }
    }

    /// What stands for an IPv6 address (RFC 7757 section 3.3.2).
    #[inline]
    fn to_v4(&self, address: Ipv6Addr) -> Result<Ipv4Addr, Refused> {
        if let Some(mapped) = self.table.v4_of(address) {
            return Ok(mapped);
        }
        let unmapped = Refused::Unmapped6(address);
        let prefix = self.settings.prefix.ok_or(unmapped)?;
        let embedded = prefix.extract(address).ok_or(unmapped)?;
        if !self.settings.private && prefix.forbids(embedded) {
            return Err(Refused::Private(embedded));
        }
        Ok(embedded)
    }

    /// What stands for the IPv4 address of a host that another one, which has a mapping, talks to.
    ///
    /// RFC 7757 section 4.2: if this one has a mapping, too, the other one knows it by the prefix.
    #[inline]
    fn to_v6_beside(&self, address: Ipv4Addr, mapped: bool) -> Result<Ipv6Addr, Refused> {
        if mapped && self.settings.hairpinning && self.settings.prefix.is_some() {
            return self.embedded(address);
        }
        Ok(self.to_v6(address)?.0)
    }

    /// Source and destination of a packet.
    #[inline]
    pub(super) fn addresses_to_v6(
        &self,
        source: Ipv4Addr,
        destination: Ipv4Addr,
    ) -> Result<(Ipv6Addr, Ipv6Addr), Refused> {
        if of_no_host4(source) {
            return Err(Refused::Source4(source));
        }
        if of_no_host4(destination) {
            return Err(Refused::Destination4(destination));
        }
        let (to, mapped) = self.to_v6(destination)?;
        Ok((self.to_v6_beside(source, mapped)?, to))
    }

    /// Source and destination of a packet.
    #[inline]
    pub(super) fn addresses_to_v4(
        &self,
        source: Ipv6Addr,
        destination: Ipv6Addr,
    ) -> Result<(Ipv4Addr, Ipv4Addr), Refused> {
        if of_no_host6(source) {
            return Err(Refused::Source6(source));
        }
        if of_no_host6(destination) {
            return Err(Refused::Destination6(destination));
        }
        let to = self.to_v4(destination)?;
        let from = self.to_v4(source)?;
        // A mapping or a prefix may stand for any address, but no packet has these.
        if of_no_host4(from) {
            return Err(Refused::Source4(from));
        }
        if of_no_host4(to) {
            return Err(Refused::Destination4(to));
        }
        Ok((from, to))
    }

    /// Source and destination of a quoted packet, which whoever is told has sent.
    pub(super) fn quoted_to_v6(
        &self,
        source: Ipv4Addr,
        destination: Ipv4Addr,
    ) -> Result<(Ipv6Addr, Ipv6Addr), Refused> {
        let (from, mapped) = self.to_v6(source)?;
        Ok((from, self.to_v6_beside(destination, mapped)?))
    }

    /// The same in the other direction.
    pub(super) fn quoted_to_v4(
        &self,
        source: Ipv6Addr,
        destination: Ipv6Addr,
    ) -> Result<(Ipv4Addr, Ipv4Addr), Refused> {
        Ok((self.to_v4(source)?, self.to_v4(destination)?))
    }

    /// Source and destination of an ICMP error. RFC 7915 section 4.1 lets the source be illegal, and RFC
    /// 6791 has one for who has none. Where no such is configured it is `quoted`, where the quoted packet
    /// was to go: who has sent that is to hear of its path's MTU in any case.
    pub(super) fn error_to_v6(
        &self,
        source: Ipv4Addr,
        destination: Ipv4Addr,
        quoted: Ipv6Addr,
    ) -> Result<(Ipv6Addr, Ipv6Addr), Refused> {
        if of_no_host4(destination) {
            return Err(Refused::Destination4(destination));
        }
        let (to, _) = self.to_v6(destination)?;
        let from = match (self.to_v6(source), self.settings.sources6) {
            (Ok((from, _)), _) => from,
            (Err(_), Some(sources)) => sources.pick(source),
            (Err(_), None) => quoted,
        };
        Ok((from, to))
    }

    /// The same in the other direction (RFC 6791 section 3).
    pub(super) fn error_to_v4(
        &self,
        source: Ipv6Addr,
        destination: Ipv6Addr,
        quoted: Ipv4Addr,
    ) -> Result<(Ipv4Addr, Ipv4Addr), Refused> {
        if of_no_host6(destination) {
            return Err(Refused::Destination6(destination));
        }
        let to = self.to_v4(destination)?;
        if of_no_host4(to) {
            return Err(Refused::Destination4(to));
        }
        let from = match (self.to_v4(source), self.settings.sources4) {
            (Ok(from), _) => from,
            (Err(_), Some(sources)) => sources.pick(source),
            (Err(_), None) => quoted,
        };
        Ok((from, to))
    }
}
