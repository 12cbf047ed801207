// SPDX-License-Identifier: GPL-2.0

//! Page pools: pages that a receive queue reuses.
//!
//! C headers: [`include/net/page_pool/helpers.h`](srctree/include/net/page_pool/helpers.h),
//! [`include/net/page_pool/types.h`](srctree/include/net/page_pool/types.h)
//!
//! A queue has a pool while it is polled, if its device supports XDP or the queue asks for a pool
//! ([`napi::Queue::BUFFERS`](crate::napi::Queue::BUFFERS)). In its poll a driver takes a
//! [`Buffer`], writes to it what its hardware has received, and makes it a packet or a part of one.
//! When the packet is freed, the page returns to the pool.
//!
//! # Lifetime
//!
//! The pool is destroyed a grace period after polling has stopped. Pages in buffers and packets
//! return later, and the last one frees the pool.

use core::ptr::NonNull;
use kernel::{
    error::from_err_ptr,
    prelude::*, //
};

use crate::{
    bindings,
    context::Rtnl,
    netdev::{
        Driver,
        DriverDevice, //
    },
};

mod buffer;
mod stats;

pub use buffer::Buffer;
pub(crate) use stats::PoolStats;

/// Pages that a pool keeps for their next use.
const POOL_SIZE: c_uint = 256;

/// A pool of pages.
///
/// Destroyed when dropped: the core frees it when the last of its pages has come back.
///
/// # Invariants
///
/// A pool that this value owns. Only the poll of the queue whose it is takes pages.
#[doc(alias = "page_pool")]
pub(crate) struct PagePool(NonNull<bindings::page_pool>);

impl PagePool {
    pub(crate) fn new<D: Driver>(dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) -> Result<Self> {
        let mut params: bindings::page_pool_params = pin_init::zeroed();
        // SAFETY: Either view of the union is of the same fields. The address of a field of a valid
        // device.
        unsafe {
            params.__bindgen_anon_1.fast.pool_size = POOL_SIZE;
            params.__bindgen_anon_1.fast.nid = bindings::NUMA_NO_NODE;
            params.__bindgen_anon_1.fast.dev = &raw mut (*dev.as_raw()).dev;
        }
        // So that the `netdev` family shows the pool. The core forgets the device when that is
        // unregistered, should there be pages still.
        params.__bindgen_anon_2.slow.netdev = dev.as_raw();
        // SAFETY: The parameters are of pages of order 0 that are not mapped for DMA, and of a device
        // that is registered: it is polled soon. May sleep.
        let pool = from_err_ptr(unsafe { bindings::page_pool_create(&raw const params) })?;
        // INVARIANT: Just made.
        NonNull::new(pool).map(Self).ok_or(ENOMEM)
    }

    #[inline(always)]
    pub(crate) fn as_raw(&self) -> *mut bindings::page_pool {
        self.0.as_ptr()
    }

    /// An empty buffer, if there is memory.
    ///
    /// # Safety
    ///
    /// In the poll of the queue whose pool it is.
    #[inline]
    pub(crate) unsafe fn buffer(&self) -> Option<Buffer> {
        // SAFETY: By the caller's promise.
        let page = unsafe { bindings::page_pool_take(self.as_raw()) };
        // INVARIANT: Just taken; nothing is written.
        NonNull::new(page.cast()).map(|page| Buffer {
            page,
            pool: self.0,
            len: 0,
        })
    }
}

impl Drop for PagePool {
    #[doc(alias = "page_pool_destroy")]
    fn drop(&mut self) {
        // SAFETY: Owned, by the type invariants; nobody takes pages any more. Dropped under RTNL,
        // which may sleep.
        unsafe { bindings::page_pool_destroy(self.as_raw()) };
    }
}
