// SPDX-License-Identifier: GPL-2.0

//! Merging.

use core::slice;
use kernel::prelude::*;

use super::{
    entry::Merges,
    segment::is_cut,
    GSO_TYPE,
    MAX_HEADER, //
};
use crate::{
    bindings,
    skb::SkbRef,
    wire::ethernet, //
};

/// Has the frame of a packet merged, unless the packet is to go on alone. Returns which of the list is to go
/// on first, or null.
///
/// # Safety
///
/// The packet is being offered to those of the list by the stack, whose GRO it is, in a read-side section of
/// RCU. The protocol's header, of `len` bytes, is next. `merges` may be called with so many.
pub(super) unsafe fn receive(
    head: *mut bindings::list_head,
    skb: *mut bindings::sk_buff,
    len: u32,
    merges: Merges,
) -> Option<*mut bindings::sk_buff> {
    // SAFETY: By the caller's promise; the callees look at what is noted in the packet.
    let (offset, nested, moved, lists) = unsafe {
        (
            bindings::skb_gro_offset(skb),
            bindings::napi_gro_cb_encap_mark(skb),
            bindings::napi_gro_cb_is_fou(skb),
            (*bindings::skb_get_dev(skb)).features & bindings::NETIF_F_GRO_FRAGLIST != 0,
        )
    };
    // Behind the UDP header of a FOU, the places that are noted are not those of our headers. A list of
    // packets cannot be cut behind our headers.
    if nested || moved || lists {
        return None;
    }
    // Nothing may refer to the header where it is: user space can write there, see the callee.
    let mut copy = [0u8; MAX_HEADER];
    let header = copy.get_mut(..len as usize)?;
    // SAFETY: As above; the place is within the packet, and the array has room for so many bytes.
    let copied = unsafe {
        bindings::napi_gro_cb_set_encap_mark(skb);
        bindings::skb_gro_copy_header(skb, header.as_mut_ptr().cast(), len, offset)
    };
    // SAFETY: By the caller's promise; so many bytes were copied.
    if !copied || unsafe { !merges(header.as_ptr()) } {
        return None;
    }
    // SAFETY: The list is the core's, which nobody else works with now. What is looked at of a packet on it is
    // in its linear part, where only the kernel writes.
    unsafe {
        let mut entry = (*head).next;
        while entry != head {
            let held = bindings::skb_of_list(entry);
            if bindings::napi_gro_cb_same_flow(held) {
                let equal = offset.saturating_add(len) <= SkbRef::from_raw(held).headlen() && {
                    let other = (*held).data.add(offset as usize).cast_const();
                    slice::from_raw_parts(other.cast::<u8>(), len as usize) == &*header
                };
                if !equal {
                    bindings::napi_gro_cb_clear_same_flow(held);
                }
            }
            entry = (*entry).next;
        }
        bindings::skb_gro_pull(skb, len);
        bindings::skb_gro_postpull_rcsum(skb, header.as_ptr().cast(), len);
        // What is noted in the packet is behind the header.
        Some(bindings::call_eth_gro_receive(head, skb))
    }
}

/// Says of a packet that was merged how it is to be segmented, and where its headers are.
///
/// # Safety
///
/// The packet is the stack's GRO's, and was merged. The protocol's header, of `len` bytes, is at `offset` if
/// [`receive`] has returned the packet.
pub(super) unsafe fn complete(skb: *mut bindings::sk_buff, offset: c_int, len: u32) -> c_int {
    // Not more than a buffer has.
    let inner = offset.wrapping_add(len as c_int);
    let end = inner.wrapping_add(ethernet::Header::LEN as c_int);
    // A packet of UDP may have been merged before a socket of FOU had its port: `receive` has not seen it then.
    // SAFETY: By the caller's promise.
    let seen = unsafe {
        bindings::napi_gro_cb_encap_mark(skb)
            && !bindings::napi_gro_cb_is_fou(skb)
            && u32::try_from(end).is_ok_and(|end| end <= SkbRef::from_raw(skb).headlen())
    };
    if !seen {
        return EINVAL.to_errno();
    }
    // SAFETY: By the caller's promise. The callees go on from the frame behind the header.
    unsafe {
        bindings::skb_set_encapsulation(skb, true);
        (*bindings::skb_shinfo(skb)).gso_type = GSO_TYPE;
        let result = bindings::eth_gro_complete(skb, inner);
        bindings::skb_set_inner_mac_header(skb, inner);
        // A device may have been told to make lists since it was asked. One of TCP is marked as a list, which
        // nobody could cut: the caller drops it. One of UDP is not, behind a header of a tunnel, and is cut as
        // what is merged without lists.
        if result == 0 && !is_cut((*bindings::skb_shinfo(skb)).gso_type & !GSO_TYPE) {
            return EINVAL.to_errno();
        }
        result
    }
}
