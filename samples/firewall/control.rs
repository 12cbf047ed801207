// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family, as `Documentation/netlink/specs/firewall.yaml` tells it.

use core::net::{
    IpAddr,
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
        Notification,
        Replied, //
    },
    netns::Net,
    nlattr::{
        Attr,
        Attrs,
        ExtAck, //
    },
    percpu::PacketCounter,
    wire::ip::{
        Protocol,
        Version, //
    }, //
};

use crate::{
    nl_generated::{
        attr::{
            self,
            rule, //
        },
        notify,
        reply,
        request,
        view,
        Family,
        Operations,
        RuleAddReply,
        RuleAddRequest,
        RuleDelRequest,
        RuleFlushReply,
        RuleFlushRequest,
        RuleGetDumpEntries,
        RuleGetDumpRequest,
        RuleGetReply,
        RuleGetRequest,
        Server,
        StatsGetReply,
        StatsGetRequest, //
    },
    rules::{
        End,
        Field,
        Match,
        Prefix,
        Refusal,
        Rule,
        RuleSet,
        Wish,
        MAX_RULES, //
    },
    Firewall,
    Tables, //
};

/// The attributes of one end of a rule, by type.
struct EndAttrs {
    address: u16,
    prefix_len: u16,
    port_min: u16,
    port_max: u16,
}

const SOURCE: EndAttrs = EndAttrs {
    address: rule::SOURCE,
    prefix_len: rule::SOURCE_PREFIX_LEN,
    port_min: rule::SOURCE_PORT_MIN,
    port_max: rule::SOURCE_PORT_MAX,
};

const DESTINATION: EndAttrs = EndAttrs {
    address: rule::DESTINATION,
    prefix_len: rule::DESTINATION_PREFIX_LEN,
    port_min: rule::DESTINATION_PORT_MIN,
    port_max: rule::DESTINATION_PORT_MAX,
};

/// Who serves the family.
pub(crate) struct Control;

/// The firewall of a request's namespace.
fn tables(net: &Net) -> Result<&Tables> {
    net.state::<Firewall>().ok_or(ENODEV)
}

impl Operations for Control {
    type RuleGetDump = Cursor;

    fn rule_add(
        request: &RuleAddRequest<'_, Self>,
        reply: RuleAddReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let extack = request.extack();
        let asked = request.required(attr::firewall::RULE, request.rule())?;
        let attrs = asked.attrs();
        for counter in [rule::PACKETS, rule::BYTES] {
            if let Some(attr) = attrs.get(counter) {
                return Err(request.bad_attr(
                    Some(attr),
                    EINVAL,
                    fmt!("unknown in a request: the kernel counts"),
                ));
            }
        }
        let action = asked
            .action()
            .ok_or_else(|| attrs.missing(rule::ACTION, extack))?;
        let wish = wish(&asked, extack)?;
        let matches = Match::new(&wish).map_err(|refusal| explain(refusal, attrs, extack))?;
        let counters = Arc::new(PacketCounter::new(process)?, GFP_KERNEL)?;

        let tables = tables(request.net())?;
        let mut editor = tables.editor.lock();
        let current = editor.current.clone();
        if current.len() >= MAX_RULES {
            return Err(request.error(
                ENOSPC,
                fmt!("the namespace has {MAX_RULES} rules, which is all it can have"),
            ));
        }
        let id = match asked.id() {
            Some(id) if current.get(id).is_some() => {
                return Err(request.bad_attr(
                    attrs.get(rule::ID),
                    EEXIST,
                    fmt!("there is a rule {id} already"),
                ));
            }
            Some(id) => id,
            None => free_id(&current, editor.last_id),
        };
        let rule = Rule {
            id,
            priority: asked.priority().unwrap_or_else(|| current.last_priority()),
            sequence: editor.sequence,
            matches,
            action,
            counters,
        };
        tables.publish(&mut editor, current.with(&rule)?, process)?;
        editor.sequence = editor.sequence.wrapping_add(1);
        if asked.id().is_none() {
            editor.last_id = id;
        }
        // Under the lock, so that listeners hear of changes in their order. That one may lose what it
        // hears is its own business: it is told so by `ENOBUFS`.
        let _ = notify::RuleAddNtf::multicast(request.net(), process, |message| {
            put_rule(message, &rule)
        });
        drop(editor);
        reply.send(process, |message| put_rule(message, &rule))
    }

