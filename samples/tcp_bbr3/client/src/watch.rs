// SPDX-License-Identifier: GPL-2.0

//! What changes from one look at the sockets to the next.

use std::{
    collections::HashMap,
    io::{self, Write},
};

use kernet_client::json;

use crate::{
    socket::{Gone, Socket},
    text,
};

/// Writes each change in a line: for a file or another program.
#[derive(Default)]
pub(crate) struct Log {
    /// By their cookies.
    known: HashMap<u64, Socket>,
}

impl Log {
    /// Writes what is not as it was.
    pub(crate) fn write(
        &mut self,
        out: &mut impl Write,
        sockets: Vec<Socket>,
        is_json: bool,
    ) -> io::Result<()> {
        let mut before = std::mem::take(&mut self.known);
        for socket in sockets {
            if before.remove(&socket.cookie).as_ref() != Some(&socket) {
                if is_json {
                    json::line(out, &socket)?;
                } else {
                    let state = text::State(&socket);
                    writeln!(out, "{} {} {state}", socket.local, socket.remote)?;
                }
            }
            self.known.insert(socket.cookie, socket);
        }
        let mut gone: Vec<Socket> = before.into_values().collect();
        gone.sort_by_key(crate::order);
        for socket in &gone {
            if is_json {
                json::line(out, &Gone(socket))?;
            } else {
                writeln!(out, "{} {} gone", socket.local, socket.remote)?;
            }
        }
        Ok(())
    }
}

/// Draws a text over the one before, on a terminal with a number of rows and columns.
pub(crate) fn draw(
    out: &mut impl Write,
    text: &str,
    rows: usize,
    columns: usize,
) -> io::Result<()> {
    // A tab takes up to eight.
    let columns = columns.saturating_sub(8).max(1);
    // The last one is for the cursor, one before it may say how many are left out.
    let most = rows.saturating_sub(2).max(1);
    out.write_all(b"\x1b[H")?;
    for line in text.lines().take(most) {
        let line: String = line.chars().take(columns).collect();
        writeln!(out, "{line}\x1b[K")?;
    }
    let left = text.lines().count().saturating_sub(most);
    if left > 0 {
        writeln!(out, "... {left} lines more\x1b[K")?;
    }
    out.write_all(b"\x1b[J")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::tests::socket;

    /// What is written of some looks, one after the other.
    fn written(looks: &[&[Socket]], is_json: bool) -> Vec<String> {
        let mut log = Log::default();
        let text = |sockets: &&[Socket]| {
            let mut out = Vec::new();
            log.write(&mut out, sockets.to_vec(), is_json).unwrap();
            String::from_utf8(out).unwrap()
        };
        looks.iter().map(text).collect()
    }

    #[test]
    fn changes_alone_are_written() {
        let (one, mut other, mut changed) = (socket(), socket(), socket());
        other.cookie = 78;
        changed.cwnd = 8;
        let said = written(
            &[
                &[one.clone(), other.clone()],
                &[one.clone(), other.clone()],
                &[changed, other],
                &[],
                &[one],
            ],
            false,
        );
        let lines: Vec<usize> = said.iter().map(|text| text.lines().count()).collect();
        assert_eq!(lines, [2, 0, 1, 2, 1]);
        assert!(said[2].contains(" cwnd:8 "), "{}", said[2]);
        assert_eq!(
            said[3],
            "192.0.2.1:40592 198.51.100.2:5201 gone\n".repeat(2)
        );
        assert!(
            said[4].starts_with("192.0.2.1:40592 198.51.100.2:5201 probe-bw-cruise bw:4.8Mbps ")
        );
    }

    #[test]
    fn json_says_what_is_gone() {
        let said = written(&[&[socket()], &[]], true);
        assert!(said[0].starts_with("{\"cookie\": 77, ") && said[0].contains("\"cwnd\": 31"));
        assert!(said[1].ends_with("\"gone\": true}\n"), "{}", said[1]);
    }

    #[test]
    fn what_is_drawn_fits() {
        let drawn = |rows, columns| {
            let mut out = Vec::new();
            draw(
                &mut out,
                "one two three\n\t four\nfive\nsix\n",
                rows,
                columns,
            )
            .unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(
            drawn(24, 80),
            "\x1b[Hone two three\x1b[K\n\t four\x1b[K\nfive\x1b[K\nsix\x1b[K\n\x1b[J"
        );
        assert_eq!(
            drawn(4, 11),
            "\x1b[Hone\x1b[K\n\t f\x1b[K\n... 2 lines more\x1b[K\n\x1b[J"
        );
        assert!(drawn(0, 0).starts_with("\x1b[Ho\x1b[K\n... 3 "));
    }
}
