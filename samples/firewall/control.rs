// SPDX-License-Identifier: GPL-2.0

//! The generic netlink family, as `Documentation/netlink/specs/firewall.yaml` tells it.

use kernel::{
    prelude::*,
    sync::Arc, //
};
use kernet::{
    context::Process,
    error::enobufs,
    genl::{
        self,
        Full,
        Notification,
        Prepared,
        Replied, //
    },
    netns::Net,
    nlattr::{
        Builder,
        ExtAck, //
    },
    percpu::PacketCounter, //
};

use crate::{
    description::describe,
    draft::{
        Blame,
        Draft, //
    },
    level::Refused,
    nl_generated::{
        attr::{
            self,
            rule, //
        },
        notify,
        reply,
        request,
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
        StatsGetRequest,
        TransactionAbortReply,
        TransactionAbortRequest,
        TransactionAddReply,
        TransactionAddRequest,
        TransactionCheckReply,
        TransactionCheckRequest,
        TransactionCommitReply,
        TransactionCommitRequest, //
    },
    replacement::{
        free_id,
        Outcome,
        Replacement,
        Why, //
    },
    rules::{
        Rule,
        MAX_RULES, //
    },
    set::RuleSet,
    transaction::{
        Judged,
        Session,
        Transaction, //
    },
    wait_for,
    Firewall,
    Tables, //
};

/// Who serves the family.
pub(crate) struct Control;

impl Operations for Control {
    type Socket = Session;
    type RuleGetDump = Cursor;

    fn rule_add(
        request: &RuleAddRequest<'_, Self>,
        reply: RuleAddReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let asked = request.required(attr::firewall::RULE, request.rule())?;
        let draft = Draft::new(&asked, Blame::the_rule(request.extack()))?;
        let counters = Arc::new(PacketCounter::new(process)?, GFP_KERNEL_ACCOUNT)?;

        let tables = request.state::<Firewall>().ok_or(ENODEV)?;
        let mut editor = wait_for(&tables.editor, request.extack(), process)?;
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
        let rule = Rule {
            id,
            priority,
            // The set chooses it.
            place: 0,
            matches: draft.matches,
            action: draft.action,
            counters,
        };
        let rules = current
            .with(rule.clone(), before.as_ref())
            .map_err(|refused| explain(request.extack(), refused))?;
        // What may fail comes before the rules are others.
        let reply = reply.prepare(process, |message| {
            message.rule(|nest| describe(nest, &rule)).map(|_| ())
        })?;
        tables.publish(request.net(), &mut editor, rules, request.extack(), process)?;
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
        Ok(reply.send())
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
        let mut drafts = KVVec::with_capacity(len, GFP_KERNEL_ACCOUNT)?;
        for (number, asked) in (1..).zip(request.rules()) {
            let draft = Draft::new(&asked, Blame::rule(extack, number))?;
            drafts.push(draft, GFP_KERNEL_ACCOUNT)?;
        }
        let tables = request.state::<Firewall>().ok_or(ENODEV)?;
        let prepare = |outcome: Outcome| {
            reply.prepare(process, |message| message.count(outcome.count).map(|_| ()))
        };
        let rules = (&drafts[..], &mut Judged::default());
        let replaced = replace(request.net(), tables, rules, extack, process, prepare);
        let reply = replaced.map_err(|why| match why {
            Why::Twice { at, id } => {
                let second = request.rules().nth(at);
                Blame::rule(extack, at.saturating_add(1)).bad_attr(
                    second
                        .as_ref()
                        .and_then(|asked| asked.attrs().get(rule::ID)),
                    EEXIST,
                    fmt!("there is a rule {id} in this request already"),
                )
            }
            Why::Refused(refused) => explain(extack, refused),
        })?;
        Ok(reply.send())
    }

    fn transaction_add(
        request: &TransactionAddRequest<'_, Self>,
        reply: TransactionAddReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let tables = request.state::<Firewall>().ok_or(ENODEV)?;
        let session = request.socket(process)?;
        let mut transaction = wait_for(session.transaction()?, request.extack(), process)?;
        let before = transaction.len();
        let len = transaction.add(request.rules(), &tables.staged, request.extack())?;
        let count = u32::try_from(len).unwrap_or(u32::MAX);
        let replied = reply.send(process, |message| message.count(count).map(|_| ()));
        if replied.is_err() {
            transaction.truncate(before);
        }
        replied
    }

    fn transaction_check(
        request: &TransactionCheckRequest<'_, Self>,
        reply: TransactionCheckReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let tables = request.state::<Firewall>().ok_or(ENODEV)?;
        let session = request.socket(process)?;
        let mut transaction = wait_for(session.transaction()?, request.extack(), process)?;
        complete(request, &transaction)?;
        let outcome = check(tables, transaction.rules(), process)
            .map_err(|why| why_not(request.extack(), why))?;
        drop(transaction);
        reply.send(process, |message| put(message, outcome))
    }

