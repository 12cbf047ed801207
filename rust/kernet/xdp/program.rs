// SPDX-License-Identifier: GPL-2.0

//! Programs, and where a device keeps its own.

use core::ptr;
use kernel::{
    sync::atomic::{
        Acquire,
        Atomic,
        Full, //
    },
    types::Opaque, //
};

use crate::{
    bindings,
    context::{
        ReadSide,
        Rtnl, //
    },
};

/// An XDP program that a device holds (`bpf_prog`). Always borrowed.
#[doc(alias = "bpf_prog")]
#[repr(transparent)]
pub struct Program(Opaque<bindings::bpf_prog>);

impl Program {
    /// # Safety
    ///
    /// `ptr` is a program that is not freed for `'a`.
    #[inline(always)]
    pub(super) unsafe fn from_raw<'a>(ptr: *const bindings::bpf_prog) -> &'a Self {
        // SAFETY: By the caller's promise; the type is transparent.
        unsafe { &*ptr.cast() }
    }

    #[inline(always)]
    pub(super) fn as_raw(&self) -> *const bindings::bpf_prog {
        self.0.get()
    }

    /// Whether the program supports frames in several buffers (`xdp_has_frags`).
    #[doc(alias = "xdp_has_frags")]
    pub fn takes_frags(&self) -> bool {
        // SAFETY: Valid by the type.
        unsafe { bindings::bpf_prog_has_frags(self.as_raw()) }
    }

    /// The longest frame that the program can get, in bytes with the Ethernet header: a page, less
    /// the headroom and what the stack needs at the end. With fragments, as many pages more as a
    /// packet can have.
    pub fn longest_frame(&self) -> u32 {
        let fragments = if self.takes_frags() {
            bindings::XDP_MAX_FRAGS
        } else {
            0
        };
        bindings::XDP_MAX_LINEAR.saturating_add(fragments)
    }
}

/// Where a device keeps its program. Zeroed memory is an empty one.
///
/// # Invariants
///
/// Null, or a program of which the slot owns a reference; one that was here is freed after a grace
/// period, or later.
pub(crate) struct Slot(Atomic<*mut bindings::bpf_prog>);

impl Slot {
    /// The program, if there is one.
    #[doc(alias = "rcu_dereference")]
    #[inline(always)]
    pub(crate) fn get<'a>(&self, _context: impl ReadSide<'a>) -> Option<&'a Program> {
        let program = self.0.load(Acquire);
        if program.is_null() {
            return None;
        }
        // SAFETY: By the type invariants; it leaves the slot under RTNL, and a grace period passes
        // before it is freed.
        Some(unsafe { Program::from_raw(program) })
    }

    /// Whether there is a program.
    pub(crate) fn is_some(&self, rtnl: Rtnl<'_>) -> bool {
        self.get(rtnl).is_some()
    }

    /// Puts a program, or none, in the place of the one that is there.
    ///
    /// # Safety
    ///
    /// `program` is null, or one of which the caller gives up a reference.
    pub(super) unsafe fn replace(&self, program: *mut bindings::bpf_prog, _rtnl: Rtnl<'_>) -> Old {
        // INVARIANT: By the caller's promise. The one before goes with its reference, which is
        // given up by `bpf_prog_put()`, which waits for readers.
        Old(self.0.xchg(program, Full))
    }

    /// Gives up the program, if there is one.
    pub(crate) fn clear(&self) {
        // INVARIANT: Null.
        drop(Old(self.0.xchg(ptr::null_mut(), Full)));
    }
}

/// A program that was in a [`Slot`], if there was one. Given up when this is dropped.
pub(super) struct Old(*mut bindings::bpf_prog);

impl Drop for Old {
    #[doc(alias = "bpf_prog_put")]
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: Its reference came along with it. Made in process context only.
            unsafe { bindings::bpf_prog_put(self.0) };
        }
    }
}
