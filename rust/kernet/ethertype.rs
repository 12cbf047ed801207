// SPDX-License-Identifier: GPL-2.0

//! Handlers of an EtherType. [`Device::send`] sends a frame of one.
//!
//! C header: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h), `struct packet_type`
//!
//! A handler gets every packet of its EtherType that any device in any namespace receives. The
//! stack's own handler gets the packet too: each has its own reference, so changing or freeing it
//! does not affect the other. Packets that this host sends are not included.
//!
//! # Namespaces
//!
//! There is one handler for all namespaces. A module that can be switched on or off per namespace
//! keeps that in its [state](crate::netns::NetState). The state of a dying namespace is dropped
//! before its devices: a packet may still arrive then, and finds no state.
//!
//! # Not supported
//!
//! Handlers of a single device, taps (`ETH_P_ALL`), sending on links other than Ethernet.

use core::{
    marker::PhantomData,
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    types::Opaque,
    ThisModule, //
};

use crate::{
    bindings,
    context::{
        Context,
        Softirq, //
    },
    module::{
        Declared,
        Part, //
    },
    netdev::Device,
    netns::Net,
    skb::{
        DropReason,
        PacketType,
        Skb,
        SkbRef, //
    },
    wire::ethernet::EtherType, //
};

/// A handler of the packets of one EtherType (`packet_type`).
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Softirq,
///     ethertype::{Arrival, Handler},
///     skb::Skb,
///     wire::ethernet::EtherType,
/// };
///
/// impl Handler for Example {
///     type Module = Example;
///
///     const ETHERTYPE: EtherType = EtherType(0x88b5); // IEEE 802, for local experiments
///
///     fn rx(skb: Skb<'_>, arrival: &Arrival<'_>, softirq: Softirq<'_>) {
///         pr_info!("{} bytes on {}\n", skb.len(), arrival.device().name());
///         skb.consume(softirq);
///     }
/// }
/// ```
#[doc(alias = "packet_type")]
pub trait Handler: 'static {
    /// The module that the handler belongs to.
    type Module: Declared;

    /// The EtherType (`packet_type::type`).
    ///
    /// `ETH_P_ALL` does not build: the core keeps taps per device or namespace.
    #[doc(alias = "packet_type::type")]
    const ETHERTYPE: EtherType;

    /// Whether the handler gets packets that are [not for this host](PacketType::OtherHost)
    /// (`PACKET_OTHERHOST`). Otherwise they are dropped as [`DropReason::OTHERHOST`], and the
    /// device counts them as `rx_otherhost_dropped`.
    #[doc(alias = "PACKET_OTHERHOST")]
    const PROMISCUOUS: bool = false;

    /// Receives a packet (`packet_type::func`).
    ///
    /// The packet's data begins at the network header. The data may be shared with clones, and may
    /// be in fragments. The device may be of any type, and may have gone down meanwhile.
    #[doc(alias = "packet_type::func")]
    fn rx(skb: Skb<'_>, arrival: &Arrival<'_>, softirq: Softirq<'_>);
}

/// The devices and the namespace that a packet was received on (`packet_type::func`).
#[doc(alias = "packet_type::func")]
pub struct Arrival<'a> {
    device: &'a Device,
    original: &'a Device,
    net: &'a Net,
}

impl<'a> Arrival<'a> {
    /// The device that the stack receives the packet on (`sk_buff::dev`). It may be a VLAN, bridge,
    /// bond or macvlan above the device that the packet came in by. Send an answer by this device.
    #[doc(alias = "sk_buff::dev")]
    pub fn device(&self) -> &'a Device {
        self.device
    }

    /// The device that the packet came in by: the device below a VLAN or macvlan, the slave of a
    /// bond (`orig_dev`). It is not the port of a bridge, because a bridge passes the packet on as
    /// its own.
    ///
    /// It may be in another namespace than [`Self::device`].
    #[doc(alias = "orig_dev")]
    pub fn original(&self) -> &'a Device {
        self.original
    }

    /// The namespace of [`Self::device`].
    #[doc(alias = "dev_net")]
    pub fn net(&self) -> &'a Net {
        self.net
    }
}

