// SPDX-License-Identifier: GPL-2.0

//! Packets that a device receives.

use core::ptr::{
    self,
    NonNull, //
};

use super::{
    raw_ip,
    Device,
    Driver,
    DriverDevice,
    PacketError, //
};
use crate::{
    bindings,
    context::{
        Napi,
        Softirq, //
    },
    skb::{
        DropReason,
        RxSkb,
        Skb,
        Xnet, //
    }, //
};

impl<D: Driver> DriverDevice<D> {
    /// Makes a packet that another device sends a packet that this device has received.
    ///
    /// `from` is the device that sends. What belongs to the sender's side is removed: the route,
    /// conntrack, and the socket's marks if the namespaces differ. `None` if the packet was freed:
    /// this device is down or its MTU is smaller, which it counts as dropped, or the packet has no
    /// complete Ethernet header.
    #[doc(alias = "dev_forward_skb")]
    #[inline]
    pub fn forward_skb(
        &self,
        mut skb: Skb<'_>,
        from: &Device,
        softirq: Softirq<'_>,
    ) -> Option<RxSkb> {
        const { raw_ip::ethernet::<D>() };
        if let Err(reason) = skb.as_mut().may_pull(bindings::ETH_HLEN) {
            skb.drop_with(reason, softirq);
            return None;
        }
        let skb = skb.into_raw();
        // SAFETY: The packet is ours, with an Ethernet header in the linear part. It becomes one of
        // `from`, whose namespace the callee looks at. It is freed if the call fails.
        let failed = unsafe {
            bindings::skb_set_dev(skb, from.as_raw());
            bindings::__dev_forward_skb(self.as_raw(), skb) != 0
        };
        if failed {
            return None;
        }
        // INVARIANT: The callee has run `eth_type_trans()`, after it has taken away what the packet had
        // from the side of `from` but for a socket that is lent.
        // SAFETY: The packet is still ours.
        unsafe {
            bindings::skb_orphan_lent(skb);
            Some(RxSkb::from_raw(ptr::NonNull::new_unchecked(skb)))
        }
    }

    /// Receives the Ethernet frame that begins at the packet's data (`gro_cells_receive()`).
    ///
    /// The mark and the time stamp of a frame from [another namespace](Xnet::Other) are removed.
    /// The device counts the frame; it counts a truncated one as [`PacketError::RxLength`].
    #[doc(alias = "gro_cells_receive")]
    pub fn rx(&self, mut skb: Skb<'_>, xnet: Xnet, softirq: Softirq<'_>) {
        const { raw_ip::ethernet::<D>() };
        if skb.as_mut().may_pull(bindings::ETH_HLEN).is_err() {
            self.count_error(PacketError::RxLength);
            return skb.drop_with(DropReason::PKT_TOO_SMALL, softirq);
        }
        if !self.is_up() {
            self.count_rx_dropped();
            return skb.drop_with(DropReason::DEV_READY, softirq);
        }
        self.count_rx(skb.len(), softirq);
        let skb = skb.into_raw();
        // SAFETY: The packet is ours, with an Ethernet header in the linear part, of which a sum of all
        // bytes is rid. Both ways of receiving take it over; that of the cells wants it without a
        // socket. The cells exist for as long as the private data.
        unsafe {
            bindings::skb_scrub_packet(skb, xnet == Xnet::Other);
            bindings::skb_orphan_lent(skb);
            let protocol = bindings::eth_type_trans(skb, self.as_raw());
            bindings::skb_set_protocol(skb, protocol);
            bindings::skb_postpull_ethernet(skb);
            bindings::skb_reset_network_header(skb);
            if D::GRO_CELLS {
                bindings::skb_prepare_for_gro(skb);
                bindings::gro_cells_receive(self.shared().gro_cells(), skb);
            } else {
                bindings::__netif_rx(skb);
            }
        }
    }

    /// Makes a frame a packet that this device has received. A frame that is too short for an
    /// Ethernet header is dropped. What the sender's side has set is removed: the route, marks,
    /// conntrack.
    #[inline]
    pub fn eth_type_trans(&self, mut skb: Skb<'_>, napi: Napi<'_>) -> Option<RxSkb> {
        if let Err(reason) = skb.as_mut().may_pull(bindings::ETH_HLEN) {
            skb.drop_with(reason, napi);
            return None;
        }
        let skb = skb.into_raw();
        // SAFETY: The packet is ours, with an Ethernet header in the linear part.
        unsafe {
            bindings::skb_scrub_packet(skb, true);
            bindings::skb_orphan_lent(skb);
            let protocol = bindings::eth_type_trans(skb, self.as_raw());
            bindings::skb_set_protocol(skb, protocol);
            bindings::skb_postpull_ethernet(skb);
            // What a new packet has there is none: a flow's number would be of any bytes.
            bindings::skb_reset_network_header(skb);
            // INVARIANT: `eth_type_trans()` has run; the packet refers to nothing that is lent.
            Some(RxSkb::from_raw(NonNull::new_unchecked(skb)))
        }
    }
}
