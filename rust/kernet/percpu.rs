// SPDX-License-Identifier: GPL-2.0

//! Counters of packets and bytes, one pair per CPU.
//!
//! C headers: [`include/linux/percpu.h`](srctree/include/linux/percpu.h),
//! [`include/linux/u64_stats_sync.h`](srctree/include/linux/u64_stats_sync.h)

use core::ptr::NonNull;
use kernel::prelude::*;

use crate::{
    bindings,
    context::Context, //
};

/// Per-CPU counters of packets and bytes: adding touches no shared cache line (`pcpu_lstats`).
///
/// Dropping them frees them, in any context.
///
/// # Invariants
///
/// A per-CPU allocation of `struct pcpu_lstats` that this value owns, with `syncp` initialised for
/// every possible CPU.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Process,
///     percpu::{PacketCounter, PacketTotals},
/// };
///
/// fn count(process: Process<'_>) -> Result<PacketTotals> {
///     let counter = PacketCounter::new(process)?;
///     counter.add(64);
///     Ok(counter.read())
/// }
/// ```
#[doc(alias = "pcpu_lstats")]
pub struct PacketCounter(NonNull<bindings::pcpu_lstats>);

// SAFETY: The allocation is not bound to a CPU or a task.
unsafe impl Send for PacketCounter {}
// SAFETY: Each CPU adds to its own pair, with preemption disabled; see `add` and `read`.
unsafe impl Sync for PacketCounter {}

/// Totals of packets and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketTotals {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

impl PacketTotals {
    /// Adds two totals.
    pub fn plus(self, other: Self) -> Self {
        Self {
            packets: self.packets.wrapping_add(other.packets),
            bytes: self.bytes.wrapping_add(other.bytes),
        }
    }
}

impl PacketCounter {
    /// Allocates counters at zero (`alloc_percpu_gfp()`). In a context that may sleep, the memory
    /// is charged to the task.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`].
    #[doc(alias = "alloc_percpu_gfp")]
    pub fn new<C: Context>(_context: C) -> Result<Self> {
        // SAFETY: No requirements.
        let pointer = unsafe { bindings::alloc_pcpu_lstats(C::GFP_CHARGED) };
        // INVARIANT: Just allocated, and initialised by the macro.
        NonNull::new(pointer).map(Self).ok_or(ENOMEM)
    }

    /// Allocates counters that begin at what has been counted before (`alloc_percpu_gfp()`), as
    /// [`Self::new`] does.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`]; [`EOVERFLOW`] if the machine's counters have 32 bits, and the totals more.
    #[doc(alias = "alloc_percpu_gfp")]
    pub fn starting_at<C: Context>(totals: PacketTotals, context: C) -> Result<Self> {
        let packets = usize::try_from(totals.packets).map_err(|_| EOVERFLOW)?;
        let bytes = usize::try_from(totals.bytes).map_err(|_| EOVERFLOW)?;
        let counter = Self::new(context)?;
        counter.add_to_this_cpu(|counters| {
            // SAFETY: This CPU's pair, which nobody else writes meanwhile.
            unsafe {
                bindings::u64_stats_add(&raw mut (*counters).packets, packets);
                bindings::u64_stats_add(&raw mut (*counters).bytes, bytes);
            }
        });
        Ok(counter)
    }

    /// Counts one packet of `bytes` bytes, in any context but NMI.
    #[doc(alias = "u64_stats_add")]
    #[inline]
    pub fn add(&self, bytes: u32) {
        self.add_to_this_cpu(|counters| {
            // SAFETY: This CPU's pair, which nobody else writes meanwhile.
            unsafe {
                bindings::u64_stats_inc(&raw mut (*counters).packets);
                bindings::u64_stats_add(&raw mut (*counters).bytes, bytes as usize);
            }
        });
    }

