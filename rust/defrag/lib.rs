// SPDX-License-Identifier: GPL-2.0

//! Reassembly of IP packets from their fragments, by the kernel's own queues.
//!
//! C headers: [`include/net/ip.h`](srctree/include/net/ip.h),
//! [`include/net/netfilter/ipv6/nf_defrag_ipv6.h`](srctree/include/net/netfilter/ipv6/nf_defrag_ipv6.h)
//!
//! A wing: it is loaded with the module that uses it, and loads `nf_defrag_ipv6` if that is a module.
//!
//! # What can be kept
//!
//! Fragments are the queues' until the last one comes, or until their namespace's time for that is over. They
//! refer to nothing: a namespace that dies, or a module that is unloaded, does not wait for them.

kernet::wing_bindings!("defrag");

use kernel::prelude::*;
use kernet::{
    context::Softirq,
    door,
    netdev::Device,
    skb::{
        DropReason,
        Skb, //
    },
    wire::{
        ip::Version,
        ipv4,
        ipv6, //
    }, //
};

/// Of asm-generic/errno.h: the kernel crate of Linux 7.2 has no name for it.
const EINPROGRESS: i32 = 115;

kernel::prelude::module! {
    type: Defrag,
    name: "kernet_defrag",
    authors: ["The kernet developers"],
    description: "Reassembly for modules on kernet",
    license: "GPL",
}

/// `kernet_defrag.ko` registers nothing itself.
#[doc(hidden)]
pub struct Defrag;

impl kernel::Module for Defrag {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        Ok(Defrag)
    }
}

/// Whose fragments these are: no number of C's, so that they do not meet those of connection tracking.
const USER: u32 = 0x6b72_6e74;

/// Gives a fragment, whose IP header is at the packet's data, to the queues of `device`'s namespace
/// (`ip_defrag()`).
///
/// Returns the whole packet when this was the last one that was missing. What the fragments referred to was
/// removed from them, as by [`Skb::keep`].
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Softirq,
///     netdev::{Driver, DriverDevice},
///     skb::{Skb, Xnet},
/// };
/// use kernet_defrag::reassemble;
///
/// /// Receives an IP packet once all of it has come.
/// fn receive<D: Driver>(dev: &DriverDevice<D>, part: Skb<'_>, softirq: Softirq<'_>) {
///     if let Some(whole) = reassemble(part, dev, softirq) {
///         dev.rx_ip(whole, Xnet::Same, softirq);
///     }
/// }
/// ```
#[doc(alias = "ip_defrag")]
#[doc(alias = "nf_ct_frag6_gather")]
pub fn reassemble(mut skb: Skb<'_>, device: &Device, softirq: Softirq<'_>) -> Option<Skb<'static>> {
    let first = skb.as_mut().pull_header::<[u8; 1]>(0);
    let version = first.ok().and_then(|[first]| Version::of(*first));
    let ready = match version {
        Some(Version::V4) => prepare4(&mut skb),
        Some(Version::V6) => prepare6(&mut skb),
        None => Err(DropReason::INVALID_PROTO),
    };
    // A list of packets would be one level further down in what comes back, each time.
    let ready = ready.and_then(|()| match skb.has_frag_list() {
        true => skb.as_mut().linearize().map_err(|_| DropReason::NOMEM),
        false => Ok(()),
    });
    if let Err(reason) = ready {
        skb.drop_with(reason, softirq);
        return None;
    }
    skb.as_mut().reset_mac_header();
    skb.as_mut().reset_network_header();
    if skb.network_offset() != 0 {
        skb.drop_with(DropReason::PKT_TOO_BIG, softirq);
        return None;
    }
    let skb = skb.keep();
    let net = device.net(softirq);
    // SAFETY: The namespace is borrowed for this call, in which it is used.
    let net = unsafe { door::net(net) };
    // SAFETY: The packet is owned, and given up.
    let raw = unsafe { door::into_raw(skb) };
    // SAFETY: The device is there for this call, in which the callees look at it; they forget it of what they
    // keep.
    unsafe { bindings::skb_set_dev(raw, door::net_device(device)) };
    if version == Some(Version::V4) {
        // SAFETY: The packet is ours, with an IPv4 header at its data, options included, and as long as that
        // says. Bottom halves are off. It is freed if the call fails, and kept if that says so.
        let whole = unsafe {
            bindings::skb_clear_ipcb(raw);
            bindings::ip_defrag(net, raw, USER)
        };
        if whole != 0 {
            return None;
        }
        // SAFETY: Now it is ours again, with nothing but what it was given with.
        return Some(unsafe { door::from_raw(raw) }.keep());
    }
    // SAFETY: The packet is ours, with an IPv6 header at its data. It is kept if the call says so.
    let whole = unsafe {
        bindings::skb_clear_ip6cb(raw);
        bindings::nf_ct_frag6_gather(net, raw, USER)
    };
    if whole == -EINPROGRESS {
        return None;
    }
    // SAFETY: As above: otherwise it is ours still.
    let skb = unsafe { door::from_raw(raw) }.keep();
    if whole != 0 {
        skb.drop_with(DropReason::NOMEM, softirq);
        return None;
    }
    Some(skb)
}

/// Makes an IPv4 packet's header linear, and the packet as long as that says.
fn prepare4(skb: &mut Skb<'_>) -> Result<(), DropReason> {
    let header = *skb.as_mut().pull_header::<ipv4::Header>(0)?;
    let lengths = header
        .check(skb.len() as usize)
        .map_err(|_| DropReason::IP_INHDR)?;
    let header_len = u32::try_from(lengths.header_len()).map_err(|_| DropReason::PKT_TOO_SMALL)?;
    skb.as_mut().may_pull(header_len)?;
    trim(skb, lengths.total_len())
}

/// As [`prepare4`], for IPv6: the queues believe what the header says, as the core has checked it.
fn prepare6(skb: &mut Skb<'_>) -> Result<(), DropReason> {
    let header = *skb.as_mut().pull_header::<ipv6::Header>(0)?;
    let lengths = header
        .check(skb.len() as usize)
        .map_err(|_| DropReason::PKT_TOO_SMALL)?;
    trim(skb, lengths.total_len())
}

/// Cuts off what the link has appended, which the queues would take for data.
fn trim(skb: &mut Skb<'_>, len: usize) -> Result<(), DropReason> {
    let len = u32::try_from(len).map_err(|_| DropReason::PKT_TOO_BIG)?;
    skb.as_mut().trim(len).map_err(|_| DropReason::NOMEM)
}
