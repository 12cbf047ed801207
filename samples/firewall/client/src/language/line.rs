// SPDX-License-Identifier: GPL-2.0

//! What a line of the language says.

use super::value::{bits, dscp, flags, listed, mark, number, prefix, range};
use crate::{
    rule::{Action, Chain, End, Family, Protocol, RejectWith, Rule, States},
    schema::rule as attribute,
};

/// What a line says.
#[derive(Debug, PartialEq)]
pub(super) enum Line {
    Nothing,
    Priority(u32),
    Rule(Rule),
    /// So many rules are before it, and none is behind it.
    End(usize),
}

/// Where a line says what: an attribute's number, and the place in bytes.
pub(super) type Places = Vec<(u16, usize)>;

/// What is wrong in a line, and where in bytes.
pub(super) type Wrong = (usize, String);

/// What is between words.
const BLANKS: [char; 2] = [' ', '\t'];

/// Whether a character has no place in a text: it steers, or others see an end of a line in it.
fn steers(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{2028}' | '\u{2029}')
}

/// The words of a line, each with its place.
struct Words<'a> {
    rest: &'a str,
    at: usize,
}

impl<'a> Words<'a> {
    fn of(line: &'a str) -> Self {
        let end = line.find('#').unwrap_or(line.len());
        Self {
            rest: line.get(..end).unwrap_or(line),
            at: 0,
        }
    }

    fn peek(&mut self) -> Option<&'a str> {
        let trimmed = self.rest.trim_start_matches(BLANKS);
        self.at += self.rest.len() - trimmed.len();
        self.rest = trimmed;
        trimmed.split(BLANKS).next().filter(|word| !word.is_empty())
    }

    /// The next word and its place.
    fn next(&mut self) -> Option<(usize, &'a str)> {
        let word = self.peek()?;
        let at = self.at;
        self.at += word.len();
        self.rest = self.rest.get(word.len()..).unwrap_or("");
        Some((at, word))
    }

    /// The word that has to follow another one.
    fn after(&mut self, word: &str, what: &str) -> Result<(usize, &'a str), Wrong> {
        let end = self.at;
        self.next()
            .ok_or_else(|| (end, format!("`{word}` wants {what} behind it")))
    }
}

/// Sets what may be said once.
fn once<T>(place: &mut Option<T>, value: T, at: usize, what: &str) -> Result<(), Wrong> {
    match place {
        Some(_) => Err((at, format!("{what} is said twice"))),
        None => {
            *place = Some(value);
            Ok(())
        }
    }
}

/// The attributes of one end.
struct EndAttributes {
    address: u16,
    ports: [u16; 2],
}

const SOURCE: EndAttributes = EndAttributes {
    address: attribute::SOURCE,
    ports: [attribute::SOURCE_PORT_MIN, attribute::SOURCE_PORT_MAX],
};
const DESTINATION: EndAttributes = EndAttributes {
    address: attribute::DESTINATION,
    ports: [
        attribute::DESTINATION_PORT_MIN,
        attribute::DESTINATION_PORT_MAX,
    ],
};

/// Reads what follows `from` or `to`.
fn end(
    words: &mut Words<'_>,
    (at, name): (usize, &str),
    end: &mut End,
    attributes: &EndAttributes,
    places: &mut Places,
) -> Result<(), Wrong> {
    if places.iter().any(|(known, _)| *known == attributes.address) {
        return Err((at, format!("`{name}` is said twice")));
    }
    // Also if there is no address: it is where one would be.
    places.push((attributes.address, at));
    let wanted = "an address, `any` or `port`";
    if words.peek() != Some("port") {
        let (at, word) = words.after(name, wanted)?;
        if word != "any" {
            end.prefix = Some(prefix(at, word)?);
            places.push((attributes.address, at));
        }
    }
    if words.peek() == Some("port") {
        words.next();
        let (at, word) = words.after("port", "a port, or a first and a last one as in 80-90")?;
        end.ports = Some(range(at, word, "port")?);
        places.extend(attributes.ports.map(|number| (number, at)));
    }
    Ok(())
}

/// Reads what follows an action and says more of it.
fn with(words: &mut Words<'_>, rule: &mut Rule, places: &mut Places) -> Result<(), Wrong> {
    let Some((at, word)) = words.next() else {
        return Ok(());
    };
    match rule.action {
        Action::REJECT => {
            let answers = listed(RejectWith::NAMES);
            let (at, name) = words.after(word, &format!("an answer: {answers}"))?;
            let with = RejectWith::of(name);
            let with =
                with.ok_or_else(|| (at, format!("`{name}` is no answer: {answers} is one")))?;
            rule.reject = Some(with);
            places.push((attribute::REJECT_WITH, at));
        }
        Action::ACCEPT => {
            let (at, name) = words.after(word, "a mark, as in `with mark 7`")?;
            if name != "mark" {
                return Err((at, format!("`{name}` is nothing to accept with: `mark` is")));
            }
            let (at, value) = words.after(name, "a mark, as in 7 or 0x10/0xff")?;
            rule.set_mark = Some(mark(at, value)?);
            places
                .extend([attribute::SET_MARK, attribute::SET_MARK_MASK].map(|number| (number, at)));
        }
        other => {
            return Err((
                at,
                format!("only a rule that rejects or accepts says more, not one of {other}"),
            ));
        }
    }
    Ok(())
}

