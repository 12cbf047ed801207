// SPDX-License-Identifier: GPL-2.0

//! What addresses and ports are translated to.

use core::{
    net::{
        IpAddr,
        Ipv6Addr, //
    },
    ops::RangeInclusive, //
};
use kernel::prelude::*;
use kernet::{
    error::eafnosupport,
    netfilter::Family, //
};

use crate::bindings;

/// The ports from which one is chosen (`nf_nat_range2::min_proto`); of ICMP, the identifiers.
///
/// Protocols without ports are translated without regard to this.
///
/// # Examples
///
/// ```
/// use kernel::error::Result;
/// use kernet_nat::Ports;
///
/// /// Ports above those of services, which nobody can guess.
/// fn ports() -> Result<Ports> {
///     Ok(Ports::new(1024..=65535)?.fully_random())
/// }
/// ```
#[doc(alias = "nf_nat_range2::min_proto")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    first: u16,
    /// 0: any.
    last: u16,
    flags: u32,
}

impl Ports {
    /// Any (`nf_nat_l4proto_unique_tuple()`): of a source, its own if that is free, or else one of the same kind
    /// (below 512, below 1024, above). A destination keeps its port.
    #[doc(alias = "nf_nat_l4proto_unique_tuple")]
    pub const ANY: Self = Self {
        first: 0,
        last: 0,
        flags: 0,
    };

    /// One of these (`NF_NAT_RANGE_PROTO_SPECIFIED`). If there are several the first free one is taken that is
    /// found; if none is found free the packet is dropped.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if there are none, or 0 is among them.
    #[doc(alias = "NF_NAT_RANGE_PROTO_SPECIFIED")]
    pub const fn new(ports: RangeInclusive<u16>) -> Result<Self> {
        let (first, last) = (*ports.start(), *ports.end());
        if first == 0 || first > last {
            return Err(EINVAL);
        }
        Ok(Self {
            first,
            last,
            flags: bindings::NF_NAT_RANGE_PROTO_SPECIFIED,
        })
    }

    /// Begins the search for a free one somewhere, even if the packet's own is free
    /// (`NF_NAT_RANGE_PROTO_RANDOM`).
    #[doc(alias = "NF_NAT_RANGE_PROTO_RANDOM")]
    pub const fn random(mut self) -> Self {
        self.flags |= bindings::NF_NAT_RANGE_PROTO_RANDOM;
        self
    }

    /// As [`Self::random`]: this kernel draws the same numbers for both
    /// (`NF_NAT_RANGE_PROTO_RANDOM_FULLY`).
    #[doc(alias = "NF_NAT_RANGE_PROTO_RANDOM_FULLY")]
    pub const fn fully_random(mut self) -> Self {
        self.flags |= bindings::NF_NAT_RANGE_PROTO_RANDOM_FULLY;
        self
    }

    #[cfg(any(CONFIG_NF_NAT_MASQUERADE, CONFIG_NF_NAT_REDIRECT))]
    pub(crate) fn as_raw(self) -> bindings::nf_nat_range2 {
        Range::from(self).as_raw()
    }
}

impl Default for Ports {
    fn default() -> Self {
        Self::ANY
    }
}

/// The addresses and ports of which one of each is chosen for a connection (`nf_nat_range2`).
///
/// # Invariants
///
/// The addresses are of one version, in order; those of IPv6 are such that the kernel chooses none beyond them.
///
/// # Examples
///
/// ```
/// use core::net::{IpAddr, Ipv4Addr};
/// use kernel::error::Result;
/// use kernet_nat::{Ports, Range};
///
/// const FIRST: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 8));
/// const LAST: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 15));
///
/// /// A pool of which each client always gets the same address.
/// fn pool() -> Result<Range> {
///     Ok(Range::new(FIRST..=LAST)?
///         .with_ports(Ports::new(1024..=65535)?)
///         .persistent())
/// }
/// ```
#[doc(alias = "nf_nat_range2")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    addresses: Option<(IpAddr, IpAddr)>,
    ports: Ports,
    persistent: bool,
}

