// SPDX-License-Identifier: GPL-2.0

//! Sockets in words, in the manner of `ss -ti`.

use std::{
    fmt,
    io::{self, Write},
};

use crate::socket::Socket;

/// A rate of bytes per second, in bits per second with a unit.
pub(crate) struct Rate(pub(crate) u64);

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.0 as f64 * 8.0;
        // Rounded, a number keeps below a thousand of its unit.
        for (least, unit) in [(999_950_000.0, 'G'), (999_950.0, 'M'), (999.5, 'K')] {
            if bits >= least {
                let scale = match unit {
                    'G' => 1e9,
                    'M' => 1e6,
                    _ => 1e3,
                };
                return write!(f, "{:.1}{unit}bps", bits / scale);
            }
        }
        write!(f, "{bits:.0}bps")
    }
}

/// What the algorithm knows and does, in a line.
pub(crate) struct State<'a>(pub(crate) &'a Socket);

impl fmt::Display for State<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let socket = self.0;
        write!(
            f,
            "{} bw:{} max_bw:{}",
            socket.phase(),
            Rate(socket.bandwidth),
            Rate(socket.max_bandwidth)
        )?;
        if let Some(rtt) = socket.min_rtt {
            write!(f, " minrtt:{}", rtt as f64 / 1000.0)?;
        }
        write!(f, " cwnd:{}", socket.cwnd)?;
        for (name, bound) in [
            ("inflight_longterm", socket.inflight_longterm),
            ("inflight_shortterm", socket.inflight_shortterm),
        ] {
            if let Some(bound) = bound {
                write!(f, " {name}:{bound}")?;
            }
        }
        write!(
            f,
            " pacing_rate {} rounds:{}",
            Rate(socket.pacing_rate),
            socket.rounds
        )?;
        if socket.is_full {
            f.write_str(" full_bw_reached")?;
        }
        Ok(())
    }
}

/// Writes sockets, each in two lines.
pub(crate) fn table(out: &mut impl Write, sockets: &[Socket], has_header: bool) -> io::Result<()> {
    const HEADER: [&str; 2] = ["Local Address:Port", "Peer Address:Port"];
    let locals: Vec<String> = sockets
        .iter()
        .map(|socket| socket.local.to_string())
        .collect();
    let header = if has_header { HEADER[0].len() } else { 0 };
    let width = locals
        .iter()
        .map(String::len)
        .max()
        .unwrap_or(0)
        .max(header);
    if has_header {
        writeln!(out, "{:width$} {}", HEADER[0], HEADER[1])?;
    }
    for (socket, local) in sockets.iter().zip(&locals) {
        writeln!(out, "{local:width$} {}", socket.remote)?;
        writeln!(out, "\t {}", State(socket))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::tests::socket;

    #[test]
    fn rates_are_bits_with_a_unit() {
        let said = |rate| Rate(rate).to_string();
        assert_eq!(said(0), "0bps");
        assert_eq!(
            (said(1), said(124), said(125)),
            ("8bps".into(), "992bps".into(), "1.0Kbps".into())
        );
        assert_eq!(
            (said(1250), said(124_993)),
            ("10.0Kbps".into(), "999.9Kbps".into())
        );
        assert_eq!(
            (said(124_994), said(594_000)),
            ("1.0Mbps".into(), "4.8Mbps".into())
        );
        assert_eq!(
            (said(124_993_749), said(124_993_750)),
            ("999.9Mbps".into(), "1.0Gbps".into())
        );
        assert_eq!(said(12_500_000_000), "100.0Gbps");
    }

    #[test]
    fn a_socket_is_two_lines() {
        let mut other = socket();
        other.local = "[2001:db8::1]:443".parse().unwrap();
        other.min_rtt = None;
        other.inflight_longterm = None;
        other.inflight_shortterm = None;
        other.is_full = false;
        let mut out = Vec::new();
        table(&mut out, &[socket(), other], true).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "Local Address:Port Peer Address:Port\n\
             192.0.2.1:40592    198.51.100.2:5201\n\
             \t probe-bw-cruise bw:4.8Mbps max_bw:5.0Mbps minrtt:40.123 cwnd:31 inflight_longterm:40 \
             inflight_shortterm:30 pacing_rate 4.8Mbps rounds:321 full_bw_reached\n\
             [2001:db8::1]:443  198.51.100.2:5201\n\
             \t probe-bw-cruise bw:4.8Mbps max_bw:5.0Mbps cwnd:31 pacing_rate 4.8Mbps rounds:321\n"
        );
    }

    #[test]
    fn without_a_header_columns_are_as_wide_as_they_must() {
        let mut out = Vec::new();
        table(&mut out, &[socket()], false).unwrap();
        assert!(out.starts_with(b"192.0.2.1:40592 198.51.100.2:5201\n\t probe-bw-cruise "));
        out.clear();
        table(&mut out, &[], false).unwrap();
        assert!(out.is_empty());
    }
}