    /// Has `add` write to this CPU's pair, which is valid and not written to by anybody else meanwhile.
    #[inline(always)]
    fn add_to_this_cpu(&self, add: impl FnOnce(*mut bindings::pcpu_lstats)) {
        // SAFETY: Valid by the type invariants. From here on this task stays on its CPU.
        let counters = unsafe { bindings::get_cpu_pcpu_lstats(self.0.as_ptr()) };
        // SAFETY: This CPU's pair. No interrupt on this CPU comes between where a 64-bit addition
        // is in two parts, and no other CPU writes.
        unsafe {
            let flags = bindings::u64_stats_update_begin_irqsave(&raw mut (*counters).syncp);
            add(counters);
            bindings::u64_stats_update_end_irqrestore(&raw mut (*counters).syncp, flags);
        }
        // SAFETY: Got above.
        unsafe { bindings::put_cpu_pcpu_lstats(self.0.as_ptr()) };
    }

    /// Returns the sums over all CPUs.
    ///
    /// A packet that is being counted may be included or not. Packets and bytes of one CPU are
    /// consistent on 32-bit machines only.
    #[doc(alias = "dev_lstats_read")]
    #[doc(alias = "u64_stats_fetch_begin")]
    pub fn read(&self) -> PacketTotals {
        let mut totals = PacketTotals::default();
        let mut cpu = -1;
        loop {
            // SAFETY: -1 or a CPU.
            cpu = unsafe { bindings::cpumask_next_possible(cpu) };
            if u32::try_from(cpu).map_or(true, |cpu| cpu >= Self::cpus()) {
                return totals;
            }
            // SAFETY: Valid by the type invariants; `cpu` is possible.
            let counters = unsafe { bindings::per_cpu_pcpu_lstats(self.0.as_ptr(), cpu) };
            let (packets, bytes) = loop {
                // SAFETY: That CPU's pair, which it may add to meanwhile: then it is read again.
                unsafe {
                    let start = bindings::u64_stats_fetch_begin(&raw const (*counters).syncp);
                    let packets = bindings::u64_stats_read(&raw const (*counters).packets);
                    let bytes = bindings::u64_stats_read(&raw const (*counters).bytes);
                    if !bindings::u64_stats_fetch_retry(&raw const (*counters).syncp, start) {
                        break (packets, bytes);
                    }
                }
            };
            totals.packets = totals.packets.wrapping_add(packets);
            totals.bytes = totals.bytes.wrapping_add(bytes);
        }
    }

    /// One more than the highest possible CPU.
    fn cpus() -> u32 {
        // SAFETY: Not written after boot.
        unsafe { bindings::get_nr_cpu_ids() }
    }
}

impl Drop for PacketCounter {
    fn drop(&mut self) {
        // SAFETY: Owned, by the type invariants. `free_percpu()` is for any context.
        unsafe { bindings::free_percpu(self.0.as_ptr().cast()) };
    }
}

#[kunit_tests(kernet_percpu)]
mod tests {
    use super::*;
    use crate::context::{
        kunit::{
            process,
            softirq, //
        },
        rcu_read, //
    };

    #[test]
    fn counts_in_any_context() {
        let totals = process(|process| -> Result<PacketTotals> {
            let counters = PacketCounter::new(process)?;
            counters.add(u32::MAX);
            softirq(|_| counters.add(1));
            rcu_read(|_| counters.add(0));
            Ok(counters.read())
        });
        assert_eq!(
            totals,
            Some(Ok(PacketTotals {
                packets: 3,
                bytes: 1 << 32,
            }))
        );
    }

    #[test]
    fn goes_on_where_it_begins() {
        let totals = process(|process| -> Result<PacketTotals> {
            let before = PacketTotals {
                packets: u64::from(u32::MAX),
                bytes: 1 << 40,
            };
            let counters = PacketCounter::starting_at(before, process)?;
            counters.add(5);
            Ok(counters.read())
        });
        assert_eq!(
            totals,
            Some(Ok(PacketTotals {
                packets: 1 << 32,
                bytes: (1 << 40) + 5,
            }))
        );
    }

    #[test]
    fn starts_at_zero() {
        let totals = softirq(|softirq| PacketCounter::new(softirq).map(|counters| counters.read()));
        assert_eq!(totals, Some(Ok(PacketTotals::default())));
    }
}
