// SPDX-License-Identifier: GPL-2.0

//! Owned packets.

use core::{
    marker::PhantomData,
    mem::ManuallyDrop,
    ops::Deref,
    pin::Pin,
    ptr::NonNull, //
};
use kernel::{
    build_error,
    prelude::*, //
};

use super::{
    DropReason,
    FreeContext,
    SkbRef,
    MAX_PLACE, //
};
use crate::{
    bindings,
    context::Context, //
};

/// An owned packet (`sk_buff`).
///
/// # Keeping one
///
/// The route, the conntrack entry and the early-demultiplexed socket of a packet are valid for `'a`
/// only: while the callback runs that got the packet. [`Self::keep`] removes them. An
/// `Skb<'static>` has none of them, and may be kept anywhere and for any time.
///
/// # Implicit drop
///
/// Does not build; see the [module documentation](super). Leaking a packet with
/// [`core::mem::forget`] leaks its memory and what it refers to, and is not unsound. A leaked
/// conntrack entry keeps its namespace, and all that die after it, from being freed.
///
/// # Invariants
///
/// - Points to a valid `sk_buff`, not shared, of which this value holds the one reference that it
///   will give up.
/// - What the packet refers to without a count, or counts in a namespace that it does not hold, is
///   there for `'a`: its route, connection entry, extensions, and a socket that early demultiplexing
///   has found. Its device may be gone: who calls what looks at it sets it before.
/// - Its data begins less than [`MAX_PLACE`](super::MAX_PLACE) bytes into its buffer if a module has
///   changed where, as do the headers whose places a module has noted.
#[doc(alias = "sk_buff")]
#[repr(transparent)]
pub struct Skb<'a>(NonNull<bindings::sk_buff>, PhantomData<&'a ()>);

// SAFETY: A packet is not bound to the CPU or task that made it.
unsafe impl Send for Skb<'_> {}
// SAFETY: `&Skb` gives `&SkbRef`, whose methods only read, and makes copies, which only read it too.
unsafe impl Sync for Skb<'_> {}

impl<'a> Skb<'a> {
    /// Takes over a packet from C.
    ///
    /// # Safety
    ///
    /// `skb` fulfils the type invariants, and the caller gives up a reference of it.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(skb: NonNull<bindings::sk_buff>) -> Self {
        // INVARIANT: By the caller's promise.
        Self(skb, PhantomData)
    }

    #[inline(always)]
    pub(crate) fn as_ptr(&self) -> *mut bindings::sk_buff {
        self.0.as_ptr()
    }

    /// Gives the packet to C.
    #[inline(always)]
    pub(crate) fn into_raw(self) -> *mut bindings::sk_buff {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// The packet, to be kept: without its route, conntrack entry and extensions (IPsec state among
    /// them), and without a socket that it holds no reference to (`skb_dst_drop()`). It stays
    /// charged to the socket that has sent it, which holds its namespace. It keeps its bytes, even
    /// those in a sender's own pages.
    #[doc(alias = "skb_dst_drop")]
    #[doc(alias = "nf_reset_ct")]
    #[doc(alias = "skb_ext_reset")]
    #[inline(always)]
    pub fn keep(self) -> Skb<'static> {
        let skb = self.into_raw();
        // SAFETY: The packet is ours to change, by the type invariants.
        unsafe { bindings::skb_give_up_lent(skb) };
        // INVARIANT: Nothing is left that is good for `'a` alone, as just seen to.
        // SAFETY: From `into_raw()`, hence not null.
        Skb(unsafe { NonNull::new_unchecked(skb) }, PhantomData)
    }

    /// Appends bytes to the data.
    ///
    /// # Errors
    ///
    /// [`EMSGSIZE`] if the tailroom is too small, or the packet has fragments.
    #[doc(alias = "skb_put")]
    pub fn put(&mut self, bytes: &[u8]) -> Result {
        let len = u32::try_from(bytes.len()).map_err(|_| EMSGSIZE)?;
        if len > self.tailroom() || self.is_cloned() {
            return Err(EMSGSIZE);
        }
        // SAFETY: There are `len` bytes of tailroom, which implies that there is no fragment, and
        // no clone shares them.
        let tail = unsafe { bindings::skb_put(self.as_raw(), len) };
        // SAFETY: `tail` is the start of the `len` bytes just added.
        unsafe {
            tail.cast::<u8>()
                .copy_from_nonoverlapping(bytes.as_ptr(), bytes.len())
        };
        Ok(())
    }

    /// Borrows the packet to change it.
    #[inline(always)]
    pub fn as_mut(&mut self) -> Pin<&mut SkbRef> {
        // SAFETY: Owned and not shared, by the type invariants, and borrowed mutably.
        unsafe { SkbRef::from_raw_mut(self.0.as_ptr()) }
    }

    /// Makes a second packet that shares the data (`skb_clone()`). The first one is marked as
    /// cloned.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    #[doc(alias = "skb_clone")]
    pub fn try_clone<C: Context>(&mut self, _context: C) -> Result<Self> {
        // SAFETY: Valid, and borrowed mutably.
        let skb = unsafe { bindings::skb_clone(self.0.as_ptr(), C::GFP) };
        let skb = NonNull::new(skb).ok_or(ENOMEM)?;
        // INVARIANT: The clone's one reference is this value's. It refers to what the first one does,
        // but for the socket.
        Ok(Self(skb, PhantomData))
    }

    /// Drops the packet with a reason (`kfree_skb_reason()`).
    ///
    /// `context` is the token of the current context, or [`AnyContext`](super::AnyContext).
    #[doc(alias = "kfree_skb_reason")]
    #[doc(alias = "dev_kfree_skb_any_reason")]
    #[inline]
    pub fn drop_with(self, reason: DropReason, context: impl FreeContext) {
        // SAFETY: The reference is given up with `self`.
        unsafe { context.free(self.into_raw(), reason) };
    }

    /// Frees a packet that has served its purpose (`consume_skb()`).
    ///
    /// `context` is the token of the current context, or [`AnyContext`](super::AnyContext).
    #[doc(alias = "consume_skb")]
    #[doc(alias = "napi_consume_skb")]
    #[inline]
    pub fn consume(self, context: impl FreeContext) {
        // SAFETY: The reference is given up with `self`.
        unsafe { context.consume(self.into_raw()) };
    }
}

