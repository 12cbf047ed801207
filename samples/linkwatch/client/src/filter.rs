// SPDX-License-Identifier: GPL-2.0

//! Lets the kernel keep from a socket what is told of other devices.
//!
//! By classic BPF, which finds an attribute of a netlink message itself. A route's devices are nested: the
//! listener has to look at them.

use netlink_packet_generic::constants::GENL_ID_CTRL;
use socket2::SockFilter;

use crate::schema;

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

/// The filter for some devices.
pub(crate) fn of(devices: &[u32]) -> Vec<SockFilter> {
    let step = |code, k| SockFilter::new(code, 0, 0, k);
    // Takes the next step if A is `k`, else the one behind it.
    let only_if = |k| SockFilter::new(IF_EQUAL, 0, 1, k);
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
    program.extend([
        step(SET_A, ATTRIBUTES),
        step(SET_X, schema::IFINDEX.into()),
        step(LOAD_WORD, FIND_ATTRIBUTE),
        only_if(0),
        step(RETURN, NOTHING),
        step(A_TO_X, 0),
        step(LOAD_BEHIND, VALUE),
    ]);
    for device in devices {
        program.extend([
            only_if(u32::from_be_bytes(device.to_ne_bytes())),
            step(RETURN, WHOLE),
        ]);
    }
    program.push(step(RETURN, NOTHING));
    program
}
