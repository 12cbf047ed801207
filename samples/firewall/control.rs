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
        Access,
        Do,
        Dump,
        Entries,
        Full,
        Op,
        Request, //
    },
    netns::Net,
    nlattr::{
        Attr,
        Attrs,
        ExtAck,
        Policy,
        Table,
        Writer, //
    },
    percpu::Counters,
    wire::ip::{
        Protocol,
        Version, //
    }, //
};

use crate::{
    rules::{
        Action,
        Chain,
        End,
        Field,
        Match,
        Ports,
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

/// Commands.
mod command {
    pub(super) const RULE_ADD: u8 = 1;
    pub(super) const RULE_DEL: u8 = 2;
    pub(super) const RULE_FLUSH: u8 = 3;
    pub(super) const RULE_GET: u8 = 4;
    pub(super) const STATS_GET: u8 = 5;
    pub(super) const RULE_ADD_NTF: u8 = 6;
    pub(super) const RULE_DEL_NTF: u8 = 7;
    pub(super) const RULE_FLUSH_NTF: u8 = 8;
}

/// Attributes of messages.
mod attr {
    pub(super) const RULE: u16 = 1;
    pub(super) const ID: u16 = 2;
    pub(super) const COUNT: u16 = 3;
    pub(super) const ACCEPTED: u16 = 4;
    pub(super) const DROPPED: u16 = 5;
    pub(super) const MALFORMED: u16 = 6;
}

/// Attributes of a rule.
mod rule {
    pub(super) const ID: u16 = 1;
    pub(super) const PRIORITY: u16 = 2;
    pub(super) const CHAIN: u16 = 3;
    pub(super) const ACTION: u16 = 4;
    pub(super) const FAMILY: u16 = 5;
    pub(super) const PROTOCOL: u16 = 6;
    pub(super) const SOURCE: u16 = 7;
    pub(super) const SOURCE_LEN: u16 = 8;
    pub(super) const DESTINATION: u16 = 9;
    pub(super) const DESTINATION_LEN: u16 = 10;
    pub(super) const SPORT_MIN: u16 = 11;
    pub(super) const SPORT_MAX: u16 = 12;
    pub(super) const DPORT_MIN: u16 = 13;
    pub(super) const DPORT_MAX: u16 = 14;
    pub(super) const PACKETS: u16 = 15;
    pub(super) const BYTES: u16 = 16;
    pub(super) const COUNT: usize = 15;
}

/// The attributes of one end of a rule.
struct EndAttrs {
    address: u16,
    prefix_len: u16,
    port_min: u16,
    port_max: u16,
}

const SOURCE: EndAttrs = EndAttrs {
    address: rule::SOURCE,
    prefix_len: rule::SOURCE_LEN,
    port_min: rule::SPORT_MIN,
    port_max: rule::SPORT_MAX,
};

const DESTINATION: EndAttrs = EndAttrs {
    address: rule::DESTINATION,
    prefix_len: rule::DESTINATION_LEN,
    port_min: rule::DPORT_MIN,
    port_max: rule::DPORT_MAX,
};

static RULE: Table<{ rule::COUNT }> = Table::new(&[
    (rule::ID, Policy::U32.min(1)),
    (rule::PRIORITY, Policy::U32),
    (rule::CHAIN, Policy::U8.range(0, 2)),
    (rule::ACTION, Policy::U8.range(0, 1)),
    (rule::FAMILY, Policy::U8.range(0, 1)),
    (rule::PROTOCOL, Policy::U8),
    (rule::SOURCE, Policy::binary(16)),
    (rule::SOURCE_LEN, Policy::U8.range(0, 128)),
    (rule::DESTINATION, Policy::binary(16)),
    (rule::DESTINATION_LEN, Policy::U8.range(0, 128)),
    (rule::SPORT_MIN, Policy::U16),
    (rule::SPORT_MAX, Policy::U16),
    (rule::DPORT_MIN, Policy::U16),
    (rule::DPORT_MAX, Policy::U16),
]);

static WITH_RULE: Table<2> = Table::new(&[(attr::RULE, Policy::nested(&RULE))]);
static WITH_ID: Table<3> = Table::new(&[(attr::ID, Policy::U32.min(1))]);
/// Refuses any attribute.
static NOTHING: Table<2> = Table::new(&[]);

/// The family.
pub(crate) struct Control;

impl genl::Family for Control {
    const NAME: &'static CStr = c"firewall";

    const OPS: &'static [Op<Self>] = &[
        Op::new_do::<Add, 2>(),
        Op::new_do::<Del, 3>(),
        Op::new_do::<Flush, 2>(),
        Op::new_do::<Get, 3>(),
        Op::new_dump::<Get, 3>(),
        Op::new_do::<Stats, 2>(),
    ];

    const GROUPS: &'static [&'static CStr] = &[c"rules"];

    fn slot() -> &'static genl::Slot {
        static SLOT: genl::Slot = genl::Slot::new();
        &SLOT
    }
}

