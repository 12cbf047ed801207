// SPDX-License-Identifier: GPL-2.0

//! What a receive queue needs to run programs and to receive into pages.

use core::ptr;
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque, //
};

use super::exists;
use crate::{
    bindings,
    context::Rtnl,
    napi::Queue,
    netdev::{
        Driver,
        DriverDevice, //
    },
    page_pool::PagePool,
};

/// The registration of a receive queue of which programs may learn, and its pages.
///
/// Made when the polling of the queue starts, dropped a grace period after it has ended.
///
/// # Invariants
///
/// There is a pool if programs may run. `info` is registered, with memory of type
/// `MEM_TYPE_PAGE_SHARED`, iff `registered`. Only the poll of the queue changes the type of memory
/// meanwhile.
#[doc(alias = "xdp_rxq_info")]
#[pin_data(PinnedDrop)]
pub(crate) struct Receive {
    index: u16,
    pool: Option<PagePool>,
    registered: bool,
    #[pin]
    info: Opaque<bindings::xdp_rxq_info>,
}

impl Receive {
    pub(crate) fn new<'a, D: Driver>(
        dev: &'a DriverDevice<D>,
        index: u16,
        rtnl: Rtnl<'a>,
    ) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            pool: if exists::<D>() || <D::Queue as Queue<D>>::BUFFERS {
                Some(PagePool::new(dev, rtnl)?)
            } else {
                None
            },
            registered: exists::<D>(),
            // INVARIANT: Registered if programs may run, and not otherwise.
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
            index,
        }? Error)
    }

    /// The number of the queue.
    #[inline(always)]
    pub(crate) fn index(&self) -> u16 {
        self.index
    }

    /// The pool, if there is one.
    #[inline(always)]
    pub(crate) fn pool(&self) -> Option<&PagePool> {
        self.pool.as_ref()
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
        if self.registered {
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
