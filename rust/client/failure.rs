// SPDX-License-Identifier: GPL-2.0

//! Why a program ends before its time.

use std::{
    fmt,
    io::{self, ErrorKind, Write},
    process::ExitCode,
};

use netlink_packet_core::DecodeError;

/// Why a program ends before its time.
#[derive(Debug)]
pub enum Failure {
    /// Nobody reads what it says any more.
    Closed,
    /// In a line.
    Because(String),
}

impl Failure {
    /// A failure for a reason, which is said in a line.
    pub fn new(why: impl Into<String>) -> Self {
        Self::Because(why.into())
    }

    /// What goes wrong when standard output is written.
    pub fn of_output(error: io::Error) -> Self {
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

/// The status with which the program `name` ends; says why it ends, if nothing else does.
pub fn end(name: &str, outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // As a shell says that SIGPIPE has ended a program.
        Err(Failure::Closed) => ExitCode::from(141),
        Err(failure) => {
            // Where else could it be said that this cannot be said?
            let _ = writeln!(io::stderr(), "{name}: {failure}");
            ExitCode::FAILURE
        }
    }
}
