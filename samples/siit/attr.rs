// SPDX-License-Identifier: GPL-2.0

//! The attributes of a translator, which `IFLA_INFO_DATA` nests.

use crate::uapi::{
    COPY_CLASS,
    HAIRPIN,
    LOWEST_IPV6_MTU,
    MAPPINGS,
    PREFIX,
    PREFIX_LEN,
    PRIVATE,
    SOURCE4,
    SOURCE4_LEN,
    SOURCE6,
    SOURCE6_LEN,
    ZERO_CHECKSUM, //
};
use core::net::{
    Ipv4Addr,
    Ipv6Addr, //
};
use kernel::prelude::*;
use kernet::{
    nlattr::{
        total_size,
        Attrs,
        ExtAck,
        Policy,
        Table,
        Writer, //
    },
    wire::xlat::{
        BadPrefix,
        Prefix,
        Settings,
        Sources4,
        Sources6,
        ZeroChecksum,
        MIN_MTU6, //
    }, //
};

/// The number of types, 0 included.
pub(crate) const COUNT: usize = 13;

pub(crate) static POLICY: Table<COUNT> = Table::new(&[
    (PREFIX, Policy::exact(16)),
    (PREFIX_LEN, Policy::U8),
    (LOWEST_IPV6_MTU, Policy::U32.min(MIN_MTU6 as i16)),
    (ZERO_CHECKSUM, Policy::U8.range(0, 1)),
    (HAIRPIN, Policy::U8.range(0, 1)),
    (PRIVATE, Policy::U8.range(0, 1)),
    (COPY_CLASS, Policy::U8.range(0, 1)),
    (SOURCE4, Policy::exact(4)),
    (SOURCE4_LEN, Policy::U8),
    (SOURCE6, Policy::exact(16)),
    (SOURCE6_LEN, Policy::U8),
    (MAPPINGS, Policy::REJECT),
]);

/// The longest packet, in bytes.
const MAX_MTU: u32 = 65535;

/// Bytes that [`fill`] takes.
pub(crate) const SIZE: usize = 2 * total_size(16) + 3 * total_size(4) + 7 * total_size(1);

/// The settings that a request wants. What it does not say is as in `old`.
pub(crate) fn parse(attrs: Attrs<'_>, old: Settings, extack: ExtAck<'_>) -> Result<Settings> {
    let mut settings = old;
    let bad = |r#type: u16, bad: BadPrefix| {
        extack.bad_attr(attrs.get(r#type), EINVAL, format_args!("{bad}"))
    };
    if let Some(len) = attrs.u8(PREFIX_LEN) {
        settings.prefix = match len {
            0 => None,
            len => {
                let attr = attrs.get(PREFIX);
                let attr = attr.ok_or_else(|| attrs.missing(PREFIX, extack))?;
                let address = attr.array::<16>().map(Ipv6Addr::from).ok_or(EINVAL)?;
                Some(Prefix::new(address, len).map_err(|e| bad(PREFIX, e))?)
            }
        };
    } else if attrs.get(PREFIX).is_some() {
        return Err(attrs.missing(PREFIX_LEN, extack));
    }
    if let Some(address) = attrs.get(SOURCE4).and_then(|attr| attr.array::<4>()) {
        let len = attrs.u8(SOURCE4_LEN).unwrap_or(32);
        let sources = Sources4::new(Ipv4Addr::from(address), len);
        settings.sources4 = Some(sources.map_err(|e| bad(SOURCE4, e))?);
    }
    if let Some(address) = attrs.get(SOURCE6).and_then(|attr| attr.array::<16>()) {
        let len = attrs.u8(SOURCE6_LEN).unwrap_or(128);
        let sources = Sources6::new(Ipv6Addr::from(address), len);
        settings.sources6 = Some(sources.map_err(|e| bad(SOURCE6, e))?);
    }
    if let Some(mtu) = attrs.u32(LOWEST_IPV6_MTU) {
        if mtu > MAX_MTU {
            return Err(extack.bad_attr(
                attrs.get(LOWEST_IPV6_MTU),
                EINVAL,
                fmt!("no packet is longer than {MAX_MTU} bytes"),
            ));
        }
        settings.lowest_ipv6_mtu = mtu;
    }
    if let Some(on) = attrs.u8(ZERO_CHECKSUM) {
        settings.zero_checksum = match on {
            0 => ZeroChecksum::Refuse,
            _ => ZeroChecksum::Compute,
        };
    }
    if let Some(on) = attrs.u8(HAIRPIN) {
        settings.hairpinning = on != 0;
    }
    if let Some(on) = attrs.u8(PRIVATE) {
        settings.private = on != 0;
    }
    if let Some(on) = attrs.u8(COPY_CLASS) {
        settings.copy_class = on != 0;
    }
    Ok(settings)
}

/// Writes the settings.
pub(crate) fn fill(settings: &Settings, mappings: usize, writer: &mut Writer<'_>) -> Result {
    if let Some(prefix) = settings.prefix {
        writer.put(PREFIX, &prefix.address().octets())?;
        writer.put_u8(PREFIX_LEN, prefix.len())?;
    }
    writer.put_u32(LOWEST_IPV6_MTU, settings.lowest_ipv6_mtu)?;
    let compute = settings.zero_checksum == ZeroChecksum::Compute;
    writer.put_u8(ZERO_CHECKSUM, u8::from(compute))?;
    writer.put_u8(HAIRPIN, u8::from(settings.hairpinning))?;
    writer.put_u8(PRIVATE, u8::from(settings.private))?;
    writer.put_u8(COPY_CLASS, u8::from(settings.copy_class))?;
    if let Some(sources) = settings.sources4 {
        let (address, len) = sources.prefix();
        writer.put(SOURCE4, &address.octets())?;
        writer.put_u8(SOURCE4_LEN, len)?;
    }
    if let Some(sources) = settings.sources6 {
        let (address, len) = sources.prefix();
        writer.put(SOURCE6, &address.octets())?;
        writer.put_u8(SOURCE6_LEN, len)?;
    }
    writer.put_u32(MAPPINGS, u32::try_from(mappings).unwrap_or(u32::MAX))
}
