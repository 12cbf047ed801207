// SPDX-License-Identifier: GPL-2.0

//! The attributes of a tunnel, which `IFLA_INFO_DATA` nests.

use crate::uapi::{
    LINK,
    LOCAL,
    PMTUDISC,
    REMOTE,
    TOS,
    TTL, //
};
use core::net::Ipv4Addr;
use kernel::prelude::*;
use kernet::{
    ipv4::Parameters,
    nlattr::{
        total_size,
        Attrs,
        ExtAck,
        Policy,
        Table,
        Writer, //
    },
};

/// The number of types, 0 included.
pub(crate) const COUNT: usize = 7;

pub(crate) static POLICY: Table<COUNT> = Table::new(&[
    (LOCAL, Policy::exact(4)),
    (REMOTE, Policy::exact(4)),
    (TTL, Policy::U8),
    (TOS, Policy::U8),
    (PMTUDISC, Policy::U8.range(0, 1)),
    (LINK, Policy::U32),
]);

/// Bytes that [`fill`] takes.
pub(crate) const SIZE: usize = 3 * total_size(4) + 3 * total_size(1);

/// `IFLA_MTU`.
const IFLA_MTU: u16 = 4;

/// Whether a request sets the MTU.
pub(crate) fn has_mtu(link: Attrs<'_>) -> bool {
    link.get(IFLA_MTU).is_some()
}

fn address(attrs: Attrs<'_>, r#type: u16) -> Option<Ipv4Addr> {
    attrs.get(r#type)?.array::<4>().map(Ipv4Addr::from)
}

/// Refuses what the policies let through.
pub(crate) fn validate(attrs: Attrs<'_>, extack: ExtAck<'_>) -> Result {
    for (r#type, any) in [(LOCAL, true), (REMOTE, false)] {
        let Some(address) = address(attrs, r#type) else {
            continue;
        };
        if any && address.is_unspecified() {
            continue;
        }
        if address.is_unspecified() || address.is_multicast() || address.is_broadcast() {
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

/// The parameters that a request wants. What it does not say is as in `old`, or the default.
pub(crate) fn parse(
    attrs: Attrs<'_>,
    old: Option<Parameters>,
    extack: ExtAck<'_>,
) -> Result<Parameters> {
    let mut parameters = match old {
        Some(old) => old,
        None => Parameters {
            local: Ipv4Addr::UNSPECIFIED,
            remote: address(attrs, REMOTE).ok_or_else(|| attrs.missing(REMOTE, extack))?,
            ttl: 0,
            tos: 0,
            path_mtu_discovery: true,
            link: 0,
            mark: 0,
        },
    };
    if let Some(local) = address(attrs, LOCAL) {
        parameters.local = local;
    }
    if let Some(remote) = address(attrs, REMOTE) {
        parameters.remote = remote;
    }
    if let Some(ttl) = attrs.u8(TTL) {
        parameters.ttl = ttl;
    }
    if let Some(tos) = attrs.u8(TOS) {
        parameters.tos = tos;
    }
    if let Some(on) = attrs.u8(PMTUDISC) {
        parameters.path_mtu_discovery = on != 0;
    }
    if let Some(link) = attrs.u32(LINK) {
        parameters.link = link;
    }
    Ok(parameters)
}

/// Writes the parameters.
pub(crate) fn fill(parameters: &Parameters, writer: &mut Writer<'_>) -> Result {
    writer.put(LOCAL, &parameters.local.octets())?;
    writer.put(REMOTE, &parameters.remote.octets())?;
    writer.put_u8(TTL, parameters.ttl)?;
    writer.put_u8(TOS, parameters.tos)?;
    writer.put_u8(PMTUDISC, u8::from(parameters.path_mtu_discovery))?;
    writer.put_u32(LINK, parameters.link)
}
