// SPDX-License-Identifier: GPL-2.0

//! The Ethernet Configuration Testing Protocol: answers what other stations send to test the link.
//!
//! Specification: "The Ethernet", version 2.0 (Digital, Intel, Xerox, 1982), section 8.

#![forbid(unsafe_code)]

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kernet::{
    context::{
        Process,
        Softirq, //
    },
    ethertype::{
        self,
        Arrival,
        Handler, //
    },
    netns::{
        self,
        Net, //
    },
    percpu::PacketCounter,
    skb::{
        DropReason,
        PacketType,
        Skb,
        SkbRef, //
    },
    wire::{
        ect::{
            Forward,
            Function,
            Header,
            ASSISTANCE, //
        },
        ethernet::{
            Address,
            EtherType, //
        },
    },
};

mod control;
mod nl_generated;
#[cfg(CONFIG_KUNIT = "y")]
mod tests;

kernet::module! {
    type: Ect,
    name: "ect",
    authors: ["The kernet developers"],
    description: "Ethernet Configuration Testing Protocol responder",
    license: "GPL",
    alias: ["net-pf-16-proto-16-family-ect"],
}

struct Ect;

impl kernet::Module for Ect {
    type State = Station;
    type Parts = (
        ethertype::Registration<Ect>,
        nl_generated::Registration<control::Control>,
    );
}

/// What a namespace answers, and has answered.
struct Station {
    /// Whether frames to a device's own address are answered: the loop server of the specification.
    server: Atomic<bool>,
    /// Whether those to the loopback assistance group are, too.
    assistance: Atomic<bool>,
    forwarded: PacketCounter,
    not_sent: PacketCounter,
    replies: PacketCounter,
    off: PacketCounter,
    group: PacketCounter,
    truncated: PacketCounter,
    malformed: PacketCounter,
    bad_address: PacketCounter,
    looped: PacketCounter,
    no_memory: PacketCounter,
}

impl netns::NetState for Station {
    fn init<'a>(_net: &'a Net, process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        Self::new(process)
    }
}

impl Station {
    /// Off.
    fn new(process: Process<'_>) -> Result<Self> {
        Ok(Self {
            server: Atomic::<bool>::new(false),
            assistance: Atomic::<bool>::new(false),
            forwarded: PacketCounter::new(process)?,
            not_sent: PacketCounter::new(process)?,
            replies: PacketCounter::new(process)?,
            off: PacketCounter::new(process)?,
            group: PacketCounter::new(process)?,
            truncated: PacketCounter::new(process)?,
            malformed: PacketCounter::new(process)?,
            bad_address: PacketCounter::new(process)?,
            looped: PacketCounter::new(process)?,
            no_memory: PacketCounter::new(process)?,
        })
    }
}

/// What becomes of a frame that is not dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// It goes on, to this station.
    Forward(Address),
    /// It is the answer to somebody's test, who hears it by a socket of his own.
    Reply,
}

/// Why a frame is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The namespace does not answer.
    Off,
    /// To a group that is not answered, or all.
    Group,
    /// It ends before its current message does.
    Truncated,
    /// An odd skip count, or a function that the specification does not have.
    Malformed,
    /// To be forwarded to a group, or to no station.
    BadAddress,
    /// From this station, or to be forwarded to it.
    Looped,
    /// No memory to change it.
    NoMemory,
}

impl Fault {
    fn reason(self) -> DropReason {
        match self {
            // As the core has it for an EtherType without a handler.
            Self::Off => DropReason::UNHANDLED_PROTO,
            Self::Group => DropReason::OTHERHOST,
            Self::Truncated => DropReason::PKT_TOO_SMALL,
            Self::Malformed => DropReason::INVALID_PROTO,
            Self::BadAddress => DropReason::NO_TX_TARGET,
            Self::Looped => DropReason::LOCAL_MAC,
            Self::NoMemory => DropReason::NOMEM,
        }
    }

