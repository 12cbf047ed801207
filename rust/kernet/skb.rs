// SPDX-License-Identifier: GPL-2.0

//! Packets: `struct sk_buff`.
//!
//! C header: [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h)
//!
//! # Ownership
//!
//! [`Skb`] owns a packet. It ends in one of these ways only: it is passed on (sent, passed up,
//! queued), [dropped with a reason](Skb::drop_with), or [consumed](Skb::consume). Letting one go
//! out of scope does not build: the linker reports `rust_build_error` undefined.
//!
//! [`SkbRef`] is a packet that somebody else owns, borrowed as `&SkbRef` to read or as `Pin<&mut
//! SkbRef>` to change. It cannot be kept beyond the callback that borrows it.
//!
//! # Data
//!
//! A packet's bytes are in a linear part and, behind it, in page fragments. Offsets count from
//! `skb->data`. [`SkbRef::pull_header`] makes a header linear and returns a typed view of it. The
//! view borrows the packet, so code that may move the data does not compile while the view is used.

use core::{
    marker::PhantomPinned,
    mem::MaybeUninit,
    pin::Pin,
    slice, //
};
use kernel::{
    error::to_result,
    prelude::*,
    types::Opaque, //
};
use zerocopy::{
    FromBytes,
    Immutable,
    IntoBytes,
    KnownLayout,
    Unaligned, //
};

use crate::bindings;

mod checksum;
mod control_block;
mod data;
mod drop_reason;
mod edit;
mod flow;
mod free;
mod gso;
mod link;
mod owned;
mod rx_skb;
mod tests;
mod vlan;
mod xlat;

pub use checksum::Checksum;
pub use control_block::WithControl;
pub use drop_reason::DropReason;
pub use edit::{
    Edit,
    EditError,
    Transport, //
};
pub use flow::{
    FlowHash,
    VlanTag,
    Xnet, //
};
pub use free::{
    AnyContext,
    FreeContext, //
};
pub use gso::{
    Gso,
    GsoKind, //
};
pub use link::PacketType;
pub use owned::Skb;
pub use rx_skb::RxSkb;
pub use xlat::TranslateError;

/// The largest headroom that can be asked for, in bytes: more than any stack of headers needs.
pub const MAX_HEADROOM: u16 = 4096;

/// How far into a packet's buffer a header may begin, in bytes. Its place is noted in 16 bits: what is
/// left is for the headers that the layers below put before, which move it on.
pub(crate) const MAX_PLACE: u32 = 0xc000;

/// The types of views of packet bytes: plain bytes of alignment 1.
pub trait Bytes: FromBytes + KnownLayout + Immutable + Unaligned {}

impl<T: FromBytes + KnownLayout + Immutable + Unaligned> Bytes for T {}

/// A borrowed packet: somebody else owns it (`sk_buff`).
///
/// Always behind a reference. What a `&SkbRef` returns does not change while it lives, as changes
/// need a `Pin<&mut SkbRef>`.
#[doc(alias = "sk_buff")]
#[repr(transparent)]
pub struct SkbRef {
    skb: Opaque<bindings::sk_buff>,
    _pin: PhantomPinned,
}

impl SkbRef {
    /// Borrows a packet from C.
    ///
    /// # Safety
    ///
    /// For `'a`, the packet is valid and nobody changes it.
    #[inline(always)]
    pub(crate) unsafe fn from_raw<'a>(skb: *const bindings::sk_buff) -> &'a Self {
        // SAFETY: By the caller's promise; the type is transparent.
        unsafe { &*skb.cast() }
    }

    /// Borrows a packet from C to change it.
    ///
    /// # Safety
    ///
    /// For `'a`, the packet is valid, not shared (`skb->users` is 1), and nobody else accesses it.
    #[inline(always)]
    pub(crate) unsafe fn from_raw_mut<'a>(skb: *mut bindings::sk_buff) -> Pin<&'a mut Self> {
        // SAFETY: By the caller's promise; the type is transparent and never moved from behind
        // the pin.
        unsafe { Pin::new_unchecked(&mut *skb.cast()) }
    }

