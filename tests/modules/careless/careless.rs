// SPDX-License-Identifier: GPL-2.0

//! Says numbers that are not so, and fails when much is under way: for tests alone.
//!
//! Its state is made in one namespace, and not in a second one.

#![forbid(unsafe_code)]

use kernel::{
    macros::vtable,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};
use kernet::{
    context::{
        rcu_read,
        Process,
        Rtnl,
        Softirq, //
    },
    ipv4::Underlay,
    napi::Ring,
    netdev::{
        Concurrent,
        Driver,
        DriverDevice,
        Setup,
        Transmit,
        TxQueue, //
    },
    netns::{
        self,
        Net, //
    },
    nlattr::{
        ExtAck,
        Policy,
        Table,
        Writer, //
    },
    rcu,
    rtnl::{
        self,
        Link,
        NewDevice,
        Request, //
    },
    skb::Skb, //
};

kernet::module! {
    type: Careless,
    name: "careless",
    authors: ["The kernet developers"],
    description: "Says numbers that are not so",
    license: "GPL",
}

struct Careless;

impl kernet::Module for Careless {
    type State = Alone;
    type Parts = rtnl::Registration<Device, ATTRS>;
}

/// Values that RCU has to drop when the module fails to load.
const LEFT: u32 = 1000;

static DROPPED: Atomic<u32> = Atomic::<u32>::new(0);
static CELL: rcu::RcuPointer<Noisy> = rcu::RcuPointer::empty();

/// Counts those that were dropped.
struct Noisy;

impl Drop for Noisy {
    fn drop(&mut self) {
        if DROPPED.fetch_add(1, Relaxed) == LEFT - 1 {
            pr_info!("all {LEFT} dropped\n");
        }
    }
}

/// State of the first namespace that there is.
pub struct Alone;

static FIRST: Atomic<u32> = Atomic::<u32>::new(0);

impl netns::NetState for Alone {
    fn init<'a>(net: &'a Net, process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        if FIRST.cmpxchg(0, net.inum(), Relaxed).is_ok() {
            return Ok(Self);
        }
        for _ in 0..LEFT {
            CELL.replace(rcu::RcuBox::new(Noisy, process).ok(), process);
        }
        CELL.replace(None, process);
        Err(ENOSPC)
    }
}

/// The device says so in an attribute of its own.
const TINY: u16 = 1;
/// A ring is made with the device, and dropped in a section.
const RING: u16 = 2;
const ATTRS: usize = 3;

/// Of as many packets as a queue may have.
type Large = Ring<8192>;

fn drop_in_a_section(process: Process<'_>) -> Result {
    let ring = KBox::pin_init(Large::new(process), GFP_KERNEL)?;
    rcu_read(move |_| drop(ring));
    Ok(())
}

struct Device;

#[vtable]
impl Driver for Device {
    type Module = Careless;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    fn setup(setup: &mut Setup<'_>) {
        setup.mtu_range(68, u32::MAX).mtu(u32::MAX).no_queue();
    }

    fn transmit(
        _dev: &DriverDevice<Self>,
        skb: Skb<'_>,
        _queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        skb.consume(softirq);
        Transmit::Done
    }
}

static POLICY: Table<ATTRS> = Table::new(&[(TINY, Policy::FLAG), (RING, Policy::FLAG)]);

impl Link<ATTRS> for Device {
    const KIND: &'static CStr = c"careless";
    const POLICY: &'static Table<ATTRS> = &POLICY;
    const INFO_SIZE: usize = 8;

    fn create(
        device: &NewDevice<'_>,
        request: &Request<'_>,
        _extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        if request.data.flag(TINY) {
            device.set_default_mtu(0, request);
        }
        let dropped = if request.data.flag(RING) {
            drop_in_a_section(rtnl.process())
        } else {
            Ok(())
        };
        dropped.map(|()| Device)
    }

    fn change(
        dev: &DriverDevice<Self>,
        _request: &Request<'_>,
        _extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> Result {
        let underlay = Underlay {
            mtu: 1,
            headroom: u16::MAX,
        };
        underlay.apply(dev, true, rtnl);
        Ok(())
    }

    /// Takes more than it says.
    fn fill_info(_dev: &DriverDevice<Self>, writer: &mut Writer<'_>, _rtnl: Rtnl<'_>) -> Result {
        writer.put(TINY, &[0; 2048])
    }
}
