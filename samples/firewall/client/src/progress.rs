// SPDX-License-Identifier: GPL-2.0

//! How far long work has come, on standard error.

use std::{
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

/// Work that takes less is not spoken of, and so often it is.
const PATIENCE: Duration = Duration::from_millis(500);
/// So many rules take the kernel long at once.
const MANY: usize = 20_000;

pub(crate) struct Progress {
    what: &'static str,
    /// Where a line can be written over.
    terminal: bool,
    wanted: bool,
    next: Instant,
    said: bool,
}

impl Progress {
    /// Of work that is called `what`; said at a terminal, or if it is asked for.
    pub(crate) fn new(what: &'static str, asked: bool) -> Self {
        let terminal = io::stderr().is_terminal();
        let patience = if asked { Duration::ZERO } else { PATIENCE };
        Self {
            what,
            terminal,
            wanted: terminal || asked,
            next: Instant::now() + patience,
            said: false,
        }
    }

    /// Says that so many rules of all are done.
    pub(crate) fn at(&mut self, done: usize, all: usize) {
        let now = Instant::now();
        if !self.wanted || now < self.next {
            return;
        }
        self.next = now + PATIENCE;
        self.say(&format!("{}: {done} of {all} rules", self.what));
    }

    /// Says what is done with all of them at once.
    pub(crate) fn stage(&mut self, what: &str, all: usize) {
        if self.wanted && (self.said || all >= MANY) {
            self.say(&format!("{}: {what} {all} rules", self.what));
        }
    }

    fn say(&mut self, text: &str) {
        let mut err = io::stderr();
        // Nothing depends on it.
        let _ = match self.terminal {
            true => write!(err, "\r\x1b[K{text}").and_then(|()| err.flush()),
            false => writeln!(err, "{text}"),
        };
        self.said = true;
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.said && self.terminal {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