    #[inline(always)]
    pub(crate) fn as_raw(&self) -> *mut bindings::sk_buff {
        self.skb.get()
    }

    /// The C struct, for the fields that no callee changes while `self` is borrowed.
    #[inline(always)]
    fn inner(&self) -> &bindings::sk_buff {
        // SAFETY: Valid, and not changed while borrowed, by the type.
        unsafe { &*self.skb.get() }
    }

    /// The length of the data in bytes, linear part and fragments.
    #[doc(alias = "sk_buff::len")]
    #[allow(clippy::len_without_is_empty)]
    #[inline(always)]
    pub fn len(&self) -> u32 {
        self.inner().len
    }

    /// The length of the fragments in bytes.
    #[doc(alias = "sk_buff::data_len")]
    #[inline(always)]
    pub fn data_len(&self) -> u32 {
        self.inner().data_len
    }

    /// The length of the linear part in bytes.
    #[doc(alias = "skb_headlen")]
    #[inline(always)]
    pub fn headlen(&self) -> u32 {
        // The fragments are a part of the whole.
        self.len().wrapping_sub(self.data_len())
    }

    /// Whether a part of the data is in fragments.
    #[doc(alias = "skb_is_nonlinear")]
    #[inline(always)]
    pub fn is_nonlinear(&self) -> bool {
        self.data_len() != 0
    }

    /// Whether the data may be shared with a clone (`skb_cloned()`).
    #[doc(alias = "skb_cloned")]
    pub fn is_cloned(&self) -> bool {
        // SAFETY: Valid by the type.
        unsafe { bindings::skb_cloned(self.as_raw()) != 0 }
    }

    /// Bytes free before the data.
    #[doc(alias = "skb_headroom")]
    #[inline(always)]
    pub fn headroom(&self) -> u32 {
        // SAFETY: Valid by the type.
        unsafe { bindings::skb_headroom(self.as_raw()) }
    }

    /// Bytes free behind the data; 0 when there are fragments.
    #[doc(alias = "skb_tailroom")]
    pub fn tailroom(&self) -> u32 {
        // SAFETY: Valid by the type.
        let room = unsafe { bindings::skb_tailroom(self.as_raw()) };
        u32::try_from(room).unwrap_or(0)
    }

    /// The EtherType, in host byte order.
    #[doc(alias = "sk_buff::protocol")]
    #[inline(always)]
    pub fn protocol(&self) -> u16 {
        // SAFETY: Valid by the type.
        u16::from_be(unsafe { bindings::skb_get_protocol(self.as_raw()) })
    }

    /// The number of the queue that the packet was received on, or is to be sent on.
    #[doc(alias = "skb_get_queue_mapping")]
    #[inline(always)]
    pub fn queue_mapping(&self) -> u16 {
        self.inner().queue_mapping
    }

    /// Whether a socket waits for the packet to be freed before it sends more (`sock_wfree()`). UDP
    /// sockets do, TCP sockets do not.
    #[doc(alias = "sock_wfree")]
    #[inline(always)]
    pub fn is_charged_to_sender(&self) -> bool {
        // SAFETY: Valid by the type.
        unsafe { bindings::skb_destructor_is_sock_wfree(self.as_raw()) }
    }

    /// The offset of the network header from `skb->data`, in bytes. Negative if the header was pulled.
    #[doc(alias = "skb_network_offset")]
    #[inline(always)]
    pub fn network_offset(&self) -> i32 {
        // SAFETY: Valid by the type.
        unsafe { bindings::skb_network_offset(self.as_raw()) }
    }

    /// The offset of the transport header from `skb->data`, in bytes.
    ///
    /// `None` if it is not set.
    #[doc(alias = "skb_transport_offset")]
    #[inline(always)]
    pub fn transport_offset(&self) -> Option<i32> {
        // SAFETY: Valid by the type.
        if !unsafe { bindings::skb_transport_header_was_set(self.as_raw()) } {
            return None;
        }
        // SAFETY: As above; set, as just seen.
        Some(unsafe { bindings::skb_transport_offset(self.as_raw()) })
    }