    fn transaction_commit(
        request: &TransactionCommitRequest<'_, Self>,
        reply: TransactionCommitReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let tables = request.state::<Firewall>().ok_or(ENODEV)?;
        let session = request.socket(process)?;
        let mut transaction = wait_for(session.transaction()?, request.extack(), process)?;
        complete(request, &transaction)?;
        let extack = request.extack();
        let prepare = |outcome| reply.prepare(process, |message| put(message, outcome));
        let rules = transaction.rules();
        let reply = replace(request.net(), tables, rules, extack, process, prepare)
            .map_err(|why| why_not(extack, why))?;
        transaction.end();
        drop(transaction);
        Ok(reply.send())
    }

    fn transaction_abort(
        request: &TransactionAbortRequest<'_, Self>,
        reply: TransactionAbortReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let session = request.socket(process)?;
        let count = wait_for(session.transaction()?, request.extack(), process)?.end();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        reply.send(process, |message| message.count(count).map(|_| ()))
    }

    fn rule_del(request: &RuleDelRequest<'_, Self>, process: Process<'_>) -> Result {
        let tables = request.state::<Firewall>().ok_or(ENODEV)?;
        let mut editor = wait_for(&tables.editor, request.extack(), process)?;
        let current = editor.current.clone();
        let rule = named(request, &current)?;
        let rules = current
            .without(rule.id)
            .map_err(|refused| explain(request.extack(), refused))?;
        tables.publish(request.net(), &mut editor, rules, request.extack(), process)?;
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
        let mut editor = wait_for(&tables.editor, request.extack(), process)?;
        let current = editor.current.clone();
        let count = u32::try_from(current.len()).unwrap_or(u32::MAX);
        let reply = reply.prepare(process, |message| message.count(count).map(|_| ()))?;
        let (rules, extack) = (current.flushed(), request.extack());
        tables.publish(request.net(), &mut editor, rules, extack, process)?;
        tell::<notify::RuleFlushNtf>(request.net(), process, |message| {
            message.count(count).map(|_| ())
        });
        drop(editor);
        Ok(reply.send())
    }

    fn rule_get(
        request: &RuleGetRequest<'_, Self>,
        reply: RuleGetReply<'_>,
        process: Process<'_>,
    ) -> Result<Replied> {
        let current = request.state::<Firewall>().ok_or(ENODEV)?.current()?;
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
        _process: Process<'_>,
    ) -> Result<(), Full> {
        let current = request.state::<Firewall>().ok_or(ENODEV)?.current()?;
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
        let current = tables.current()?;
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

/// Says what a change of all rules has come to.
fn put(message: &mut reply::TransactionCommit<'_>, outcome: Outcome) -> Result {
    message
        .count(outcome.count)?
        .comparisons(outcome.comparisons)?
        .kept(outcome.kept)?;
    Ok(())
}

/// Says what it would come to if rules took the place of all.
fn check(
    tables: &Tables,
    (drafts, judged): (&[Draft], &mut Judged),
    process: Process<'_>,
) -> Result<Outcome, Why> {
    // It takes long, and others may change the rules meanwhile.
    let current = tables.current()?;
    if let Some(known) = judged.known(&current) {
        return known;
    }
    // It does not matter which numbers are free.
    let made = Replacement::new(drafts, &current, 0, process);
    let outcome = made.map(|made| made.outcome);
    judged.set(&current, outcome);
    outcome
}

/// Puts rules in the place of all, and tells the listeners of `net`. The reply is prepared before, so that an error
/// means that the rules are as they were.
fn replace<'a>(
    net: &Net,
    tables: &Tables,
    (drafts, judged): (&[Draft], &mut Judged),
    extack: ExtAck<'_>,
    process: Process<'_>,
    prepare: impl FnOnce(Outcome) -> Result<Prepared<'a>>,
) -> Result<Prepared<'a>, Why> {
    let mut editor = wait_for(&tables.editor, extack, process)?;
    let current = editor.current.clone();
    if let Some(Err(known)) = judged.known(&current) {
        return Err(known);
    }
    let Replacement {
        rules,
        last_id,
        outcome,
    } = Replacement::new(drafts, &current, editor.last_id, process)
        .inspect_err(|why| judged.set(&current, Err(*why)))?;
    let reply = prepare(outcome)?;
    tables.publish(net, &mut editor, rules, extack, process)?;
    editor.last_id = last_id;
    tell::<notify::RuleReplaceNtf>(net, process, |message| {
        message.count(outcome.count).map(|_| ())
    });
    Ok(reply)
}

/// Says why the rules of a transaction cannot take the place of all.
fn why_not(extack: ExtAck<'_>, why: Why) -> Error {
    match why {
        Why::Twice { at, id } => Blame::rule(extack, at.saturating_add(1)).error(
            EEXIST,
            fmt!("there is a rule {id} in this transaction already"),
        ),
        Why::Refused(refused) => explain(extack, refused),
    }
}

/// Checks that the transaction has as many rules as the request says: none was refused or lost.
fn complete(
    request: &genl::Request<'_, Server<Control>, request::TransactionCommit<'static>>,
    transaction: &Transaction,
) -> Result {
    let count = request.required(attr::firewall::COUNT, request.count())?;
    let len = transaction.len();
    if usize::try_from(count).is_ok_and(|count| count == len) {
        return Ok(());
    }
    Err(request.bad_attr(
        request.attrs().get(attr::firewall::COUNT),
        EINVAL,
        fmt!("the transaction has {len} rules, not {count}"),
    ))
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
