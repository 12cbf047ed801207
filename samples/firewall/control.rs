// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family, as `Documentation/netlink/specs/firewall.yaml` tells it.

use kernel::prelude::*;
use kernet::{
    context::Process,
    error::enobufs,
    genl::{
        self,
        Full,
        Notification,
        Replied, //
    },
    netns::Net,
    nlattr::{
        Builder,
        ExtAck, //
    },
    wire::ip::Version, //
};

use crate::{
    draft::Draft,
    level::Refused,
    nl_generated::{
        attr::{
            self,
            rule, //
        },
        build,
        notify,
        request,
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
        RuleReplaceReply,
        RuleReplaceRequest,
        Server,
        StatsGetReply,
        StatsGetRequest, //
    },
    rules::{
        Prefix,
        Rule,
        FIRST_PRIORITY,
        MAX_RULES, //
    },
    set::RuleSet,
    Firewall, //
};

/// Who serves the family.
pub(crate) struct Control;

impl Operations for Control {
    type RuleGetDump = Cursor;

    fn rule_add(
        request: &RuleAddRequest<'_, Self>,
        reply: RuleAddReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let asked = request.required(attr::firewall::RULE, request.rule())?;
        let draft = Draft::new(&asked, request.extack(), process)?;

        let tables = request.state::<Firewall>().ok_or(ENODEV)?;
        let mut editor = tables.editor.lock();
        let current = editor.current.clone();
        if current.len() >= MAX_RULES {
            return Err(request.error(ENOSPC, fmt!("a namespace can have {MAX_RULES} rules")));
        }
        let before = match request.before() {
            None => None,
            Some(_) if draft.priority.is_some() => {
                return Err(request.bad_attr(
                    request.attrs().get(attr::firewall::BEFORE),
                    EINVAL,
                    fmt!("a rule before another one has its priority, and none of its own"),
                ));
            }
            Some(id) => Some(current.get(id).ok_or_else(|| {
                request.bad_attr(
                    request.attrs().get(attr::firewall::BEFORE),
                    ENOENT,
                    fmt!("there is no rule {id}"),
                )
            })?),
        };
        let chosen = draft.id.is_none();
        let id = match draft.id {
            Some(id) if current.has(id) => {
                return Err(request.bad_attr(
                    asked.attrs().get(rule::ID),
                    EEXIST,
                    fmt!("there is a rule {id} already"),
                ));
            }
            Some(id) => id,
            None => free_id(editor.last_id, |id| current.has(id)),
        };
        let priority = match (draft.priority, &before) {
            (Some(priority), _) => priority,
            (None, Some(before)) => before.priority,
            (None, None) => current.last_priority(),
        };
        let rule = draft.rule(id, priority);
        let rules = current
            .with(rule.clone(), before.as_ref())
            .map_err(|refused| explain(request.extack(), refused))?;
        tables.publish(&mut editor, rules, process)?;
        if chosen {
            editor.last_id = id;
        }
        // Under the lock, so that listeners hear of changes in their order.
        tell::<notify::RuleAddNtf>(request.net(), process, |message| {
            message.rule(|nest| describe(nest, &rule))?;
            if let Some(before) = &before {
                message.before(before.id)?;
            }
            Ok(())
        });
        drop(editor);
        reply.send(process, |message| {
            message.rule(|nest| describe(nest, &rule)).map(|_| ())
        })
    }

    fn rule_replace(
        request: &RuleReplaceRequest<'_, Self>,
        reply: RuleReplaceReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let extack = request.extack();
        // Before there is memory for any.
        let len = request.rules().take(MAX_RULES.saturating_add(1)).count();
        if len > MAX_RULES {
            return Err(request.error(ENOSPC, fmt!("a namespace can have {MAX_RULES} rules")));
        }
        let mut rules = KVVec::with_capacity(len, GFP_KERNEL_ACCOUNT)?;
        let mut ids = KVVec::new();
        let mut priority = FIRST_PRIORITY;
        for asked in request.rules() {
            let draft = Draft::new(&asked, extack, process)?;
            if let Some(id) = draft.id {
                ids.push(id, GFP_KERNEL_ACCOUNT)?;
            }
            priority = draft.priority.unwrap_or(priority);
            // No rule has this number: it gets one under the lock.
            let id = draft.id.unwrap_or(0);
            rules.push(draft.rule(id, priority), GFP_KERNEL_ACCOUNT)?;
        }
        ids.sort_unstable();
        let twice = ids.windows(2).find(|pair| pair.first() == pair.last());
        if let Some(id) = twice.and_then(|pair| pair.first()) {
            let second = request
                .rules()
                .filter(|asked| asked.id() == Some(*id))
                .nth(1);
            return Err(extack.bad_attr(
                second
                    .as_ref()
                    .and_then(|asked| asked.attrs().get(rule::ID)),
                EEXIST,
                fmt!("there is a rule {id} in this request already"),
            ));
        }
        let count = u32::try_from(rules.len()).unwrap_or(u32::MAX);

        let tables = request.state::<Firewall>().ok_or(ENODEV)?;
        let mut editor = tables.editor.lock();
        let mut last_id = editor.last_id;
        for rule in rules.iter_mut().filter(|rule| rule.id == 0) {
            last_id = free_id(last_id, |id| ids.binary_search(&id).is_ok());
            rule.id = last_id;
        }
        let current = editor.current.clone();
        let rules = current
            .replaced(rules)
            .map_err(|refused| explain(request.extack(), refused))?;
        tables.publish(&mut editor, rules, process)?;
        editor.last_id = last_id;
        tell::<notify::RuleReplaceNtf>(request.net(), process, |message| {
            message.count(count).map(|_| ())
        });
        drop(editor);
        reply.send(process, |message| message.count(count).map(|_| ()))
    }

