// SPDX-License-Identifier: GPL-2.0

//! Transport checksums: who has verified them, and who computes them.
//!
//! C source: [`include/linux/skbuff.h`](srctree/include/linux/skbuff.h), "DOC: skb checksums"

use core::pin::Pin;
use kernel::{
    error::to_result,
    prelude::*, //
};

use super::{
    SkbRef,
    MAX_PLACE, //
};
use crate::bindings;

/// The state of a packet's transport checksum (`ip_summed`).
///
/// # Examples
///
/// ```
/// use core::pin::Pin;
/// use kernet::skb::{Checksum, SkbRef};
///
/// /// What a descriptor of the hardware says of a received frame.
/// fn describe(frame: Pin<&mut SkbRef>, verified: bool) -> Result {
///     let state = match verified {
///         // Of the outermost header alone.
///         true => Checksum::Unnecessary { level: 0 },
///         false => Checksum::None,
///     };
///     frame.set_checksum(state)
/// }
/// ```
#[doc(alias = "ip_summed")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// Received: not known. To be sent: in the packet already, or not needed.
    #[doc(alias = "CHECKSUM_NONE")]
    None,
    /// Verified, or not needed, for this many headers that have one: at most [`Self::MAX_LEVEL`].
    #[doc(alias = "CHECKSUM_UNNECESSARY")]
    Unnecessary {
        /// Of how many encapsulated headers, beside the outermost.
        level: u8,
    },
    /// The device has summed the data from `skb->data`.
    #[doc(alias = "CHECKSUM_COMPLETE")]
    Complete {
        /// One's complement sum of 16-bit words, not folded, as
        /// [`csum_partial()`](srctree/include/asm-generic/checksum.h) makes it.
        sum: u32,
    },
    /// Not computed yet: whoever sends the packet sums it from an offset, and stores the result.
    #[doc(alias = "CHECKSUM_PARTIAL")]
    Partial {
        /// Where the sum begins, from `skb->data`. Negative when that has been pulled.
        start: i32,
        /// Where the checksum is, from `start`.
        offset: u16,
    },
}

impl Checksum {
    /// The most encapsulated headers that can be marked as verified (`SKB_MAX_CSUM_LEVEL`).
    #[doc(alias = "SKB_MAX_CSUM_LEVEL")]
    pub const MAX_LEVEL: u8 = bindings::SKB_MAX_CSUM_LEVEL as u8;
}

impl SkbRef {
    /// The state of the transport checksum (`sk_buff::ip_summed`).
    #[doc(alias = "sk_buff::ip_summed")]
    pub fn checksum(&self) -> Checksum {
        match self.ip_summed() {
            bindings::CHECKSUM_UNNECESSARY => Checksum::Unnecessary {
                // SAFETY: Valid by the type.
                level: unsafe { bindings::skb_get_csum_level(self.as_raw()) },
            },
            bindings::CHECKSUM_COMPLETE => Checksum::Complete {
                // SAFETY: Valid by the type.
                sum: unsafe { bindings::skb_get_csum(self.as_raw()) },
            },
            bindings::CHECKSUM_PARTIAL => Checksum::Partial {
                // SAFETY: Valid by the type.
                start: unsafe { bindings::skb_checksum_start_offset(self.as_raw()) },
                // SAFETY: Valid by the type.
                offset: unsafe { bindings::skb_get_csum_offset(self.as_raw()) },
            },
            _ => Checksum::None,
        }
    }

    /// The state's number, such as `CHECKSUM_PARTIAL`.
    #[inline]
    pub(super) fn ip_summed(&self) -> u32 {
        // SAFETY: Valid by the type.
        u32::from(unsafe { bindings::skb_get_ip_summed(self.as_raw()) })
    }

