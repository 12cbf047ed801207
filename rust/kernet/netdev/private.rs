// SPDX-License-Identifier: GPL-2.0

//! The private area of a device: kernet's part and the driver's.

use core::{
    mem::MaybeUninit,
    ptr, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Relaxed,
        Release, //
    },
    types::Opaque, //
};

use super::{
    lower::Lowers,
    map::Membership,
    rings::SetRings,
    timer::DeviceTimer,
    transmit::{
        LockedQueue,
        State, //
    },
    work::DeviceWork,
    Driver,
    DriverDevice,
    TxMode, //
};
use crate::{
    bindings,
    context::Rtnl,
    napi::{
        Queue,
        RxQueue, //
    },
    xdp::Slot,
};

/// A device's private area. Zeroed memory is a valid one, without content.
///
/// # Invariants
///
/// - `content` is initialised iff `live` is not 0.
/// - `peer` is null or a device made for the same `D`, whose `peer` is this one; both are cleared
///   under RTNL, before the grace period that the unregistration of either waits for.
#[repr(C)]
pub(crate) struct Priv<D: Driver> {
    live: Atomic<u32>,
    peer: Atomic<*mut bindings::net_device>,
    program: Slot,
    pub(super) membership: Membership,
    pub(super) lowers: Lowers,
    gro_cells: Opaque<bindings::gro_cells>,
    content: MaybeUninit<Content<D>>,
    pub(super) timer: DeviceTimer,
    pub(super) work: DeviceWork,
}

struct Content<D: Driver> {
    queues: KVec<Pin<KBox<RxQueue<D>>>>,
    /// Of a driver that sends under their locks: one for each transmit queue.
    locked: KVec<Pin<KBox<LockedQueue<State<D>>>>>,
    rings: SetRings,
    data: D,
}

impl<D: Driver> Priv<D> {
    /// # Safety
    ///
    /// `dev` was made for `D`.
    #[inline(always)]
    pub(crate) unsafe fn of(dev: *mut bindings::net_device) -> *mut Self {
        // The alignment of `netdev_priv()`.
        const {
            assert!(
                align_of::<Self>() <= bindings::NETDEV_ALIGN as usize,
                "private data is aligned to at most 32 bytes"
            )
        };
        // SAFETY: By the caller's promise.
        unsafe { bindings::netdev_priv(dev) }.cast()
    }

    /// # Safety
    ///
    /// The content is initialised.
    #[inline(always)]
    pub(crate) unsafe fn data(&self) -> &D {
        // SAFETY: By the caller's promise.
        unsafe { &(*self.content.as_ptr()).data }
    }

    /// # Safety
    ///
    /// The content is initialised.
    #[inline(always)]
    pub(crate) unsafe fn queues(&self) -> &[Pin<KBox<RxQueue<D>>>] {
        // SAFETY: By the caller's promise.
        unsafe { &(*self.content.as_ptr()).queues }
    }

    /// # Safety
    ///
    /// The content is initialised.
    #[inline(always)]
    pub(super) unsafe fn locked_queues(&self) -> &[Pin<KBox<LockedQueue<State<D>>>>] {
        // SAFETY: By the caller's promise.
        unsafe { &(*self.content.as_ptr()).locked }
    }

    /// # Safety
    ///
    /// The content is initialised.
    pub(crate) unsafe fn rings(&self) -> &SetRings {
        // SAFETY: By the caller's promise.
        unsafe { &(*self.content.as_ptr()).rings }
    }

    #[inline(always)]
    pub(crate) fn peer(&self) -> *mut bindings::net_device {
        self.peer.load(Acquire)
    }

    /// The XDP program of the device.
    #[inline(always)]
    pub(crate) fn program(&self) -> &Slot {
        &self.program
    }

    #[inline(always)]
    pub(crate) fn link_net(&self) -> *mut bindings::net {
        self.membership.net()
    }

    #[inline(always)]
    pub(crate) fn gro_cells(&self) -> *mut bindings::gro_cells {
        self.gro_cells.get()
    }

