// SPDX-License-Identifier: GPL-2.0

//! XDP: programs that process a frame before the stack makes it a packet.
//!
//! C headers: [`include/net/xdp.h`](srctree/include/net/xdp.h),
//! [`include/linux/filter.h`](srctree/include/linux/filter.h)
//!
//! A driver supports XDP by [`Driver::xdp_features`], and needs receive queues that are polled.
//! kernet holds the program of a device, polls the queues while there is one, runs it on what
//! [`napi::Queue::next`](crate::napi::Queue::next) returns, and obeys its verdict:
//!
//! | verdict | |
//! |---|---|
//! | `XDP_PASS` | the packet goes up the stack, as changed |
//! | `XDP_DROP` | it is dropped and counted |
//! | `XDP_TX` | the frame goes to [`Driver::xdp_transmit`] of the device that has received it |
//! | `XDP_REDIRECT` | the core takes the frame, and passes it to another device's `xdp_transmit` |
//! | `XDP_ABORTED`, unknown | as `XDP_DROP`, and the tracepoint `xdp:xdp_exception` |
//!
//! A program that is bound to the device may read a packet's hints: time stamp, flow hash and VLAN
//! tag (`bpf_xdp_metadata_rx_*()`). A frame that was redirected here has none.
//!
//! The driver decides whether a program fits the device ([`Driver::xdp_check`]), which other
//! settings depend on it ([`Driver::xdp_changed`]), and how frames are sent.
//!
//! # Lifetime
//!
//! The device owns a reference to its program until the program is replaced or detached;
//! unregistering the device detaches it. A poll runs the program in an RCU read-side section, and
//! the core frees it after that. Frames are owned as packets are; dropping a [`Frame`] returns its
//! memory.

use crate::{
    bindings,
    context::{
        ReadSide,
        Rtnl, //
    },
    netdev::{
        Driver,
        DriverDevice, //
    },
};

mod buff;
mod counted;
mod frame;
pub(crate) mod ops;
mod program;
mod receive;
mod run;

pub(crate) use counted::Counters;
pub use counted::XdpTotals;
pub use frame::{
    Frame,
    Frames,
    Offered, //
};
pub use program::Program;
pub(crate) use program::Slot;
pub(crate) use receive::Receive;
pub(crate) use run::Run;

/// XDP features of a device, as the `netdev` family shows them (`xdp_features_t`).
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Rtnl,
///     netdev::{Driver, DriverDevice},
///     xdp::Features,
/// };
///
/// /// What `Driver::xdp_features` of a pair returns: frames are taken while the other end polls.
/// fn features<D: Driver>(dev: &DriverDevice<D>, rtnl: Rtnl<'_>) -> Features {
///     let features = Features::BASIC.with(Features::REDIRECT);
///     match dev.peer(rtnl).and_then(|peer| peer.xdp_program(rtnl)) {
///         Some(_) => features.with(Features::NDO_XMIT),
///         None => features,
///     }
/// }
/// ```
#[doc(alias = "xdp_features_t")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features(u32);

macro_rules! features {
    ($($name:ident = $raw:ident: $doc:literal;)+) => {
        impl Features {
            $(
                #[doc = $doc]
                pub const $name: Self = Self(bindings::$raw);
            )+
        }
    };
}

features! {
    BASIC = netdev_xdp_act_NETDEV_XDP_ACT_BASIC: "Programs may pass, drop, abort and send back.";
    REDIRECT = netdev_xdp_act_NETDEV_XDP_ACT_REDIRECT: "Programs may redirect.";
    NDO_XMIT = netdev_xdp_act_NETDEV_XDP_ACT_NDO_XMIT: "Frames may be redirected here.";
    RX_SG = netdev_xdp_act_NETDEV_XDP_ACT_RX_SG: "Programs see frames with fragments.";
    NDO_XMIT_SG = netdev_xdp_act_NETDEV_XDP_ACT_NDO_XMIT_SG: "Frames with fragments may be redirected here.";
}

impl Features {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// The features of both sets.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What programs may ask about a packet.
pub(crate) const HINTS: &bindings::xdp_metadata_ops = buff::Buff::HINTS;

/// Whether a driver takes part.
pub(crate) const fn exists<D: Driver>() -> bool {
    <D::Queue as crate::napi::Queue<D>>::EXISTS && D::HAS_XDP_FEATURES
}

impl<D: Driver> DriverDevice<D> {
    /// The XDP program that is attached to the device, if any (`netdev_bpf::prog`).
    ///
    /// A program that runs in the core, as generic XDP, is not included.
    #[doc(alias = "netdev_bpf::prog")]
    #[inline]
    pub fn xdp_program<'a>(&self, context: impl ReadSide<'a>) -> Option<&'a Program> {
        self.shared().program().get(context)
    }
}

/// Tells the core what a device and its peer can do with frames, which may have changed.
#[doc(alias = "xdp_set_features_flag")]
pub(crate) fn update_features<D: Driver>(dev: &DriverDevice<D>, rtnl: Rtnl<'_>) {
    if !exists::<D>() {
        return;
    }
    for dev in [Some(dev), dev.peer(rtnl)].into_iter().flatten() {
        let features = D::xdp_features(dev, rtnl).0;
        // SAFETY: Valid by the type, under RTNL; the callee takes the instance lock, which nobody
        // holds for a device of kernet's.
        unsafe { bindings::xdp_set_features_flag(dev.as_raw(), features) };
    }
}