/// The registration of a [`Handler`]: a [`Part`] of its module (`dev_add_pack()`).
///
/// Unregistering is `dev_remove_pack()`, which ends with `synchronize_net()`.
#[doc(alias = "dev_add_pack")]
#[doc(alias = "packet_type")]
pub struct Registration<H: Handler> {
    packet_type: Opaque<bindings::packet_type>,
    _handler: PhantomData<fn() -> H>,
}

// SAFETY: The core links the structure under a lock of its own and reads it under RCU; nobody else
// accesses it.
unsafe impl<H: Handler> Send for Registration<H> {}
// SAFETY: As above.
unsafe impl<H: Handler> Sync for Registration<H> {}

// SAFETY: `register` writes the only field that has content and cannot fail. `dev_remove_pack()`
// unlinks the structure and waits for all receivers.
unsafe impl<H: Handler> Part for Registration<H> {
    unsafe fn register(slot: *mut Self, _: &'static ThisModule, _: &'static CStr) -> Result {
        const {
            assert!(
                H::ETHERTYPE.0 as u32 != bindings::ETH_P_ALL,
                "ETH_P_ALL needs a device or a namespace"
            );
        }
        let packet_type = bindings::packet_type {
            type_: H::ETHERTYPE.0.to_be(),
            func: Some(Self::receive_callback),
            ..pin_init::zeroed()
        };
        // SAFETY: `slot` is valid for writes.
        let field = Opaque::cast_into(unsafe { &raw const (*slot).packet_type });
        // SAFETY: As above.
        unsafe { field.write(packet_type) };
        // SAFETY: The structure stays in place until it is unregistered, by the caller's promise.
        unsafe { bindings::dev_add_pack(field) };
        Ok(())
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: Registered, by the caller's promise, which also says that this may sleep.
        unsafe { bindings::dev_remove_pack(Opaque::cast_into(&raw const (*slot).packet_type)) };
    }
}

impl<H: Handler> Registration<H> {
    /// # Safety
    ///
    /// Called by the core only, as `packet_type::func`.
    unsafe extern "C" fn receive_callback(
        skb: *mut bindings::sk_buff,
        device: *mut bindings::net_device,
        _: *mut bindings::packet_type,
        original: *mut bindings::net_device,
    ) -> c_int {
        // SAFETY: Both devices are alive for this callback, which is an RCU read-side section.
        let (device, original) = unsafe { (Device::from_raw(device), Device::from_raw(original)) };
        // SAFETY: Packets are received with bottom halves disabled.
        let softirq = unsafe { Softirq::assume() };
        if !H::PROMISCUOUS {
            // SAFETY: The core lends the packet with a reference of our own; while others have one
            // too, nobody changes it.
            let packet_type = unsafe { SkbRef::from_raw(skb) }.packet_type();
            if packet_type == PacketType::OtherHost {
                // SAFETY: The device is valid; the reference is ours, and given up.
                unsafe {
                    bindings::dev_core_stats_rx_otherhost_dropped_inc(device.as_raw());
                    bindings::kfree_skb_reason(skb, DropReason::OTHERHOST.as_raw());
                }
                return bindings::NET_RX_DROP as c_int;
            }
        }
        // The core hands one packet to all handlers, with a reference for each.
        // SAFETY: The reference is ours; the callee gives it up where it makes a clone or fails.
        let skb = unsafe { bindings::skb_share_check(skb, <Softirq<'_> as Context>::GFP) };
        let Some(skb) = NonNull::new(skb) else {
            // SAFETY: The device is valid.
            unsafe { bindings::dev_core_stats_rx_dropped_inc(device.as_raw()) };
            return bindings::NET_RX_DROP as c_int;
        };
        let arrival = Arrival {
            device,
            original,
            net: device.net(softirq),
        };
        // SAFETY: Valid, and ours alone now.
        H::rx(unsafe { Skb::from_raw(skb) }, &arrival, softirq);
        bindings::NET_RX_SUCCESS as c_int
    }
}
