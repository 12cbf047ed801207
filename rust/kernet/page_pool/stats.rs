// SPDX-License-Identifier: GPL-2.0

//! What page pools count.

use super::PagePool;
#[cfg(CONFIG_PAGE_POOL_STATS)]
use crate::bindings;

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

    /// Adds those of a pool.
    #[doc(alias = "page_pool_get_stats")]
    pub(crate) fn add(&mut self, pool: &PagePool) {
        // SAFETY: The pool is valid, by its type invariants; the callee adds.
        unsafe { bindings::page_pool_get_stats(pool.as_raw(), &raw mut self.0) };
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

    pub(crate) fn add(&mut self, _: &PagePool) {}

    pub(crate) fn write(&self, _: &mut [u64]) {}
}
