// SPDX-License-Identifier: GPL-2.0

//! A pool: a device that sends by the first of its ports that can, as a bond of the active-backup mode does.

use super::*;

/// A pool. Ports come by `ip link set PORT master POOL`, and go by `nomaster`.
pub(crate) struct Pool {
    port: Arc<Above>,
}

/// What each port has.
pub(crate) struct Above {
    pool: PortMap<Pool>,
}

impl Pool {
    /// Whether a port can carry packets is what the pool can.
    fn follow(dev: &DriverDevice<Self>, without: Option<&Device>, rtnl: Rtnl<'_>) {
        let mut able = false;
        dev.for_each_lower(rtnl, |port| {
            able |= works(port) && !without.is_some_and(|other| core::ptr::eq(other, port));
        });
        match able {
            true => dev.carrier_on(rtnl),
            false => dev.carrier_off(rtnl),
        }
    }
}

fn works(port: &Device) -> bool {
    port.is_up() && port.has_carrier()
}

#[vtable]
impl Driver for Pool {
    type Module = Stack;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = ();

    const GOES_WITH_LOWER: bool = false;

    fn setup(setup: &mut Setup<'_>) {
        setup.features(software()).no_queue().unicast_filter();
    }

    fn uninit(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) {
        dev.for_each_lower(rtnl, |port| port.detach_rx_handler::<Port>(rtnl));
    }

    fn open(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) -> Result {
        dev.set_lowers_hardware_address(dev.ethernet_address(rtnl), rtnl)
    }

    fn transmit(
        dev: &DriverDevice<Self>,
        skb: Skb<'_>,
        _queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        let len = skb.len();
        let sent = match dev.lowers(softirq.rcu()).find(|port| works(port)) {
            Some(port) => port.queue_xmit(skb, softirq).is_ok(),
            None => {
                skb.drop_with(DropReason::DEV_READY, softirq);
                false
            }
        };
        match sent {
            true => dev.count_tx(len, softirq),
            false => dev.count_tx_dropped(),
        }
        Transmit::Done
    }

    fn set_rx_mode(
        dev: &DriverDevice<Self>,
        addresses: Addresses<'_>,
        _flags: RxFlags,
        softirq: Softirq<'_>,
    ) {
        dev.sync_lowers(addresses, softirq);
    }

    fn add_port(
        dev: &DriverDevice<Self>,
        port: &Device,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> Result {
        if port.ethernet_address(rtnl).is_none() || port.is_loopback() {
            return Err(extack.error(EINVAL, fmt!("a port is an Ethernet device")));
        }
        if dev.is_up() {
            dev.set_lowers_hardware_address(dev.ethernet_address(rtnl), rtnl)?;
        }
        port.attach_rx_handler::<Port>(dev.private().port.clone(), rtnl)?;
        Self::follow(dev, None, rtnl);
        Ok(())
    }

    fn remove_port(dev: &DriverDevice<Self>, port: &Device, rtnl: Rtnl<'_>) {
        port.detach_rx_handler::<Port>(rtnl);
        Self::follow(dev, Some(port), rtnl);
    }

    fn lower_event(dev: &DriverDevice<Self>, lower: &Device, event: DeviceEvent, rtnl: Rtnl<'_>) {
        let gone = event == DeviceEvent::Unregister && !lower.is_registered(rtnl);
        Self::follow(dev, gone.then_some(lower), rtnl);
    }
}

impl Link<1> for Pool {
    const KIND: &'static CStr = c"pool";
    const POLICY: &'static Table<1> = &POLICY;

    fn create(
        _device: &NewDevice<'_>,
        _request: &Request<'_>,
        _extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        let pool = PortMap::new(rtnl)?;
        Ok(Pool {
            port: Arc::new(Above { pool }, GFP_KERNEL)?,
        })
    }

    fn created(
        dev: &DriverDevice<Self>,
        _request: &Request<'_>,
        _extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> Result {
        dev.carrier_off(rtnl);
        dev.private().port.pool.insert(dev, 0, rtnl)
    }
}

/// What a port receives is the pool's.
pub(crate) struct Port;

kernet::slot!(Port: rx_handler::Slot);

impl RxHandler for Port {
    type Module = Stack;
    type Port = Above;

    fn rx<'a>(
        port: &'a Above,
        _device: &'a Device,
        packet: Packet<'a>,
        softirq: Softirq<'a>,
    ) -> Verdict<'a> {
        let Some(pool) = port.pool.find(0, softirq.rcu(), |pool| pool.is_up()) else {
            return Verdict::Exact(packet);
        };
        hand_over(pool, packet, softirq)
    }
}
