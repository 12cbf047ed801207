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
    /// In lines of their own, and with a status of its own.
    Lines {
        /// What is said, each in a line; the program's name is not put before them.
        lines: Vec<String>,
        /// The status with which the program ends.
        status: u8,
    },
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

    /// What the program `name` says of it on standard error.
    fn said<'a>(&'a self, name: &'a str) -> impl fmt::Display + 'a {
        struct Said<'a>(&'a Failure, &'a str);
        impl fmt::Display for Said<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let Self(failure, name) = self;
                match failure {
                    Failure::Closed => Ok(()),
                    Failure::Because(why) => writeln!(f, "{name}: {}", Plain(why)),
                    Failure::Lines { lines, .. } => {
                        let mut lines = lines.iter();
                        lines.try_for_each(|line| writeln!(f, "{}", Plain(line)))
                    }
                }
            }
        }
        Said(self, name)
    }

    /// Says it on standard error, if anything, in the name of the program `name`.
    pub fn say(&self, name: &str) {
        // Where else could it be said that this cannot be said?
        let _ = write!(io::stderr(), "{}", self.said(name));
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("nobody reads"),
            Self::Because(why) => f.write_str(why),
            Self::Lines { lines, .. } => f.write_str(&lines.join("\n")),
        }
    }
}

/// A text from elsewhere as it can be shown: what would steer a terminal is written out.
pub struct Plain<'a>(pub &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steers = |c: char| {
            // The latter turn the direction of writing, or end a line.
            c.is_control()
                || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        self.0.chars().try_for_each(|c| match steers(c) {
            true => write!(f, "{}", c.escape_default()),
            false => write!(f, "{c}"),
        })
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
    let Err(failure) = outcome else {
        return ExitCode::SUCCESS;
    };
    failure.say(name);
    match failure {
        // As a shell says that SIGPIPE has ended a program.
        Failure::Closed => ExitCode::from(141),
        Failure::Because(_) => ExitCode::FAILURE,
        Failure::Lines { status, .. } => ExitCode::from(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_steers_the_terminal() {
        let failure = Failure::Lines {
            lines: vec![
                "a:1:1: `\x1b[2J\u{9b}\u{202e}\u{e4}` is no chain\nx".into(),
                "b".into(),
            ],
            status: 3,
        };
        assert_eq!(
            failure.said("fw").to_string(),
            "a:1:1: `\\u{1b}[2J\\u{9b}\\u{202e}\u{e4}` is no chain\\nx\nb\n"
        );
        assert_eq!(Failure::new("\r\t").said("fw").to_string(), "fw: \\r\\t\n");
        assert_eq!(Failure::Closed.said("fw").to_string(), "");
    }
}
