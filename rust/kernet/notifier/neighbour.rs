// SPDX-License-Identifier: GPL-2.0

//! Notifiers of neighbours.

use kernel::prelude::*;

use super::Chain;
use crate::{
    bindings,
    context::Rcu,
    neighbour::Neighbour, //
};

/// A notifier of the neighbours in all namespaces (`register_netevent_notifier()`).
///
/// It gets what `RTM_NEWNEIGH` and `RTM_DELNEIGH` report: a new hardware address, and each new
/// state but [`Incomplete`](crate::neighbour::NudState::Incomplete) and
/// [`Delay`](crate::neighbour::NudState::Delay), which the kernel does not report.
///
/// # Examples
///
/// ```
/// use kernet::{context::Rcu, neighbour::Neighbour, notifier::NeighbourNotifier};
///
/// impl NeighbourNotifier for Example {
///     fn event(neighbour: &Neighbour, _rcu: Rcu<'_>) {
///         pr_info!("a neighbour of {} has changed\n", neighbour.device().name());
///     }
/// }
/// ```
#[doc(alias = "register_netevent_notifier")]
pub trait NeighbourNotifier: Send + Sync + 'static {
    /// Reports that `neighbour` has changed or was removed: see [`Neighbour::resolution`]
    /// (`NETEVENT_NEIGH_UPDATE`).
    ///
    /// The report is of the current state. It comes after the neighbour's lock was released: by
    /// then the neighbour may be removed, that may be reported, and another neighbour may have its
    /// place. See [`Neighbour::is_replaced`].
    #[doc(alias = "NETEVENT_NEIGH_UPDATE")]
    fn event(neighbour: &Neighbour, rcu: Rcu<'_>);
}

/// The chain that calls a [`NeighbourNotifier`] (`netevent_notif_chain`).
#[doc(alias = "netevent_notif_chain")]
pub struct Neighbours;

// SAFETY: The chain is an atomic one: `atomic_notifier_chain_unregister()` waits for a grace
// period, and calls are made in a read-side section.
unsafe impl<N: NeighbourNotifier> Chain<N> for Neighbours {
    const NAME: &'static str = "neighbour";

    unsafe fn register(block: *mut bindings::notifier_block) -> c_int {
        // SAFETY: By the caller's promise.
        unsafe { bindings::register_netevent_notifier(block) }
    }

    unsafe fn unregister(block: *mut bindings::notifier_block) {
        // SAFETY: By the caller's promise.
        unsafe { bindings::unregister_netevent_notifier(block) };
    }

    unsafe fn call(event: u32, info: *mut c_void) {
        if event == bindings::netevent_notif_type_NETEVENT_NEIGH_UPDATE {
            // SAFETY: With this event the chain passes a `struct neighbour` that the caller has a
            // reference to, in a read-side section. No lock of the neighbour's is held.
            let (neighbour, rcu) = unsafe { (Neighbour::from_raw(info.cast()), Rcu::assume()) };
            if let Some(neighbour) = neighbour {
                N::event(neighbour, rcu);
            }
        }
    }
}
