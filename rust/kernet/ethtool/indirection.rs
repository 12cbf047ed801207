// SPDX-License-Identifier: GPL-2.0

//! The RSS indirection table.

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

/// The RSS indirection table: it maps a flow's hash to the receive queue of the flow. A part of a
/// device's private data. Initially each entry is queue 0.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Softirq,
///     ethtool::Indirection,
///     napi::RxQueue,
///     netdev::{Driver, DriverDevice},
///     skb::Skb,
/// };
///
/// /// The queue that receives a packet, as hardware selects it. None: it is not in use any more.
/// fn receiver<'a, D: Driver>(
///     receiver: &'a DriverDevice<D>,
///     table: &Indirection,
///     skb: &mut Skb<'_>,
///     softirq: Softirq<'a>,
/// ) -> Option<&'a RxQueue<D>> {
///     let hash = skb.as_mut().flow_hash(receiver.net(softirq));
///     receiver.rx_queue(table.queue(hash), softirq.rcu())
/// }
/// ```
#[doc(alias = "RSS")]
#[doc(alias = "ethtool_rxfh_param")]
pub struct Indirection([Atomic<u32>; Self::SIZE]);

impl Indirection {
    /// How many entries the table has.
    #[doc(alias = "get_rxfh_indir_size")]
    pub const SIZE: usize = 128;

    /// A table for one queue.
    pub const fn new() -> Self {
        Self([const { Atomic::<u32>::new(0) }; Self::SIZE])
    }

    /// The queue of a flow, by its hash, in any context (`ethtool_rxfh_param::indir`). The queue
    /// may no longer be in use.
    #[doc(alias = "ethtool_rxfh_param::indir")]
    #[inline]
    pub fn queue(&self, hash: u32) -> u16 {
        let queue = self.0.get(hash as usize % Self::SIZE);
        // Only numbers of queues are stored.
        queue.map_or(0, |queue| queue.load(Relaxed) as u16)
    }

    /// Spreads flows evenly over the first `queues`.
    #[doc(alias = "ethtool_rxfh_indir_default")]
    pub(super) fn spread(&self, queues: u16) {
        for (entry, queue) in self.0.iter().zip((0..queues.max(1)).cycle()) {
            entry.store(queue.into(), Relaxed);
        }
    }

    pub(super) fn get(&self, to: &mut [u32]) {
        for (to, entry) in to.iter_mut().zip(&self.0) {
            *to = entry.load(Relaxed);
        }
    }

    /// Takes entries that are numbers of queues, and 0 for those that are not.
    pub(super) fn set(&self, from: &[u32]) {
        for (entry, from) in self.0.iter().zip(from) {
            entry.store(u16::try_from(*from).unwrap_or(0).into(), Relaxed);
        }
    }
}

impl Default for Indirection {
    fn default() -> Self {
        Self::new()
    }
}
