// SPDX-License-Identifier: GPL-2.0

//! Receive handlers: what a device receives goes to a module first.
//!
//! C header: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h), `enum rx_handler_result`
//!
//! A device has one receive handler at most: that of a bridge, a bond, a macvlan or such. It gets each packet
//! after the taps and before the protocols, and decides where it goes on.
//!
//! ```text
//!   driver -> taps -> handler --Another--> taps -> handler ...   as received by another device
//!                        |  \---Pass-----> VLAN, protocols
//!                        |  \---Exact----> protocols that are bound to this device
//!                        \------Consumed   sent elsewhere, queued or dropped
//! ```
//!
//! # Lifetime
//!
//! A handler is attached to a device, and detached from it, under RTNL. It is detached by kernet when the
//! device is unregistered, and from all devices when the module is unloaded: its [`Registration`] is a
//! [`Part`] of the module. A grace period follows, and then the reference to its port is dropped.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    ptr,
    ptr::NonNull, //
};
use kernel::{
    build_error,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc, //
    },
    ThisModule, //
};

use super::{
    reference::{
        Reference,
        Table, //
    },
    Device, //
};
use crate::{
    bindings,
    context::{
        Context,
        Process,
        Rtnl,
        Softirq, //
    },
    error::to_result,
    module::{
        failed,
        Declared,
        Part, //
    },
    skb::{
        DropReason,
        PacketType,
        RxSkb,
        SkbRef, //
    },
    slot::HasSlot, //
};

/// The handlers that are attached, by device. RTNL is its lock.
static HANDLERS: Table = Table::new();

/// A receive handler (`rx_handler_func_t()`). It has a static of its own: `slot!(Type:
/// rx_handler::Slot);`.
///
/// # Examples
///
/// ```
/// use kernel::sync::Arc;
/// use kernet::{
///     context::{Rtnl, Softirq},
///     netdev::{rx_handler::{self, Packet, RxHandler, Verdict}, Device},
/// };
/// # use kernel::sync::atomic::{Atomic, Relaxed};
///
/// /// Counts the packets of the devices it is attached to.
/// struct Count;
///
/// kernet::slot!(Count: rx_handler::Slot);
///
/// impl RxHandler for Count {
///     type Module = Example;
///     type Port = Atomic<u64>;
///
///     fn rx<'a>(
///         packets: &'a Atomic<u64>,
///         _device: &'a Device,
///         packet: Packet<'a>,
///         _softirq: Softirq<'a>,
///     ) -> Verdict<'a> {
///         packets.fetch_add(1, Relaxed);
///         Verdict::Pass(packet)
///     }
/// }
///
/// fn count(device: &Device, rtnl: Rtnl<'_>) -> Result {
///     let packets = Arc::new(Atomic::<u64>::new(0), GFP_KERNEL)?;
///     device.attach_rx_handler::<Count>(packets, rtnl)
/// }
/// ```
#[doc(alias = "rx_handler_func_t")]
pub trait RxHandler: HasSlot<Slot> + 'static {
    /// The module that the handler belongs to.
    type Module: Declared;

    /// What the handler has for each device that it is attached to (`rx_handler_data`). Dropping it
    /// must not sleep.
    #[doc(alias = "rx_handler_data")]
    type Port: Send + Sync + 'static;

    /// Decides what becomes of a packet that `device` has received (`rx_handler_func_t()`).
    ///
    /// The device is an Ethernet one; the packet's link header is before its data. It may go down meanwhile.
    #[doc(alias = "rx_handler_func_t")]
    fn rx<'a>(
        port: &'a Self::Port,
        device: &'a Device,
        packet: Packet<'a>,
        softirq: Softirq<'a>,
    ) -> Verdict<'a>;
}

