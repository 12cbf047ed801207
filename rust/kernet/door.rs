// SPDX-License-Identifier: GPL-2.0

//! The door through which a wing, a crate of kernet's own, gets what no module has: C's names, raw
//! packets, the making of tokens.
//!
//! Modules are not to come in here. One that does finds types and numbers, and functions that it may
//! not call, as it forbids `unsafe`; and `make lint` names it.

use core::ptr::NonNull;

pub mod switch;

#[cfg(CONFIG_NETFILTER)]
use crate::netfilter;
use crate::{
    context::{
        Process,
        Rcu,
        Rtnl,
        Softirq, //
    },
    netdev::Device,
    netns::Net,
    skb::{
        DropReason,
        Skb,
        SkbRef, //
    }, //
};

/// C's names of which kernet has bindings. A wing's own bindings are made by
/// [`wing_bindings!`](crate::wing_bindings!), and have these too.
pub mod bindings {
    pub use crate::bindings::*;
}

/// Borrows a packet from C.
///
/// # Safety
///
/// For `'a`, the packet is valid and nobody changes it.
#[inline(always)]
pub unsafe fn packet<'a>(skb: *const bindings::sk_buff) -> &'a SkbRef {
    // SAFETY: By the caller's promise.
    unsafe { SkbRef::from_raw(skb) }
}

/// The packet, as C has it.
///
/// # Safety
///
/// The caller does with it, and while it is borrowed, nothing but what `&SkbRef` allows: it stays as it is.
#[inline(always)]
pub unsafe fn sk_buff(packet: &SkbRef) -> *mut bindings::sk_buff {
    packet.as_raw()
}

/// Gives a packet to C.
///
/// # Safety
///
/// The caller sees to it that it is freed, or [taken back](from_raw).
#[inline(always)]
pub unsafe fn into_raw(skb: Skb<'_>) -> *mut bindings::sk_buff {
    skb.into_raw()
}

/// Takes over a packet from C.
///
/// # Safety
///
/// `skb` is valid, not shared, with one reference that the caller gives up; what it refers to is there for
/// `'a`. Its headers are where they were when it was given to C, or at its data.
#[inline(always)]
pub unsafe fn from_raw<'a>(skb: *mut bindings::sk_buff) -> Skb<'a> {
    // SAFETY: By the caller's promise.
    unsafe { Skb::from_raw(NonNull::new_unchecked(skb)) }
}

/// The packet of a hook, as C has it.
///
/// # Safety
///
/// The caller uses it while it is borrowed only, and changes no more than a hook of the kernel's may: it stays the
/// hook's alone, and its headers where they are.
#[cfg(CONFIG_NETFILTER)]
#[inline(always)]
pub unsafe fn hook_sk_buff(packet: &mut netfilter::Packet<'_>) -> *mut bindings::sk_buff {
    packet.as_raw()
}

/// The call of a hook, as C has it.
///
/// # Safety
///
/// The caller uses it while it is borrowed only.
#[cfg(CONFIG_NETFILTER)]
#[inline(always)]
pub unsafe fn hook_call(state: &netfilter::HookState<'_>) -> *const bindings::nf_hook_state {
    state.as_raw()
}

/// The socket of a hook's call, by which a route for a packet of its family may be looked up; null if there is none.
///
/// # Safety
///
/// As [`hook_call`].
#[cfg(CONFIG_NETFILTER)]
#[inline(always)]
pub unsafe fn hook_socket(state: &netfilter::HookState<'_>) -> *mut bindings::sock {
    state.socket()
}

/// The device, as C has it.
///
/// # Safety
///
/// The caller uses it while it is borrowed only.
#[inline(always)]
pub unsafe fn net_device(device: &Device) -> *mut bindings::net_device {
    device.as_raw()
}

/// Borrows a namespace from C.
///
/// # Safety
///
/// For `'a`, `net` is not freed; its per-namespace state is made, or is being made in this thread.
#[inline(always)]
pub unsafe fn namespace<'a>(net: *mut bindings::net) -> &'a Net {
    // SAFETY: By the caller's promise.
    unsafe { Net::from_raw(net) }
}

/// The namespace, as C has it.
///
/// # Safety
///
/// The caller uses it while it is borrowed only, and under C's own locks.
#[inline(always)]
pub unsafe fn net(net: &Net) -> *mut bindings::net {
    net.as_raw()
}

/// The packet of a hook.
///
/// # Safety
///
/// For `'a`, the packet is valid, not shared, and the hook's alone. What is done with it is what its verdict says.
#[cfg(CONFIG_NETFILTER)]
#[inline(always)]
pub unsafe fn hook_packet<'a>(skb: NonNull<bindings::sk_buff>) -> netfilter::Packet<'a> {
    // SAFETY: By the caller's promise.
    unsafe { netfilter::Packet::from_raw(skb) }
}

