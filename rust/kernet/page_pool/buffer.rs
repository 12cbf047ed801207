// SPDX-License-Identifier: GPL-2.0

//! A page of a pool, as a driver fills it.

use core::{
    ops::Deref,
    ptr::NonNull,
    slice, //
};
use kernel::{
    page::PAGE_SIZE,
    prelude::*, //
};

use crate::{
    bindings,
    context::Napi,
    skb::{
        Skb,
        SkbRef, //
    },
};

/// Bytes that come before those of a frame, for who puts headers there.
const HEADROOM: usize = bindings::XDP_PACKET_HEADROOM as usize;

/// A page of a receive queue's page pool, for the bytes of a received frame
/// (`page_pool_dev_alloc_pages()`).
///
/// Dropping it returns the page to the pool. What a page held before cannot be read.
///
/// # Invariants
///
/// `page` is the first byte of a page of `pool`, of which this value has the one reference. `len`
/// bytes from [`HEADROOM`] on are written, at most [`Self::CAPACITY`].
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Napi,
///     napi::{Consumer, RxFrame},
///     netdev::{Driver, DriverDevice},
/// };
///
/// /// Makes a packet of what the hardware has received, for `Queue::next` to return.
/// fn receive<D: Driver, Q>(
///     bytes: &[u8],
///     queue: &mut Consumer<'_, Q>,
///     dev: &DriverDevice<D>,
///     napi: Napi<'_>,
/// ) -> Option<RxFrame> {
///     // `Queue::BUFFERS` gives the queue a pool.
///     let mut buffer = queue.buffer(napi)?;
///     buffer.append(bytes).ok()?;
///     let frame = buffer.into_skb(napi).ok()?;
///     dev.eth_type_trans(frame, napi).map(RxFrame::from)
/// }
/// ```
#[doc(alias = "page_pool_dev_alloc_pages")]
pub struct Buffer {
    pub(super) page: NonNull<u8>,
    pub(super) pool: NonNull<bindings::page_pool>,
    pub(super) len: u32,
}

// SAFETY: The page is not bound to the CPU or task that has taken it.
unsafe impl Send for Buffer {}
// SAFETY: `&Buffer` only reads.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// How many bytes fit: a page, less the headroom and the space for `struct skb_shared_info`.
    pub const CAPACITY: u32 = bindings::XDP_MAX_LINEAR;

    /// Appends bytes.
    ///
    /// # Errors
    ///
    /// [`EMSGSIZE`] if they do not fit. Nothing is appended then.
    pub fn append(&mut self, bytes: &[u8]) -> Result {
        let len = u32::try_from(bytes.len()).map_err(|_| EMSGSIZE)?;
        self.room(len)?.copy_from_slice(bytes);
        // INVARIANT: Written, and room for them was checked.
        self.len += len;
        Ok(())
    }

    /// Appends `len` bytes of a packet, starting at `offset` (`skb_copy_bits()`).
    ///
    /// # Errors
    ///
    /// [`EMSGSIZE`] if they do not fit; [`EFAULT`] if the packet is too short. Nothing is appended
    /// then.
    #[doc(alias = "skb_copy_bits")]
    pub fn append_from(&mut self, skb: &SkbRef, offset: u32, len: u32) -> Result {
        skb.copy_bits(offset, self.room(len)?)?;
        // INVARIANT: As above.
        self.len += len;
        Ok(())
    }

    /// The next `len` bytes behind what is written.
    fn room(&mut self, len: u32) -> Result<&mut [u8]> {
        if len > Self::CAPACITY - self.len {
            return Err(EMSGSIZE);
        }
        // SAFETY: By the type invariants and the check these bytes are in the page, which is ours
        // alone. The allocator's pages hold bytes, whatever they are.
        Ok(unsafe {
            let start = self.page.add(HEADROOM + self.len as usize);
            slice::from_raw_parts_mut(start.as_ptr(), len as usize)
        })
    }

    /// The page, whose reference the caller gets.
    fn into_page(self) -> *mut c_void {
        core::mem::ManuallyDrop::new(self).page.as_ptr().cast()
    }

    /// Makes a packet whose linear part is the buffer (`napi_build_skb()`).
    ///
    /// # Errors
    ///
    /// The buffer, if there is no memory.
    #[doc(alias = "napi_build_skb")]
    pub fn into_skb(self, _napi: Napi<'_>) -> Result<Skb<'static>, Self> {
        // SAFETY: The page is ours, and has room for what describes the packet behind `CAPACITY`
        // bytes; the callee does not keep it if it fails. In a poll.
        let skb =
            unsafe { bindings::napi_build_skb(self.page.as_ptr().cast(), PAGE_SIZE as c_uint) };
        let Some(skb) = NonNull::new(skb) else {
            return Err(self);
        };
        let len = self.len;
        self.into_page();
        // SAFETY: The packet is new, empty, and has room for both, by the type invariants. Its page
        // is of a pool, and the packet's from here on.
        unsafe {
            bindings::skb_mark_for_recycle(skb.as_ptr());
            bindings::skb_reserve(skb.as_ptr(), HEADROOM as c_int);
            bindings::skb_put(skb.as_ptr(), len);
            Ok(Skb::from_raw(skb))
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    /// What is written.
    fn deref(&self) -> &[u8] {
        // SAFETY: By the type invariants these bytes are in the page, and written.
        unsafe { slice::from_raw_parts(self.page.add(HEADROOM).as_ptr(), self.len as usize) }
    }
}

impl Drop for Buffer {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: The page is ours, by the type invariants, and of that pool, which lives for as
        // long as any of its pages is out.
        unsafe { bindings::page_pool_give_back(self.pool.as_ptr(), self.page.as_ptr().cast()) };
    }
}

impl Skb<'_> {
    /// Appends a buffer to the packet's data, as a fragment (`skb_add_rx_frag()`).
    ///
    /// # Errors
    ///
    /// The buffer, if it is empty, if the packet has the most fragments possible or would exceed 64
    /// KiB, if its data is shared, or if its head is not a [buffer](Buffer::into_skb): head and
    /// fragments must return to the same kind of memory.
    #[doc(alias = "skb_add_rx_frag")]
    pub fn add_buffer(&mut self, buffer: Buffer) -> Result<(), Buffer> {
        let skb = self.as_ptr();
        let long = self.len().saturating_add(buffer.len) > u32::from(u16::MAX);
        // SAFETY: Valid by the type.
        let fits = unsafe { bindings::skb_takes_pool_pages(skb) };
        if buffer.is_empty() || long || !fits || self.is_cloned() {
            return Err(buffer);
        }
        let len = buffer.len;
        // SAFETY: The packet is ours, not shared, has room for a fragment, and returns pages to their
        // pools. It takes over the page, of which these bytes are written.
        unsafe {
            bindings::skb_add_page(skb, buffer.into_page(), HEADROOM as c_int, len);
        }
        Ok(())
    }
}
