// SPDX-License-Identifier: GPL-2.0

//! Says what happens to the rules.

use std::{
    io::{self, Write},
    os::fd::AsFd,
    time::{Duration, Instant},
};

use kernet_client::{
    attribute::{each, number},
    wait, Asker, Failure, Listener, Lost,
};

use crate::{
    message,
    rule::Rule,
    schema::{self, command, firewall as attribute},
    text, Firewall,
};

/// Writes an event in words.
fn say(out: &mut impl Write, event: u8, attributes: &[u8]) -> Result<(), Failure> {
    let (mut rule, mut before, mut count) = (None, None, None);
    each(attributes, |attribute, value| {
        match attribute {
            attribute::RULE => rule = Some(value),
            attribute::BEFORE => before = number(value),
            attribute::COUNT => count = number(value),
            _ => (),
        }
        Some(())
    })?;
    let rule = rule.map(message::rule).transpose()?;
    let count = count.unwrap_or(0);
    let written = match (event, rule) {
        (command::RULE_ADD_NTF, Some(rule)) => {
            let place = match (before, rule.priority) {
                (Some(before), _) => format!("before rule {before}"),
                (None, Some(priority)) => format!("with priority {priority}"),
                (None, None) => String::new(),
            };
            let plain = Rule {
                packets: None,
                bytes: None,
                ..rule
            };
            writeln!(out, "add {place}: {plain}")
        }
        (command::RULE_DEL_NTF, Some(rule)) => {
            write!(out, "delete: ").and_then(|()| text::commented(out, &rule))
        }
        (command::RULE_FLUSH_NTF, _) => writeln!(out, "flush: all rules are gone, {count}"),
        (command::RULE_REPLACE_NTF, _) => {
            writeln!(out, "replace: there are other rules now, {count}")
        }
        _ => Ok(()),
    };
    written.map_err(Failure::of_output)
}

/// Says what happens until the time is over.
pub(crate) fn follow(duration: Option<Duration>) -> Result<(), Failure> {
    let end = duration.and_then(|duration| Instant::now().checked_add(duration));
    let mut listener = Listener::<Firewall>::new(
        Asker::<Firewall>::new()?.numbers(),
        [schema::GROUP_RULES],
        |_| Ok(()),
    )?;
    let mut out = io::stdout().lock();
    while wait(Some(listener.as_fd()), end)? {
        // Events may come faster than they are said.
        while end.is_none_or(|end| Instant::now() < end) {
            match listener.next(|event, attributes| say(&mut out, event, attributes))? {
                Ok(true) => (),
                Ok(false) => break,
                Err(Lost) => {
                    writeln!(
                        out,
                        "missed: some changes were not told; `fw list` says what there is"
                    )
                    .map_err(Failure::of_output)?;
                }
            }
        }
        out.flush().map_err(Failure::of_output)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language;
    use kernet_client::attribute::{put, put_nest};

    fn said(event: u8, attributes: &[u8]) -> String {
        let mut out = Vec::new();
        say(&mut out, event, attributes).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn events_are_said_in_words() {
        let rule =
            language::parse("priority 3\ninput drop tcp to port 22 id 7 packets 2 bytes 80\n")
                .unwrap()
                .rules
                .remove(0);
        let mut bytes = Vec::new();
        put_nest(&mut bytes, attribute::RULE, |bytes| {
            message::put_rule(bytes, &rule)
        });
        assert_eq!(
            said(command::RULE_ADD_NTF, &bytes),
            "add with priority 3: input drop tcp to port 22 id 7\n"
        );
        assert_eq!(
            said(command::RULE_DEL_NTF, &bytes),
            "delete: input drop tcp to port 22  # rule 7, 2 packets, 80 bytes\n"
        );
        put(&mut bytes, attribute::BEFORE, &5u32.to_ne_bytes());
        assert_eq!(
            said(command::RULE_ADD_NTF, &bytes),
            "add before rule 5: input drop tcp to port 22 id 7\n"
        );
        let mut bytes = Vec::new();
        put(&mut bytes, attribute::COUNT, &9u32.to_ne_bytes());
        assert_eq!(
            said(command::RULE_REPLACE_NTF, &bytes),
            "replace: there are other rules now, 9\n"
        );
        assert_eq!(said(99, &bytes), "");
    }
}