    fn rule_del(request: &RuleDelRequest<'_, Self>, process: Process<'_>) -> Result {
        let tables = request.state::<Firewall>().ok_or(ENODEV)?;
        let mut editor = tables.editor.lock();
        let current = editor.current.clone();
        let rule = named(request, &current)?;
        let rules = current
            .without(rule.id)
            .map_err(|refused| explain(request.extack(), refused))?;
        tables.publish(&mut editor, rules, process)?;
        tell::<notify::RuleDelNtf>(request.net(), process, |message| {
            message.rule(|nest| describe(nest, &rule)).map(|_| ())
        });
        Ok(())
    }

    fn rule_flush(
        request: &RuleFlushRequest<'_, Self>,
        reply: RuleFlushReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let tables = request.state::<Firewall>().ok_or(ENODEV)?;
        let mut editor = tables.editor.lock();
        let current = editor.current.clone();
        let count = u32::try_from(current.len()).unwrap_or(u32::MAX);
        tables.publish(&mut editor, current.flushed(), process)?;
        tell::<notify::RuleFlushNtf>(request.net(), process, |message| {
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
        let current = request.state::<Firewall>().ok_or(ENODEV)?.current(process);
        let rule = named(request, &current)?;
        reply.send(process, |message| {
            message.rule(|nest| describe(nest, &rule)).map(|_| ())
        })
    }

    fn rule_get_start(
        _request: &RuleGetDumpRequest<'_, Self>,
        _process: Process<'_>,
    ) -> Result<Cursor> {
        Ok(Cursor { next: Some((0, 0)) })
    }

    fn rule_get_dump(
        request: &RuleGetDumpRequest<'_, Self>,
        cursor: &mut Cursor,
        entries: &mut RuleGetDumpEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), Full> {
        let current = request.state::<Firewall>().ok_or(ENODEV)?.current(process);
        entries.generation(current.generation());
        let Some(start) = cursor.next else {
            return Ok(());
        };
        for rule in current.iter_from(start) {
            // As long as it is not put, the dump goes on with it.
            cursor.next = Some((rule.priority, rule.place));
            entries.put(|message| message.rule(|nest| describe(nest, &rule)).map(|_| ()))?;
        }
        cursor.next = None;
        Ok(())
    }

    fn stats_get(
        request: &StatsGetRequest<'_, Self>,
        reply: StatsGetReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let tables = request.state::<Firewall>().ok_or(ENODEV)?;
        let current = tables.current(process);
        let count = u32::try_from(current.len()).unwrap_or(u32::MAX);
        let comparisons = u32::try_from(current.comparisons()).unwrap_or(u32::MAX);
        reply.send(process, |message| {
            message
                .count(count)?
                .accepted(tables.accepted.read().packets)?
                .dropped(tables.dropped.read().packets)?
                .malformed(tables.malformed.read().packets)?
                .comparisons(comparisons)?;
            Ok(())
        })
    }
}

/// Up to where a dump has come.
pub(crate) struct Cursor {
    /// What orders the rules, of the first that was not put; `None` when all were.
    next: Option<(u32, u64)>,
}

/// Says why rules cannot be put together.
fn explain(extack: ExtAck<'_>, refused: Refused) -> Error {
    if let Refused::TooCostly(comparisons) = refused {
        return extack.error(
            E2BIG,
            fmt!("rules overlap so much that {comparisons} would be compared with a packet"),
        );
    }
    refused.into()
}

/// The next identifier after `last` that no rule has.
fn free_id(last: u32, taken: impl Fn(u32) -> bool) -> u32 {
    let mut id = last;
    loop {
        id = id.wrapping_add(1).max(1);
        // There are more numbers than rules.
        if !taken(id) {
            return id;
        }
    }
}

/// Tells listeners of a change; if there is no memory to, that they have missed something.
fn tell<N: Notification>(
    net: &Net,
    process: Process<'_>,
    fill: impl FnMut(&mut <N::Builder as Builder>::On<'_>) -> Result,
) {
    let told = N::multicast(net, process, fill);
    // A listener without room knows that it has missed this. Others do not yet.
    if told.is_err_and(|error| error != enobufs()) {
        N::report_lost(net);
    }
}

/// Puts what a rule is, and its counters.
fn describe(nest: &mut build::Rule<'_>, rule: &Rule) -> Result {
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
fn named(
    request: &genl::Request<'_, Server<Control>, request::RuleDel<'static>>,
    rules: &RuleSet,
) -> Result<Rule> {
    let id = request.required(attr::firewall::ID, request.id())?;
    rules.get(id).ok_or_else(|| {
        request.bad_attr(
            request.attrs().get(attr::firewall::ID),
            ENOENT,
            fmt!("there is no rule {id}"),
        )
    })
}
