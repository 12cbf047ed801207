// SPDX-License-Identifier: GPL-2.0

//! Lets the kernel keep from a socket what is told of other devices, or of devices at all.
//!
//! By classic BPF, which finds an attribute of a netlink message itself. A route's devices are nested: the
//! listener has to look at them. Which devices there are and what they are called it always hears.

use netlink_packet_generic::constants::GENL_ID_CTRL;
use socket2::SockFilter;

use crate::schema::{self, Kind, Type};

const LOAD_HALF: u16 = 0x28;
const LOAD_BYTE: u16 = 0x30;
const LOAD_WORD: u16 = 0x20;
const LOAD_BEHIND: u16 = 0x40;
const SET_A: u16 = 0x00;
const SET_X: u16 = 0x01;
const A_TO_X: u16 = 0x07;
const IF_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;

/// Where a netlink message has its type, its generic command and the first attribute.
const TYPE: u32 = 4;
const COMMAND: u32 = 16;
const ATTRIBUTES: u32 = 20;
/// Of an attribute: its value is behind its length and its number.
const VALUE: u32 = 4;
/// `SKF_AD_OFF + SKF_AD_NLATTR`: A is where the attribute X is, from A on, or 0.
const FIND_ATTRIBUTE: u32 = 0xffff_f000 + 12;
const WHOLE: u32 = u32::MAX;
const NOTHING: u32 = 0;

fn step(code: u16, k: u32) -> SockFilter {
    SockFilter::new(code, 0, 0, k)
}

/// Takes the next step if A is `k`, else the one behind it.
fn only_if(k: u32) -> SockFilter {
    SockFilter::new(IF_EQUAL, 0, 1, k)
}

/// Takes all of a message whose attribute of four bytes has one of some values.
fn whole_if(attribute: u16, values: impl IntoIterator<Item = u32>) -> Vec<SockFilter> {
    let mut steps = vec![
        step(SET_A, ATTRIBUTES),
        step(SET_X, attribute.into()),
        step(LOAD_WORD, FIND_ATTRIBUTE),
        only_if(0),
        step(RETURN, NOTHING),
        step(A_TO_X, 0),
        step(LOAD_BEHIND, VALUE),
    ];
    for value in values {
        // A load takes the bytes to be in network order.
        steps.extend([
            only_if(u32::from_be_bytes(value.to_ne_bytes())),
            step(RETURN, WHOLE),
        ]);
    }
    steps
}

/// Takes all of an event that says which devices there are, or what they are called.
fn whole_if_names(kind: &Kind) -> Vec<SockFilter> {
    let event = kind.attributes.iter().find(|known| known.name == "event");
    let Some((attribute, Type::Name(events))) = event.map(|event| (event.number, event.is)) else {
        return Vec::new();
    };
    let names = |(_, name): &&(u64, &str)| matches!(*name, "register" | "unregister" | "rename");
    whole_if(
        attribute,
        events
            .iter()
            .filter(names)
            .filter_map(|(number, _)| u32::try_from(*number).ok()),
    )
}

/// The filter for some devices, if not for all; for all events about them, if `events`.
pub(crate) fn of(devices: Option<&[u32]>, events: bool) -> Vec<SockFilter> {
    let mut program = vec![
        step(LOAD_HALF, TYPE),
        // A load takes the bytes to be in network order.
        only_if(u16::from_be_bytes(GENL_ID_CTRL.to_ne_bytes()).into()),
        step(RETURN, WHOLE),
        step(LOAD_BYTE, COMMAND),
    ];
    for kind in schema::KINDS.iter().filter(|kind| !kind.names_device) {
        program.extend([only_if(kind.event.into()), step(RETURN, WHOLE)]);
    }
    for kind in schema::KINDS.iter().filter(|kind| kind.is_device()) {
        let mut names = whole_if_names(kind);
        if !events {
            names.push(step(RETURN, NOTHING));
        }
        // They are less than a jump can leave out.
        program.push(SockFilter::new(
            IF_EQUAL,
            0,
            names.len() as u8,
            kind.event.into(),
        ));
        program.extend(names);
    }
    match devices {
        None => program.push(step(RETURN, WHOLE)),
        Some(devices) => {
            program.extend(whole_if(schema::IFINDEX, devices.iter().copied()));
            program.push(step(RETURN, NOTHING));
        }
    }
    program
}
