// SPDX-License-Identifier: GPL-2.0

//! What a family keeps for each socket that has asked it for something.
//!
//! `genl_sk_priv_get()` is not for modules; as families in modules do, sockets are told apart by
//! their namespace and number, and their end is heard of by a netlink notifier.

use core::ptr;
use kernel::{
    prelude::*,
    rbtree::RBTree,
    sync::{
        new_mutex,
        Arc,
        Mutex, //
    },
    types::Opaque, //
};

use crate::{
    bindings,
    error::to_result, //
};

/// The namespace, as a number, and the number of the socket in it.
type Key = (usize, u32);

/// The states of the sockets of a family.
#[pin_data]
pub(super) struct Sockets<S: Default + Send + Sync + 'static> {
    #[pin]
    states: Mutex<RBTree<Key, Arc<S>>>,
    #[pin]
    block: Opaque<bindings::notifier_block>,
}

impl<S: Default + Send + Sync + 'static> Sockets<S> {
    /// Makes an empty set in place and listens to the end of sockets.
    ///
    /// # Safety
    ///
    /// `slot` is valid for writes, and stays where it is until `unregister` has returned.
    pub(super) unsafe fn register(slot: *mut Self) -> Result {
        let init = try_pin_init!(Self {
            states <- new_mutex!(RBTree::new()),
            block: Opaque::new(bindings::notifier_block {
                notifier_call: Some(Self::released),
                ..pin_init::zeroed()
            }),
        }? Error);
        // SAFETY: By the caller's promise; the block stays in place until it is unregistered.
        unsafe {
            crate::error::init_in_place(slot, init)?;
            let registered = to_result(bindings::netlink_register_notifier((*slot).block.get()));
            if registered.is_err() {
                ptr::drop_in_place(slot);
            }
            registered
        }
    }

    /// Drops all states.
    ///
    /// # Safety
    ///
    /// `register` has succeeded for `slot`; no operation of the family runs or will run.
    pub(super) unsafe fn unregister(slot: *mut Self) {
        // SAFETY: By the caller's promise. Waits for calls that run: the chain is a blocking one.
        unsafe {
            bindings::netlink_unregister_notifier((*slot).block.get());
            ptr::drop_in_place(slot);
        }
    }

    /// The state of a socket that an operation runs for, which keeps it open.
    pub(super) fn get(&self, net: *const bindings::net, portid: u32) -> Result<Arc<S>> {
        let key = (net.addr(), portid);
        let mut states = self.states.lock();
        if let Some(state) = states.get(&key) {
            return Ok(state.clone());
        }
        let state = Arc::new(S::default(), GFP_KERNEL)?;
        states.try_create_and_insert(key, state.clone(), GFP_KERNEL)?;
        Ok(state)
    }

    /// # Safety
    ///
    /// Called by the core with the block of a `Self` and a `struct netlink_notify`, in a task that
    /// may sleep.
    unsafe extern "C" fn released(
        block: *mut bindings::notifier_block,
        event: usize,
        notify: *mut c_void,
    ) -> c_int {
        // SAFETY: By the caller's promise; the block is a field of a `Self`.
        let (this, notify) = unsafe {
            (
                &*Opaque::cast_from(block)
                    .byte_sub(core::mem::offset_of!(Self, block))
                    .cast::<Self>(),
                &*notify.cast::<bindings::netlink_notify>(),
            )
        };
        if event == bindings::NETLINK_URELEASE as usize
            && notify.protocol == bindings::NETLINK_GENERIC as c_int
        {
            let state = this
                .states
                .lock()
                .remove(&(notify.net.addr(), notify.portid));
            // Outside of the lock.
            drop(state);
        }
        bindings::NOTIFY_DONE as c_int
    }
}
