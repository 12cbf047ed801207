// SPDX-License-Identifier: GPL-2.0

//! The state that a family keeps for each socket.
//!
//! `genl_sk_priv_get()` is not for modules; as families in modules do, sockets are found by their
//! namespace and number, and their end is heard of by a netlink notifier. A socket that is closed
//! gives its number back before that: what is kept names the socket, too.

use core::ptr;
use kernel::{
    prelude::*,
    rbtree::{
        RBTree,
        RBTreeNode, //
    },
    sync::{
        static_lock_class,
        Arc,
        LockClassKey,
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

/// A socket that may be closed.
///
/// # Invariants
///
/// Owns one count of it.
struct Sock(*mut bindings::sock);

// SAFETY: The count is atomic, and so is the flag that is read.
unsafe impl Send for Sock {}

impl Sock {
    /// # Safety
    ///
    /// `sock` is valid.
    unsafe fn new(sock: *mut bindings::sock) -> Self {
        // SAFETY: By the caller's promise.
        unsafe { bindings::sock_hold(sock) };
        // INVARIANT: Just taken.
        Self(sock)
    }

    fn is_closed(&self) -> bool {
        // SAFETY: By the type invariants.
        unsafe { bindings::sock_dead(self.0) }
    }
}

impl Drop for Sock {
    fn drop(&mut self) {
        // SAFETY: Gives back the count that the type invariants say is owned.
        unsafe { bindings::sock_put(self.0) };
    }
}

/// What is kept for a socket.
struct Kept<S> {
    sock: Sock,
    state: Arc<S>,
}

/// The lock's class, of all families: in a generic function each module would have a name of its own
/// for the one key, and lockdep warn of the second.
#[inline(never)]
fn class() -> (&'static CStr, Pin<&'static LockClassKey>) {
    (c"kernet genl sockets", static_lock_class!())
}

/// The states of the sockets of a family.
#[pin_data]
pub(super) struct Sockets<S: Default + Send + Sync + 'static> {
    #[pin]
    states: Mutex<RBTree<Key, Kept<S>>>,
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
        let (name, key) = class();
        let init = try_pin_init!(Self {
            states <- Mutex::new(RBTree::new(), name, key),
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
    ///
    /// # Safety
    ///
    /// `sock` is that socket.
    pub(super) unsafe fn get(
        &self,
        net: *const bindings::net,
        portid: u32,
        sock: *mut bindings::sock,
    ) -> Result<Arc<S>> {
        let key = (net.addr(), portid);
        let known = |states: &RBTree<Key, Kept<S>>| {
            let kept = states.get(&key).filter(|kept| kept.sock.0 == sock)?;
            Some(kept.state.clone())
        };
        if let Some(state) = known(&self.states.lock()) {
            return Ok(state);
        }
        // Outside of the lock, which all namespaces share.
        let state = Arc::new(S::default(), GFP_KERNEL_ACCOUNT)?;
        let kept = Kept {
            // SAFETY: By the caller's promise.
            sock: unsafe { Sock::new(sock) },
            state: state.clone(),
        };
        let node = RBTreeNode::new(key, kept, GFP_KERNEL_ACCOUNT)?;
        let mut states = self.states.lock();
        // Another thread of the socket's may have been first.
        if let Some(state) = known(&states) {
            drop(states);
            return Ok(state);
        }
        let closed = states.insert(node);
        // Outside of the lock.
        drop(states);
        drop(closed);
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
            let key = (notify.net.addr(), notify.portid);
            let mut states = this.states.lock();
            let closed = match states.get(&key) {
                // Not of one that has got the number since.
                Some(kept) if kept.sock.is_closed() => states.remove(&key),
                _ => None,
            };
            // Outside of the lock.
            drop(states);
            drop(closed);
        }
        bindings::NOTIFY_DONE as c_int
    }
}