impl Skb<'static> {
    /// Allocates an empty packet, with `headroom` bytes before the data and `size` bytes for it
    /// (`alloc_skb()`).
    ///
    /// # Errors
    ///
    /// [`ENOMEM`], also if `headroom` and `size` exceed 65535 together, or `headroom` is so large
    /// that the offset of a header behind it cannot be stored.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernet::{
    ///     context::Softirq,
    ///     netdev::Device,
    ///     skb::{DropReason, Skb},
    ///     wire::ethernet::{Address, EtherType, Header},
    /// };
    ///
    /// /// Sends a frame with `payload` to all stations.
    /// fn announce(device: &Device, payload: &[u8; 46], softirq: Softirq<'_>) -> Result {
    ///     let source = device.ethernet_address(softirq).ok_or(EINVAL)?;
    ///     let header = Header::new(Address::BROADCAST, source, EtherType(0x88b5));
    ///     let mut frame = Skb::new(Header::LEN as u32, 46, softirq)?;
    ///     let built = frame.put(payload).and_then(|()| frame.as_mut().push_header(&header));
    ///     if let Err(error) = built {
    ///         frame.drop_with(DropReason::NOMEM, softirq);
    ///         return Err(error);
    ///     }
    ///     device.queue_xmit(frame, softirq).map_err(|_| EIO)
    /// }
    /// ```
    #[doc(alias = "alloc_skb")]
    pub fn new<C: Context>(headroom: u32, size: u32, _context: C) -> Result<Self> {
        let total = headroom.checked_add(size).ok_or(ENOMEM)?;
        if total > u32::from(u16::MAX) || headroom >= MAX_PLACE {
            return Err(ENOMEM);
        }
        // SAFETY: No requirements; far from a number that overflows.
        let skb = unsafe { bindings::alloc_skb(total, C::GFP) };
        let skb = NonNull::new(skb).ok_or(ENOMEM)?;
        // SAFETY: The packet is new and empty, and has room for both.
        unsafe { bindings::skb_reserve(skb.as_ptr(), headroom as c_int) };
        // INVARIANT: The allocation's one reference is this value's; it refers to nothing.
        Ok(Self(skb, PhantomData))
    }
}

impl Deref for Skb<'_> {
    type Target = SkbRef;

    #[inline(always)]
    fn deref(&self) -> &SkbRef {
        // SAFETY: Owned, by the type invariants, and borrowed.
        unsafe { SkbRef::from_raw(self.0.as_ptr()) }
    }
}

impl Drop for Skb<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        build_error!("an skb must be handed on, dropped with a reason, or consumed");
    }
}