impl Range {
    /// One of these addresses, and any port (`NF_NAT_RANGE_MAP_IPS`). Which one follows from the addresses of the
    /// connection.
    ///
    /// The kernel chooses IPv6 addresses by groups of 32 bits. Behind the first group in which the two ends
    /// differ, it takes any bits. So the first address has to end there in zeros and the last one in ones; a
    /// prefix is such a range, and so is one within the last group. If that first group is whole, from zeros to ones,
    /// the kernel takes zeros: of a prefix of 96 bits that is one address, and so it is of all of IPv4.
    ///
    /// # Errors
    ///
    /// `EAFNOSUPPORT` if the two ends are of different versions; [`EINVAL`] if there are no addresses between them,
    /// or the kernel would choose others.
    #[doc(alias = "NF_NAT_RANGE_MAP_IPS")]
    pub fn new(addresses: RangeInclusive<IpAddr>) -> Result<Self> {
        let (first, last) = addresses.into_inner();
        if first.is_ipv4() != last.is_ipv4() {
            return Err(eafnosupport());
        }
        let kept = match (first, last) {
            (IpAddr::V6(first), IpAddr::V6(last)) => is_kept(first, last),
            _ => true,
        };
        if first > last || !kept {
            return Err(EINVAL);
        }
        // INVARIANT: As just seen.
        Ok(Self {
            addresses: Some((first, last)),
            ports: Ports::ANY,
            persistent: false,
        })
    }

    /// The same addresses, and one of these ports (`nf_nat_range2::min_proto`).
    #[doc(alias = "nf_nat_range2::min_proto")]
    pub const fn with_ports(mut self, ports: Ports) -> Self {
        self.ports = ports;
        self
    }

    /// The address is chosen by the source's alone, whatever the destination (`NF_NAT_RANGE_PERSISTENT`).
    #[doc(alias = "NF_NAT_RANGE_PERSISTENT")]
    pub const fn persistent(mut self) -> Self {
        self.persistent = true;
        self
    }

    /// The version of the addresses; `None` if addresses stay as they are (`NF_NAT_RANGE_MAP_IPS`).
    #[doc(alias = "NF_NAT_RANGE_MAP_IPS")]
    pub const fn family(&self) -> Option<Family> {
        match self.addresses {
            Some((IpAddr::V4(_), _)) => Some(Family::Ipv4),
            Some((IpAddr::V6(_), _)) => Some(Family::Ipv6),
            None => None,
        }
    }

    /// Whether a packet of `family` can be translated to this.
    #[inline]
    pub(crate) fn suits(&self, family: Family) -> bool {
        self.family().is_none_or(|own| own == family)
    }

    pub(crate) fn as_raw(&self) -> bindings::nf_nat_range2 {
        let mut raw = bindings::nf_nat_range2 {
            flags: self.ports.flags,
            ..Default::default()
        };
        if self.persistent {
            raw.flags |= bindings::NF_NAT_RANGE_PERSISTENT;
        }
        if let Some((first, last)) = self.addresses {
            raw.flags |= bindings::NF_NAT_RANGE_MAP_IPS;
            for (place, address) in [
                (&raw mut raw.min_addr, first),
                (&raw mut raw.max_addr, last),
            ] {
                // SAFETY: The union has the 16 bytes of an IPv6 address, of which IPv4 uses the first.
                unsafe {
                    match address {
                        IpAddr::V4(address) => place.cast::<[u8; 4]>().write(address.octets()),
                        IpAddr::V6(address) => place.cast::<[u8; 16]>().write(address.octets()),
                    }
                }
            }
        }
        for (place, port) in [
            (&raw mut raw.min_proto, self.ports.first),
            (&raw mut raw.max_proto, self.ports.last),
        ] {
            // SAFETY: All members of the union are two bytes, aligned.
            unsafe { place.cast::<u16>().write(port.to_be()) };
        }
        raw
    }
}

impl From<Ports> for Range {
    /// The addresses stay as they are.
    fn from(ports: Ports) -> Self {
        // INVARIANT: No addresses.
        Self {
            addresses: None,
            ports,
            persistent: false,
        }
    }
}

impl From<IpAddr> for Range {
    /// This address, and any port.
    fn from(address: IpAddr) -> Self {
        // INVARIANT: One address.
        Self {
            addresses: Some((address, address)),
            ports: Ports::ANY,
            persistent: false,
        }
    }
}

/// Whether `find_best_ips_proto()` in `net/netfilter/nf_nat_core.c` chooses no address beyond these.
fn is_kept(first: Ipv6Addr, last: Ipv6Addr) -> bool {
    let differing = (first.to_bits() ^ last.to_bits()).leading_zeros();
    // The bits behind the group of the first that differs.
    let behind = 96_u32.saturating_sub(differing / 32 * 32);
    let mask = !u128::MAX.wrapping_shl(behind);
    first.to_bits() & mask == 0 && last.to_bits() & mask == mask
}
