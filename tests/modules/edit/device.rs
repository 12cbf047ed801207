// SPDX-License-Identifier: GPL-2.0

//! A device that receives what is sent by it, after it has seen to the VLAN tag. When it goes up, its work
//! sends a frame.

use core::pin::Pin;
use kernel::{
    macros::vtable,
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kernet::{
    context::{
        bh_disabled,
        Rtnl,
        Softirq, //
    },
    hash::SipHash,
    netdev::{
        Concurrent,
        Driver,
        DriverDevice,
        Features,
        Setup,
        Transmit,
        TxQueue, //
    },
    nlattr::{
        ExtAck,
        Table, //
    },
    rtnl::{
        Link,
        NewDevice,
        Request, //
    },
    skb::{
        Checksum,
        DropReason,
        EditError,
        Skb,
        SkbRef,
        VlanTag,
        Xnet, //
    },
    timer::Jiffies,
    wire::{
        ethernet::{
            Address,
            EtherType, //
        },
        vlan::Tci, //
    },
};

use crate::{
    nl_generated::{
        Sum,
        Tag, //
    },
    Editor, //
};

/// What the devices of a namespace do.
pub(crate) struct Config {
    /// A `Tag`.
    pub(crate) tag: Atomic<u32>,
    pub(crate) tci: Atomic<u32>,
    pub(crate) service: Atomic<bool>,
    /// A `Sum`.
    pub(crate) sum: Atomic<u32>,
}

impl Config {
    pub(crate) const fn new() -> Self {
        Self {
            tag: Atomic::<u32>::new(Tag::Keep as u32),
            tci: Atomic::<u32>::new(0),
            service: Atomic::<bool>::new(false),
            sum: Atomic::<u32>::new(Sum::AsItIs as u32),
        }
    }

    fn edit(&self, mut frame: Pin<&mut SkbRef>) -> Result<(), EditError> {
        let tci = Tci(self.tci.load(Relaxed) as u16);
        let tag = match self.service.load(Relaxed) {
            true => VlanTag::Service(tci),
            false => VlanTag::Customer(tci),
        };
        const PUSH: u32 = Tag::Push as u32;
        const POP: u32 = Tag::Pop as u32;
        const REPLACE: u32 = Tag::Replace as u32;
        match self.tag.load(Relaxed) {
            PUSH => frame.as_mut().push_vlan(tag)?,
            POP => drop(frame.as_mut().pop_vlan()?),
            REPLACE => drop(frame.as_mut().replace_vlan(tag)?),
            _ => (),
        }
        let checksum = match self.sum.load(Relaxed) {
            sum if sum == Sum::None as u32 => Checksum::None,
            sum if sum == Sum::Verified as u32 => Checksum::Unnecessary { level: 0 },
            sum if sum == Sum::Complete as u32 => Checksum::Complete {
                sum: frame
                    .sum(0, frame.len(), 0)
                    .map_err(|_| EditError::TooShort)?,
            },
            _ => return Ok(()),
        };
        // One that is to be segmented stays as it is.
        let _ = frame.set_checksum(checksum);
        Ok(())
    }
}

pub(crate) struct Device;

#[vtable]
impl Driver for Device {
    type Module = Editor;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    fn setup(setup: &mut Setup<'_>) {
        let features = Features::SG
            .with(Features::HW_CSUM)
            .with(Features::GSO_SOFTWARE);
        setup.no_queue().no_arp().features(features);
    }

    fn open(dev: &DriverDevice<Self>, _rtnl: Rtnl<'_>) -> Result {
        dev.work().queue();
        Ok(())
    }

    fn transmit(
        dev: &DriverDevice<Self>,
        mut skb: Skb<'_>,
        _queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        dev.count_tx(skb.len(), softirq);
        if let Some(state) = dev.net(softirq).state::<Editor>(softirq) {
            if let Err(error) = state.device.edit(skb.as_mut()) {
                state.counts.note(Err(error));
                skb.drop_with(error.reason(), softirq);
                return Transmit::Done;
            }
        }
        dev.rx(skb, Xnet::Same, softirq);
        Transmit::Done
    }

    fn work(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) -> Option<Jiffies> {
        // Sleeps for memory, as this is process context.
        let Ok(mut skb) = Skb::new(64, 64, rtnl) else {
            dev.count_tx_dropped();
            return None;
        };
        let hash = SipHash::random().of(&dev.ifindex().to_ne_bytes());
        let put = skb.put(&hash.to_be_bytes());
        bh_disabled(rtnl, |softirq| match put {
            Ok(()) => drop(dev.send(skb, Address::BROADCAST, EtherType(0x88b5), softirq)),
            Err(_) => skb.drop_with(DropReason::NOMEM, softirq),
        });
        None
    }
}

/// The kind has no attributes.
pub(crate) static POLICY: Table<1> = Table::new(&[]);

impl Link<1> for Device {
    const KIND: &'static CStr = c"edit";
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
