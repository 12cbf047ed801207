// SPDX-License-Identifier: GPL-2.0

//! Network devices and what happens to them, told by generic netlink.
//!
//! The family is described in `Documentation/netlink/specs/linkwatch.yaml`.

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
        Rtnl, //
    },
    genl::{
        self,
        Dump,
        Entries,
        Family,
        Full,
        Op,
        Request, //
    },
    netdev::Device,
    netns::{
        self,
        Net, //
    },
    nlattr::{
        Table,
        Writer, //
    },
    notifier::{
        self,
        DeviceEvent,
        DeviceNotifier, //
    }, //
};

kernet::module! {
    type: Linkwatch,
    name: "linkwatch",
    authors: ["The kernet developers"],
    description: "Network device events by generic netlink",
    license: "GPL",
    alias: ["net-pf-16-proto-16-family-linkwatch"],
}

struct Linkwatch;

impl kernet::Module for Linkwatch {
    type State = Stream;
    // The family first: the notifier speaks through it.
    type Parts = (
        genl::Registration<Linkwatch>,
        notifier::Registration<Linkwatch>,
    );
}

/// What a namespace has told so far.
struct Stream {
    /// The number of the last event. Written under RTNL.
    sequence: Atomic<u64>,
}

impl netns::State for Stream {
    fn init<'a>(_net: &'a Net, _process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        Ok(Stream {
            sequence: Atomic::<u64>::new(0),
        })
    }
}

/// Commands, as the specification numbers them.
mod command {
    pub(crate) const DEVICE_GET: u8 = 1;
    pub(crate) const DEVICE_EVENT: u8 = 2;
}

/// Attributes, as the specification numbers them.
mod attr {
    pub(crate) const SEQUENCE: u16 = 1;
    pub(crate) const EVENT: u16 = 2;
    pub(crate) const IFINDEX: u16 = 3;
    pub(crate) const NAME: u16 = 4;
    pub(crate) const UP: u16 = 5;
    pub(crate) const CARRIER: u16 = 6;
    pub(crate) const MTU: u16 = 7;
    pub(crate) const ADDRESS: u16 = 8;
    pub(crate) const HARDWARE_TYPE: u16 = 9;
}

/// The specification's number of an event.
fn number(event: DeviceEvent) -> Option<u32> {
    Some(match event {
        DeviceEvent::Register => 1,
        DeviceEvent::Unregister => 2,
        DeviceEvent::Up => 3,
        DeviceEvent::Down => 4,
        DeviceEvent::Rename => 5,
        DeviceEvent::Change => 6,
        DeviceEvent::Mtu => 7,
        DeviceEvent::Address => 8,
        _ => return None,
    })
}

fn describe(device: &Device, writer: &mut Writer<'_>, rtnl: Rtnl<'_>) -> Result {
    writer.put_u32(attr::IFINDEX, device.ifindex())?;
    writer.put_string(attr::NAME, device.name().as_bytes())?;
    writer.put_u8(attr::UP, u8::from(device.is_up()))?;
    writer.put_u8(attr::CARRIER, u8::from(device.has_carrier()))?;
    writer.put_u32(attr::MTU, device.mtu())?;
    writer.put_u16(attr::HARDWARE_TYPE, device.hardware_type())?;
    let address = device.address(rtnl);
    if !address.as_bytes().is_empty() {
        writer.put(attr::ADDRESS, address.as_bytes())?;
    }
    Ok(())
}

const EVENTS: usize = 0;

impl Family for Linkwatch {
    const NAME: &'static CStr = c"linkwatch";
    const OPS: &'static [Op<Self>] = &[Op::new_dump::<DeviceGet, 1>()];
    const GROUPS: &'static [&'static CStr] = &[c"events"];

    fn slot() -> &'static genl::Slot {
        static SLOT: genl::Slot = genl::Slot::new();
        &SLOT
    }
}

/// Dumps the devices of the namespace, each with the number of the last event before the dump
/// looked at it.
struct DeviceGet;

static NOTHING: Table<1> = Table::new(&[]);

impl Dump<Linkwatch, 1> for DeviceGet {
    const COMMAND: u8 = command::DEVICE_GET;
    const POLICY: &'static Table<1> = &NOTHING;

    /// The lowest index that has not been dumped.
    type Cursor = u32;

    fn run(
        request: &Request<'_, Linkwatch>,
        cursor: &mut u32,
        entries: &mut Entries<'_>,
        process: Process<'_>,
    ) -> Result<(), Full> {
        let net = request.net();
        let stream = net.state::<Linkwatch>().ok_or(ENODEV)?;
        // Nothing happens to a device while this looks.
        process.with_rtnl(|rtnl| {
            let sequence = stream.sequence.load(Relaxed);
            // Not 0, and other than before if anything has happened.
            entries.generation((sequence as u32) | 1 << 31);
            while let Some(device) = net.device_from(*cursor, rtnl) {
                entries.put(|writer| {
                    writer.put_uint(attr::SEQUENCE, sequence)?;
                    describe(device, writer, rtnl)
                })?;
                *cursor = device.ifindex().saturating_add(1);
            }
            Ok(())
        })
    }
}

impl DeviceNotifier for Linkwatch {
    fn event(event: DeviceEvent, device: &Device, rtnl: Rtnl<'_>) {
        let net = device.net(rtnl);
        let (Some(number), Some(stream)) = (number(event), net.state::<Linkwatch>()) else {
            return;
        };
        let sequence = stream.sequence.load(Relaxed).wrapping_add(1);
        stream.sequence.store(sequence, Relaxed);
        let told =
            genl::multicast::<Linkwatch, EVENTS>(net, command::DEVICE_EVENT, rtnl, |writer| {
                writer.put_uint(attr::SEQUENCE, sequence)?;
                writer.put_u32(attr::EVENT, number)?;
                describe(device, writer, rtnl)
            });
        if let Err(e) = told {
            // Who has lost it sees a gap in the sequence, and dumps.
            pr_debug!("{}: event {sequence} not told: {e:?}\n", device.name());
        }
    }
}