    fn counter(self, station: &Station) -> &PacketCounter {
        match self {
            Self::Off => &station.off,
            Self::Group => &station.group,
            Self::Truncated => &station.truncated,
            Self::Malformed => &station.malformed,
            Self::BadAddress => &station.bad_address,
            Self::Looped => &station.looped,
            Self::NoMemory => &station.no_memory,
        }
    }
}

/// Whom a frame is from, whom it is for, and who has received it.
struct Envelope {
    packet_type: PacketType,
    source: Address,
    destination: Address,
    own: Address,
}

impl Envelope {
    /// Whether the frame is one that a station with these settings listens to.
    fn check(&self, server: bool, assistance: bool) -> Result<(), Fault> {
        if !server {
            return Err(Fault::Off);
        }
        match self.packet_type {
            PacketType::Host => {}
            PacketType::Multicast if assistance && self.destination == ASSISTANCE => {}
            _ => return Err(Fault::Group),
        }
        // Our own frame has come back: the network has a loop, or echoes.
        if self.source == self.own {
            return Err(Fault::Looped);
        }
        Ok(())
    }
}

/// What the current message of a frame asks the station `own` for.
fn answer(skb: &SkbRef, own: Address) -> Result<Answer, Fault> {
    let header: Header = skb.copy_header(0).ok_or(Fault::Truncated)?;
    let at = header.check().map_err(|_| Fault::Malformed)?;
    match skb.copy_header(at).ok_or(Fault::Truncated)? {
        Function::FORWARD => {}
        Function::REPLY => return Ok(Answer::Reply),
        // To be ignored (section 8, loop server).
        _ => return Err(Fault::Malformed),
    }
    let forward: Forward = skb.copy_header(at).ok_or(Fault::Truncated)?;
    let to = forward.address();
    // To a group it is to be ignored (section 8, loop server).
    if !to.is_valid_unicast() {
        return Err(Fault::BadAddress);
    }
    if to == own {
        return Err(Fault::Looped);
    }
    Ok(Answer::Forward(to))
}

impl Station {
    /// Finds what a frame asks for, and changes it to what is sent if it is to go on.
    fn handle(
        &self,
        skb: &mut Skb<'_>,
        arrival: &Arrival<'_>,
        softirq: Softirq<'_>,
    ) -> Result<Answer, Fault> {
        // Who is no station on an Ethernet hears nothing.
        let own = arrival.device().ethernet_address(softirq);
        let (Some(own), Some(link)) = (own, skb.ethernet_header()) else {
            return Err(Fault::Off);
        };
        let envelope = Envelope {
            packet_type: skb.packet_type(),
            source: link.source(),
            destination: link.destination(),
            own,
        };
        envelope.check(self.server.load(Relaxed), self.assistance.load(Relaxed))?;
        let answer = answer(skb, own)?;
        if let Answer::Forward(_) = answer {
            // The frame is long enough, as just seen.
            let header: &mut Header = skb.as_mut().header_mut(0).map_err(|_| Fault::NoMemory)?;
            header.advance().map_err(|_| Fault::Malformed)?;
        }
        Ok(answer)
    }
}

impl Handler for Ect {
    type Module = Ect;

    const ETHERTYPE: EtherType = EtherType::LOOPBACK;

    fn rx(mut skb: Skb<'_>, arrival: &Arrival<'_>, softirq: Softirq<'_>) {
        // A namespace that is going away answers nothing any more.
        let Some(station) = arrival.net().state::<Ect>(softirq) else {
            return skb.drop_with(Fault::Off.reason(), softirq);
        };
        let len = skb.len();
        match station.handle(&mut skb, arrival, softirq) {
            Ok(Answer::Forward(to)) => {
                let sent = arrival.device().send(skb, to, Self::ETHERTYPE, softirq);
                match sent {
                    Ok(()) => station.forwarded.add(len),
                    Err(_) => station.not_sent.add(len),
                }
            }
            Ok(Answer::Reply) => {
                station.replies.add(len);
                skb.consume(softirq);
            }
            Err(fault) => {
                fault.counter(station).add(len);
                skb.drop_with(fault.reason(), softirq);
            }
        }
    }
}