    /// The bytes of the linear part (`sk_buff::data`).
    #[doc(alias = "sk_buff::data")]
    #[inline(always)]
    pub fn linear(&self) -> &[u8] {
        // SAFETY: The linear part is `headlen` bytes from `data`, initialised, and whoever shares
        // it with a clone copies it before writing.
        unsafe { slice::from_raw_parts(self.inner().data, self.headlen() as usize) }
    }

    /// A view of the bytes at `offset`, if they are in the linear part.
    #[inline]
    pub fn header<H: Bytes>(&self, offset: u32) -> Option<&H> {
        let bytes = self.linear().get(offset as usize..)?;
        H::ref_from_prefix(bytes).ok().map(|(header, _)| header)
    }

    /// Copies the bytes at `offset`, from the linear part or fragments.
    ///
    /// # Errors
    ///
    /// [`EFAULT`] if the packet is too short.
    #[doc(alias = "skb_copy_bits")]
    pub fn copy_bits(&self, offset: u32, to: &mut [u8]) -> Result {
        let offset = i32::try_from(offset).map_err(|_| EFAULT)?;
        let len = i32::try_from(to.len()).map_err(|_| EFAULT)?;
        // SAFETY: The packet is valid, `to` is writable for `len` bytes; offset and length are
        // checked against the packet's by the callee.
        to_result(unsafe {
            bindings::skb_copy_bits(self.as_raw(), offset, to.as_mut_ptr().cast(), len)
        })
    }

    /// A copy of the bytes at `offset`, from the linear part or fragments (`skb_header_pointer()`).
    ///
    /// `None` if the packet is too short.
    #[doc(alias = "skb_header_pointer")]
    #[inline]
    pub fn copy_header<H: Bytes + Copy>(&self, offset: u32) -> Option<H> {
        if let Some(header) = self.header::<H>(offset) {
            return Some(*header);
        }
        self.copy_nonlinear(offset)
    }

    #[cold]
    fn copy_nonlinear<H: Bytes + Copy>(&self, offset: u32) -> Option<H> {
        let mut header = MaybeUninit::<H>::zeroed();
        // SAFETY: The memory is zeroed, hence initialised, and writable for `size_of::<H>()` bytes.
        let bytes =
            unsafe { slice::from_raw_parts_mut(header.as_mut_ptr().cast::<u8>(), size_of::<H>()) };
        self.copy_bits(offset, bytes).ok()?;
        // SAFETY: Any bytes are a valid `H`, by `FromBytes`.
        Some(unsafe { header.assume_init() })
    }

    /// Makes the first `len` bytes linear (`pskb_may_pull_reason()`).
    ///
    /// # Errors
    ///
    /// The drop reason: the packet is too short, or there is no memory.
    #[doc(alias = "pskb_may_pull_reason")]
    #[inline]
    pub fn may_pull(self: Pin<&mut Self>, len: u32) -> Result<(), DropReason> {
        if len <= self.headlen() {
            return Ok(());
        }
        self.pull_tail(len)
    }

    #[cold]
    fn pull_tail(self: Pin<&mut Self>, len: u32) -> Result<(), DropReason> {
        if len > self.len() {
            return Err(DropReason::PKT_TOO_SMALL);
        }
        // SAFETY: The packet is ours to change; `len` is within it, and above `headlen`.
        let tail =
            unsafe { bindings::__pskb_pull_tail(self.as_raw(), (len - self.headlen()) as c_int) };
        if tail.is_null() {
            return Err(DropReason::NOMEM);
        }
        Ok(())
    }

