// SPDX-License-Identifier: GPL-2.0

//! Timers and work of a module, of its namespaces and of its devices, which are armed at the worst moments,
//! too. For tests alone.

#![forbid(unsafe_code)]

use kernel::{
    macros::vtable,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};
use kernet::{
    context::{
        rcu_read,
        Process,
        Rtnl,
        Softirq, //
    },
    genl::Notification,
    netdev::{
        Concurrent,
        Driver,
        DriverDevice,
        Setup,
        Transmit,
        TxQueue, //
    },
    netns::{
        Net,
        NetState,
        Unregister, //
    },
    nlattr::{
        ExtAck,
        Table, //
    },
    rtnl::{
        self,
        Link,
        NewDevice,
        Request, //
    },
    skb::Skb,
    timer::{
        self,
        Jiffies,
        NetTimer,
        Timer,
        TimerRef, //
    },
    work::{
        self,
        NetWork,
        Work,
        WorkRef, //
    }, //
};

mod control;
mod nl_generated;

use nl_generated::{
    notify,
    Source, //
};

kernet::module! {
    type: Ticker,
    name: "ticker",
    authors: ["The kernet developers"],
    description: "Timers and work that are armed at the worst moments",
    license: "GPL",
    alias: ["rtnl-link-ticker", "net-pf-16-proto-16-family-ticker"],
}

struct Ticker;

impl kernet::Module for Ticker {
    type State = Clock;
    type Parts = (
        nl_generated::Registration<control::Control>,
        rtnl::Registration<Device, 1>,
        timer::NetRegistration<Beat>,
        timer::Registration<Pulse>,
        work::NetRegistration<Report>,
        work::Registration<Chore>,
    );
}

/// What a namespace has.
struct Clock {
    /// In milliseconds.
    period: Atomic<u32>,
    timer: Atomic<u64>,
    /// In milliseconds.
    work_period: Atomic<u32>,
    work: Atomic<u64>,
}

impl NetState for Clock {
    fn init<'a>(net: &'a Net, _process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        // There is none yet.
        arm_all(net);
        Ok(Self {
            period: Atomic::<u32>::new(0),
            timer: Atomic::<u64>::new(0),
            work_period: Atomic::<u32>::new(0),
            work: Atomic::<u64>::new(0),
        })
    }

    fn exit_rtnl(&self, _rtnl: Rtnl<'_>, _list: &mut Unregister<'_>) {
        arm_module();
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        arm_module();
    }
}

/// Arms all that there is, whether it is there or not.
fn arm_all(net: &Net) {
    rcu_read(|rcu| {
        if let Some(timer) = net.timer::<Beat>(rcu) {
            timer.modify(Jiffies::new(0));
        }
        if let Some(work) = net.work::<Report>(rcu) {
            work.queue();
            work.modify(Jiffies::ONE);
        }
    });
    arm_module();
}

fn arm_module() {
    TimerRef::of::<Pulse>().modify(Jiffies::new(0));
    if let Some(work) = WorkRef::of::<Chore>() {
        work.modify(Jiffies::new(0));
        work.queue();
    }
}

/// The timer of a namespace: a notification each time.
struct Beat;

kernet::slot!(Beat: timer::NetSlot);

impl NetTimer for Beat {
    type Module = Ticker;

    fn expired(net: &Net, clock: &Clock, softirq: Softirq<'_>) -> Option<Jiffies> {
        let count = clock.timer.fetch_add(1, Relaxed).wrapping_add(1);
        // Who does not listen fast enough is told so by his socket.
        let _ = notify::Tick::multicast(net, softirq, |message| {
            message.source(Source::Timer)?.count(count)?;
            Ok(())
        });
        // A namespace that dies meanwhile arms it once more.
        match clock.period.load(Relaxed) {
            0 => None,
            ms => Some(Jiffies::from_millis(ms)),
        }
    }
}

/// How long work runs, in milliseconds.
static LINGER: Atomic<u32> = Atomic::<u32>::new(0);

