// SPDX-License-Identifier: GPL-2.0

//! The numbers of a namespace's events.

use core::num::NonZero;
use kernel::{
    new_spinlock,
    prelude::*,
    sync::SpinLock, //
};
use kernet::{
    context::{
        bh_disabled,
        Context,
        Process,
        Rcu, //
    },
    error::enobufs,
    genl::Notification,
    netns::{
        self,
        Net, //
    },
    nlattr::Builder, //
};

use crate::registered::Registered;

/// What an event is about.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    Device,
    Address,
    Neighbour,
    Route,
}

/// What a namespace has told so far.
#[pin_data]
pub(crate) struct Stream {
    /// Held while an event gets its number and is sent, so that events arrive in the order of their
    /// numbers. Taken with bottom halves disabled: neighbours change in softirq, too. Whoever
    /// changes an object may hold its lock, and that of its table; under this one no lock of
    /// theirs is taken but a neighbour's own.
    #[pin]
    numbers: SpinLock<Numbers>,
    #[pin]
    registered: Registered,
}

/// The number of the last event, and of the last one of each kind.
#[derive(Default)]
struct Numbers {
    last: u64,
    device: u64,
    address: u64,
    neighbour: u64,
    route: u64,
}

impl Numbers {
    fn last_of(&mut self, kind: Kind) -> &mut u64 {
        match kind {
            Kind::Device => &mut self.device,
            Kind::Address => &mut self.address,
            Kind::Neighbour => &mut self.neighbour,
            Kind::Route => &mut self.route,
        }
    }
}

/// An event's number, and that of the one before of its kind.
#[derive(Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) sequence: u64,
    pub(crate) previous: u64,
}

impl netns::NetState for Stream {
    fn init<'a>(_net: &'a Net, _process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Stream {
            numbers <- new_spinlock!(Numbers::default()),
            registered <- Registered::new(),
        }? Error)
    }
}

impl Stream {
    /// The devices whose registration is not over.
    pub(crate) fn registered(&self) -> &Registered {
        &self.registered
    }

    /// The number of the last event.
    ///
    /// What is looked at after this is as that event said, or newer: then later events say so.
    pub(crate) fn sequence(&self, context: impl Context) -> u64 {
        bh_disabled(context, |_| self.numbers.lock().last)
    }

    /// Changes with each event about a device.
    pub(crate) fn devices(&self, context: impl Context) -> NonZero<u32> {
        let last = bh_disabled(context, |_| self.numbers.lock().device);
        // The low bits: nobody dumps for so long that all of them come again.
        NonZero::new((last as u32).wrapping_add(1)).unwrap_or(NonZero::<u32>::MIN)
    }

    /// Gives an event its number and tells it.
    ///
    /// `look` says what there is to tell, if there is anything: what is so when the event has its
    /// number, so that the last event about an object is always right. `fill` says it.
    pub(crate) fn tell<N: Notification, T>(
        &self,
        net: &Net,
        kind: Kind,
        context: impl Context,
        look: impl FnOnce(Rcu<'_>) -> Option<T> + Send,
        fill: impl Fn(&mut <N::Builder as Builder>::On<'_>, Turn, &T) -> Result + Send,
    ) {
        bh_disabled(context, move |context| {
            let rcu: Rcu<'_> = context.into();
            let mut numbers = self.numbers.lock();
            let Some(seen) = look(rcu) else {
                return;
            };
            let turn = Turn {
                sequence: numbers.last.wrapping_add(1),
                previous: *numbers.last_of(kind),
            };
            numbers.last = turn.sequence;
            *numbers.last_of(kind) = turn.sequence;
            let told = N::multicast(net, rcu, |message| fill(message, turn, &seen));
            // A listener without room knows that it has missed this. Others do not yet.
            if told.is_err_and(|e| e != enobufs()) {
                N::report_lost(net);
            }
        });
    }
}
