// SPDX-License-Identifier: GPL-2.0

//! What a dump is going to say, as it was when the dump began.

use kernel::prelude::*;
use kernet::genl::Full;

/// The objects of a kind, as they were when all events up to a number had been told, or newer.
///
/// The memory is charged to who has asked for the dump.
pub(crate) struct Snapshot<T> {
    sequence: u64,
    items: KVVec<T>,
    /// Where the dump goes on.
    next: usize,
}

impl<T> Snapshot<T> {
    /// Collects what `walk` shows, and the number of the last event before, which it returns.
    ///
    /// It is called again with more room while there are more items than room.
    pub(crate) fn collect(
        mut walk: impl FnMut(&mut (dyn FnMut(T) + Send)) -> Result<u64>,
    ) -> Result<Self>
    where
        T: Send,
    {
        let mut room = 64;
        loop {
            let mut items = KVVec::with_capacity(room, GFP_KERNEL_ACCOUNT)?;
            let mut count = 0usize;
            let sequence = walk(&mut |item| {
                count += 1;
                // What has no room has been counted.
                let _ = items.push_within_capacity(item);
            })?;
            if count <= room {
                return Ok(Self {
                    sequence,
                    items,
                    next: 0,
                });
            }
            room = count + count / 8;
        }
    }

    /// Puts the items that are left. `put` is lent the next ones and the number, and says how many
    /// of them it has put.
    pub(crate) fn dump(
        &mut self,
        mut put: impl FnMut(&[T], u64) -> Result<usize, Full>,
    ) -> Result<(), Full> {
        while let Some(left) = self.items.get(self.next..).filter(|left| !left.is_empty()) {
            self.next += put(left, self.sequence)?;
        }
        Ok(())
    }
}
