// SPDX-License-Identifier: GPL-2.0

//! Events of neighbours.

use kernel::prelude::*;

use super::Chain;
use crate::{
    bindings,
    context::Rcu,
    neighbour::Neighbour, //
};

/// Somebody who is told of the neighbours of all namespaces.
///
/// Told are what `RTM_NEWNEIGH` and `RTM_DELNEIGH` tell: another hardware address, and other states
/// but [`Incomplete`](crate::neighbour::NudState::Incomplete) and
/// [`Delay`](crate::neighbour::NudState::Delay), in which the kernel puts a neighbour silently.
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
#[doc(alias = "netevent_notifier")]
pub trait NeighbourNotifier: Send + Sync + 'static {
    /// Something has happened to `neighbour`, or it is gone: [`Neighbour::resolution`] says.
    ///
    /// What is told of a change is what is so now. It is told when the neighbour's lock has been
    /// released: by then the neighbour may be gone, and that be told, and another one be in its
    /// place. [`Neighbour::is_replaced`] says so.
    #[doc(alias = "NETEVENT_NEIGH_UPDATE")]
    fn event(neighbour: &Neighbour, rcu: Rcu<'_>);
}

/// The chain that tells a [`NeighbourNotifier`].
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