    /// Makes the bytes at `offset` linear, and returns a view of them (`pskb_may_pull()`).
    ///
    /// # Errors
    ///
    /// The drop reason: the packet is too short, or there is no memory.
    #[doc(alias = "pskb_may_pull")]
    #[inline]
    pub fn pull_header<H: Bytes>(mut self: Pin<&mut Self>, offset: u32) -> Result<&H, DropReason> {
        let end = end_of::<H>(offset)?;
        self.as_mut().may_pull(end)?;
        let this: &Self = self.into_ref().get_ref();
        this.header(offset).ok_or(DropReason::PKT_TOO_SMALL)
    }

    /// Makes the bytes at `offset` linear and unshared, and returns a view to change them
    /// (`skb_ensure_writable()`).
    ///
    /// Checksums that cover the bytes are not updated; that is the caller's task.
    ///
    /// # Errors
    ///
    /// The drop reason: the packet is too short, or there is no memory.
    #[doc(alias = "skb_ensure_writable")]
    #[inline]
    pub fn header_mut<H: Bytes + IntoBytes>(
        self: Pin<&mut Self>,
        offset: u32,
    ) -> Result<&mut H, DropReason> {
        let end = end_of::<H>(offset)?;
        if end > self.len() {
            return Err(DropReason::PKT_TOO_SMALL);
        }
        // SAFETY: The packet is ours to change, and at least `end` bytes long.
        if unsafe { bindings::skb_ensure_writable(self.as_raw(), end) } != 0 {
            return Err(DropReason::NOMEM);
        }
        // SAFETY: The first `end` bytes are now linear and not shared with a clone, and `self` is
        // borrowed for as long as the slice.
        let bytes = unsafe { slice::from_raw_parts_mut(self.inner().data, end as usize) };
        bytes
            .get_mut(offset as usize..)
            .and_then(|bytes| H::mut_from_bytes(bytes).ok())
            .ok_or(DropReason::PKT_TOO_SMALL)
    }

    /// Removes `len` bytes from the front (`skb_pull_rcsum()`).
    ///
    /// If the device has summed all of the packet, the sum is updated; or forgotten if `len` is odd, since what is
    /// left begins in the middle of a word then.
    ///
    /// # Errors
    ///
    /// As [`Self::may_pull`]; [`DropReason::PKT_TOO_BIG`] if the data would begin 48 KiB or more
    /// into the buffer, where a header offset cannot be stored.
    #[doc(alias = "skb_pull_rcsum")]
    pub fn pull(mut self: Pin<&mut Self>, len: u32) -> Result<(), DropReason> {
        self.as_mut().may_pull(len)?;
        // Neither is near to what overflows: both are parts of a buffer.
        if self.headroom().saturating_add(len) >= MAX_PLACE {
            return Err(DropReason::PKT_TOO_BIG);
        }
        self.as_mut().forget_sum_behind(len);
        // SAFETY: The packet is ours to change, and `len` bytes are linear.
        unsafe { bindings::skb_pull_rcsum(self.as_raw(), len) };
        Ok(())
    }

    /// Shortens the packet to `len` bytes (`pskb_trim_rcsum()`). A shorter packet stays as it is.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    #[doc(alias = "pskb_trim_rcsum")]
    pub fn trim(self: Pin<&mut Self>, len: u32) -> Result {
        // SAFETY: The packet is ours to change.
        to_result(unsafe { bindings::pskb_trim_rcsum(self.as_raw(), len) })
    }

    /// Puts a header before the data (`skb_push()`).
    ///
    /// # Errors
    ///
    /// As [`Self::cow_head`].
    #[doc(alias = "skb_push")]
    pub fn push_header<H: Bytes + IntoBytes>(mut self: Pin<&mut Self>, header: &H) -> Result {
        let len = const {
            assert!(size_of::<H>() <= 256, "a header of more than 256 bytes");
            size_of::<H>() as u32
        };
        self.as_mut().cow_head(len)?;
        // SAFETY: There are `len` bytes of headroom, which no clone shares. What a program has left
        // there is overwritten.
        let data = unsafe {
            bindings::skb_metadata_clear(self.as_raw());
            bindings::skb_push(self.as_raw(), len)
        };
        // SAFETY: `data` is the start of the `len` bytes that were just added.
        unsafe {
            data.cast::<u8>()
                .copy_from_nonoverlapping(header.as_bytes().as_ptr(), len as usize)
        };
        Ok(())
    }

