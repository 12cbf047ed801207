// SPDX-License-Identifier: GPL-2.0

//! Frames without a packet.

use core::{
    marker::PhantomData,
    mem,
    ops::Deref,
    ptr::NonNull, //
};

use crate::bindings;

/// An owned XDP frame. Its description is in the headroom before its data.
///
/// Dropping it returns the memory to where it came from.
///
/// # Invariants
///
/// Points to a valid `xdp_frame` that this value owns, along with the memory it lies in.
///
/// # Examples
///
/// ```
/// use kernel::sync::SpinLock;
/// use kernet::xdp::{Frame, Frames};
///
/// /// Frames that wait for the hardware. One that is dropped returns its memory.
/// struct Waiting(SpinLock<KVec<Frame>>);
///
/// impl Waiting {
///     /// What `Driver::xdp_transmit` does: takes frames for as long as there is memory.
///     fn add(&self, frames: &mut Frames<'_>) {
///         let mut waiting = self.0.lock();
///         frames.send_each(|offered| {
///             if waiting.reserve(1, GFP_ATOMIC).is_err() {
///                 return Err(offered);
///             }
///             // There is room now.
///             let _ = waiting.push(offered.into_frame(), GFP_ATOMIC);
///             Ok(())
///         });
///     }
/// }
/// ```
#[doc(alias = "xdp_frame")]
#[repr(transparent)]
pub struct Frame(NonNull<bindings::xdp_frame>);

// SAFETY: A frame is not bound to the CPU that made it.
unsafe impl Send for Frame {}

impl Frame {
    /// Takes over a frame from C.
    ///
    /// # Safety
    ///
    /// `frame` is valid, and the caller gives it away.
    #[inline(always)]
    pub(crate) unsafe fn from_raw(frame: NonNull<bindings::xdp_frame>) -> Self {
        // INVARIANT: By the caller's promise.
        Self(frame)
    }

    /// Gives the frame to C.
    #[inline(always)]
    pub(crate) fn into_raw(self) -> *mut bindings::xdp_frame {
        mem::ManuallyDrop::new(self).0.as_ptr()
    }

    /// The length of the frame in bytes, with fragments and its Ethernet header.
    #[doc(alias = "xdp_get_frame_len")]
    #[allow(clippy::len_without_is_empty)]
    #[inline(always)]
    pub fn len(&self) -> u32 {
        // SAFETY: Valid by the type invariants.
        unsafe { bindings::xdp_get_frame_len(self.0.as_ptr()) }
    }
}

impl Drop for Frame {
    #[doc(alias = "xdp_return_frame")]
    fn drop(&mut self) {
        // SAFETY: Owned, by the type invariants. Legal in a task and in softirq, and there is no
        // token of anything else.
        unsafe { bindings::xdp_return_frame(self.0.as_ptr()) };
    }
}

/// A batch of frames to be sent (`ndo_xdp_xmit()`). Frames that are not sent stay with their owner.
///
/// # Invariants
///
/// From `sent` on, each pointer is that of a [`Frame`] that whoever lends them owns. Those before
/// are given away.
///
/// # Examples
///
/// ```
/// use kernet::xdp::Frames;
///
/// /// Sends frames that are short enough, and leaves the first other one, and what is behind it, to
/// /// their owner.
/// fn transmit(frames: &mut Frames<'_>, longest: u32) {
///     frames.send_each(|offered| {
///         if offered.len() > longest {
///             return Err(offered);
///         }
///         drop(offered.into_frame()); // sent
///         Ok(())
///     });
/// }
/// ```
#[doc(alias = "ndo_xdp_xmit")]
pub struct Frames<'a> {
    frames: &'a [*mut bindings::xdp_frame],
    sent: usize,
    redirected: bool,
}

impl<'a> Frames<'a> {
    /// # Safety
    ///
    /// Each pointer is that of a frame which the caller owns. From then on it owns those that
    /// [`Self::sent`] does not count.
    #[inline(always)]
    pub(super) unsafe fn new(frames: &'a [*mut bindings::xdp_frame], redirected: bool) -> Self {
        // INVARIANT: By the caller's promise.
        Self {
            frames,
            sent: 0,
            redirected,
        }
    }

    /// How many frames are left.
    #[allow(clippy::len_without_is_empty)]
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.frames.len().saturating_sub(self.sent)
    }

    /// How many were sent.
    #[inline(always)]
    pub(super) fn sent(&self) -> usize {
        self.sent
    }

    /// Whether a program has redirected the frames to this device; otherwise its own program sends
    /// them back.
    #[inline(always)]
    pub fn redirected(&self) -> bool {
        self.redirected
    }

    /// Calls `send` with each frame, up to the first one that it gives back.
    #[inline(always)]
    pub fn send_each(
        &mut self,
        mut send: impl for<'f> FnMut(Offered<'f>) -> Result<(), Offered<'f>>,
    ) {
        while let Some(place) = self.frames.get(self.sent) {
            // SAFETY: By the type invariants, a frame; it is `send`'s, or comes back.
            let frame = unsafe { Frame::from_raw(NonNull::new_unchecked(*place)) };
            // INVARIANT: Given away; undone below if it comes back, which is the same one, by the type.
            match send(Offered(frame, PhantomData)) {
                Ok(()) => self.sent += 1,
                Err(offered) => {
                    offered.into_frame().into_raw();
                    return;
                }
            }
        }
    }
}

/// A frame to be sent, which is taken or given back. The owner of the [`Frames`] gets back the same
/// memory, as it may have to go to a certain place.
pub struct Offered<'a>(Frame, PhantomData<fn(&'a ()) -> &'a ()>);

impl<'a> Offered<'a> {
    /// Takes ownership of the frame.
    #[inline(always)]
    pub fn into_frame(self) -> Frame {
        self.0
    }

    /// Hands the frame to C by `take`, which says whether C has it.
    #[inline(always)]
    pub(crate) fn give(
        self,
        take: impl FnOnce(*mut bindings::xdp_frame) -> bool,
    ) -> Result<(), Self> {
        let frame = self.0.into_raw();
        if take(frame) {
            return Ok(());
        }
        // SAFETY: It came from `into_raw()` above, and is ours still.
        Err(Self(
            unsafe { Frame::from_raw(NonNull::new_unchecked(frame)) },
            PhantomData,
        ))
    }
}

impl Deref for Offered<'_> {
    type Target = Frame;

    #[inline(always)]
    fn deref(&self) -> &Frame {
        &self.0
    }
}
