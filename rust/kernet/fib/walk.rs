// SPDX-License-Identifier: GPL-2.0

//! All routes of a namespace.

use core::{
    mem::offset_of,
    ptr, //
};
use kernel::{
    error::to_result,
    prelude::*, //
};

use super::{
    route,
    Route, //
};
use crate::{
    bindings,
    context::{
        rcu_section,
        Process, //
    },
    netns::Net, //
};

/// Nodes that wait while a tree is walked: at most two of each level, of which a tree has one for each
/// bit and one more, and a tree of sources has so many again below.
const WAITING: usize = 2 * 2 * 129;

impl Net {
    /// Calls `each` with the first route to each destination of each table (`fib_dump()`). `each`
    /// must not sleep.
    ///
    /// No lock is held meanwhile. What was reported before the call is shown as reported, or newer.
    /// A route that changes meanwhile is shown as it was, as it is, twice or not at all, and is
    /// reported.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`]; [`ENODEV`] when the namespace is dying.
    #[doc(alias = "fib_dump")]
    pub fn for_each_route<F: FnMut(&Route<'_>) + Send>(
        &self,
        process: Process<'_>,
        mut each: F,
    ) -> Result {
        // With a reference to the namespace what routes it has stays.
        let net = self.get().ok_or(ENODEV)?;
        // IPv4's changes are told first and made then, under RTNL.
        process.with_rtnl(|_| ());
        for_each_ipv4(&net, &mut each)?;
        for_each_ipv6(&net, &mut each)
    }
}

fn for_each_ipv4<F: FnMut(&Route<'_>)>(net: &Net, each: &mut F) -> Result {
    #[repr(C)]
    struct Walk<'a, F> {
        block: bindings::notifier_block,
        each: &'a mut F,
    }

    /// # Safety
    ///
    /// Called with the block of a walk and a `struct fib_notifier_info`.
    unsafe extern "C" fn shown<F: FnMut(&Route<'_>)>(
        block: *mut bindings::notifier_block,
        event: usize,
        info: *mut c_void,
    ) -> c_int {
        // SAFETY: By the caller's promise; the block is the first field.
        unsafe {
            if let Some((_, route)) = route::told(event, info) {
                ((*block.cast::<Walk<'_, F>>()).each)(&route);
            }
        }
        bindings::NOTIFY_DONE as c_int
    }

    let mut walk = Walk {
        block: bindings::notifier_block {
            notifier_call: Some(shown::<F>),
            ..pin_init::zeroed()
        },
        each,
    };
    // SAFETY: The namespace is alive: its operations are set.
    let Some(dump) =
        (unsafe { (*net.as_raw()).ipv4.notifier_ops.as_ref() }).and_then(|ops| ops.fib_dump)
    else {
        return Ok(());
    };
    // SAFETY: In a read-side section, as `register_fib_notifier()` calls it, which is all that it
    // wants. The block is called in this task, and not kept.
    to_result(rcu_section(|_| unsafe {
        dump(net.as_raw(), (&raw mut walk).cast(), ptr::null_mut())
    }))
}

/// The core's own walk holds a table's lock, with bottom halves disabled, all the while.
fn for_each_ipv6<F: FnMut(&Route<'_>)>(net: &Net, each: &mut F) -> Result {
    // SAFETY: The namespace is alive. Null without IPv6; set before the namespace is visible.
    let (tables, none) = unsafe {
        let ipv6 = &raw const (*net.as_raw()).ipv6;
        ((*ipv6).fib_table_hash, (*ipv6).fib6_null_entry)
    };
    if tables.is_null() {
        return Ok(());
    }
    let mut waiting = KVec::with_capacity(WAITING, GFP_KERNEL)?;
    for index in 0..bindings::FIB6_TABLE_HASHSZ as usize {
        // SAFETY: There are as many. Tables are added at the head, and stay as long as the namespace.
        let mut entry = unsafe { ptr::read_volatile(&raw const (*tables.add(index)).first) };
        while !entry.is_null() {
            let table = entry
                .wrapping_byte_sub(offset_of!(bindings::fib6_table, tb6_hlist))
                .cast::<bindings::fib6_table>();
            // SAFETY: A table of this namespace, which stays; the task holds no lock.
            unsafe {
                // Changes are told and made under it.
                bindings::spin_lock_bh(&raw mut (*table).tb6_lock);
                bindings::spin_unlock_bh(&raw mut (*table).tb6_lock);
            }
            // SAFETY: As above.
            rcu_section(|_| unsafe {
                for_each_of_tree(&raw const (*table).tb6_root, none, &mut waiting, each)
            })?;
            // SAFETY: As above.
            entry = unsafe { ptr::read_volatile(&raw const (*entry).next) };
        }
    }
    Ok(())
}

/// Shows the first route of each node. What is taken out of the tree meanwhile keeps its children.
///
/// # Safety
///
/// `root` is that of a table; called in a read-side section. Nodes and routes are freed after a grace
/// period.
unsafe fn for_each_of_tree<F: FnMut(&Route<'_>)>(
    root: *const bindings::fib6_node,
    none: *const bindings::fib6_info,
    waiting: &mut KVec<*const bindings::fib6_node>,
    each: &mut F,
) -> Result {
    waiting.clear();
    let mut next = root;
    loop {
        // SAFETY: By the caller's promise; each is read as a whole.
        let (flags, leaf, children) = unsafe {
            (
                ptr::read_volatile(&raw const (*next).fn_flags),
                ptr::read_volatile(&raw const (*next).leaf).cast_const(),
                children(next),
            )
        };
        if u32::from(flags) & bindings::RTN_RTINFO != 0 && !leaf.is_null() && !ptr::eq(leaf, none) {
            // SAFETY: By the caller's promise.
            each(unsafe { &Route::v6(leaf, false) });
        }
        for child in children.into_iter().filter(|child| !child.is_null()) {
            // The bit that a node is for is behind those of the nodes above: there is room.
            waiting.push_within_capacity(child).map_err(|_| ENOMEM)?;
        }
        match waiting.pop() {
            Some(node) => next = node,
            None => return Ok(()),
        }
    }
}

/// The nodes below a node; null where there is none.
///
/// # Safety
///
/// `node` is not freed.
unsafe fn children(node: *const bindings::fib6_node) -> [*const bindings::fib6_node; 3] {
    // SAFETY: By the caller's promise; each is read as a whole.
    unsafe {
        [
            ptr::read_volatile(&raw const (*node).right).cast_const(),
            #[cfg(CONFIG_IPV6_SUBTREES)]
            ptr::read_volatile(&raw const (*node).subtree).cast_const(),
            #[cfg(not(CONFIG_IPV6_SUBTREES))]
            ptr::null(),
            ptr::read_volatile(&raw const (*node).left).cast_const(),
        ]
    }
}
