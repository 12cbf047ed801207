// SPDX-License-Identifier: GPL-2.0

//! Sending frames on any device.

use super::Device;
use crate::{
    bindings,
    context::Softirq,
    skb::{
        DropReason,
        RxSkb,
        Skb, //
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
