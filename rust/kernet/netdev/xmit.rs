// SPDX-License-Identifier: GPL-2.0

//! Sending frames on any device.

use core::{
    pin::Pin,
    ptr, //
};

use super::Device;
use crate::{
    bindings,
    context::Softirq,
    skb::{
        DropReason,
        RxSkb,
        Skb,
        SkbRef, //
    },
    wire::ethernet::{
        Address,
        EtherType, //
    },
};

impl Device {
    /// Sends an Ethernet frame by this device, as it is. The packet's data begins with the link header.
    ///
    /// The frame takes the usual path: taps, egress hooks, the queueing discipline. It keeps its mark and the
    /// socket that has sent it, which is throttled so. Its route, conntrack entry and extensions are removed, as
    /// by [`Skb::keep`]: the device may be in another namespace. [`Self::send`] makes a link header.
    ///
    /// # Errors
    ///
    /// The reason why the frame was not sent. It was dropped:
    ///
    /// - [`DropReason::DEV_HDR`]: the device is not an Ethernet one;
    /// - [`DropReason::DEV_READY`]: it is down;
    /// - [`DropReason::PKT_TOO_SMALL`]: the frame is shorter than a link header;
    /// - [`DropReason::PKT_TOO_BIG`]: it is longer than the device's MTU, the link header and a VLAN tag
    ///   allow;
    /// - [`DropReason::QDISC_DROP`]: the core dropped it, for a reason that its own trace has.
    #[doc(alias = "dev_queue_xmit")]
    pub fn queue_xmit(&self, mut skb: Skb<'_>, softirq: Softirq<'_>) -> Result<(), DropReason> {
        let fit = if u32::from(self.hardware_type()) != bindings::ARPHRD_ETHER {
            Err(DropReason::DEV_HDR)
        } else if !self.is_up() {
            Err(DropReason::DEV_READY)
        } else {
            skb.as_mut().may_pull(bindings::ETH_HLEN)
        };
        let fit = fit.and_then(|()| {
            // SAFETY: Both are valid.
            if unsafe { bindings::is_skb_forwardable(self.as_raw(), skb.as_raw()) } {
                Ok(())
            } else {
                Err(DropReason::PKT_TOO_BIG)
            }
        });
        if let Err(reason) = fit {
            skb.drop_with(reason, softirq);
            return Err(reason);
        }
        let skb = skb.keep().into_raw();
        // SAFETY: The packet is ours, and given up, with an Ethernet header in the linear part, and may be in a
        // queue for any time. The device is there for this call, after which only its own queue refers to it.
        // `softirq` says that this is no hard interrupt.
        let sent = unsafe {
            bindings::skb_settle_frame(skb);
            bindings::skb_set_dev(skb, self.as_raw());
            bindings::dev_queue_xmit(skb)
        };
        match u32::try_from(sent) {
            Ok(bindings::NET_XMIT_SUCCESS | bindings::NET_XMIT_CN) => Ok(()),
            _ => Err(DropReason::QDISC_DROP),
        }
    }

