// SPDX-License-Identifier: GPL-2.0

//! A queue as its poll borrows it.

use core::{
    ops::Deref,
    ptr::NonNull, //
};

use super::Frags;
use crate::{
    bindings,
    context::Napi,
    page_pool::Buffer,
    xdp::Receive, //
};

/// The content of a queue, borrowed by the queue's poll. Polls of a queue never run at the same
/// time, so it is the only consumer.
pub struct Consumer<'a, Q> {
    content: &'a Q,
    receive: &'a Receive,
    napi: *mut bindings::napi_struct,
}

impl<'a, Q> Consumer<'a, Q> {
    /// # Safety
    ///
    /// In a poll of `napi`, of the queue that the others belong to; there is no second one.
    #[inline(always)]
    pub(super) unsafe fn new(
        content: &'a Q,
        receive: &'a Receive,
        napi: *mut bindings::napi_struct,
    ) -> Self {
        Self {
            content,
            receive,
            napi,
        }
    }

    /// The number of the queue, from 0.
    #[inline]
    pub fn index(&self) -> u16 {
        self.receive.index()
    }

    /// Borrows a part of the content, such as a [`Ring`](super::Ring) in a struct; `None` if what
    /// `part` returns is not in the content.
    #[inline(always)]
    pub fn part<R>(&mut self, part: impl FnOnce(&Q) -> &R) -> Option<Consumer<'_, R>> {
        let content = part(self.content);
        // What lies in the content is consumed by whoever consumes that.
        let offset = (&raw const *content)
            .addr()
            .checked_sub((&raw const *self.content).addr())?;
        (offset.checked_add(size_of::<R>())? <= size_of::<Q>()).then_some(Consumer {
            content,
            receive: self.receive,
            napi: self.napi,
        })
    }

    /// An empty buffer of the queue's pool (`page_pool_dev_alloc_pages()`).
    ///
    /// `None` if there is no memory, or the queue has no pool:
    /// [`Queue::BUFFERS`](super::Queue::BUFFERS).
    #[doc(alias = "page_pool_dev_alloc_pages")]
    #[inline]
    pub fn buffer(&mut self, _napi: Napi<'_>) -> Option<Buffer> {
        let pool = self.receive.pool()?;
        // SAFETY: This is a poll of that queue, by the promise of `new`.
        unsafe { pool.buffer() }
    }

    /// Returns an empty frame, to be filled with [buffers](Self::buffer) (`napi_get_frags()`).
    /// `None` if there is no memory.
    #[doc(alias = "napi_get_frags")]
    #[inline]
    pub fn frags(&mut self, _napi: Napi<'_>) -> Option<Frags> {
        // SAFETY: This is a poll of that NAPI instance, by the promise of `new`.
        let skb = NonNull::new(unsafe { bindings::napi_take_frags(self.napi) })?;
        // SAFETY: The packet is ours now, without data; its pages will be of pools.
        unsafe {
            bindings::skb_mark_for_recycle(skb.as_ptr());
            // Of another frame, as the memory is used again.
            bindings::skb_clear_hash(skb.as_ptr());
            Some(Frags::from_raw(skb))
        }
    }
}

impl<Q> Deref for Consumer<'_, Q> {
    type Target = Q;

    #[inline(always)]
    fn deref(&self) -> &Q {
        self.content
    }
}
