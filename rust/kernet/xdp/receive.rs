// SPDX-License-Identifier: GPL-2.0

//! What a receive queue needs to run programs.

use core::ptr;
use kernel::{
    error::{
        from_err_ptr,
        to_result, //
    },
    prelude::*,
    types::Opaque, //
};

use super::exists;
use crate::{
    bindings,
    context::Rtnl,
    netdev::{
        Dev,
        Driver, //
    },
};

/// Pages that a pool keeps for their next use.
const POOL_SIZE: c_uint = 256;

/// A pool of pages, for what programs shall see and lies elsewhere.
///
/// Destroyed when dropped: the core frees it when the last of its pages has come back.
///
/// # Invariants
///
/// A pool that this value owns. Only the poll of the queue whose it is takes pages.
#[doc(alias = "page_pool")]
struct PagePool(*mut bindings::page_pool);

impl PagePool {
    fn new<D: Driver>(dev: &Dev<D>, _rtnl: Rtnl<'_>) -> Result<Self> {
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
        // INVARIANT: Just made.
        // SAFETY: The parameters are of pages of order 0 that are not mapped for DMA, and of a device
        // that is registered: it is polled soon. May sleep.
        from_err_ptr(unsafe { bindings::page_pool_create(&raw const params) }).map(Self)
    }
}

impl Drop for PagePool {
    #[doc(alias = "page_pool_destroy")]
    fn drop(&mut self) {
        // SAFETY: Owned, by the type invariants; nobody takes pages any more. Dropped under RTNL,
        // which may sleep.
        unsafe { bindings::page_pool_destroy(self.0) };
    }
}

/// The registration of a receive queue of which programs may learn, and its pages.
///
/// Made when the polling of the queue starts, dropped a grace period after it has ended.
///
/// # Invariants
///
/// `info` is registered, with memory of type `MEM_TYPE_PAGE_SHARED`, iff there is a pool. Only the
/// poll of the queue changes the type of memory meanwhile.
#[doc(alias = "xdp_rxq_info")]
#[pin_data(PinnedDrop)]
pub(crate) struct Receive {
    pool: Option<PagePool>,
    #[pin]
    info: Opaque<bindings::xdp_rxq_info>,
}

impl Receive {
    pub(crate) fn new<'a, D: Driver>(
        dev: &'a Dev<D>,
        index: u16,
        rtnl: Rtnl<'a>,
    ) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            pool: if exists::<D>() {
                Some(PagePool::new(dev, rtnl)?)
            } else {
                None
            },
            // INVARIANT: Registered if there is a pool, and not otherwise.
            info <- Opaque::try_ffi_init(move |info: *mut bindings::xdp_rxq_info| {
                // SAFETY: `info` is valid for writes.
                unsafe { info.write(pin_init::zeroed()) };
                if !exists::<D>() {
                    return Ok(());
                }
                // SAFETY: Zeroed, that is, new; the device is alive for longer.
                to_result(unsafe {
                    bindings::__xdp_rxq_info_reg(info, dev.as_raw(), index.into(), 0, 0)
                })?;
                // SAFETY: Just registered; this type of memory has no allocator.
                to_result(unsafe {
                    bindings::xdp_rxq_info_reg_mem_model(
                        info,
                        bindings::xdp_mem_type_MEM_TYPE_PAGE_SHARED,
                        ptr::null_mut(),
                    )
                })
                // SAFETY: Registered above.
                .inspect_err(|_| unsafe { bindings::xdp_rxq_info_unreg(info) })
            }),
        }? Error)
    }

    /// The pool, null if there is none.
    #[inline(always)]
    pub(super) fn pool(&self) -> *mut bindings::page_pool {
        self.pool.as_ref().map_or(ptr::null_mut(), |pool| pool.0)
    }

    /// The registration.
    #[inline(always)]
    pub(super) fn info(&self) -> *mut bindings::xdp_rxq_info {
        self.info.get()
    }
}

#[pinned_drop]
impl PinnedDrop for Receive {
    fn drop(self: Pin<&mut Self>) {
        if self.pool.is_some() {
            // SAFETY: Registered, by the type invariants, with that type of memory, and no poll
            // runs.
            unsafe {
                bindings::xdp_rxq_set_mem_type(
                    self.info.get(),
                    bindings::xdp_mem_type_MEM_TYPE_PAGE_SHARED,
                );
                bindings::xdp_rxq_info_unreg(self.info.get());
            }
        }
    }
}

/// Statistics of page pools, as `ethtool -S` shows them.
#[cfg(CONFIG_PAGE_POOL_STATS)]
pub(crate) struct PoolStats(bindings::page_pool_stats);

#[cfg(CONFIG_PAGE_POOL_STATS)]
impl PoolStats {
    pub(crate) fn new() -> Self {
        Self(pin_init::zeroed())
    }

    /// How many there are.
    pub(crate) fn count() -> usize {
        // SAFETY: No requirements.
        usize::try_from(unsafe { bindings::page_pool_ethtool_stats_get_count() }).unwrap_or(0)
    }

    /// Writes their names, if there is room for all.
    pub(crate) fn write_names(to: &mut [[u8; bindings::ETH_GSTRING_LEN as usize]]) {
        if to.len() == Self::count() {
            // SAFETY: There is room for as many.
            unsafe { bindings::page_pool_ethtool_stats_get_strings(to.as_mut_ptr().cast()) };
        }
    }

    /// Adds those of a queue.
    #[doc(alias = "page_pool_get_stats")]
    pub(crate) fn add(&mut self, receive: &Receive) {
        let pool = receive.pool();
        if !pool.is_null() {
            // SAFETY: The pool is alive along with the queue; the callee adds.
            unsafe { bindings::page_pool_get_stats(pool, &raw mut self.0) };
        }
    }

    /// Writes the values, if there is room for all.
    pub(crate) fn write(&self, to: &mut [u64]) {
        if to.len() == Self::count() {
            // SAFETY: There is room for as many.
            unsafe {
                bindings::page_pool_ethtool_stats_get(to.as_mut_ptr(), (&raw const self.0).cast())
            };
        }
    }
}

/// Statistics of page pools, on a kernel that has none.
#[cfg(not(CONFIG_PAGE_POOL_STATS))]
pub(crate) struct PoolStats;

#[cfg(not(CONFIG_PAGE_POOL_STATS))]
impl PoolStats {
    pub(crate) fn new() -> Self {
        Self
    }

    pub(crate) fn count() -> usize {
        0
    }

    pub(crate) fn write_names(_: &mut [[u8; bindings::ETH_GSTRING_LEN as usize]]) {}

    pub(crate) fn add(&mut self, _: &Receive) {}

    pub(crate) fn write(&self, _: &mut [u64]) {}
}