    fn rule_del(request: &RuleDelRequest<'_, Self>, process: Process<'_>) -> Result {
        let tables = tables(request.net())?;
        let mut editor = tables.editor.lock();
        let current = editor.current.clone();
        let rule = named(request, &current)?;
        tables.publish(&mut editor, current.without(rule.id)?, process)?;
        let _ = notify::RuleDelNtf::multicast(request.net(), process, |message| {
            put_rule(message, rule)
        });
        Ok(())
    }

    fn rule_flush(
        request: &RuleFlushRequest<'_, Self>,
        reply: RuleFlushReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let tables = tables(request.net())?;
        let mut editor = tables.editor.lock();
        let current = editor.current.clone();
        let count = u32::try_from(current.len()).unwrap_or(u32::MAX);
        tables.publish(&mut editor, current.flushed(), process)?;
        let _ = notify::RuleFlushNtf::multicast(request.net(), process, |message| {
            message.count(count).map(|_| ())
        });
        drop(editor);
        reply.send(process, |message| message.count(count).map(|_| ()))
    }

    fn rule_get(
        request: &RuleGetRequest<'_, Self>,
        reply: RuleGetReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let current = tables(request.net())?.current(process);
        let rule = named(request, &current)?;
        reply.send(process, |message| put_rule(message, rule))
    }

    fn rule_get_start(
        _request: &RuleGetDumpRequest<'_, Self>,
        _process: Process<'_>,
    ) -> Result<Cursor> {
        Ok(Cursor::default())
    }

    fn rule_get_dump(
        request: &RuleGetDumpRequest<'_, Self>,
        cursor: &mut Cursor,
        entries: &mut RuleGetDumpEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), Full> {
        let current = tables(request.net())?.current(process);
        entries.generation(current.generation());
        let start = (cursor.priority, cursor.sequence);
        for rule in current
            .iter()
            .skip_while(|rule| (u64::from(rule.priority), rule.sequence) < start)
        {
            // As long as it is not put, the dump goes on with it.
            *cursor = Cursor {
                priority: u64::from(rule.priority),
                sequence: rule.sequence,
            };
            entries.put(|message| put_rule(message, rule))?;
        }
        // Behind any rule.
        cursor.priority = u64::MAX;
        Ok(())
    }

    fn stats_get(
        request: &StatsGetRequest<'_, Self>,
        reply: StatsGetReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let tables = tables(request.net())?;
        let count = u32::try_from(tables.current(process).len()).unwrap_or(u32::MAX);
        reply.send(process, |message| {
            message
                .count(count)?
                .accepted(tables.accepted.read().packets)?
                .dropped(tables.dropped.read().packets)?
                .malformed(tables.malformed.read().packets)?;
            Ok(())
        })
    }
}

/// Up to where a dump has come: what orders the rules, of the first that was not put.
#[derive(Default)]
pub(crate) struct Cursor {
    priority: u64,
    sequence: u64,
}

/// The next identifier after `last` that no rule has.
fn free_id(rules: &RuleSet, last: u32) -> u32 {
    let mut id = last;
    loop {
        id = id.wrapping_add(1).max(1);
        // There are more numbers than rules.
        if rules.get(id).is_none() {
            return id;
        }
    }
}

/// Reads what a rule is to match.
fn wish(asked: &view::Rule<'_>, extack: ExtAck<'_>) -> Result<Wish> {
    let attrs = asked.attrs();
    Ok(Wish {
        chain: asked
            .chain()
            .ok_or_else(|| attrs.missing(rule::CHAIN, extack))?,
        family: asked.family().map(|family| match family {
            Family::Ipv4 => Version::V4,
            Family::Ipv6 => Version::V6,
        }),
        protocol: asked.protocol().map(Protocol),
        source: end(attrs, &SOURCE, extack)?,
        destination: end(attrs, &DESTINATION, extack)?,
    })
}

