// SPDX-License-Identifier: GPL-2.0

//! Ranges, as C gets them and as they are refused.

use kernel::prelude::*;

#[kunit_tests(kernet_nat)]
mod cases {
    use core::net::{
        IpAddr,
        Ipv4Addr,
        Ipv6Addr, //
    };
    use kernel::prelude::*;
    use kernet::{
        error::eafnosupport,
        netfilter::Family, //
    };

    use crate::{
        bindings,
        Ports,
        Range, //
    };

    fn v4(bits: u32) -> IpAddr {
        IpAddr::V4(Ipv4Addr::from_bits(bits))
    }

    fn v6(bits: u128) -> IpAddr {
        IpAddr::V6(Ipv6Addr::from_bits(bits))
    }

    /// The bytes of both addresses.
    fn addresses(raw: &bindings::nf_nat_range2) -> [[u8; 16]; 2] {
        // SAFETY: The union has 16 bytes, all of which were written.
        [&raw.min_addr, &raw.max_addr].map(|place| unsafe { *core::ptr::from_ref(place).cast() })
    }

    /// Both ports, in host byte order.
    fn ports(raw: &bindings::nf_nat_range2) -> [u16; 2] {
        // SAFETY: The union has two bytes, aligned.
        [&raw.min_proto, &raw.max_proto]
            .map(|place| u16::from_be(unsafe { *core::ptr::from_ref(place).cast() }))
    }

    #[test]
    fn ports_are_some_and_not_zero() {
        assert_eq!(Ports::new(0..=0), Err(EINVAL));
        assert_eq!(Ports::new(0..=80), Err(EINVAL));
        #[allow(clippy::reversed_empty_ranges)]
        let reversed = Ports::new(81..=80);
        assert_eq!(reversed, Err(EINVAL));
        assert!(Ports::new(80..=80).is_ok());
        assert!(Ports::new(1..=65535).is_ok());
    }

    #[test]
    fn addresses_are_of_one_version_and_in_order() {
        assert_eq!(Range::new(v4(1)..=v6(1)), Err(eafnosupport()));
        assert_eq!(Range::new(v6(1)..=v4(1)), Err(eafnosupport()));
        assert_eq!(Range::new(v4(2)..=v4(1)), Err(EINVAL));
        assert_eq!(Range::new(v6(2)..=v6(1)), Err(EINVAL));
        assert!(Range::new(v4(0)..=v4(u32::MAX)).is_ok());
    }

    /// As `find_best_ips_proto()` chooses: words from the first one on, each within the two of the range until one
    /// is not the last address' own, any after that.
    #[test]
    fn ipv6_is_refused_where_the_kernel_would_choose_beyond() {
        let within = [
            (0x2001 << 112, 0x2001 << 112),
            (5, 0xffff_ffff),
            (7, 9),
            // Prefixes of 64, 63, 32 and no bits.
            (0x2001 << 112, (0x2001 << 112) | u128::from(u64::MAX)),
            (
                0x2001 << 112,
                (0x2001 << 112) | (1 << 64) | u128::from(u64::MAX),
            ),
            (0x2001 << 112, (0x2001 << 112) | ((1 << 96) - 1)),
            (0, u128::MAX),
            // Words that are no prefix.
            (3 << 32, (5 << 32) | 0xffff_ffff),
        ];
        for (first, last) in within {
            assert!(Range::new(v6(first)..=v6(last)).is_ok());
        }
        let beyond = [
            (5, (1 << 32) | 9),
            (0, 1 << 32),
            (1, (1 << 32) | 0xffff_ffff),
            (1 << 64, 2 << 64),
            (0, 1 << 96),
            (0, u128::MAX - 1),
            (1, u128::MAX),
        ];
        for (first, last) in beyond {
            assert_eq!(Range::new(v6(first)..=v6(last)), Err(EINVAL));
        }
    }

    #[test]
    fn c_gets_what_was_said() {
        let nothing = Range::from(Ports::ANY);
        let raw = nothing.as_raw();
        assert_eq!((nothing.family(), raw.flags), (None, 0));
        assert!(nothing.suits(Family::Ipv4) && nothing.suits(Family::Ipv6));

        let Ok(some) = Ports::new(1024..=2047) else {
            return assert!(false);
        };
        let one = Range::from(v4(0xc000_0201)).with_ports(some.random());
        let raw = one.as_raw();
        let flags = bindings::NF_NAT_RANGE_MAP_IPS
            | bindings::NF_NAT_RANGE_PROTO_SPECIFIED
            | bindings::NF_NAT_RANGE_PROTO_RANDOM;
        assert_eq!(raw.flags, flags);
        assert!(one.suits(Family::Ipv4) && !one.suits(Family::Ipv6));
        let mut wanted = [0; 16];
        wanted[..4].copy_from_slice(&[192, 0, 2, 1]);
        assert_eq!(addresses(&raw), [wanted; 2]);
        assert_eq!(ports(&raw), [1024, 2047]);

        let Ok(many) = Range::new(v6(1)..=v6(2)) else {
            return assert!(false);
        };
        let many = many.with_ports(Ports::ANY.fully_random()).persistent();
        let raw = many.as_raw();
        let flags = bindings::NF_NAT_RANGE_MAP_IPS
            | bindings::NF_NAT_RANGE_PROTO_RANDOM_FULLY
            | bindings::NF_NAT_RANGE_PERSISTENT;
        assert_eq!(raw.flags, flags);
        assert!(many.suits(Family::Ipv6) && !many.suits(Family::Ipv4));
        let [first, last] = [1_u128, 2].map(u128::to_be_bytes);
        assert_eq!(addresses(&raw), [first, last]);
        assert_eq!(ports(&raw), [0, 0]);
    }
}