/// The point that a hook's packet is at.
///
/// # Safety
///
/// `state` is the one that the core calls the hook with.
#[cfg(CONFIG_NETFILTER)]
#[inline(always)]
pub unsafe fn hook_state(state: &bindings::nf_hook_state) -> netfilter::HookState<'_> {
    // SAFETY: By the caller's promise.
    unsafe { netfilter::HookState::from_raw(state) }
}

/// Gives a hook's packet to C, for `verdict`, and returns it as a verdict (`nf_hookfn()`).
///
/// # Safety
///
/// `verdict` returns what a hook may answer for the packet.
#[cfg(CONFIG_NETFILTER)]
#[inline(always)]
pub unsafe fn decide<'a>(
    packet: netfilter::Packet<'a>,
    verdict: impl FnOnce(*mut bindings::sk_buff) -> u32,
) -> netfilter::Verdict<'a> {
    // SAFETY: By the caller's promise.
    unsafe { packet.decide(verdict) }
}

/// Drops a hook's packet with a reason and the error that a sender on this host gets.
#[cfg(CONFIG_NETFILTER)]
pub fn drop_with_error<'a>(
    packet: netfilter::Packet<'a>,
    reason: DropReason,
    error: kernel::error::Error,
) -> netfilter::Verdict<'a> {
    packet.drop_with_error(reason, error)
}

/// What a hook answers.
#[cfg(CONFIG_NETFILTER)]
#[inline(always)]
pub fn answer(verdict: netfilter::Verdict<'_>) -> u32 {
    verdict.into_raw()
}

/// A token, that a wing's callbacks make.
pub trait Token: Copy {
    /// Claims the context.
    ///
    /// # Safety
    ///
    /// The caller runs in the context that the type stands for, for all of the lifetime.
    unsafe fn claim() -> Self;
}

macro_rules! tokens {
    ($($token:ident),+ $(,)?) => {$(
        impl Token for $token<'_> {
            #[inline(always)]
            unsafe fn claim() -> Self {
                // SAFETY: By the caller's promise.
                unsafe { Self::assume() }
            }
        }
    )+};
}

tokens!(Process, Rtnl, Rcu, Softirq);

/// Says on the log what a part of a module could not register, and why.
pub fn failed(
    name: &kernel::str::CStr,
    what: core::fmt::Arguments<'_>,
    error: kernel::error::Error,
) -> kernel::error::Error {
    crate::module::failed(name, what, error)
}

/// Declares `mod bindings` of the wing in `rust/WING`: what `bindgen` has made of its
/// `bindings_helper.h`, its helpers, and kernet's own bindings.
#[doc(hidden)]
#[macro_export]
macro_rules! wing_bindings {
    ($wing:literal) => {
        #[allow(
            clippy::all,
            missing_docs,
            non_camel_case_types,
            non_upper_case_globals,
            non_snake_case,
            improper_ctypes,
            unreachable_pub,
            unsafe_op_in_unsafe_fn,
            unused_imports,
            dead_code
        )]
        mod bindings {
            #[allow(clippy::as_underscore)]
            #[allow(clippy::cast_lossless)]
            #[allow(clippy::ptr_as_ptr)]
            #[allow(clippy::ref_as_ptr)]
            #[allow(clippy::undocumented_unsafe_blocks)]
            #[cfg_attr(not(CONFIG_RUSTC_HAS_UNNECESSARY_TRANSMUTES), allow(unknown_lints))]
            #[allow(unnecessary_transmutes)]
            mod raw {
                use ::kernel::ffi;
                use ::pin_init::{
                    MaybeZeroable,
                    Zeroable, //
                };

                type __kernel_size_t = usize;
                type __kernel_ssize_t = isize;
                type __kernel_ptrdiff_t = isize;

                // What is not in the wing's own is kernet's: the same type, not one like it.
                pub use super::helpers::*;
                pub use $crate::door::bindings::*;
                ::core::include!(::core::concat!(
                    ::core::env!("KERNET_OBJ"),
                    "/rust/",
                    $wing,
                    "/bindings_generated.rs"
                ));
            }

            mod helpers {
                use super::raw::*;
                use ::kernel::ffi;
                ::core::include!(::core::concat!(
                    ::core::env!("KERNET_OBJ"),
                    "/rust/",
                    $wing,
                    "/bindings_helpers_generated.rs"
                ));
            }

            pub use raw::*;
        }
    };
}
