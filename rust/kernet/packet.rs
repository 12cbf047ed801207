// SPDX-License-Identifier: GPL-2.0

//! Handlers of an EtherType.
//!
//! C header: [`include/linux/netdevice.h`](srctree/include/linux/netdevice.h), `struct packet_type`
//!
//! A handler sees every packet of its EtherType that any device of any namespace receives, beside
//! the stack's own handler: what it is given is its own, changing or freeing it takes nothing from
//! the others.

use core::marker::PhantomData;
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
    netns::Net,
    skb::Skb, //
};

/// What a module does with the packets of an EtherType.
pub trait Handler: 'static {
    /// The module that the handler belongs to.
    type Module: Declared;

    /// The EtherType, in host byte order, as `ETH_P_*` has it.
    ///
    /// `ETH_P_ALL` does not build: the core keeps taps per device or namespace.
    const ETHERTYPE: u16;

    /// A packet has arrived.
    ///
    /// Its data begins at the network header. The data may be shared with others' clones, and may
    /// be in fragments.
    fn receive(skb: Skb, arrival: &Arrival<'_>, softirq: Softirq<'_>);
}

/// Where a packet has arrived.
pub struct Arrival<'a> {
    device: &'a Opaque<bindings::net_device>,
    original: &'a Opaque<bindings::net_device>,
}

impl<'a> Arrival<'a> {
    /// The namespace of the device.
    pub fn net(&self) -> &'a Net {
        // SAFETY: The device is alive for `'a`, in an RCU read-side section; its namespace is as
        // long.
        unsafe { Net::from_raw(bindings::dev_net(self.device.get())) }
    }

    /// The index of the device that the stack takes the packet to have arrived on: a bridge, say.
    pub fn ifindex(&self) -> u32 {
        ifindex(self.device)
    }

    /// The index of the device that the packet came in by: the port of the bridge.
    #[doc(alias = "orig_dev")]
    pub fn original_ifindex(&self) -> u32 {
        ifindex(self.original)
    }
}

fn ifindex(device: &Opaque<bindings::net_device>) -> u32 {
    // SAFETY: Alive while borrowed.
    let index = unsafe { bindings::dev_ifindex(device.get()) };
    // Registered devices' indices are positive.
    u32::try_from(index).unwrap_or(0)
}

/// The registration of a [`Handler`]: a [`Part`] of its module.
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
                H::ETHERTYPE as u32 != bindings::ETH_P_ALL,
                "ETH_P_ALL needs a device or a namespace"
            );
        }
        let packet_type = bindings::packet_type {
            type_: H::ETHERTYPE.to_be(),
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
        // The core hands one packet to all handlers, with a reference for each.
        // SAFETY: The reference is ours; the callee gives it up where it makes a clone or fails.
        let skb = unsafe { bindings::skb_share_check(skb, <Softirq<'_> as Context>::GFP) };
        let Some(skb) = core::ptr::NonNull::new(skb) else {
            return 0;
        };
        // SAFETY: Valid, and ours alone now.
        let skb = unsafe { Skb::from_raw(skb) };
        let arrival = Arrival {
            // SAFETY: Both devices are alive for this callback, which is an RCU read-side section.
            // `Opaque` is transparent.
            device: unsafe { &*device.cast() },
            // SAFETY: As above.
            original: unsafe { &*original.cast() },
        };
        // SAFETY: Packets are received with bottom halves disabled.
        H::receive(skb, &arrival, unsafe { Softirq::assume() });
        0
    }
}