    /// Forgets the sum of the whole packet if C could not correct it when `len` bytes are pulled: it takes the
    /// words behind an odd number of them for those that they were part of.
    #[inline]
    pub(crate) fn forget_sum_behind(self: Pin<&mut Self>, len: u32) {
        if len % 2 != 0 && self.ip_summed() == bindings::CHECKSUM_COMPLETE {
            // SAFETY: The packet is ours to change.
            unsafe { bindings::skb_set_csum_none(self.as_raw()) };
        }
    }

    /// Sets the state of the transport checksum (`skb_partial_csum_set()`).
    ///
    /// A wrong state lets a damaged packet through, or loses a good one.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the level is above the [maximum](Checksum::MAX_LEVEL), if the field to fill in
    /// is not in the linear part or begins 48 KiB or more into the buffer, or if the packet is to
    /// be [segmented](Self::gso) and its segments need another checksum. The packet does not change
    /// then.
    #[doc(alias = "skb_partial_csum_set")]
    pub fn set_checksum(self: Pin<&mut Self>, checksum: Checksum) -> Result {
        let skb = self.as_raw();
        match checksum {
            Checksum::None | Checksum::Complete { .. } if self.gso().is_some() => {
                return Err(EINVAL)
            }
            // SAFETY: The packet is ours to change.
            Checksum::None => unsafe { bindings::skb_set_csum_none(skb) },
            Checksum::Unnecessary { level } if level <= Checksum::MAX_LEVEL => {
                // SAFETY: As above.
                unsafe { bindings::skb_set_csum_unnecessary(skb, level) };
            }
            Checksum::Unnecessary { .. } => return Err(EINVAL),
            // SAFETY: As above.
            Checksum::Complete { sum } => unsafe { bindings::skb_set_csum_complete(skb, sum) },
            Checksum::Partial { start, offset } => {
                let start = u16::try_from(start).map_err(|_| EINVAL)?;
                if self.headroom().saturating_add(start.into()) >= MAX_PLACE {
                    return Err(EINVAL);
                }
                // SAFETY: As above; the callee checks both against the linear part.
                if !unsafe { bindings::skb_partial_csum_set(skb, start, offset) } {
                    return Err(EINVAL);
                }
            }
        }
        Ok(())
    }

    /// Computes and stores the transport checksum, if that was left to whoever sends the packet
    /// (`skb_checksum_help()`).
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the packet is to be segmented first, or the data to be summed was pulled or
    /// trimmed off; [`ENOMEM`]; [`EFAULT`] if the data is in a device's memory.
    #[doc(alias = "skb_checksum_help")]
    pub fn fill_checksum(self: Pin<&mut Self>) -> Result {
        let Checksum::Partial { start, offset } = self.checksum() else {
            return Ok(());
        };
        let end = u32::try_from(start)
            .ok()
            .and_then(|start| start.checked_add(u32::from(offset) + 2));
        if self.gso().is_some() || end.is_none_or(|end| end > self.headlen()) {
            return Err(EINVAL);
        }
        // SAFETY: The packet is ours to change. That it is not to be segmented, and that the
        // checksum is in the linear part, which the callee warns of, was just seen.
        to_result(unsafe { bindings::skb_checksum_help(self.as_raw()) })
    }

    /// The sum of `len` bytes from `offset` on, wherever they are: one's complement, of 16-bit
    /// words, not folded, added to `seed`.
    ///
    /// # Errors
    ///
    /// [`EFAULT`] if the packet is too short, or in a device's memory.
    #[doc(alias = "skb_checksum")]
    pub fn sum(&self, offset: u32, len: u32, seed: u32) -> Result<u32> {
        let end = offset.checked_add(len).ok_or(EFAULT)?;
        if end > self.len() || !self.is_readable() {
            return Err(EFAULT);
        }
        let offset = c_int::try_from(offset).map_err(|_| EFAULT)?;
        let len = c_int::try_from(len).map_err(|_| EFAULT)?;
        // SAFETY: Valid by the type; the bytes are in the packet, as just seen.
        Ok(unsafe { bindings::skb_checksum(self.as_raw(), offset, len, seed) })
    }
}
