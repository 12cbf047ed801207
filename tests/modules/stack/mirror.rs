// SPDX-License-Identifier: GPL-2.0

//! A mirror: what it sends and receives by the device below, another device sends, too, with another traffic
//! class if one is wanted.

use super::*;
use kernet::nlattr::Policy;

/// A mirror. It is the master of the device below, and outlives it.
#[pin_data]
pub(crate) struct Mirror {
    #[pin]
    target: DeviceSlot,
    port: Arc<Above>,
    /// The traffic class of copies, and of what the mirror receives.
    class: Option<u8>,
    own_class: Option<u8>,
}

/// What the device below has.
#[pin_data]
pub(crate) struct Above {
    #[pin]
    mirror: PortMap<Mirror>,
}

impl Mirror {
    fn target<'a>(&self, softirq: Softirq<'a>) -> Option<&'a Device> {
        self.target.get(softirq)
    }

    /// Marks a copy, which shares its bytes with the packet. What is no IP stays as it is.
    fn mark<'a>(&self, mut copy: Skb<'a>) -> Skb<'a> {
        if let Some(class) = self.class {
            let edited = copy.as_mut().edit(ethernet::Header::LEN as u32);
            let _ = edited.and_then(|mut edit| edit.set_traffic_class(class));
        }
        copy
    }
}

#[vtable]
impl Driver for Mirror {
    type Module = Stack;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    const GOES_WITH_LOWER: bool = false;

    fn setup(setup: &mut Setup<'_>) {
        setup.features(software()).no_queue().live_address_change();
    }

    fn uninit(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) {
        if let Some(lower) = dev.lower(rtnl) {
            lower.detach_rx_handler::<Tap>(rtnl);
        }
    }

    fn open(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) -> Result {
        dev.set_lowers_promiscuous(true, rtnl)
    }

    fn transmit(
        dev: &DriverDevice<Self>,
        mut skb: Skb<'_>,
        _queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        if let Some(target) = dev.private().target(softirq) {
            let copied = skb.try_clone(softirq).is_ok_and(|copy| {
                // Counted by the one that is sent below.
                target.queue_xmit(dev.private().mark(copy), softirq).is_ok()
            });
            if !copied {
                dev.count_tx_dropped();
            }
        }
        send(dev, skb, softirq);
        Transmit::Done
    }

    fn iflink(dev: &DriverDevice<Self>, rcu: Rcu<'_>) -> u32 {
        dev.lower(rcu).map_or(dev.ifindex(), Device::ifindex)
    }

    fn lower_event(dev: &DriverDevice<Self>, lower: &Device, event: DeviceEvent, rtnl: Rtnl<'_>) {
        if event == DeviceEvent::Unregister && !lower.is_registered(rtnl) {
            dev.carrier_off(rtnl);
        } else {
            follow(dev, lower, event, rtnl);
        }
    }
}

const TARGET: u16 = 1;
/// Also kept by the namespace.
const KEEP: u16 = 2;
/// Of what the target sends.
const CLASS: u16 = 3;
/// Of what the mirror receives.
const OWN_CLASS: u16 = 4;
pub(crate) const ATTRS: usize = 5;

static POLICY: Table<ATTRS> = Table::new(&[
    (TARGET, Policy::U32),
    (KEEP, Policy::FLAG),
    (CLASS, Policy::U8),
    (OWN_CLASS, Policy::U8),
]);

impl Link<ATTRS> for Mirror {
    const KIND: &'static CStr = c"mirror";
    const POLICY: &'static Table<ATTRS> = &POLICY;
    const INFO_SIZE: usize = 8;

    fn create(
        device: &NewDevice<'_>,
        request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        let prepared = request.lower(extack, rtnl).and_then(|lower| {
            device.inherit(lower, request, rtnl)?;
            let mirror = PortMap::new(rtnl)?;
            Ok(Arc::new(Above { mirror }, GFP_KERNEL)?)
        });
        let (class, own_class) = (request.data.u8(CLASS), request.data.u8(OWN_CLASS));
        Ok(Self {
            target: DeviceSlot::new(rtnl)?,
            port: prepared?,
            class,
            own_class,
        })
    }

    fn created(
        dev: &DriverDevice<Self>,
        request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> Result {
        let lower = request.lower(extack, rtnl)?;
        let net = request.link_net().ok_or(ENODEV)?;
        let index = request.data.u32(TARGET).unwrap_or(0);
        let target = net.device_by_index(index, rtnl);
        dev.private().target.replace(target, rtnl)?;
        if request.data.flag(KEEP) {
            let kept = net.state::<Stack>(rtnl).ok_or(ENODEV)?;
            kept.device.replace(target, rtnl)?;
        }
        dev.link_port(lower, extack, rtnl)?;
        let port = &dev.private().port;
        lower.attach_rx_handler::<Tap>(port.clone(), rtnl)?;
        port.mirror.insert(dev, 0, rtnl)?;
        dev.inherit_operstate(lower, rtnl);
        Ok(())
    }

    fn fill_info(
        dev: &DriverDevice<Self>,
        writer: &mut kernet::nlattr::Writer<'_>,
        rtnl: Rtnl<'_>,
    ) -> Result {
        let target = dev.private().target.get(rtnl);
        writer.put_u32(TARGET, target.map_or(0, Device::ifindex))
    }
}

/// What the device below receives, the mirror receives and the other device sends.
pub(crate) struct Tap;

kernet::slot!(Tap: rx_handler::Slot);

impl RxHandler for Tap {
    type Module = Stack;
    type Port = Above;

    fn rx<'a>(
        port: &'a Above,
        _device: &'a Device,
        packet: Packet<'a>,
        softirq: Softirq<'a>,
    ) -> Verdict<'a> {
        let Some(mirror) = port.mirror.find(0, softirq.rcu(), |mirror| mirror.is_up()) else {
            return Verdict::Exact(packet);
        };
        if let Some(target) = mirror.private().target(softirq) {
            let copied = packet.try_clone(softirq).is_ok_and(|copy| {
                let copy = mirror.private().mark(copy.into_frame());
                target.queue_xmit(copy, softirq).is_ok()
            });
            if !copied {
                mirror.count_rx_dropped();
            }
        }
        match (
            hand_over(mirror, packet, softirq),
            mirror.private().own_class,
        ) {
            (Verdict::Another(mut own, device), Some(class)) => {
                // What is no IP stays as it is.
                let _ = own
                    .edit(0)
                    .and_then(|mut edit| edit.set_traffic_class(class));
                Verdict::Another(own, device)
            }
            (verdict, _) => verdict,
        }
    }
}
