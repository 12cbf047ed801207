// SPDX-License-Identifier: GPL-2.0

//! Which objects there are, and whether an event was missed.

use std::collections::HashMap;

use crate::{
    devices::Devices,
    message::{Fields, Value},
    schema::{Kind, KINDS},
};

/// What of an object says which one it is.
fn key_fields(kind: &str) -> &'static [&'static str] {
    match kind {
        "device" => &["ifindex"],
        "address" => &["ifindex", "address", "prefix-length", "peer"],
        "neighbour" => &["ifindex", "address"],
        _ => &[
            "table",
            "destination",
            "destination-length",
            "source",
            "source-length",
        ],
    }
}

/// What names the object that a message is about.
fn key(kind: usize, told: &Fields<'_>) -> Vec<u8> {
    // Room for a route's.
    let mut key = Vec::with_capacity(60);
    key.push(kind as u8);
    for name in KINDS
        .get(kind)
        .map_or(&[][..], |kind| key_fields(kind.name))
    {
        match told.get(name) {
            Some(Value::Number(number)) => key.extend(number.to_ne_bytes()),
            Some(Value::Address(bytes)) => {
                key.push(bytes.len() as u8);
                key.extend(*bytes);
            }
            _ => key.push(0),
        }
    }
    key
}

/// What an event means to who has followed the stream.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// To be said.
    News,
    /// It was so already.
    Known,
    /// One before it was missed.
    Gap,
}

/// The objects of the kinds and devices that are asked for.
pub(crate) struct Objects {
    /// Indexes into `KINDS`. Of other kinds not all events are heard.
    kinds: Vec<usize>,
    pub(crate) devices: Devices,
    /// Each object that there is, and the number of the last event that is known of it.
    known: HashMap<Vec<u8>, u64>,
    /// Of each kind the number of the last event, and the greatest of the snapshot's.
    last: [Option<u64>; KINDS.len()],
    snapshot: [Option<u64>; KINDS.len()],
}

impl Objects {
    pub(crate) fn new(kinds: Vec<usize>, devices: Devices) -> Self {
        Self {
            kinds,
            devices,
            known: HashMap::new(),
            last: Default::default(),
            snapshot: Default::default(),
        }
    }

    /// Forgets all: a snapshot follows.
    pub(crate) fn clear(&mut self) {
        *self = Self::new(
            std::mem::take(&mut self.kinds),
            std::mem::take(&mut self.devices),
        );
    }

    /// Whether a message is about a device that was asked for.
    fn about(&self, told: &Fields<'_>) -> bool {
        let is_one = |told: &Fields<'_>| {
            told.number("ifindex")
                .is_some_and(|index| self.devices.have(index))
        };
        self.devices.are_all() || is_one(told) || told.nests("nexthop").iter().any(is_one)
    }

    /// Whether a kind is asked for.
    pub(crate) fn have(&self, kind: usize) -> bool {
        self.kinds.contains(&kind)
    }

    /// Takes in an entry of the snapshot; says whether it was asked for.
    pub(crate) fn entry(&mut self, kind: usize, told: &Fields<'_>) -> bool {
        let sequence = told.number("sequence").unwrap_or(0);
        if let Some(greatest) = self.snapshot.get_mut(kind) {
            *greatest = (*greatest).max(Some(sequence));
        }
        if !self.about(told) {
            return false;
        }
        self.known.insert(key(kind, told), sequence);
        true
    }

    /// Takes in an event.
    pub(crate) fn event(&mut self, kind: usize, told: &Fields<'_>) -> Verdict {
        let (sequence, previous) = (
            told.number("sequence").unwrap_or(0),
            told.number("previous").unwrap_or(0),
        );
        // With a filter the numbers before are not all ours.
        if self.devices.are_all() && self.have(kind) && !self.follows(kind, previous) {
            return Verdict::Gap;
        }
        if let Some(last) = self.last.get_mut(kind) {
            *last = Some(sequence);
        }
        let key = key(kind, told);
        let news = match self.known.get(&key) {
            Some(known) if sequence <= *known => false,
            // A route that has left the devices is gone, too.
            _ if is_end(told) || !self.about(told) => self.known.remove(&key).is_some(),
            _ => {
                self.known.insert(key, sequence);
                true
            }
        };
        if news {
            Verdict::News
        } else {
            Verdict::Known
        }
    }

    /// Whether nothing is missing between what is known and an event that came after `previous`.
    fn follows(&self, kind: usize, previous: u64) -> bool {
        match (self.last.get(kind), self.snapshot.get(kind)) {
            (Some(Some(last)), _) => previous == *last,
            // The first one: what came before it the snapshot has.
            (_, Some(Some(snapshot))) => previous <= *snapshot,
            _ => true,
        }
    }
}

impl Kind {
    /// Whether it is the one whose objects the others name: devices.
    pub(crate) fn is_device(&self) -> bool {
        self.name == "device"
    }
}

/// Whether the object of an event is gone.
fn is_end(told: &Fields<'_>) -> bool {
    matches!(told.name("event"), Some("unregister" | "delete"))
}