/// Reads a line; says where it says what.
pub(super) fn line(text: &str, places: &mut Places) -> Result<Line, Wrong> {
    places.clear();
    if let Some((at, c)) = text.char_indices().find(|(_, c)| steers(*c)) {
        return Err((
            at,
            format!(
                "the character U+{:04X} is here, which no text has",
                u32::from(c)
            ),
        ));
    }
    let mut words = Words::of(text);
    let Some((at, word)) = words.next() else {
        return Ok(Line::Nothing);
    };
    if word == "end" {
        let (at, value) = words.after(word, "the number of rules")?;
        let count = number(at, value, "number of rules")?;
        return match words.next() {
            None => Ok(Line::End(count)),
            Some((at, _)) => Err((at, "the end is alone in its line".into())),
        };
    }
    if word == "priority" {
        let (at, value) = words.after(word, "a number")?;
        let priority = number(at, value, "priority: those go from 0 to 4294967295")?;
        return match words.next() {
            None => Ok(Line::Priority(priority)),
            Some((at, _)) => Err((at, "a priority is alone in its line".into())),
        };
    }
    let chain = Chain::of(word).ok_or_else(|| {
        let chains = listed(Chain::NAMES);
        (
            at,
            format!("`{word}` is no chain: a rule begins with {chains}"),
        )
    })?;
    places.push((attribute::CHAIN, at));
    let actions = listed(Action::NAMES);
    let (at, action) = words.after(word, &format!("an action: {actions}"))?;
    let action = Action::of(action).ok_or_else(|| {
        (
            at,
            format!("`{action}` is no action: {actions} follows the chain"),
        )
    })?;
    places.push((attribute::ACTION, at));
    let mut rule = Rule::new(chain, action);
    if words.peek() == Some("with") {
        with(&mut words, &mut rule, places)?;
    }
    let (mut kind, mut code) = (None, None);
    while let Some((at, word)) = words.next() {
        match word {
            "from" => end(&mut words, (at, word), &mut rule.source, &SOURCE, places)?,
            "to" => end(
                &mut words,
                (at, word),
                &mut rule.destination,
                &DESTINATION,
                places,
            )?,
            "with" => {
                return Err((at, "`with` is right behind the action".into()));
            }
            "length" => {
                let (at, value) = words.after(word, "bytes, as in 100 or 100-1500")?;
                let value = range(at, value, "length")?;
                once(&mut rule.length, value, at, "the length")?;
                places.extend(
                    [attribute::LENGTH_MIN, attribute::LENGTH_MAX].map(|number| (number, at)),
                );
            }
            "ttl" => {
                let (at, value) = words.after(word, "a number, as in 1 or 1-5")?;
                let value = range(at, value, "time to live")?;
                once(&mut rule.ttl, value, at, "the time to live")?;
                places.extend(
                    [attribute::HOP_LIMIT_MIN, attribute::HOP_LIMIT_MAX].map(|number| (number, at)),
                );
            }
            "dscp" => {
                let (at, value) = words.after(word, "a number or a name, as in 46 or ef")?;
                once(&mut rule.dscp, dscp(at, value)?, at, "the code point")?;
                places.push((attribute::DSCP, at));
            }
            "mark" => {
                let (at, value) = words.after(word, "a mark, as in 7 or 0x10/0xff")?;
                once(&mut rule.mark, mark(at, value)?, at, "the mark")?;
                places.extend([attribute::MARK, attribute::MARK_MASK].map(|number| (number, at)));
            }
            "port" => {
                return Err((at, "whose port: `from port` or `to port`".into()));
            }
            "protocol" => {
                let (at, value) = words.after(word, "a name or a number")?;
                let protocol = match Protocol::of(value) {
                    Some(protocol) => protocol,
                    None => Protocol(number(at, value, "protocol")?),
                };
                once(&mut rule.protocol, protocol, at, "the protocol")?;
                places.push((attribute::PROTOCOL, at));
            }
            "state" => {
                let (at, value) = words.after(word, "states, as in new,related")?;
                let states = States(bits(at, value, States::NAMES, "state")?);
                once(&mut rule.states, states, at, "the state")?;
                places.push((attribute::STATE, at));
            }
            "type" => {
                let (at, value) = words.after(word, "a number")?;
                let value = number(at, value, "type of a message")?;
                once(&mut kind, value, at, "the type")?;
                places.push((attribute::ICMP_TYPE, at));
            }
            "code" => {
                let (at, value) = words.after(word, "a number")?;
                let value = number(at, value, "code of a message")?;
                once(&mut code, value, at, "the code")?;
                places.push((attribute::ICMP_CODE, at));
            }
            "flags" => {
                let (at, value) = words.after(word, "flags, as in syn/syn,ack")?;
                once(&mut rule.flags, flags(at, value)?, at, "flags")?;
                places.push((attribute::TCP_FLAGS, at));
            }
            "id" => {
                let (at, value) = words.after(word, "a number")?;
                let id: u32 = number(at, value, "id: those go from 1 to 4294967295")?;
                if id == 0 {
                    return Err((at, "an id is at least 1".into()));
                }
                once(&mut rule.id, id, at, "the id")?;
                places.push((attribute::ID, at));
            }
            "packets" => {
                let (at, value) = words.after(word, "a number")?;
                once(
                    &mut rule.packets,
                    number(at, value, "number of packets")?,
                    at,
                    "packets",
                )?;
            }
            "bytes" => {
                let (at, value) = words.after(word, "a number")?;
                once(
                    &mut rule.bytes,
                    number(at, value, "number of bytes")?,
                    at,
                    "bytes",
                )?;
            }
            _ => {
                if let Some(protocol) = Protocol::of(word) {
                    once(&mut rule.protocol, protocol, at, "the protocol")?;
                    places.push((attribute::PROTOCOL, at));
                } else if let Some(family) = Family::of(word) {
                    once(&mut rule.family, family, at, "the family")?;
                    places.push((attribute::FAMILY, at));
                } else {
                    return Err((at, format!("`{word}` is nothing that a rule can match")));
                }
            }
        }
    }
    rule.message = match (kind, code) {
        (Some(kind), code) => Some((kind, code)),
        (None, None) => None,
        (None, Some(_)) => {
            let at = place(places, attribute::ICMP_CODE);
            return Err((at, "a code wants a type".into()));
        }
    };
    whole(&mut rule, places)?;
    Ok(Line::Rule(rule))
}