/// What becomes of a packet (`rx_handler_result`).
#[doc(alias = "rx_handler_result")]
pub enum Verdict<'a> {
    /// The handler has taken the packet.
    #[doc(alias = "RX_HANDLER_CONSUMED")]
    Consumed,
    /// Another device has received the packet: its taps and its handler are next. The device itself is taken
    /// for [`Self::Pass`]. If the other one is down, or no Ethernet device, it counts the packet as `rx_dropped`.
    #[doc(alias = "RX_HANDLER_ANOTHER")]
    Another(RxSkb, &'a Device),
    /// Only protocols that are bound to this device get the packet.
    #[doc(alias = "RX_HANDLER_EXACT")]
    Exact(Packet<'a>),
    /// As if there was no handler.
    #[doc(alias = "RX_HANDLER_PASS")]
    Pass(Packet<'a>),
}

/// A packet that a device has received, and that others may have, too. It is passed on, or
/// [made the handler's own](Self::unshare).
///
/// As an [`Skb`](crate::skb::Skb), it cannot be dropped implicitly.
///
/// # Invariants
///
/// A valid packet, of which this is a reference, received by an Ethernet device. Its link header is set, and
/// as long as an Ethernet header before the data.
pub struct Packet<'a>(NonNull<bindings::sk_buff>, PhantomData<&'a ()>);

impl<'a> Packet<'a> {
    fn into_raw(self) -> *mut bindings::sk_buff {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// A second packet that shares the data, as [`Self::unshare`] makes it of the packet itself
    /// (`skb_clone()`).
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    #[doc(alias = "skb_clone")]
    pub fn try_clone(&self, _softirq: Softirq<'_>) -> Result<RxSkb> {
        // SAFETY: Valid, by the type invariants; those who share it may clone it. What is lent is given up.
        unsafe {
            let skb = bindings::skb_clone(self.0.as_ptr(), <Softirq<'_> as Context>::GFP);
            let skb = NonNull::new(skb).ok_or(ENOMEM)?;
            bindings::skb_give_up_lent(skb.as_ptr());
            Ok(RxSkb::from_raw(skb))
        }
    }

    /// Makes the packet the handler's own, without what it has from where it comes: a route, a conntrack entry
    /// and extensions (`skb_share_check()`). If others have it, this is a clone.
    ///
    /// `None` if there is no memory for a clone: the device has counted it as `rx_dropped`, and the verdict is
    /// [`Verdict::Consumed`].
    #[doc(alias = "skb_share_check")]
    pub fn unshare(self, _softirq: Softirq<'_>) -> Option<RxSkb> {
        let skb = self.into_raw();
        // SAFETY: The reference is ours; the callee gives it up where it makes a clone or fails. The device is
        // the one that is receiving the packet. What is lent is given up; the link header is before the data,
        // by the type invariants, and shared with nobody who moves it.
        unsafe {
            let device = bindings::skb_get_dev(skb);
            let Some(skb) = NonNull::new(bindings::skb_share_check(
                skb,
                <Softirq<'_> as Context>::GFP,
            )) else {
                bindings::dev_core_stats_rx_dropped_inc(device);
                return None;
            };
            bindings::skb_give_up_lent(skb.as_ptr());
            Some(RxSkb::from_raw(skb))
        }
    }
}

impl Deref for Packet<'_> {
    type Target = SkbRef;

    #[inline(always)]
    fn deref(&self) -> &SkbRef {
        // SAFETY: Valid, by the type invariants; nobody changes a packet that is shared.
        unsafe { SkbRef::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for Packet<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        build_error!("a packet of a receive handler must be passed on or made its own");
    }
}

/// Whether a handler's module is there. A type gets its own by [`slot!`](crate::slot!).
pub struct Slot(Atomic<u32>);

impl Slot {
    /// Of a handler that is not registered.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(Atomic::<u32>::new(0))
    }
}

/// The registration of a [`RxHandler`], which may be attached to devices while it lasts
/// (`netdev_rx_handler_register()`).
///
/// Unregistering detaches it from all devices: `netdev_rx_handler_unregister()`, which has a grace period.
#[doc(alias = "netdev_rx_handler_register")]
pub struct Registration<H: RxHandler>(PhantomData<fn() -> H>);

// SAFETY: There is nothing in `slot`. `unregister` takes away each handler that refers to the static, under
// RTNL, under which none is attached any more; the core waits for those that run.
unsafe impl<H: RxHandler> Part for Registration<H> {
    unsafe fn register(_: *mut Self, _: &'static ThisModule, name: &'static CStr) -> Result {
        match H::slot().0.xchg(1, Relaxed) {
            0 => Ok(()),
            _ => Err(failed(
                name,
                fmt!("receive handler: it is registered already"),
                EBUSY,
            )),
        }
    }

    unsafe fn unregister(_: *mut Self) {
        // SAFETY: By the caller's promise: this may sleep, and the module is still there.
        unsafe { Process::assume() }.with_rtnl(|rtnl| {
            H::slot().0.store(0, Relaxed);
            detach_all(H::slot(), rtnl);
        });
    }
}

/// What kernet has of a handler that is attached.
///
/// # Invariants
///
/// The first field of an `Attached<H>` in a box, where `H` is the handler of `slot`, and `detached` is of that
/// `H`.
#[repr(C)]
struct Head {
    reference: Reference,
    slot: *const Slot,
    /// # Safety
    ///
    /// Called once, with the head, which nobody refers to any more.
    free: unsafe fn(*mut Head),
}

#[repr(C)]
struct Attached<H: RxHandler> {
    // First: see the invariants.
    head: Head,
    port: Arc<H::Port>,
}

impl<H: RxHandler> Attached<H> {
    /// # Safety
    ///
    /// As [`Head::free`].
    unsafe fn free(head: *mut Head) {
        // SAFETY: The head comes first in a box that is ours, by the caller's promise.
        drop(unsafe { KBox::from_raw(head.cast::<Self>()) });
    }

    /// # Safety
    ///
    /// Called by the core, in a read-side section with bottom halves disabled, with a packet that it gives away
    /// or gets back.
    unsafe extern "C" fn rx(pskb: *mut *mut bindings::sk_buff) -> bindings::rx_handler_result_t {
        // SAFETY: By the caller's promise; the device is the one that has received it.
        let (skb, device, softirq) = unsafe {
            let skb = *pskb;
            (
                NonNull::new_unchecked(skb),
                Device::from_raw(bindings::skb_get_dev(skb)),
                Softirq::assume(),
            )
        };
        // SAFETY: Valid, by the caller's promise.
        if !unsafe { SkbRef::from_raw(skb.as_ptr()) }.has_ethernet_header() {
            return bindings::rx_handler_result_RX_HANDLER_PASS;
        }
        // SAFETY: The core sets it before the function, and resets it a grace period after it has taken the
        // function away. The handler was attached with this.
        let attached = unsafe { &*(*device.as_raw()).rx_handler_data.cast::<Self>() };
        // INVARIANT: As just seen; the reference is the core's, which gets it back by `pskb`.
        let packet = Packet(skb, PhantomData);
        let (skb, result) = match H::rx(&attached.port, device, packet, softirq) {
            Verdict::Consumed => return bindings::rx_handler_result_RX_HANDLER_CONSUMED,
            Verdict::Pass(packet) => (
                packet.into_raw(),
                bindings::rx_handler_result_RX_HANDLER_PASS,
            ),
            Verdict::Exact(packet) => (
                packet.into_raw(),
                bindings::rx_handler_result_RX_HANDLER_EXACT,
            ),
            Verdict::Another(skb, to) => {
                if !to.is_up() || u32::from(to.hardware_type()) != bindings::ARPHRD_ETHER {
                    // What has packets of a device that is down in its queue gives them up when that
                    // goes down, which has been.
                    // SAFETY: The device is there for this section.
                    unsafe { bindings::dev_core_stats_rx_dropped_inc(to.as_raw()) };
                    skb.drop_with(DropReason::DEV_READY, softirq);
                    return bindings::rx_handler_result_RX_HANDLER_CONSUMED;
                }
                let skb = skb.into_raw();
                // SAFETY: The packet is ours; the device is there for this section. The network header is
                // where the data begins, behind the link header, as the core wants it.
                unsafe {
                    bindings::skb_set_dev(skb, to.as_raw());
                    bindings::skb_reset_received(skb);
                }
                let result = if ptr::eq(to, device) {
                    bindings::rx_handler_result_RX_HANDLER_PASS
                } else {
                    bindings::rx_handler_result_RX_HANDLER_ANOTHER
                };
                (skb, result)
            }
        };
        // SAFETY: By the caller's promise.
        unsafe { *pskb = skb };
        result
    }
}

impl Device {
    /// Attaches a receive handler to this device, with its port (`netdev_rx_handler_register()`).
    ///
    /// # Errors
    ///
    /// [`EBUSY`] if the device has one already, whoever's; [`EINVAL`] if it is no Ethernet device, is the
    /// loopback, or wants none; [`ENODEV`] if it is not registered, or is being unregistered or moved, or if
    /// the handler is not registered; [`ENOMEM`].
    #[doc(alias = "netdev_rx_handler_register")]
    pub fn attach_rx_handler<H: RxHandler>(&self, port: Arc<H::Port>, rtnl: Rtnl<'_>) -> Result {
        if H::slot().0.load(Relaxed) == 0 || !self.is_settled(rtnl) {
            return Err(ENODEV);
        }
        if u32::from(self.hardware_type()) != bindings::ARPHRD_ETHER || self.is_loopback() {
            return Err(EINVAL);
        }
        let attached = KBox::new(
            Attached::<H> {
                // INVARIANT: The first field of one of `H`, in a box.
                head: Head {
                    reference: Reference::none(),
                    slot: H::slot(),
                    free: Attached::<H>::free,
                },
                port,
            },
            GFP_KERNEL_ACCOUNT,
        )?;
        let attached = KBox::into_raw(attached);
        // SAFETY: Registered, under RTNL. The data stays until a grace period after the function was taken
        // away: `detach`.
        let registered = to_result(unsafe {
            bindings::netdev_rx_handler_register(
                self.as_raw(),
                Some(Attached::<H>::rx),
                attached.cast(),
            )
        });
        if let Err(e) = registered {
            // SAFETY: From `into_raw`, and nobody knows it.
            drop(unsafe { KBox::from_raw(attached) });
            return Err(e);
        }
        // SAFETY: RTNL is held; the box stays where it is until it is given up.
        unsafe {
            HANDLERS.hold(
                &raw mut (*attached).head.reference,
                self,
                <Rtnl<'_> as Context>::GFP,
            )
        };
        Ok(())
    }

    /// Detaches a receive handler from this device, and waits for a grace period
    /// (`netdev_rx_handler_unregister()`). Does nothing if it is not attached.
    #[doc(alias = "netdev_rx_handler_unregister")]
    pub fn detach_rx_handler<H: RxHandler>(&self, rtnl: Rtnl<'_>) {
        if let Some(head) = find(self, Some(H::slot()), rtnl) {
            detach(head, rtnl);
        }
    }

    /// The port of a receive handler that is attached to this device (`rtnl_dereference()`).
    #[doc(alias = "rtnl_dereference")]
    pub fn rx_handler_port<H: RxHandler>(&self, rtnl: Rtnl<'_>) -> Option<Arc<H::Port>> {
        let head = find(self, Some(H::slot()), rtnl)?;
        // SAFETY: The slot is that of one type alone: the head is the first field of one of `H`. It stays for
        // as long as RTNL is held and nothing is detached.
        Some(unsafe { (*head.cast::<Attached<H>>().as_ptr()).port.clone() })
    }
}

/// The handler of a device, or of that one static.
#[inline(never)]
fn find(device: &Device, slot: Option<&'static Slot>, _rtnl: Rtnl<'_>) -> Option<NonNull<Head>> {
    // SAFETY: RTNL is held. What is in the table is the first field of a `Head`.
    let reference = unsafe {
        HANDLERS.find(device.as_raw(), |reference| {
            slot.is_none_or(|slot| ptr::eq((*reference.cast::<Head>()).slot, slot))
        })
    };
    NonNull::new(reference.cast())
}

/// Detaches a handler, which is in the table.
#[inline(never)]
fn detach(head: NonNull<Head>, _rtnl: Rtnl<'_>) {
    let head = head.as_ptr();
    // SAFETY: In the table, and so attached, under RTNL. The core waits for those who use it; who has got it
    // by the table has RTNL. It is freed once, as it is out of the table then.
    unsafe {
        bindings::netdev_rx_handler_unregister((*head).reference.as_raw());
        (*head).reference.give_up();
        ((*head).free)(head);
    }
}

#[inline(never)]
fn detach_all(slot: &'static Slot, rtnl: Rtnl<'_>) {
    loop {
        // SAFETY: RTNL is held. What is in the table is the first field of a `Head`.
        let reference =
            unsafe { HANDLERS.any(|reference| ptr::eq((*reference.cast::<Head>()).slot, slot)) };
        match NonNull::new(reference.cast()) {
            Some(head) => detach(head, rtnl),
            None => break,
        }
    }
}

/// The device is being unregistered.
pub(super) fn gone(device: &Device, rtnl: Rtnl<'_>) {
    if let Some(head) = find(device, None, rtnl) {
        detach(head, rtnl);
    }
}

/// Whether a handler of ours is attached to the device.
pub(super) fn is_handled(device: &Device, rtnl: Rtnl<'_>) -> bool {
    find(device, None, rtnl).is_some()
}

impl RxSkb {
    /// Sets the addressee of the packet, as the receiving device determines it
    /// (`sk_buff::pkt_type`).
    #[doc(alias = "sk_buff::pkt_type")]
    pub fn set_packet_type(&mut self, packet_type: PacketType) {
        let raw = match packet_type {
            PacketType::Host => bindings::PACKET_HOST,
            PacketType::Broadcast => bindings::PACKET_BROADCAST,
            PacketType::Multicast => bindings::PACKET_MULTICAST,
            PacketType::OtherHost => bindings::PACKET_OTHERHOST,
        };
        // SAFETY: The packet is ours to change.
        unsafe { bindings::skb_set_pkt_type(self.as_raw(), raw as u8) };
    }
}
