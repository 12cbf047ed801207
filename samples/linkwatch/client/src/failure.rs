// SPDX-License-Identifier: GPL-2.0

//! Why the program ends before its time.

use std::{
    fmt,
    io::{self, ErrorKind},
};

use netlink_packet_core::DecodeError;

#[derive(Debug)]
pub(crate) enum Failure {
    /// Nobody reads what it says any more.
    Closed,
    /// In a line.
    Because(String),
}

impl Failure {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self::Because(why.into())
    }

    /// What goes wrong when standard output is written.
    pub(crate) fn of_output(error: io::Error) -> Self {
        match error.kind() {
            ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::new(format!("standard output: {error}")),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("nobody reads"),
            Self::Because(why) => f.write_str(why),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::new(format!("netlink: {error}"))
    }
}

impl From<DecodeError> for Failure {
    fn from(error: DecodeError) -> Self {
        Self::new(format!("the kernel's message makes no sense: {error}"))
    }
}
