// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family, as `Documentation/netlink/specs/siit.yaml` tells it.

use core::net::{
    Ipv4Addr,
    Ipv6Addr, //
};
use kernel::{
    prelude::*,
    sync::Arc, //
};
use kernet::{
    context::Process,
    genl::{
        self,
        Full,
        Replied, //
    },
    nlattr::ExtAck,
    wire::xlat::{
        BadMapping,
        BadTable,
        Mapping, //
    }, //
};

use crate::{
    nl_generated::{
        attr::{
            self,
            mapping, //
        },
        request,
        view,
        MappingAddReply,
        MappingAddRequest,
        MappingDelReply,
        MappingDelRequest,
        MappingGetEntries,
        MappingGetRequest,
        MappingReplaceReply,
        MappingReplaceRequest,
        Operations,
        Server, //
    },
    translation::{
        table,
        Shared,
        Table,
        TableError,
        MAX_MAPPINGS, //
    },
    Siit, //
};

/// Who serves the family.
pub(crate) struct Control;

impl Operations for Control {
    type MappingGetDump = Dump;

    fn mapping_replace(
        request: &MappingReplaceRequest<'_, Self>,
        reply: MappingReplaceReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let shared = translator(request)?;
        let mappings = asked(request, KVVec::new())?;
        let table = make(request, mappings)?;
        let count = shared.set_table(process, |_| Ok(table))?;
        reply.send(process, |message| message.count(number(count)).map(|_| ()))
    }

    fn mapping_add(
        request: &MappingAddRequest<'_, Self>,
        reply: MappingAddReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let shared = translator(request)?;
        let count = shared.set_table(process, |old| {
            let mut mappings = KVVec::with_capacity(old.mappings().len(), GFP_KERNEL_ACCOUNT)?;
            mappings.extend_from_slice(old.mappings(), GFP_KERNEL_ACCOUNT)?;
            make(request, asked(request, mappings)?)
        })?;
        reply.send(process, |message| message.count(number(count)).map(|_| ()))
    }

    fn mapping_del(
        request: &MappingDelRequest<'_, Self>,
        reply: MappingDelReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let shared = translator(request)?;
        let mut gone = asked(request, KVVec::new())?;
        let key = |mapping: &Mapping| (mapping.v4(), mapping.v6());
        gone.sort_unstable_by_key(key);
        let count = shared.set_table(process, |old| {
            let mut mappings = KVVec::with_capacity(old.mappings().len(), GFP_KERNEL_ACCOUNT)?;
            for mapping in old.mappings() {
                if gone.binary_search_by_key(&key(mapping), key).is_err() {
                    mappings.push(*mapping, GFP_KERNEL_ACCOUNT)?;
                }
            }
            let found = old.mappings().len().saturating_sub(mappings.len());
            if found != gone.len() {
                return Err(request.bad_attr(
                    request.attrs().get(attr::siit::MAPPING),
                    ENOENT,
                    fmt!("{found} of {} mappings are there", gone.len()),
                ));
            }
            make(request, mappings)
        })?;
        reply.send(process, |message| message.count(number(count)).map(|_| ()))
    }

    fn mapping_get_start(
        request: &MappingGetRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Dump> {
        let ifindex = request.required(attr::siit::IFINDEX, request.ifindex())?;
        let translators = request.state::<Siit>().ok_or(ENODEV)?;
        let shared = translators.find(ifindex).ok_or_else(|| {
            request.bad_attr(
                request.attrs().get(attr::siit::IFINDEX),
                ENODEV,
                fmt!("no translator has this index"),
            )
        })?;
        // All of them are of one table, whatever is changed meanwhile.
        let (_, table) = shared.current(process);
        Ok(Dump { table, next: 0 })
    }

    fn mapping_get_dump(
        _request: &MappingGetRequest<'_, Self>,
        dump: &mut Dump,
        entries: &mut MappingGetEntries<'_>,
        _process: Process<'_>,
    ) -> Result<(), Full> {
        let Dump { table, next } = dump;
        for mapping in table.mappings().get(*next..).unwrap_or_default() {
            entries.put(|message| {
                let ((v4, v4_len), (v6, v6_len)) = (mapping.v4(), mapping.v6());
                message.mapping(|nest| {
                    nest.ipv4(v4.to_bits())?
                        .ipv4_len(v4_len)?
                        .ipv6(&v6.octets())?
                        .ipv6_len(v6_len)?;
                    Ok(())
                })?;
                Ok(())
            })?;
            *next = next.saturating_add(1);
        }
        Ok(())
    }
}

/// A table that is being dumped, and how far.
pub(crate) struct Dump {
    table: Arc<Table>,
    next: usize,
}

/// A request about mappings.
type Asked<'a> = genl::Request<'a, Server<Control>, request::MappingReplace<'static>>;

/// A number of mappings, of which there are far fewer than that.
fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The translator that a request names.
fn translator(request: &Asked<'_>) -> Result<Arc<Shared>> {
    let ifindex = request.required(attr::siit::IFINDEX, request.ifindex())?;
    let translators = request.state::<Siit>().ok_or(ENODEV)?;
    translators.find(ifindex).ok_or_else(|| {
        request.bad_attr(
            request.attrs().get(attr::siit::IFINDEX),
            ENODEV,
            fmt!("no translator has this index"),
        )
    })
}

/// The mappings of a request, behind others.
fn asked(request: &Asked<'_>, mut mappings: KVVec<Mapping>) -> Result<KVVec<Mapping>> {
    for asked in request.mapping() {
        if mappings.len() >= MAX_MAPPINGS {
            return Err(request.error(
                ENOSPC,
                fmt!("a translator can have {MAX_MAPPINGS} mappings"),
            ));
        }
        mappings.push(read(&asked, request.extack())?, GFP_KERNEL_ACCOUNT)?;
    }
    Ok(mappings)
}

fn read(asked: &view::Mapping<'_>, extack: ExtAck<'_>) -> Result<Mapping> {
    let attrs = asked.attrs();
    let v4 = asked
        .ipv4()
        .ok_or_else(|| attrs.missing(mapping::IPV4, extack))?;
    let v6 = asked
        .ipv6()
        .ok_or_else(|| attrs.missing(mapping::IPV6, extack))?;
    let mapping = Mapping::new(
        Ipv4Addr::from_bits(v4),
        asked.ipv4_len().unwrap_or(32),
        Ipv6Addr::from(v6),
        asked.ipv6_len().unwrap_or(128),
    );
    mapping.map_err(|bad| {
        let at = match bad {
            BadMapping::V4(_) => mapping::IPV4,
            BadMapping::V6(_) | BadMapping::SuffixLength => mapping::IPV6,
        };
        extack.bad_attr(attrs.get(at), EINVAL, format_args!("{bad}"))
    })
}

/// Makes a table, and says what is wrong with it.
fn make(request: &Asked<'_>, mappings: KVVec<Mapping>) -> Result<Table> {
    table(mappings).map_err(|error| match error {
        TableError::Memory(error) => error,
        TableError::Bad(bad) => {
            let errno = match bad {
                BadTable::SameV4(_) | BadTable::SameV6(_) => EEXIST,
                BadTable::Index => EINVAL,
            };
            request.error(errno, format_args!("{bad}"))
        }
    })
}
