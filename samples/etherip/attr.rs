// SPDX-License-Identifier: GPL-2.0

//! The attributes of a tunnel, which `IFLA_INFO_DATA` nests.

use crate::tunnel::{
    Ends,
    Settings, //
};
use crate::uapi::{
    IGNORE_DF,
    LINK,
    LOCAL,
    PMTUDISC,
    REMOTE,
    TOS,
    TTL, //
};
use core::net::{
    IpAddr,
    Ipv4Addr, //
};
use kernel::prelude::*;
use kernet::nlattr::{
    total_size,
    Attrs,
    ExtAck,
    Policy,
    Table,
    Writer, //
};

/// The number of types, 0 included.
pub(crate) const COUNT: usize = 8;

pub(crate) static POLICY: Table<COUNT> = Table::new(&[
    // Four bytes or sixteen, see `address`.
    (LOCAL, Policy::between(4, 16)),
    (REMOTE, Policy::between(4, 16)),
    (TTL, Policy::U8),
    (TOS, Policy::U8),
    (PMTUDISC, Policy::U8.range(0, 1)),
    (LINK, Policy::U32),
    (IGNORE_DF, Policy::U8.range(0, 1)),
]);

/// Bytes that [`fill`] takes.
pub(crate) const SIZE: usize = 2 * total_size(16) + total_size(4) + 4 * total_size(1);

/// `IFLA_MTU`.
const IFLA_MTU: u16 = 4;

/// Whether a request sets the MTU.
pub(crate) fn has_mtu(link: Attrs<'_>) -> bool {
    link.get(IFLA_MTU).is_some()
}

/// An address, of the version that its length says.
fn address(attrs: Attrs<'_>, r#type: u16, extack: ExtAck<'_>) -> Result<Option<IpAddr>> {
    let Some(attr) = attrs.get(r#type) else {
        return Ok(None);
    };
    if let Some(bytes) = attr.array::<4>() {
        return Ok(Some(IpAddr::from(bytes)));
    }
    if let Some(bytes) = attr.array::<16>() {
        return Ok(Some(IpAddr::from(bytes)));
    }
    Err(extack.bad_attr(
        Some(attr),
        EINVAL,
        fmt!("an address has 4 bytes (IPv4) or 16 (IPv6)"),
    ))
}

/// Whether packets can be sent to an address, and come from there.
fn is_of_a_host(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            !address.is_unspecified() && !address.is_multicast() && !address.is_broadcast()
        }
        IpAddr::V6(address) => {
            !address.is_unspecified()
                && !address.is_multicast()
                && address.to_ipv4_mapped().is_none()
        }
    }
}

/// Refuses what the policies let through.
pub(crate) fn validate(attrs: Attrs<'_>, extack: ExtAck<'_>) -> Result {
    for (r#type, any) in [(LOCAL, true), (REMOTE, false)] {
        let Some(address) = address(attrs, r#type, extack)? else {
            continue;
        };
        if !is_of_a_host(address) && (!any || !address.is_unspecified()) {
            return Err(extack.bad_attr(
                attrs.get(r#type),
                EINVAL,
                format_args!("{address} is not the address of a host"),
            ));
        }
    }
    if attrs
        .u32(LINK)
        .is_some_and(|link| i32::try_from(link).is_err())
    {
        return Err(extack.bad_attr(attrs.get(LINK), EINVAL, fmt!("no device has this index")));
    }
    Ok(())
}

/// The addresses that a request wants. What it does not say is as in `old`, or any.
fn ends(attrs: Attrs<'_>, old: Option<&Settings>, extack: ExtAck<'_>) -> Result<Ends> {
    let remote = match (address(attrs, REMOTE, extack)?, old) {
        (Some(remote), _) => remote,
        (None, Some(old)) => old.ends.remote(),
        (None, None) => return Err(attrs.missing(REMOTE, extack)),
    };
    let local = match (address(attrs, LOCAL, extack)?, old) {
        (Some(local), _) => local,
        (None, Some(old)) => old.ends.local(),
        (None, None) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    };
    Ends::new(local, remote).ok_or_else(|| {
        extack.bad_attr(
            attrs.get(LOCAL).or(attrs.get(REMOTE)),
            EINVAL,
            format_args!("{local} and {remote} are of different versions of IP"),
        )
    })
}

/// What a request wants. What it does not say is as in `old`, or the default.
pub(crate) fn parse(
    attrs: Attrs<'_>,
    old: Option<Settings>,
    extack: ExtAck<'_>,
) -> Result<Settings> {
    let ends = ends(attrs, old.as_ref(), extack)?;
    let mut settings = old.unwrap_or(Settings {
        ends,
        ttl: 0,
        tos: 0,
        path_mtu_discovery: true,
        ignore_df: false,
        link: 0,
    });
    settings.ends = ends;
    if let Some(ttl) = attrs.u8(TTL) {
        settings.ttl = ttl;
    }
    if let Some(tos) = attrs.u8(TOS) {
        settings.tos = tos;
    }
    if let Some(on) = attrs.u8(PMTUDISC) {
        settings.path_mtu_discovery = on != 0;
    }
    if let Some(on) = attrs.u8(IGNORE_DF) {
        settings.ignore_df = on != 0;
    }
    if settings.ignore_df && settings.path_mtu_discovery {
        return Err(extack.bad_attr(
            attrs.get(IGNORE_DF).or(attrs.get(PMTUDISC)),
            EINVAL,
            fmt!("ignore-df goes with nopmtudisc alone"),
        ));
    }
    if let Some(link) = attrs.u32(LINK) {
        settings.link = link;
    }
    if settings.link == 0 {
        for (r#type, address) in [(REMOTE, ends.remote()), (LOCAL, ends.local())] {
            let IpAddr::V6(address) = address else {
                continue;
            };
            if address.is_unicast_link_local() {
                return Err(extack.bad_attr(
                    attrs.get(r#type),
                    EINVAL,
                    format_args!("{address} is an address of a link: say of which, by a device"),
                ));
            }
        }
    }
    Ok(settings)
}

fn put_address(address: IpAddr, r#type: u16, writer: &mut Writer<'_>) -> Result {
    match address {
        IpAddr::V4(address) => writer.put(r#type, &address.octets()),
        IpAddr::V6(address) => writer.put(r#type, &address.octets()),
    }
}

/// Writes what a tunnel was told.
pub(crate) fn fill(settings: &Settings, writer: &mut Writer<'_>) -> Result {
    put_address(settings.ends.local(), LOCAL, writer)?;
    put_address(settings.ends.remote(), REMOTE, writer)?;
    writer.put_u8(TTL, settings.ttl)?;
    writer.put_u8(TOS, settings.tos)?;
    writer.put_u8(PMTUDISC, u8::from(settings.path_mtu_discovery))?;
    writer.put_u8(IGNORE_DF, u8::from(settings.ignore_df))?;
    writer.put_u32(LINK, settings.link)
}