    /// Waits for the timer and for the work, which will not be called again. Not for the first time, if
    /// need be.
    ///
    /// # Safety
    ///
    /// `this` has its content. The caller may sleep.
    pub(super) unsafe fn quiesce(this: *const Self) {
        // SAFETY: Both were set up with the content.
        unsafe {
            (*this).timer.shut_down::<D>();
            (*this).work.shut_down::<D>();
        }
    }

    /// Makes two devices each other's peer.
    pub(crate) fn pair(a: &DriverDevice<D>, b: &DriverDevice<D>, _rtnl: Rtnl<'_>) {
        // INVARIANT: Both are made for `D`, and each is the other's.
        a.shared().peer.store(b.as_raw(), Release);
        b.shared().peer.store(a.as_raw(), Release);
    }

    /// Takes a pair apart; returns the former peer.
    pub(crate) fn part<'a>(dev: &DriverDevice<D>, rtnl: Rtnl<'a>) -> Option<&'a DriverDevice<D>> {
        let peer = dev.peer(rtnl)?;
        // INVARIANT: Both are cleared, under RTNL, and before either is freed.
        dev.shared().peer.xchg(ptr::null_mut(), Full);
        peer.shared().peer.xchg(ptr::null_mut(), Full);
        Some(peer)
    }
}

/// Makes the private data of a new device.
///
/// # Safety
///
/// `dev` was made for `D`, is not registered, and has no private data.
pub(crate) unsafe fn create<D: Driver>(
    dev: *mut bindings::net_device,
    data: impl PinInit<D, Error>,
) -> Result {
    let mut queues = KVec::new();
    if <D::Queue as Queue<D>>::EXISTS {
        // SAFETY: By the caller's promise.
        let count = unsafe { (*dev).num_rx_queues };
        for index in 0..u16::try_from(count).unwrap_or(u16::MAX) {
            queues.push(
                KBox::pin_init(RxQueue::new(index), GFP_KERNEL_ACCOUNT)?,
                GFP_KERNEL_ACCOUNT,
            )?;
        }
    }
    let mut locked = KVec::new();
    if D::TxMode::LOCKED {
        // SAFETY: By the caller's promise.
        for _ in 0..unsafe { (*dev).num_tx_queues } {
            locked.push(
                KBox::pin_init(LockedQueue::new(), GFP_KERNEL_ACCOUNT)?,
                GFP_KERNEL_ACCOUNT,
            )?;
        }
    }
    // SAFETY: By the caller's promise.
    let this = unsafe { Priv::<D>::of(dev) };
    // SAFETY: The memory is the device's, which nobody else knows, and does not move.
    unsafe {
        let content = (&raw mut (*this).content).cast::<Content<D>>();
        crate::error::init_in_place(&raw mut (*content).data, data)?;
        ptr::write(&raw mut (*content).queues, queues);
        ptr::write(&raw mut (*content).locked, locked);
        ptr::write(&raw mut (*content).rings, SetRings::new::<D>());
        DeviceTimer::set_up::<D>(&raw mut (*this).timer, dev);
        DeviceWork::set_up::<D>(&raw mut (*this).work, dev);
        // INVARIANT: All fields of the content are.
        (*this).live.store(1, Release);
    }
    Ok(())
}

/// Drops the private data of a device, if it has any: `priv_destructor`.
///
/// # Safety
///
/// `dev` was made for `D`, and no callback of it runs or can run again.
pub(crate) unsafe extern "C" fn destroy<D: Driver>(dev: *mut bindings::net_device) {
    // SAFETY: By the caller's promise.
    let this = unsafe { Priv::<D>::of(dev) };
    // INVARIANT: The content is dropped next.
    // SAFETY: By the caller's promise.
    if unsafe { (*this).live.xchg(0, Relaxed) } != 0 {
        // SAFETY: Private data that is live. This may sleep.
        unsafe { Priv::<D>::quiesce(this) };
        // SAFETY: As above. The core has detached it from a device that was registered.
        unsafe { (*this).program.clear() };
        // SAFETY: It was initialised, by the type invariants, and nobody refers to it.
        unsafe { ptr::drop_in_place((&raw mut (*this).content).cast::<Content<D>>()) };
    }
}