fn end(attrs: Attrs<'_>, names: &EndAttrs, extack: ExtAck<'_>) -> Result<End> {
    Ok(End {
        address: attrs
            .get(names.address)
            .map(|attr| address(attr, extack))
            .transpose()?,
        prefix_len: attrs.u8(names.prefix_len),
        port_min: attrs.u16(names.port_min),
        port_max: attrs.u16(names.port_max),
    })
}

fn address(attr: Attr<'_>, extack: ExtAck<'_>) -> Result<IpAddr> {
    if let Some(bytes) = attr.array::<4>() {
        return Ok(Ipv4Addr::from(bytes).into());
    }
    if let Some(bytes) = attr.array::<16>() {
        return Ok(Ipv6Addr::from(bytes).into());
    }
    Err(extack.bad_attr(
        Some(attr),
        EINVAL,
        fmt!("an address has 4 bytes (IPv4) or 16 (IPv6)"),
    ))
}

/// Points at the attribute that cannot be granted.
fn explain(refusal: Refusal, attrs: Attrs<'_>, extack: ExtAck<'_>) -> Error {
    let names = if refusal.source {
        &SOURCE
    } else {
        &DESTINATION
    };
    let name = match refusal.field {
        Field::Address => names.address,
        Field::PrefixLen => names.prefix_len,
        Field::PortMin => names.port_min,
        Field::PortMax => names.port_max,
    };
    extack.bad_attr(attrs.get(name), EINVAL, fmt!("{}", refusal.why))
}

/// Puts a rule, and its counters.
fn put_rule(message: &mut reply::RuleAdd<'_>, rule: &Rule) -> Result {
    message.rule(|nest| {
        nest.id(rule.id)?
            .priority(rule.priority)?
            .chain(rule.matches.in_chain())?
            .action(rule.action)?;
        let family = rule.matches.family();
        if let Some(family) = family {
            nest.family(match family {
                Version::V4 => Family::Ipv4,
                Version::V6 => Family::Ipv6,
            })?;
        }
        if let Some(protocol) = rule.matches.protocol() {
            nest.protocol(protocol.0)?;
        }
        let (prefix, ports) = rule.matches.source();
        if let Some(prefix) = prefix {
            nest.source(network(prefix, family, &mut [0; 16]))?
                .source_prefix_len(prefix.len())?;
        }
        if let Some(ports) = ports {
            nest.source_port_min(ports.min)?
                .source_port_max(ports.max)?;
        }
        let (prefix, ports) = rule.matches.destination();
        if let Some(prefix) = prefix {
            nest.destination(network(prefix, family, &mut [0; 16]))?
                .destination_prefix_len(prefix.len())?;
        }
        if let Some(ports) = ports {
            nest.destination_port_min(ports.min)?
                .destination_port_max(ports.max)?;
        }
        let totals = rule.counters.read();
        nest.packets(totals.packets)?.bytes(totals.bytes)?;
        Ok(())
    })?;
    Ok(())
}

/// The network of a prefix, in as many bytes as its family has.
fn network(prefix: Prefix, family: Option<Version>, bytes: &mut [u8; 16]) -> &[u8] {
    *bytes = prefix.network().to_be_bytes();
    match family {
        // The low 32 bits.
        Some(Version::V4) => bytes.get(12..).unwrap_or(&[]),
        _ => bytes,
    }
}

/// The rule that a request names.
fn named<'r>(
    request: &genl::Request<'_, Server<Control>, request::RuleDel<'static>>,
    rules: &'r RuleSet,
) -> Result<&'r Rule> {
    let id = request.required(attr::firewall::ID, request.id())?;
    rules.get(id).ok_or_else(|| {
        request.bad_attr(
            request.attrs().get(attr::firewall::ID),
            ENOENT,
            fmt!("there is no rule {id}"),
        )
    })
}
