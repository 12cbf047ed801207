// SPDX-License-Identifier: GPL-2.0

//! What a message of the family says, by the specification.

use kernet_client::attribute::{self, ip};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::schema::{Attribute, Type};

/// What an attribute says; it borrows from the message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    Number(u64),
    Text(&'a [u8]),
    /// Of a network protocol.
    Address(&'a [u8]),
    /// Of hardware.
    Mac(&'a [u8]),
    Name(&'static str),
    Flag,
    Nests(Vec<Fields<'a>>),
}

/// A message's attributes in their order, or those of a nest.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Fields<'a>(Vec<(&'static str, Value<'a>)>);

impl<'a> Fields<'a> {
    /// Reads attributes; those that the specification does not have are left out.
    pub(crate) fn parse(bytes: &'a [u8], set: &'static [Attribute]) -> Option<Self> {
        let mut fields = Self(Vec::with_capacity(set.len()));
        attribute::each(bytes, |number, bytes| {
            let Some(attribute) = set.iter().find(|known| known.number == number) else {
                return Some(());
            };
            let value = match attribute.is {
                Type::Number => Value::Number(attribute::number(bytes)?),
                Type::Text => Value::Text(bytes.strip_suffix(&[0]).unwrap_or(bytes)),
                Type::Address => Value::Address(bytes),
                Type::Mac => Value::Mac(bytes),
                Type::Flag => Value::Flag,
                Type::Name(names) => {
                    let value = attribute::number(bytes)?;
                    // A newer module's.
                    names
                        .iter()
                        .find(|(number, _)| *number == value)
                        .map_or(Value::Number(value), |(_, name)| Value::Name(name))
                }
                Type::Nests(set) => {
                    let nest = Fields::parse(bytes, set)?;
                    if let Some((_, Value::Nests(nests))) = fields
                        .0
                        .iter_mut()
                        .find(|(name, _)| *name == attribute.name)
                    {
                        nests.push(nest);
                        return Some(());
                    }
                    Value::Nests(vec![nest])
                }
            };
            fields.0.push((attribute.name, value));
            Some(())
        })
        .ok()?;
        Some(fields)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.0
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        match self.get(name)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn name(&self, name: &str) -> Option<&'static str> {
        match self.get(name)? {
            Value::Name(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a [u8]> {
        match self.get(name)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn nests(&self, name: &str) -> &[Fields<'a>] {
        match self.get(name) {
            Some(Value::Nests(nests)) => nests,
            _ => &[],
        }
    }
}

impl std::fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Value::Number(number) => write!(f, "{number}"),
            Value::Text(text) => f.write_str(&String::from_utf8_lossy(text)),
            Value::Address(bytes) => match ip(bytes) {
                Some(address) => write!(f, "{address}"),
                None => hex(f, bytes),
            },
            Value::Mac(bytes) => hex(f, bytes),
            Value::Name(name) => f.write_str(name),
            Value::Flag | Value::Nests(_) => Ok(()),
        }
    }
}

fn hex(f: &mut std::fmt::Formatter<'_>, bytes: &[u8]) -> std::fmt::Result {
    for (index, byte) in bytes.iter().enumerate() {
        let colon = if index == 0 { "" } else { ":" };
        write!(f, "{colon}{byte:02x}")?;
    }
    Ok(())
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Number(number) => serializer.serialize_u64(*number),
            Value::Flag => serializer.serialize_bool(true),
            Value::Nests(nests) => serializer.collect_seq(nests),
            Value::Name(name) => serializer.serialize_str(name),
            Value::Text(_) | Value::Address(_) | Value::Mac(_) => serializer.collect_str(self),
        }
    }
}

impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A message and what it is about.
pub(crate) struct Told<'a> {
    pub(crate) kind: &'static str,
    pub(crate) fields: Fields<'a>,
}

impl Serialize for Told<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", self.kind)?;
        for (name, value) in &self.fields.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}