/// How many work items run.
static WORKING: Atomic<u64> = Atomic::<u64>::new(0);

fn linger() {
    WORKING.fetch_add(1, Relaxed);
    fsleep(Delta::from_millis(LINGER.load(Relaxed).into()));
    WORKING.fetch_sub(1, Relaxed);
}

/// The work of a namespace: a notification each time. It takes RTNL, for which its end must not wait.
struct Report;

kernet::slot!(Report: work::NetSlot);

impl NetWork for Report {
    type Module = Ticker;

    fn run(net: &Net, clock: &Clock, process: Process<'_>) -> Option<Jiffies> {
        linger();
        process.with_rtnl(|_| linger());
        let count = clock.work.fetch_add(1, Relaxed).wrapping_add(1);
        let _ = notify::Tick::multicast(net, process, |message| {
            message.source(Source::Work)?.count(count)?;
            Ok(())
        });
        match clock.work_period.load(Relaxed) {
            0 => None,
            ms => Some(Jiffies::from_millis(ms)),
        }
    }
}

/// The work of the module. It never stops by itself.
struct Chore;

static CHORES: Atomic<u64> = Atomic::<u64>::new(0);

kernet::slot!(Chore: work::Slot);

impl Work for Chore {
    const FIRST: Option<Jiffies> = Some(Jiffies::new(0));

    fn run(process: Process<'_>) -> Option<Jiffies> {
        process.with_rtnl(|_| linger());
        CHORES.fetch_add(1, Relaxed);
        Some(Jiffies::ONE)
    }
}

/// The timer of the module. It never stops by itself.
struct Pulse;

static PULSES: Atomic<u64> = Atomic::<u64>::new(0);

kernet::slot!(Pulse: timer::Slot);

impl Timer for Pulse {
    const FIRST: Option<Jiffies> = Some(Jiffies::ONE);

    fn expired(_softirq: Softirq<'_>) -> Option<Jiffies> {
        PULSES.fetch_add(1, Relaxed);
        Some(Jiffies::ONE)
    }
}

/// A device that receives a packet, as far as its statistics go, each time its timer expires, and drops one
/// each time its work runs: from when it goes up for the first time until it is deleted.
struct Device;

#[vtable]
impl Driver for Device {
    type Module = Ticker;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    fn setup(setup: &mut Setup<'_>) {
        setup.no_queue().no_arp();
    }

    fn open(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) -> Result {
        dev.timer().modify(Jiffies::ONE);
        dev.work().queue();
        arm_all(dev.net(rtnl));
        Ok(())
    }

    fn stop(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) {
        dev.timer().cancel();
        dev.timer().modify(Jiffies::ONE);
        dev.work().cancel();
        dev.work().queue();
        arm_all(dev.net(rtnl));
    }

    fn uninit(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) {
        dev.timer().modify(Jiffies::ONE);
        dev.work().modify(Jiffies::ONE);
        arm_all(dev.net(rtnl));
    }

    fn transmit(
        dev: &DriverDevice<Self>,
        skb: Skb<'_>,
        _queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        dev.timer().reduce(Jiffies::ONE);
        dev.work().queue();
        dev.count_tx(skb.len(), softirq);
        skb.consume(softirq);
        Transmit::Done
    }

    fn timer(dev: &DriverDevice<Self>, softirq: Softirq<'_>) -> Option<Jiffies> {
        dev.count_rx(1, softirq);
        dev.work().queue();
        Some(Jiffies::ONE)
    }

    fn work(dev: &DriverDevice<Self>, _rtnl: Rtnl<'_>) -> Option<Jiffies> {
        linger();
        dev.count_rx_dropped();
        Some(Jiffies::ONE)
    }
}

/// The kind has no attributes.
static POLICY: Table<1> = Table::new(&[]);

impl Link<1> for Device {
    const KIND: &'static CStr = c"ticker";
    const POLICY: &'static Table<1> = &POLICY;

    fn create(
        _device: &NewDevice<'_>,
        _request: &Request<'_>,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        Ok(Device)
    }
}
