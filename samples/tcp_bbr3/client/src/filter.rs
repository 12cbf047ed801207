// SPDX-License-Identifier: GPL-2.0

//! Which sockets are asked for.

use std::net::{IpAddr, SocketAddr};

use crate::socket::Socket;

/// Addresses with the same first bits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Prefix {
    address: IpAddr,
    len: u8,
}

fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        // The first bits of both are at the same place.
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (address.into(), 128),
    }
}

impl Prefix {
    /// Reads `ADDRESS` or `ADDRESS/LENGTH`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (address, len) = match text.split_once('/') {
            Some((address, len)) => (address, Some(len)),
            None => (text, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("{address} is no address of IPv4 or IPv6"))?;
        let (_, most) = bits(address);
        let len = match len {
            None => most,
            Some(len) => match len.parse() {
                Ok(len) if len <= most => len,
                _ => return Err(format!("{len} is no length from 0 to {most}")),
            },
        };
        Ok(Self { address, len })
    }

    fn has(&self, address: IpAddr) -> bool {
        let ((ours, family), (theirs, other)) = (bits(self.address), bits(address));
        let rest = 128u32.saturating_sub(self.len.into());
        family == other && (ours ^ theirs).checked_shr(rest).unwrap_or(0) == 0
    }
}

/// What one end of a socket is to be: one of the addresses, and one of the ports, if there are any.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct End {
    pub(crate) prefixes: Vec<Prefix>,
    pub(crate) ports: Vec<u16>,
}

impl End {
    fn has(&self, end: &SocketAddr) -> bool {
        // An IPv4 address is found by either way to write it.
        let both = [end.ip(), end.ip().to_canonical()];
        let is_there = |prefix: &Prefix| both.iter().any(|address| prefix.has(*address));
        (self.prefixes.is_empty() || self.prefixes.iter().any(is_there))
            && (self.ports.is_empty() || self.ports.contains(&end.port()))
    }
}

#[derive(Debug, Default, PartialEq)]
pub(crate) struct Filter {
    pub(crate) local: End,
    pub(crate) remote: End,
}

impl Filter {
    pub(crate) fn has(&self, socket: &Socket) -> bool {
        self.local.has(&socket.local) && self.remote.has(&socket.remote)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::tests::socket;

    fn is_in(prefix: &str, address: &str) -> bool {
        let end = End {
            prefixes: vec![Prefix::parse(prefix).unwrap()],
            ports: Vec::new(),
        };
        end.has(&SocketAddr::new(address.parse().unwrap(), 1))
    }

    #[test]
    fn a_prefix_has_what_begins_with_it() {
        assert!(is_in("192.0.2.1", "192.0.2.1") && !is_in("192.0.2.1", "192.0.2.2"));
        assert!(is_in("192.0.2.0/24", "192.0.2.255") && !is_in("192.0.2.0/24", "192.0.3.0"));
        assert!(is_in("192.0.2.77/31", "192.0.2.76") && !is_in("192.0.2.77/31", "192.0.2.78"));
        assert!(
            is_in("2001:db8::/33", "2001:db8:7fff::1")
                && !is_in("2001:db8::/33", "2001:db8:8000::")
        );
        assert!(is_in("::1/128", "::1") && !is_in("::1/128", "::2"));
    }

    #[test]
    fn length_zero_has_all_of_a_family() {
        assert!(is_in("0.0.0.0/0", "255.255.255.255") && !is_in("0.0.0.0/0", "::1"));
        assert!(is_in("::/0", "ffff::1") && !is_in("::/0", "192.0.2.1"));
    }

    #[test]
    fn an_ipv4_address_of_an_ipv6_socket_is_both() {
        assert!(is_in("192.0.2.0/24", "::ffff:192.0.2.1"));
        assert!(is_in("::ffff:192.0.2.1", "::ffff:192.0.2.1") && is_in("::/0", "::ffff:192.0.2.1"));
    }

    #[test]
    fn what_is_no_prefix_is_refused() {
        for text in [
            "",
            "/",
            "192.0.2",
            "192.0.2.1/33",
            "::/129",
            "::/-1",
            "192.0.2.1/",
            "a",
            "192.0.2.1/8/8",
        ] {
            assert!(Prefix::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn all_that_is_said_has_to_match() {
        let end = |prefixes: &[&str], ports: &[u16]| End {
            prefixes: prefixes
                .iter()
                .map(|text| Prefix::parse(text).unwrap())
                .collect(),
            ports: ports.to_vec(),
        };
        let has = |local, remote| Filter { local, remote }.has(&socket());
        assert!(has(End::default(), End::default()));
        assert!(has(end(&["192.0.2.1"], &[]), end(&[], &[80, 5201])));
        assert!(has(
            end(&["::/0", "192.0.2.0/24"], &[40592]),
            End::default()
        ));
        assert!(!has(end(&["198.51.100.2"], &[]), End::default()));
        assert!(!has(end(&["192.0.2.1"], &[5201]), End::default()));
        assert!(!has(end(&["192.0.2.1"], &[]), end(&[], &[40592])));
    }
}
