// SPDX-License-Identifier: GPL-2.0

//! The MTU that an ICMP error tells, in the other version.

use super::{
    Settings,
    MIN_MTU4,
    MIN_MTU6, //
};

/// What an IPv6 header is longer than an IPv4 header, in octets.
const DIFFERENCE: u32 = 20;

/// The least MTU of a link of IPv4, in octets (RFC 791 section 3.2).
const LEAST_MTU4: u32 = 68;

/// The MTUs that links have, of RFC 1191 section 7.1, as far as an IPv6 link can have them.
const PLATEAUS: [u32; 7] = [65535, 32000, 17914, 8166, 4352, 2002, 1492];

/// The MTU of an ICMPv6 error, of that of an ICMP error about a packet of `total_len` octets (RFC 7915
/// section 4.2, code 4).
pub(super) fn to_v6(mtu: u16, total_len: u16, settings: &Settings) -> u32 {
    let mtu = match mtu {
        // A router before RFC 1191 tells none: the next plateau below the length is likely.
        0 => PLATEAUS
            .into_iter()
            .find(|plateau| *plateau < u32::from(total_len))
            .unwrap_or(MIN_MTU4),
        mtu => u32::from(mtu),
    };
    mtu.saturating_add(DIFFERENCE)
        .min(settings.mtu6.unwrap_or(u32::MAX))
        .min(settings.mtu4.unwrap_or(u32::MAX).saturating_add(DIFFERENCE))
        .max(MIN_MTU6)
}

/// The MTU of an ICMP error, of that of an ICMPv6 error (RFC 7915 section 5.2, type 2).
pub(super) fn to_v4(mtu: u32, settings: &Settings) -> u16 {
    let mtu = mtu
        .saturating_sub(DIFFERENCE)
        .min(settings.mtu4.unwrap_or(u32::MAX))
        .min(settings.mtu6.unwrap_or(u32::MAX).saturating_sub(DIFFERENCE))
        .max(LEAST_MTU4);
    u16::try_from(mtu).unwrap_or(u16::MAX)
}

/// Whether an IPv6 packet that becomes an IPv4 packet of `len` octets is too big for the next hop; the
/// MTU to tell its sender, if so.
///
/// One that every link of IPv6 carries is not: its sender would not send less (RFC 8200 section 5), and
/// it may be fragmented on its way.
pub(super) fn exceeded4(len: usize, settings: &Settings) -> Option<u32> {
    let mtu = settings.mtu4?.max(MIN_MTU4);
    (len > mtu as usize).then_some(mtu.saturating_add(DIFFERENCE))
}

/// Whether an IPv4 packet that must not be fragmented, and becomes an IPv6 packet of `len` octets, is too
/// big for the next hop; the MTU to tell its sender, if so. `more` is what is longer beside the header.
pub(super) fn exceeded6(len: usize, more: u32, settings: &Settings) -> Option<u32> {
    let mtu = settings.mtu6?.max(MIN_MTU6);
    (len > mtu as usize).then_some(mtu.saturating_sub(DIFFERENCE).saturating_sub(more))
}

/// The longest packet that one which may be fragmented becomes.
pub(super) fn fragment_limit(settings: &Settings) -> u32 {
    settings
        .lowest_ipv6_mtu
        .min(settings.mtu6.unwrap_or(u32::MAX))
        .max(MIN_MTU6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plateaus() {
        let settings = Settings::default();
        let told = |total_len| to_v6(0, total_len, &settings);
        assert_eq!(told(65535), 32020);
        assert_eq!(told(2003), 2022);
        assert_eq!(told(2002), 1512);
        assert_eq!(told(1500), 1512);
        assert_eq!(told(1492), 1280);
        assert_eq!(told(0), 1280);
    }

    #[test]
    fn bounds() {
        let mut settings = Settings::default();
        assert_eq!(to_v6(1400, 1500, &settings), 1420);
        assert_eq!(to_v6(1000, 1500, &settings), 1280);
        assert_eq!(to_v4(1420, &settings), 1400);
        assert_eq!(to_v4(0, &settings), 68);
        assert_eq!(to_v4(u32::MAX, &settings), 65535);
        (settings.mtu4, settings.mtu6) = (Some(1390), Some(1300));
        assert_eq!(to_v6(1400, 1500, &settings), 1300);
        assert_eq!(to_v4(1500, &settings), 1280);
        assert_eq!(exceeded4(1391, &settings), Some(1410));
        assert_eq!(exceeded4(1390, &settings), None);
        assert_eq!(exceeded6(1301, 0, &settings), Some(1280));
        assert_eq!(exceeded6(1301, 8, &settings), Some(1272));
        assert_eq!(exceeded6(1300, 0, &settings), None);
        assert_eq!(fragment_limit(&settings), 1280);
        settings.lowest_ipv6_mtu = 1500;
        assert_eq!(fragment_limit(&settings), 1300);
    }
}
