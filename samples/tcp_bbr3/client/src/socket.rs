// SPDX-License-Identifier: GPL-2.0

//! A socket, as the family tells it.

use std::net::{IpAddr, SocketAddr};

use kernet_client::{attribute, Failure};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::schema::{names, socket as number};

/// Volumes are in packets, rates in bytes per second.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Socket {
    pub(crate) cookie: u64,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    phase: u64,
    pub(crate) is_full: bool,
    pub(crate) rounds: u64,
    pub(crate) bandwidth: u64,
    pub(crate) max_bandwidth: u64,
    /// In microseconds.
    pub(crate) min_rtt: Option<u64>,
    pub(crate) inflight_longterm: Option<u64>,
    pub(crate) inflight_shortterm: Option<u64>,
    pub(crate) cwnd: u64,
    pub(crate) pacing_rate: u64,
}

impl Socket {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        const NUMBERS: usize = number::PACING_RATE as usize + 1;
        let mut numbers = [None; NUMBERS];
        let (mut local, mut remote) = (None, None);
        attribute::each(bytes, |attribute, value| {
            match attribute {
                number::LOCAL => local = Some(attribute::ip(value)?),
                number::REMOTE => remote = Some(attribute::ip(value)?),
                // A newer module's is passed over.
                _ => {
                    if let Some(place) = numbers.get_mut(usize::from(attribute)) {
                        *place = Some(attribute::number(value)?);
                    }
                }
            }
            Some(())
        })?;
        let said = |attribute: u16| numbers.get(usize::from(attribute)).copied().flatten();
        let end = |address: Option<IpAddr>, port| {
            let port = u16::try_from(said(port)?).ok()?;
            Some(SocketAddr::new(address?, port))
        };
        let socket = || {
            Some(Self {
                cookie: said(number::COOKIE)?,
                local: end(local, number::LOCAL_PORT)?,
                remote: end(remote, number::REMOTE_PORT)?,
                phase: said(number::PHASE)?,
                is_full: said(number::FULL)? != 0,
                rounds: said(number::ROUNDS)?,
                bandwidth: said(number::BANDWIDTH)?,
                max_bandwidth: said(number::MAX_BANDWIDTH)?,
                min_rtt: said(number::MIN_RTT),
                inflight_longterm: said(number::INFLIGHT_LONGTERM),
                inflight_shortterm: said(number::INFLIGHT_SHORTTERM),
                cwnd: said(number::CWND)?,
                pacing_rate: said(number::PACING_RATE)?,
            })
        };
        socket().ok_or_else(|| Failure::new("the kernel's message of a socket lacks something"))
    }

    pub(crate) fn phase(&self) -> &'static str {
        let mut known = names::PHASE.iter();
        known
            .find(|(number, _)| u64::from(*number) == self.phase)
            // A newer module's.
            .map_or("unknown", |(_, name)| name)
    }
}

/// Which socket it is, in JSON.
fn ends<M: SerializeMap>(map: &mut M, socket: &Socket) -> Result<(), M::Error> {
    map.serialize_entry("cookie", &socket.cookie)?;
    map.serialize_entry("local", &socket.local.ip())?;
    map.serialize_entry("local-port", &socket.local.port())?;
    map.serialize_entry("remote", &socket.remote.ip())?;
    map.serialize_entry("remote-port", &socket.remote.port())
}

/// With the names of the family's specification.
impl Serialize for Socket {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        ends(&mut map, self)?;
        map.serialize_entry("phase", self.phase())?;
        map.serialize_entry("full", &u8::from(self.is_full))?;
        for (name, value) in [
            ("rounds", Some(self.rounds)),
            ("bandwidth", Some(self.bandwidth)),
            ("max-bandwidth", Some(self.max_bandwidth)),
            ("min-rtt", self.min_rtt),
            ("inflight-longterm", self.inflight_longterm),
            ("inflight-shortterm", self.inflight_shortterm),
            ("cwnd", Some(self.cwnd)),
            ("pacing-rate", Some(self.pacing_rate)),
        ] {
            if let Some(value) = value {
                map.serialize_entry(name, &value)?;
            }
        }
        map.end()
    }
}

/// A socket that does not use BBRv3 any more.
pub(crate) struct Gone<'a>(pub(crate) &'a Socket);