/// Where an attribute was said last.
pub(super) fn place(places: &Places, attribute: u16) -> usize {
    let found = places.iter().rev().find(|(known, _)| *known == attribute);
    found.map_or(0, |(_, at)| *at)
}

/// Checks what several words say together; settles the family.
fn whole(rule: &mut Rule, places: &Places) -> Result<(), Wrong> {
    for (end, attributes) in [(&rule.source, &SOURCE), (&rule.destination, &DESTINATION)] {
        if let Some(prefix) = &end.prefix {
            let family = Family::of_address(&prefix.address);
            if *rule.family.get_or_insert(family) != family {
                let other = if family == Family::IPV4 {
                    Family::IPV6
                } else {
                    Family::IPV4
                };
                return Err((
                    place(places, attributes.address),
                    format!("{prefix} is of {family}, and the rule of {other}"),
                ));
            }
        }
        if end.ports.is_some() && !rule.protocol.is_some_and(Protocol::has_ports) {
            let [port, _] = attributes.ports;
            return Err((
                place(places, port),
                "ports want a protocol that has them: tcp, udp, udplite, sctp or dccp".into(),
            ));
        }
    }
    if let Some(with) = rule.reject {
        let at = place(places, attribute::REJECT_WITH);
        if with == RejectWith::TCP_RESET && rule.protocol != Some(Protocol::TCP) {
            return Err((at, "a reset wants the protocol tcp".into()));
        }
        if let Some(family) = with.family().filter(|family| rule.family != Some(*family)) {
            return Err((at, format!("{with} is of {family} alone: say {family}")));
        }
    }
    if rule.flags.is_some() && rule.protocol != Some(Protocol::TCP) {
        let at = place(places, attribute::TCP_FLAGS);
        return Err((at, "flags want the protocol tcp".into()));
    }
    if rule.message.is_some() {
        let at = place(places, attribute::ICMP_TYPE);
        let family = match rule.protocol {
            Some(Protocol::ICMP) => Family::IPV4,
            Some(Protocol::ICMPV6) => Family::IPV6,
            _ => return Err((at, "a type wants the protocol icmp or icmpv6".into())),
        };
        if let Some(other) = rule.family.filter(|other| *other != family) {
            return Err((
                at,
                format!("messages are of {family}, and the rule of {other}"),
            ));
        }
    }
    Ok(())
}