/// The kind whose events have this command.
pub(crate) fn of_event(command: u8) -> Option<(usize, &'static Kind)> {
    KINDS
        .iter()
        .enumerate()
        .find(|(_, kind)| kind.event == command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Attribute;

    const NEIGHBOUR: usize = 2;
    const ROUTE: usize = 3;

    fn attributes(set: &[Attribute], values: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (name, value) in values {
            let number = set.iter().find(|known| known.name == *name).unwrap().number;
            bytes.extend((value.len() as u16 + 4).to_ne_bytes());
            bytes.extend(number.to_ne_bytes());
            bytes.extend(*value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        }
        bytes
    }

    /// A neighbour, as an entry or in an event.
    fn neighbour(address: u8, sequence: u64, event: Option<(u64, u32)>) -> Vec<u8> {
        let set = KINDS[NEIGHBOUR].attributes;
        let address = [192, 0, 2, address];
        let mut bytes = attributes(set, &[("sequence", &sequence.to_ne_bytes())]);
        if let Some((previous, event)) = event {
            let (previous, event) = (previous.to_ne_bytes(), event.to_ne_bytes());
            bytes.extend(attributes(
                set,
                &[("previous", &previous), ("event", &event)],
            ));
        }
        bytes.extend(attributes(
            set,
            &[("ifindex", &1u32.to_ne_bytes()), ("address", &address)],
        ));
        bytes
    }

    const SET: u32 = 9;
    const DELETE: u32 = 10;

    fn parse(bytes: &[u8]) -> Fields<'_> {
        Fields::parse(bytes, KINDS[NEIGHBOUR].attributes).unwrap()
    }

    /// Those of a kind, and of a device if there is one.
    fn objects(kind: usize, device: Option<u32>) -> Objects {
        let mut devices = Devices::default();
        if let Some(index) = device {
            devices.add("d0", index);
        }
        Objects::new(vec![kind], devices)
    }

    /// What each of some events means after a snapshot of neighbour 1, which knows of event 10.
    fn verdicts(events: &[(u8, u64, u64, u32)]) -> Vec<Verdict> {
        let mut objects = objects(NEIGHBOUR, None);
        assert!(objects.entry(NEIGHBOUR, &parse(&neighbour(1, 10, None))));
        events
            .iter()
            .map(|&(address, sequence, previous, event)| {
                objects.event(
                    NEIGHBOUR,
                    &parse(&neighbour(address, sequence, Some((previous, event)))),
                )
            })
            .collect()
    }

    #[test]
    fn events_that_the_snapshot_has_are_no_news() {
        assert_eq!(
            verdicts(&[
                (1, 8, 4, DELETE),
                (1, 9, 8, SET),
                (1, 12, 9, SET),
                (1, 13, 12, DELETE),
                (1, 15, 13, DELETE)
            ]),
            [
                Verdict::Known,
                Verdict::Known,
                Verdict::News,
                Verdict::News,
                Verdict::Known
            ]
        );
    }

    #[test]
    fn a_number_that_is_not_the_last_one_is_a_gap() {
        assert_eq!(
            verdicts(&[(1, 12, 9, SET), (1, 20, 14, SET)]),
            [Verdict::News, Verdict::Gap]
        );
        // Nor is one before the first that the snapshot does not know of.
        assert_eq!(verdicts(&[(2, 14, 12, SET)]), [Verdict::Gap]);
        assert_eq!(verdicts(&[(2, 14, 10, SET)]), [Verdict::News]);
    }

    #[test]
    fn numbers_are_not_looked_at_behind_a_filter() {
        let mut objects = objects(NEIGHBOUR, Some(1));
        assert!(objects.entry(NEIGHBOUR, &parse(&neighbour(1, 10, None))));
        let event = neighbour(1, 20, Some((17, SET)));
        assert_eq!(objects.event(NEIGHBOUR, &parse(&event)), Verdict::News);
    }

    #[test]
    fn numbers_of_a_kind_that_is_not_asked_for_are_not_looked_at() {
        let mut objects = objects(ROUTE, None);
        assert!(objects.entry(NEIGHBOUR, &parse(&neighbour(1, 10, None))));
        let event = neighbour(1, 20, Some((17, SET)));
        assert_eq!(objects.event(NEIGHBOUR, &parse(&event)), Verdict::News);
    }

    #[test]
    fn a_route_that_leaves_the_device_is_gone() {
        let set = KINDS[ROUTE].attributes;
        let Some(crate::schema::Type::Nests(hop)) = set
            .iter()
            .find(|one| one.name == "nexthop")
            .map(|one| one.is)
        else {
            panic!("next hops are nests");
        };
        let route = |device: u32, sequence: u64| {
            let hop = attributes(hop, &[("ifindex", &device.to_ne_bytes())]);
            attributes(
                set,
                &[
                    ("sequence", &sequence.to_ne_bytes()),
                    ("event", &SET.to_ne_bytes()),
                    ("destination", &[198, 51, 100, 0]),
                    ("nexthop", &hop),
                ],
            )
        };
        let mut objects = objects(ROUTE, Some(7));
        let mut event = |device, sequence| {
            let bytes = route(device, sequence);
            objects.event(ROUTE, &Fields::parse(&bytes, set).unwrap())
        };
        assert_eq!(event(8, 1), Verdict::Known);
        assert_eq!(event(7, 2), Verdict::News);
        assert_eq!(event(8, 3), Verdict::News);
        assert_eq!(event(8, 4), Verdict::Known);
    }
}