impl Serialize for Gone<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        ends(&mut map, self.0)?;
        map.serialize_entry("gone", &true)?;
        map.end()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use kernet_client::json;

    /// A message of the family's, without some attributes.
    fn message(without: &[u16]) -> Vec<u8> {
        let values: [(u16, &[u8]); 15] = [
            (number::COOKIE, &77u64.to_ne_bytes()),
            (number::LOCAL, &[192, 0, 2, 1]),
            (number::LOCAL_PORT, &40592u16.to_ne_bytes()),
            (number::REMOTE, &[198, 51, 100, 2]),
            (number::REMOTE_PORT, &5201u16.to_ne_bytes()),
            (number::PHASE, &[3]),
            (number::FULL, &[1]),
            (number::ROUNDS, &321u32.to_ne_bytes()),
            (number::BANDWIDTH, &600_000u64.to_ne_bytes()),
            (number::MAX_BANDWIDTH, &625_000u64.to_ne_bytes()),
            (number::MIN_RTT, &40_123u32.to_ne_bytes()),
            (number::INFLIGHT_LONGTERM, &40u32.to_ne_bytes()),
            (number::INFLIGHT_SHORTTERM, &30u32.to_ne_bytes()),
            (number::CWND, &31u32.to_ne_bytes()),
            (number::PACING_RATE, &594_000u64.to_ne_bytes()),
        ];
        let said = values.iter().filter(|(name, _)| !without.contains(name));
        said.flat_map(|(name, value)| attribute::made(*name, value))
            .collect()
    }

    /// One in which there are all numbers.
    pub(crate) fn socket() -> Socket {
        Socket::parse(&message(&[])).unwrap()
    }

    fn json(value: &impl Serialize) -> String {
        let mut out = Vec::new();
        json::line(&mut out, value).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_has_the_names_of_the_specification() {
        assert_eq!(
            json(&socket()),
            "{\"cookie\": 77, \"local\": \"192.0.2.1\", \"local-port\": 40592, \
             \"remote\": \"198.51.100.2\", \"remote-port\": 5201, \"phase\": \"probe-bw-cruise\", \"full\": 1, \
             \"rounds\": 321, \"bandwidth\": 600000, \"max-bandwidth\": 625000, \"min-rtt\": 40123, \
             \"inflight-longterm\": 40, \"inflight-shortterm\": 30, \"cwnd\": 31, \"pacing-rate\": 594000}\n"
        );
        assert_eq!(
            json(&Gone(&socket())),
            "{\"cookie\": 77, \"local\": \"192.0.2.1\", \"local-port\": 40592, \
             \"remote\": \"198.51.100.2\", \"remote-port\": 5201, \"gone\": true}\n"
        );
    }

    #[test]
    fn what_there_is_none_of_is_left_out() {
        let bounds = [
            number::MIN_RTT,
            number::INFLIGHT_LONGTERM,
            number::INFLIGHT_SHORTTERM,
        ];
        let socket = Socket::parse(&message(&bounds)).unwrap();
        assert_eq!(
            (
                socket.min_rtt,
                socket.inflight_longterm,
                socket.inflight_shortterm
            ),
            (None, None, None)
        );
        assert!(!json(&socket).contains("inflight") && !json(&socket).contains("rtt"));
    }

    #[test]
    fn a_newer_modules_message_is_read() {
        let mut bytes = message(&[number::PHASE]);
        bytes.extend(attribute::made(number::PHASE, &[9]));
        bytes.extend(attribute::made(99, b"text"));
        assert_eq!(Socket::parse(&bytes).unwrap().phase(), "unknown");
    }

    #[test]
    fn a_message_that_makes_no_sense_is_refused() {
        for lost in [
            number::COOKIE,
            number::LOCAL,
            number::REMOTE_PORT,
            number::CWND,
        ] {
            assert!(Socket::parse(&message(&[lost])).is_err(), "{lost}");
        }
        for wrong in [
            attribute::made(number::LOCAL, &[0; 5]),
            attribute::made(number::CWND, &[0; 3]),
            attribute::made(number::LOCAL_PORT, &65536u32.to_ne_bytes()),
        ] {
            let mut bytes = message(&[]);
            bytes.extend(wrong);
            assert!(Socket::parse(&bytes).is_err());
        }
    }
}
