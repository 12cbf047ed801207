// SPDX-License-Identifier: GPL-2.0

//! A frame as a program sees it, and the hints of its packet.

use core::ptr::{
    self,
    NonNull, //
};
use kernel::{
    error::from_result,
    prelude::*, //
};

use super::Program;
use crate::{
    bindings,
    error::enodata,
    skb::{
        SkbRef,
        VlanTag, //
    },
    wire::ethernet::EtherType,
};

/// Where a frame's data begins and ends, in a buffer. What a program gets points to the first field.
///
/// # Invariants
///
/// `skb` is null or a packet that nobody else uses, for as long as a program runs on this.
#[repr(C)]
pub(super) struct Buff {
    pub(super) xdp: bindings::xdp_buff,
    skb: *mut bindings::sk_buff,
}

impl Buff {
    /// For a frame that never was a packet.
    #[inline(always)]
    pub(super) fn of_frame() -> Self {
        // INVARIANT: Null.
        Self {
            xdp: pin_init::zeroed(),
            skb: ptr::null_mut(),
        }
    }

    /// For a packet's frame.
    ///
    /// # Safety
    ///
    /// The packet is the caller's alone until the program has run.
    #[inline(always)]
    pub(super) unsafe fn of_skb(skb: *mut bindings::sk_buff) -> Self {
        // INVARIANT: By the caller's promise.
        Self {
            xdp: pin_init::zeroed(),
            skb,
        }
    }

    /// Runs a program. What it says is to be done.
    ///
    /// # Safety
    ///
    /// The buffer is set up, with its queue, and the caller's, in a poll.
    #[inline(always)]
    pub(super) unsafe fn run(&mut self, program: &Program) -> u32 {
        // SAFETY: By the caller's promise; the pointer is good for the whole value, as the hints need.
        unsafe { bindings::bpf_prog_run_xdp(program.as_raw(), (&raw mut *self).cast()) }
    }

    /// What a program that is bound to a device of kernet's may ask about its packet.
    ///
    /// The core runs such a program nowhere else, not even in generic mode or for a test, and takes it
    /// off for good when the device is unregistered: the context that it hands on is a [`Buff`]'s.
    #[doc(alias = "xdp_metadata_ops")]
    pub(super) const HINTS: &'static bindings::xdp_metadata_ops = &bindings::xdp_metadata_ops {
        xmo_rx_timestamp: Some(rx_timestamp),
        xmo_rx_hash: Some(rx_hash),
        xmo_rx_vlan_tag: Some(rx_vlan_tag),
    };
}

/// The packet that a program asks about.
///
/// # Errors
///
/// [`enodata`] for a frame that was redirected here.
///
/// # Safety
///
/// `context` is what [`Buff::run`] has given to the program that runs.
unsafe fn packet(context: *const bindings::xdp_md) -> Result<NonNull<bindings::sk_buff>> {
    // SAFETY: By the caller's promise.
    let skb = unsafe { (*context.cast::<Buff>()).skb };
    NonNull::new(skb).ok_or_else(enodata)
}

/// `xmo_rx_timestamp`: when the hardware has received the packet, in nanoseconds of its clock; 0 if
/// it does not say.
///
/// # Safety
///
/// Called by a program that [`Buff::run`] runs, with its context and a place for the result.
unsafe extern "C" fn rx_timestamp(context: *const bindings::xdp_md, time: *mut u64) -> c_int {
    from_result(|| {
        // SAFETY: By the caller's promise.
        unsafe {
            let skb = packet(context)?;
            *time = bindings::skb_hwtstamp(skb.as_ptr()) as u64;
        }
        Ok(0)
    })
}

/// `xmo_rx_hash`: the number of the packet's flow, and whether ports are part of it.
///
/// # Safety
///
/// Called by a program that [`Buff::run`] runs, with its context and places for the results.
unsafe extern "C" fn rx_hash(
    context: *const bindings::xdp_md,
    hash: *mut u32,
    kind: *mut bindings::xdp_rss_hash_type,
) -> c_int {
    from_result(|| {
        // SAFETY: By the caller's promise; the packet is ours to note its hash in.
        unsafe {
            let skb = packet(context)?.as_ptr();
            *hash = bindings::skb_get_hash(skb);
            *kind = if bindings::skb_l4_hash(skb) {
                bindings::xdp_rss_hash_type_XDP_RSS_TYPE_L4_ANY
            } else {
                bindings::xdp_rss_hash_type_XDP_RSS_TYPE_NONE
            };
        }
        Ok(0)
    })
}

/// `xmo_rx_vlan_tag`: the tag beside the packet, its EtherType in network byte order.
///
/// # Safety
///
/// Called by a program that [`Buff::run`] runs, with its context and places for the results.
unsafe extern "C" fn rx_vlan_tag(
    context: *const bindings::xdp_md,
    protocol: *mut bindings::__be16,
    tci: *mut u16,
) -> c_int {
    from_result(|| {
        // SAFETY: By the caller's promise.
        let tag = unsafe { SkbRef::from_raw(packet(context)?.as_ptr()) }.vlan_tag();
        let (ethertype, value) = match tag.ok_or_else(enodata)? {
            VlanTag::Customer(tci) => (EtherType::VLAN, tci),
            VlanTag::Service(tci) => (EtherType::SERVICE_VLAN, tci),
        };
        // SAFETY: By the caller's promise.
        unsafe {
            *protocol = ethertype.0.to_be();
            *tci = value.0;
        }
        Ok(0)
    })
}