/// The index of the group in [`genl::Family::GROUPS`].
const RULES: usize = 0;

/// Tells who listens. That it may not reach all of them is the listeners' business: they are told
/// by [`ENOBUFS`].
fn notify(
    net: &Net,
    command: u8,
    process: Process<'_>,
    fill: impl FnMut(&mut Writer<'_>) -> Result,
) {
    let _ = genl::multicast::<Control, RULES>(net, command, process, fill);
}

/// The firewall of the request's namespace.
fn tables<'a>(request: &Request<'a, Control>) -> Result<&'a Tables> {
    request.net().state::<Firewall>().ok_or(ESHUTDOWN)
}

/// `rule-add`.
struct Add;

impl Do<Control, 2> for Add {
    const COMMAND: u8 = command::RULE_ADD;
    const ACCESS: Access = Access::NamespaceAdmin;
    const POLICY: &'static Table<2> = &WITH_RULE;

    fn run(request: &Request<'_, Control>, process: Process<'_>) -> Result {
        let extack = request.extack();
        let nested = request
            .attrs()
            .require(attr::RULE, extack)?
            .nested(&RULE, extack)?;
        let attrs = nested.attrs();
        let action = match attrs.require(rule::ACTION, extack)?.array() {
            Some([0]) => Action::Accept,
            _ => Action::Drop,
        };
        let wish = wish(attrs, extack)?;
        let matches = Match::new(&wish).map_err(|refusal| explain(refusal, attrs, extack))?;
        let counters = Arc::new(Counters::new(process)?, GFP_KERNEL)?;

        let tables = tables(request)?;
        let mut editor = tables.editor.lock();
        let current = editor.current.clone();
        if current.len() >= MAX_RULES {
            return Err(extack.error(
                ENOSPC,
                fmt!("the namespace has {MAX_RULES} rules, which is all it can have"),
            ));
        }
        let id = match attrs.u32(rule::ID) {
            Some(id) if current.get(id).is_some() => {
                return Err(extack.bad_attr(
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
            priority: attrs
                .u32(rule::PRIORITY)
                .unwrap_or_else(|| current.last_priority()),
            sequence: editor.sequence,
            matches,
            action,
            counters,
        };
        tables.publish(&mut editor, current.with(&rule)?, process)?;
        editor.sequence = editor.sequence.wrapping_add(1);
        if attrs.get(rule::ID).is_none() {
            editor.last_id = id;
        }
        // Under the lock, so that listeners hear of changes in their order.
        notify(request.net(), command::RULE_ADD_NTF, process, |message| {
            put_rule(message, &rule)
        });
        drop(editor);
        request.reply(process, |message| put_rule(message, &rule))
    }
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
fn wish(attrs: Attrs<'_>, extack: ExtAck<'_>) -> Result<Wish> {
    let chain = match attrs.require(rule::CHAIN, extack)?.array() {
        Some([0]) => Chain::Input,
        Some([1]) => Chain::Forward,
        _ => Chain::Output,
    };
    Ok(Wish {
        chain,
        family: attrs.u8(rule::FAMILY).map(|family| match family {
            0 => Version::V4,
            _ => Version::V6,
        }),
        protocol: attrs.u8(rule::PROTOCOL).map(Protocol),
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

fn put_rule(message: &mut Writer<'_>, rule: &Rule) -> Result {
    message.nest(attr::RULE, |nest| {
        nest.put_u32(rule::ID, rule.id)?;
        nest.put_u32(rule::PRIORITY, rule.priority)?;
        nest.put_u8(rule::CHAIN, rule.matches.in_chain() as u8)?;
        nest.put_u8(rule::ACTION, rule.action as u8)?;
        let family = rule.matches.family();
        if let Some(family) = family {
            nest.put_u8(rule::FAMILY, u8::from(family == Version::V6))?;
        }
        if let Some(protocol) = rule.matches.protocol() {
            nest.put_u8(rule::PROTOCOL, protocol.0)?;
        }
        put_end(nest, &SOURCE, family, rule.matches.source())?;
        put_end(nest, &DESTINATION, family, rule.matches.destination())?;
        let totals = rule.counters.read();
        nest.put_uint(rule::PACKETS, totals.packets)?;
        nest.put_uint(rule::BYTES, totals.bytes)
    })
}

fn put_end(
    nest: &mut Writer<'_>,
    names: &EndAttrs,
    family: Option<Version>,
    (prefix, ports): (Option<Prefix>, Option<Ports>),
) -> Result {
    if let Some(prefix) = prefix {
        let bytes = prefix.network().to_be_bytes();
        match family {
            // The low 32 bits.
            Some(Version::V4) => nest.put(names.address, bytes.get(12..).unwrap_or(&[]))?,
            _ => nest.put(names.address, &bytes)?,
        }
        nest.put_u8(names.prefix_len, prefix.len())?;
    }
    if let Some(ports) = ports {
        nest.put_u16(names.port_min, ports.min)?;
        nest.put_u16(names.port_max, ports.max)?;
    }
    Ok(())
}

/// The rule that a request names by [`attr::ID`].
fn named<'a>(request: &Request<'_, Control>, rules: &'a RuleSet) -> Result<&'a Rule> {
    let extack = request.extack();
    let attr = request.attrs().require(attr::ID, extack)?;
    let id = request.attrs().u32(attr::ID).unwrap_or(0);
    rules
        .get(id)
        .ok_or_else(|| extack.bad_attr(Some(attr), ENOENT, fmt!("there is no rule {id}")))
}

/// `rule-del`.
struct Del;

impl Do<Control, 3> for Del {
    const COMMAND: u8 = command::RULE_DEL;
    const ACCESS: Access = Access::NamespaceAdmin;
    const POLICY: &'static Table<3> = &WITH_ID;

    fn run(request: &Request<'_, Control>, process: Process<'_>) -> Result {
        let tables = tables(request)?;
        let mut editor = tables.editor.lock();
        let current = editor.current.clone();
        let rule = named(request, &current)?;
        tables.publish(&mut editor, current.without(rule.id)?, process)?;
        notify(request.net(), command::RULE_DEL_NTF, process, |message| {
            put_rule(message, rule)
        });
        Ok(())
    }
}

/// `rule-flush`.
struct Flush;

impl Do<Control, 2> for Flush {
    const COMMAND: u8 = command::RULE_FLUSH;
    const ACCESS: Access = Access::NamespaceAdmin;
    const POLICY: &'static Table<2> = &NOTHING;

    fn run(request: &Request<'_, Control>, process: Process<'_>) -> Result {
        let tables = tables(request)?;
        let mut editor = tables.editor.lock();
        let current = editor.current.clone();
        let count = u32::try_from(current.len()).unwrap_or(u32::MAX);
        tables.publish(&mut editor, current.flushed(), process)?;
        notify(request.net(), command::RULE_FLUSH_NTF, process, |message| {
            message.put_u32(attr::COUNT, count)
        });
        drop(editor);
        request.reply(process, |message| message.put_u32(attr::COUNT, count))
    }
}

/// `rule-get`: one rule, or all in their order.
struct Get;

impl Do<Control, 3> for Get {
    const COMMAND: u8 = command::RULE_GET;
    const POLICY: &'static Table<3> = &WITH_ID;

    fn run(request: &Request<'_, Control>, process: Process<'_>) -> Result {
        let current = tables(request)?.current(process);
        let rule = named(request, &current)?;
        request.reply(process, |message| put_rule(message, rule))
    }
}

/// Up to where a dump has come: what orders the rules, of the first that was not put.
#[derive(Clone, Copy, Zeroable)]
struct Cursor {
    priority: u64,
    sequence: u64,
}

impl Dump<Control, 3> for Get {
    const COMMAND: u8 = command::RULE_GET;
    const POLICY: &'static Table<3> = &WITH_ID;

    type Cursor = Cursor;

    fn run(
        request: &Request<'_, Control>,
        cursor: &mut Cursor,
        entries: &mut Entries<'_>,
        process: Process<'_>,
    ) -> Result<(), Full> {
        if let Some(attr) = request.attrs().get(attr::ID) {
            let extack = request.extack();
            return Err(extack
                .bad_attr(Some(attr), EINVAL, fmt!("a dump is of all rules"))
                .into());
        }
        let current = tables(request)?.current(process);
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
}

/// `stats-get`.
struct Stats;

impl Do<Control, 2> for Stats {
    const COMMAND: u8 = command::STATS_GET;
    const POLICY: &'static Table<2> = &NOTHING;

    fn run(request: &Request<'_, Control>, process: Process<'_>) -> Result {
        let tables = tables(request)?;
        let count = u32::try_from(tables.current(process).len()).unwrap_or(u32::MAX);
        request.reply(process, |message| {
            message.put_u32(attr::COUNT, count)?;
            message.put_uint(attr::ACCEPTED, tables.accepted.read().packets)?;
            message.put_uint(attr::DROPPED, tables.dropped.read().packets)?;
            message.put_uint(attr::MALFORMED, tables.malformed.read().packets)
        })
    }
}