    /// Makes at least `headroom` bytes before the data that no clone shares.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`], also when the headers that are noted would be moved too far; the packet is as before.
    #[inline(always)]
    pub(crate) fn cow_head(self: Pin<&mut Self>, headroom: u32) -> Result {
        self.check_growth(headroom)?;
        // SAFETY: The packet is ours to change, and the headroom no number that overflows.
        to_result(unsafe { bindings::skb_cow_head(self.as_raw(), headroom) })
    }

    /// Refuses headroom to be made if that moved a header to where it cannot be noted.
    #[inline(always)]
    fn check_growth(&self, headroom: u32) -> Result {
        match headroom.checked_sub(self.headroom()) {
            None | Some(0) => Ok(()),
            Some(missing) => self.check_move(missing),
        }
    }

    #[cold]
    fn check_move(&self, by: u32) -> Result {
        // SAFETY: Valid by the type; `by` is no number that overflows.
        let last = unsafe { bindings::skb_last_place_after_growth(self.as_raw(), by) };
        if last >= MAX_PLACE {
            return Err(ENOMEM);
        }
        Ok(())
    }

    /// Whether a header that begins at `skb->data` can be noted.
    fn has_place_for_header(&self) -> bool {
        self.headroom() < MAX_PLACE
    }

    /// Sets the network header to `skb->data`.
    ///
    /// The header stays where it was if the data begins 48 KiB or more into its buffer. The same
    /// applies to the two functions below.
    #[doc(alias = "skb_reset_network_header")]
    pub fn reset_network_header(self: Pin<&mut Self>) {
        if self.has_place_for_header() {
            // SAFETY: The packet is ours to change.
            unsafe { bindings::skb_reset_network_header(self.as_raw()) };
        }
    }

    /// Sets the network header to what is `offset` bytes behind `skb->data`, in the packet's header, and
    /// returns whether it can be noted there.
    pub(crate) fn set_network_offset(self: Pin<&mut Self>, offset: u32) -> bool {
        // The places that can be noted end far behind `MAX_PLACE`.
        let noted = self.has_place_for_header() && offset <= 256;
        if noted {
            // SAFETY: The packet is ours to change.
            unsafe { bindings::skb_set_network_header(self.as_raw(), offset as c_int) };
        }
        noted
    }

    /// Sets the transport header to `skb->data`.
    #[doc(alias = "skb_reset_transport_header")]
    pub fn reset_transport_header(self: Pin<&mut Self>) {
        if self.has_place_for_header() {
            // SAFETY: The packet is ours to change.
            unsafe { bindings::skb_reset_transport_header(self.as_raw()) };
        }
    }

    /// Sets the link header to `skb->data`.
    #[doc(alias = "skb_reset_mac_header")]
    pub fn reset_mac_header(self: Pin<&mut Self>) {
        if self.has_place_for_header() {
            // SAFETY: The packet is ours to change. What a program has left lies before that header.
            unsafe {
                bindings::skb_metadata_clear(self.as_raw());
                bindings::skb_reset_mac_header(self.as_raw());
            }
        }
    }

    /// Sets the EtherType, in host byte order (`sk_buff::protocol`).
    #[doc(alias = "sk_buff::protocol")]
    pub fn set_protocol(self: Pin<&mut Self>, protocol: u16) {
        // SAFETY: The packet is ours to change.
        unsafe { bindings::skb_set_protocol(self.as_raw(), protocol.to_be()) };
    }
}

/// Where a header at `offset` ends.
#[inline(always)]
fn end_of<H>(offset: u32) -> Result<u32, DropReason> {
    u32::try_from(size_of::<H>())
        .ok()
        .and_then(|len| offset.checked_add(len))
        .ok_or(DropReason::PKT_TOO_SMALL)
}
