// SPDX-License-Identifier: GPL-2.0

//! Transactions: rules that a socket sends in many messages, to be published at once.
//!
//! A socket's transaction has no effect on packets until it is committed. It is freed when it is committed
//! or aborted, when the socket is closed, and when the family is unregistered.

use core::num::NonZero;
use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        Mutex,
        SetOnce, //
    },
};
use kernet::nlattr::ExtAck;

use crate::{
    draft::{
        Blame,
        Draft, //
    },
    level::Refused,
    nl_generated::view,
    replacement::{
        Outcome,
        Why, //
    },
    rules::MAX_RULES,
    set::RuleSet, //
};

/// The most rules in all transactions of a namespace.
pub(crate) const MAX_STAGED: usize = 4 * MAX_RULES;

/// What is kept for a socket.
#[derive(Default)]
pub(crate) struct Session {
    /// Made by the first message of a transaction.
    transaction: SetOnce<Pin<KBox<Mutex<Transaction>>>>,
}

impl Session {
    /// The transaction of the socket.
    pub(crate) fn transaction(&self) -> Result<&Mutex<Transaction>> {
        if let Some(made) = self.transaction.as_ref() {
            return Ok(made);
        }
        let new = KBox::pin_init(new_mutex!(Transaction::default()), GFP_KERNEL_ACCOUNT)?;
        self.transaction.populate(new);
        // Where another thread of the socket's has been first, it may not be done.
        Ok(self.transaction.as_ref().ok_or(EBUSY)?)
    }
}

/// The rules that a socket has sent.
#[derive(Default)]
pub(crate) struct Transaction {
    drafts: KVVec<Draft>,
    /// What they take of what the transactions of the namespace may have.
    share: Option<Share>,
    judged: Judged,
}

/// What putting a transaction's rules together has come to last: it takes long, and many requests for it fit
/// into one datagram.
#[derive(Default)]
pub(crate) struct Judged(Option<(NonZero<u32>, Result<Outcome, Why>)>);

impl Judged {
    /// What is known, if neither the rules of the transaction are others nor those that there are.
    pub(crate) fn known(&self, current: &RuleSet) -> Option<Result<Outcome, Why>> {
        let (generation, outcome) = self.0?;
        (generation == current.generation()).then_some(outcome)
    }

    pub(crate) fn set(&mut self, current: &RuleSet, outcome: Result<Outcome, Why>) {
        // What has failed for want of memory can be tried again.
        let lasts = matches!(
            outcome,
            Ok(_) | Err(Why::Twice { .. } | Why::Refused(Refused::TooCostly(_)))
        );
        self.0 = lasts.then_some((current.generation(), outcome));
    }
}

/// How many rules the transactions of a namespace have.
pub(crate) type Staged = Arc<Atomic<usize>>;

/// A part of the rules that the transactions of a namespace may have.
struct Share {
    of: Staged,
    rules: usize,
}

impl Share {
    /// Takes so many more; `false` if there are not so many.
    fn grow(&mut self, more: usize) -> bool {
        let before = self.of.fetch_add(more, Relaxed);
        let fits = before
            .checked_add(more)
            .is_some_and(|rules| rules <= MAX_STAGED);
        if fits {
            self.rules = self.rules.saturating_add(more);
        } else {
            self.of.fetch_sub(more, Relaxed);
        }
        fits
    }

    /// Gives back all but so many.
    fn shrink(&mut self, rules: usize) {
        self.of.fetch_sub(self.rules.saturating_sub(rules), Relaxed);
        self.rules = self.rules.min(rules);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.shrink(0);
    }
}

impl Transaction {
    /// The rules, and what is known of them.
    pub(crate) fn rules(&mut self) -> (&[Draft], &mut Judged) {
        (&self.drafts, &mut self.judged)
    }

    pub(crate) fn len(&self) -> usize {
        self.drafts.len()
    }

    /// Adds the rules of a message, all or none; says how many there are then.
    pub(crate) fn add<'r>(
        &mut self,
        rules: impl Iterator<Item = view::Rule<'r>> + Clone,
        staged: &Staged,
        extack: ExtAck<'_>,
    ) -> Result<usize> {
        let before = self.len();
        // More than may be are not looked at.
        let more = rules
            .clone()
            .take(MAX_RULES.saturating_sub(before).saturating_add(1))
            .count();
        let len = before.saturating_add(more);
        if len > MAX_RULES {
            return Err(Blame::rule(extack, len)
                .error(ENOSPC, fmt!("a namespace can have {MAX_RULES} rules")));
        }
        let share = self.share.get_or_insert_with(|| Share {
            of: staged.clone(),
            rules: 0,
        });
        if !share.grow(more) {
            return Err(extack.error(
                ENOSPC,
                fmt!("the transactions of a namespace can have {MAX_STAGED} rules"),
            ));
        }
        if let Err(error) = self.append(rules, more, extack) {
            if let Some(share) = &mut self.share {
                share.shrink(before);
            }
            return Err(error);
        }
        Ok(len)
    }

    /// Adds so many rules behind those that are there. If one is refused, these take no more memory than before.
    fn append<'r>(
        &mut self,
        rules: impl Iterator<Item = view::Rule<'r>>,
        more: usize,
        extack: ExtAck<'_>,
    ) -> Result {
        let mut new = KVVec::with_capacity(more, GFP_KERNEL_ACCOUNT)?;
        for asked in rules {
            let number = self.len().saturating_add(new.len()).saturating_add(1);
            let draft = Draft::with_totals(&asked, Blame::rule(extack, number))?;
            new.push(draft, GFP_KERNEL_ACCOUNT)?;
        }
        self.drafts.extend_from_slice(&new, GFP_KERNEL_ACCOUNT)?;
        if more > 0 {
            self.judged = Judged::default();
        }
        Ok(())
    }

    /// Forgets all rules but the first so many, or all, if there is no memory to keep these in less.
    pub(crate) fn truncate(&mut self, len: usize) {
        self.judged = Judged::default();
        self.drafts.truncate(len);
        // As much as a vector takes that grows: so nobody has it copied for each message.
        if self.drafts.capacity() > len.saturating_mul(2) {
            let mut kept = KVVec::new();
            // A transaction that has lost its rules has not as many as its commit says.
            let _ = kept.extend_from_slice(&self.drafts, GFP_KERNEL_ACCOUNT);
            self.drafts = kept;
        }
        if let Some(share) = &mut self.share {
            share.shrink(self.drafts.len());
        }
    }

    /// Forgets all rules, and frees their memory; says how many they were.
    pub(crate) fn end(&mut self) -> usize {
        core::mem::take(self).len()
    }
}