    /// Sends a packet by this device, as an Ethernet frame from the device's own address to `to`
    /// (`dev_queue_xmit()`).
    ///
    /// The packet's data begins with the payload; this function puts the link header before it, and
    /// a VLAN device its tag too. What the packet has from being received is removed: its socket,
    /// route, conntrack entry, packet type and time stamp. Mark and priority stay; a caller that
    /// sends the packet into another namespace clears the mark.
    ///
    /// The packet takes the usual path: taps, egress hooks, the queueing discipline. Afterwards
    /// only the device's own queue refers to the device.
    ///
    /// # Errors
    ///
    /// The reason why the packet was not sent. It was dropped, and the device has counted it as
    /// `tx_dropped`:
    ///
    /// - [`DropReason::DEV_HDR`]: the device is not an Ethernet one;
    /// - [`DropReason::DEV_READY`]: it is down;
    /// - [`DropReason::PKT_TOO_BIG`]: the payload is longer than its MTU;
    /// - [`DropReason::NOMEM`];
    /// - [`DropReason::QDISC_DROP`]: the core dropped it, for a reason that its own trace has.
    #[doc(alias = "dev_queue_xmit")]
    #[doc(alias = "dev_hard_header")]
    pub fn send(
        &self,
        mut skb: Skb<'_>,
        to: Address,
        ethertype: EtherType,
        softirq: Softirq<'_>,
    ) -> Result<(), DropReason> {
        if let Err(reason) = self.make_frame(skb.as_mut(), to, ethertype) {
            // SAFETY: Valid by the type.
            unsafe { bindings::dev_core_stats_tx_dropped_inc(self.as_raw()) };
            skb.drop_with(reason, softirq);
            return Err(reason);
        }
        // SAFETY: The packet is ours, and given up. It is this device's, which is up or will drop
        // it, with a link header. `softirq` says that this is no hard interrupt.
        let sent = unsafe { bindings::dev_queue_xmit(skb.into_raw()) };
        match u32::try_from(sent) {
            Ok(bindings::NET_XMIT_SUCCESS | bindings::NET_XMIT_CN) => Ok(()),
            _ => Err(DropReason::QDISC_DROP),
        }
    }

    /// Makes a packet a frame of this device.
    fn make_frame(
        &self,
        mut skb: Pin<&mut SkbRef>,
        to: Address,
        ethertype: EtherType,
    ) -> Result<(), DropReason> {
        if u32::from(self.hardware_type()) != bindings::ARPHRD_ETHER {
            return Err(DropReason::DEV_HDR);
        }
        if !self.is_up() {
            return Err(DropReason::DEV_READY);
        }
        let len = skb.len();
        if len > self.mtu() {
            return Err(DropReason::PKT_TOO_BIG);
        }
        let dev = self.as_raw();
        // SAFETY: The device is valid.
        let room = unsafe { bindings::ll_reserved_space(dev) };
        // Room that no clone shares.
        skb.as_mut().cow_head(room).map_err(|_| DropReason::NOMEM)?;
        let skb = skb.as_raw();
        // SAFETY: The packet is ours to change.
        unsafe {
            bindings::skb_metadata_clear(skb);
            bindings::skb_orphan(skb);
            bindings::skb_scrub_packet(skb, false);
            bindings::skb_forward_csum(skb);
            bindings::skb_clear_tstamp(skb);
            bindings::skb_set_dev(skb, dev);
            bindings::skb_set_protocol(skb, ethertype.0.to_be());
            bindings::skb_reset_network_header(skb);
        }
        // As long as any device's, since a bond may become another type of device just now.
        let mut address = [0; bindings::MAX_ADDR_LEN as usize];
        for (to, from) in address.iter_mut().zip(to.octets()) {
            *to = from;
        }
        let (to, from) = (address.as_ptr().cast(), ptr::null());
        // SAFETY: There is room for the device's link header, as just made. `to` is as long as any
        // address; without a sender's the callee takes the device's.
        let header = unsafe { bindings::dev_hard_header(skb, dev, ethertype.0, to, from, len) };
        if header <= 0 {
            return Err(DropReason::DEV_HDR);
        }
        Ok(())
    }
}

impl RxSkb {
    /// Sends a received packet by `device`, with the link header that it came with.
    ///
    /// A sum of all its bytes and its time stamp, which are a receiver's, are removed. The mark stays.
    ///
    /// # Errors
    ///
    /// As [`Device::queue_xmit`].
    #[doc(alias = "dev_queue_xmit")]
    #[doc(alias = "skb_forward_csum")]
    pub fn queue_xmit(self, device: &Device, softirq: Softirq<'_>) -> Result<(), DropReason> {
        let skb = self.into_frame();
        // SAFETY: The packet is ours to change.
        unsafe { bindings::skb_forward_csum(skb.as_raw()) };
        device.queue_xmit(skb, softirq)
    }
}
