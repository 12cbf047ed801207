// SPDX-License-Identifier: GPL-2.0

//! The family, as its specification has it: made by scripts/ynl-gen-rust from
//! Documentation/netlink/specs/linkwatch.yaml.

/// What an attribute's value is.
#[derive(Clone, Copy)]
pub(crate) enum Type {
    Number,
    Text,
    Address,
    Mac,
    Flag,
    Name(&'static [(u64, &'static str)]),
    Nests(&'static [Attribute]),
}

pub(crate) struct Attribute {
    pub(crate) number: u16,
    pub(crate) name: &'static str,
    pub(crate) is: Type,
}

/// A kind of object: the commands of its dump and of its events, and their group.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) group: &'static str,
    pub(crate) get: u8,
    pub(crate) event: u8,
    /// Whether a message, not a request alone, names its device.
    pub(crate) names_device: bool,
    pub(crate) attributes: &'static [Attribute],
}

const fn attribute(number: u16, name: &'static str, is: Type) -> Attribute {
    Attribute { number, name, is }
}

pub(crate) const FAMILY: &str = "linkwatch";
pub(crate) const VERSION: u8 = 1;

const EVENT: &[(u64, &str)] = &[
    (1, "register"),
    (2, "unregister"),
    (3, "up"),
    (4, "down"),
    (5, "rename"),
    (6, "carrier"),
    (7, "mtu"),
    (8, "address"),
    (9, "set"),
    (10, "delete"),
    (11, "hardware-type"),
];

const NEIGHBOUR_STATE: &[(u64, &str)] = &[
    (1, "reachable"),
    (2, "stale"),
    (3, "delay"),
    (4, "probe"),
    (5, "failed"),
    (6, "permanent"),
];

const DEVICE: &[Attribute] = &[
    attribute(1, "sequence", Type::Number),
    attribute(2, "previous", Type::Number),
    attribute(3, "event", Type::Name(EVENT)),
    attribute(4, "ifindex", Type::Number),
    attribute(5, "name", Type::Text),
    attribute(6, "up", Type::Number),
    attribute(7, "carrier", Type::Number),
    attribute(8, "mtu", Type::Number),
    attribute(9, "address", Type::Mac),
    attribute(10, "hardware-type", Type::Number),
];

const ADDRESS: &[Attribute] = &[
    attribute(1, "sequence", Type::Number),
    attribute(2, "previous", Type::Number),
    attribute(3, "event", Type::Name(EVENT)),
    attribute(4, "ifindex", Type::Number),
    attribute(5, "address", Type::Address),
    attribute(6, "prefix-length", Type::Number),
    attribute(7, "peer", Type::Address),
    attribute(8, "broadcast", Type::Address),
    attribute(9, "scope", Type::Number),
    attribute(10, "label", Type::Text),
    attribute(11, "secondary", Type::Flag),
];

const NEIGHBOUR: &[Attribute] = &[
    attribute(1, "sequence", Type::Number),
    attribute(2, "previous", Type::Number),
    attribute(3, "event", Type::Name(EVENT)),
    attribute(4, "ifindex", Type::Number),
    attribute(5, "address", Type::Address),
    attribute(6, "state", Type::Name(NEIGHBOUR_STATE)),
    attribute(7, "hardware-address", Type::Mac),
];

const ROUTE: &[Attribute] = &[
    attribute(1, "sequence", Type::Number),
    attribute(2, "previous", Type::Number),
    attribute(3, "event", Type::Name(EVENT)),
    attribute(4, "ifindex", Type::Number),
    attribute(5, "table", Type::Number),
    attribute(6, "destination", Type::Address),
    attribute(7, "destination-length", Type::Number),
    attribute(8, "source", Type::Address),
    attribute(9, "source-length", Type::Number),
    attribute(10, "type", Type::Number),
    attribute(11, "protocol", Type::Number),
    attribute(12, "metric", Type::Number),
    attribute(13, "tos", Type::Number),
    attribute(14, "scope", Type::Number),
    attribute(15, "preferred-source", Type::Address),
    attribute(16, "nexthop-id", Type::Number),
    attribute(17, "nexthop", Type::Nests(NEXTHOP)),
];

const NEXTHOP: &[Attribute] = &[
    attribute(1, "ifindex", Type::Number),
    attribute(2, "gateway", Type::Address),
    attribute(3, "weight", Type::Number),
];

/// The attribute of all kinds that names a device.
pub(crate) const IFINDEX: u16 = 4;

pub(crate) const KINDS: [Kind; 4] = [
    Kind {
        name: "device",
        group: "devices",
        get: 1,
        event: 2,
        names_device: true,
        attributes: DEVICE,
    },
    Kind {
        name: "address",
        group: "addresses",
        get: 3,
        event: 4,
        names_device: true,
        attributes: ADDRESS,
    },
    Kind {
        name: "neighbour",
        group: "neighbours",
        get: 5,
        event: 6,
        names_device: true,
        attributes: NEIGHBOUR,
    },
    Kind {
        name: "route",
        group: "routes",
        get: 7,
        event: 8,
        names_device: false,
        attributes: ROUTE,
    },
];
