// SPDX-License-Identifier: GPL-2.0

//! JSON, an object in each line, with blanks for people's eyes.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};

/// A blank behind each colon and comma.
struct Spaced(CompactFormatter);

impl Formatter for Spaced {
    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }
}

/// Writes a value in a line.
///
/// # Errors
///
/// What `out` fails with.
pub fn line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut writer = Serializer::with_formatter(&mut *out, Spaced(CompactFormatter));
    value.serialize(&mut writer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_for_people_too() {
        let mut out = Vec::new();
        let value = std::collections::BTreeMap::from([("a", vec![1, 2]), ("b", vec![])]);
        line(&mut out, &value).unwrap();
        assert_eq!(out, b"{\"a\": [1, 2], \"b\": []}\n");
    }
}
