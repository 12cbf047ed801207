// SPDX-License-Identifier: GPL-2.0

//! What a part of a module keeps in each namespace, beside the module's state: a timer, a work item, a
//! table of settings, a file.
//!
//! It is made after the state, as parts are registered after it, and ended in `pre_exit`, before the
//! state is unpublished. So its callbacks find the state as long as they run, and none runs when the
//! state is dropped. The memory is freed a grace period after that.

use super::*;
use crate::context::Rcu;

/// What is kept in each namespace.
///
/// # Safety
///
/// `id` returns a static that no other implementation returns. `end` returns when no callback of the
/// item runs, and none ever will, whatever is done with it afterwards; neither after `begin` has failed.
pub(crate) unsafe trait Item: Send + Sync + Sized + 'static {
    /// What it is, for the log.
    const WHAT: &'static str;

    /// How many bytes the core allocates behind the item, zeroed.
    const TRAILING: usize = 0;

    fn id() -> &'static ItemId;

    /// Makes it.
    ///
    /// # Safety
    ///
    /// `this` is valid for writes, zeroed, and stays at its place until a grace period after `end`; so are
    /// the `TRAILING` bytes behind it. `net` is alive for as long, and has the module's state until `end` has returned. `end` is called
    /// before the module is unloaded.
    unsafe fn begin(this: *mut Self, net: *mut bindings::net) -> Result;

    /// Ends it. May sleep.
    ///
    /// # Safety
    ///
    /// `begin` has succeeded, and `end` was not called.
    unsafe fn end(this: *mut Self);
}

/// An item that is something of the core's with a callback, `C`, and knows its namespace.
///
/// # Invariants
///
/// `net` is that of the namespace that the item is of, from [`Self::set_net`] on.
#[repr(C)]
pub(crate) struct PerNet<C, T> {
    // First, so that the callback gets the address of all of it.
    pub(crate) core: Opaque<C>,
    net: *mut bindings::net,
    _of: PhantomData<fn() -> T>,
}

// SAFETY: The pointer is that of a namespace, which any CPU may use, and is not changed. `C` is the core's,
// which uses it from any CPU.
unsafe impl<C, T> Send for PerNet<C, T> {}
// SAFETY: As above.
unsafe impl<C, T> Sync for PerNet<C, T> {}

impl<C, T> PerNet<C, T> {
    /// Notes the namespace. Returns the place of what is the core's.
    ///
    /// # Safety
    ///
    /// As [`Item::begin`].
    pub(crate) unsafe fn set_net<'a>(this: *mut Self, net: *mut bindings::net) -> &'a Opaque<C> {
        // INVARIANT: By the caller's promise.
        // SAFETY: As above.
        unsafe {
            (&raw mut (*this).net).write(net);
            &(*this).core
        }
    }

    /// What the callback is lent: the item, its namespace, and the state there of the module `M`.
    ///
    /// # Safety
    ///
    /// `this` is what the core calls back with: the address of `core`, and so of an item that has begun and
    /// whose [`Item::end`] waits for the caller.
    pub(crate) unsafe fn lent<'a, M: Declared>(
        this: *mut Self,
    ) -> Option<(&'a Opaque<C>, &'a Net, &'a M::State)> {
        // SAFETY: The memory, the namespace and its state stay until `end` has returned.
        unsafe {
            let net = Net::from_raw((*this).net);
            Some((&(*this).core, net, net.published::<M>()?))
        }
    }
}

/// Where the core keeps an item, and whether it is registered.
pub(crate) struct ItemId {
    id: StateId,
    /// Not 0 from the first registration on: a second one would have the core write another number.
    claimed: Atomic<u32>,
}

impl ItemId {
    /// Not registered.
    pub(crate) const fn new() -> Self {
        Self {
            id: StateId::new(),
            claimed: Atomic::<u32>::new(0),
        }
    }
}

/// What the core allocates in each namespace, zeroed; the trailing bytes follow.
#[repr(C)]
struct Place<I> {
    ready: Atomic<u32>,
    item: Opaque<I>,
}

impl<I: Item> Place<I> {
    const SIZE: usize = size_of::<Self>() + I::TRAILING;
}

/// The item of a namespace. `None` while there is none yet, or none any more.
#[inline]
pub(crate) fn find<'a, I: Item>(net: &Net, rcu: Rcu<'a>) -> Option<&'a I> {
    // SAFETY: Found: it stays for `'a`.
    find_raw::<I>(net, rcu).map(|item| unsafe { &*item.as_ptr() })
}

/// As [`find`], with the trailing bytes. What it points to stays for `'a`.
#[inline]
pub(crate) fn find_raw<'a, I: Item>(net: &Net, _rcu: Rcu<'a>) -> Option<ptr::NonNull<I>> {
    let id = I::id().id.published()?;
    // SAFETY: The namespace is valid. `id` is registered until a grace period after it is unpublished.
    let place = unsafe { bindings::net_generic(net.as_raw(), id) }.cast::<Place<I>>();
    if place.is_null() {
        return None;
    }
    // SAFETY: The core allocated it for this type, zeroed, which is one that is not ready. It is freed a
    // grace period after the number was unpublished, or after the namespace's last reference is gone.
    unsafe {
        if (*place).ready.load(Acquire) == 0 {
            return None;
        }
        // Ready: it was made before.
        ptr::NonNull::new(Opaque::cast_into(&raw const (*place).item))
    }
}

/// Makes a type that has the registration of an item a part of a module: `part!(Type, Trait)`, for
/// `struct Type<T: Trait>(ItemRegistration<PerNet<T>>)`.
macro_rules! part {
    ($registration:ident, $bound:ident) => {
        // Whoever it is for, which its layout has nothing of. As it has a pointer, the trailing bytes follow
        // without a gap.
        const _: () = assert!(
            core::mem::align_of::<PerNet<()>>() <= 8,
            "aligned by kmalloc: to 8 bytes"
        );

        // SAFETY: `register_pernet_subsys()` registers in all namespaces or in none; unregistering ends the
        // item in each of them. Parts are registered after the module's state, and unregistered before it.
        unsafe impl<T: $bound> $crate::module::Part for $registration<T> {
            unsafe fn register(
                slot: *mut Self,
                _: &'static ::kernel::ThisModule,
                name: &'static ::kernel::str::CStr,
            ) -> ::kernel::error::Result {
                // SAFETY: By the caller's promise.
                unsafe { ItemRegistration::register(&raw mut (*slot).0, name) }
            }

            unsafe fn unregister(slot: *mut Self) {
                // SAFETY: By the caller's promise.
                unsafe { ItemRegistration::unregister(&raw mut (*slot).0) };
            }
        }
    };
}

pub(crate) use part;

/// The registration of an item in all namespaces.
pub(crate) struct ItemRegistration<I> {
    ops: Opaque<bindings::pernet_operations>,
    _item: PhantomData<I>,
}

impl<I: Item> ItemRegistration<I> {
    /// Makes the item in every namespace, now and in future.
    ///
    /// # Safety
    ///
    /// As [`Part::register`](crate::module::Part::register). The module's state is registered, and is
    /// unregistered after this.
    pub(crate) unsafe fn register(slot: *mut Self, name: &'static CStr) -> Result {
        let id = I::id();
        if id.claimed.xchg(1, Acquire) != 0 {
            return Err(failed(
                name,
                format_args!("{} of namespaces: it is registered already", I::WHAT),
                EBUSY,
            ));
        }
        let ops = bindings::pernet_operations {
            init: Some(Self::init_callback),
            pre_exit: Some(Self::pre_exit_callback),
            id: id.id.number.get(),
            size: Place::<I>::SIZE,
            ..pin_init::zeroed()
        };
        let field = Opaque::cast_into(
            // SAFETY: `slot` is valid for writes.
            unsafe { &raw const (*slot).ops },
        );
        // SAFETY: As above.
        unsafe { field.write(ops) };
        // SAFETY: The operations stay in place until they are unregistered, and the callbacks are made
        // for what `id` and `size` make the core allocate.
        to_result(unsafe { bindings::register_pernet_subsys(field) })
            .map_err(|e| failed(name, format_args!("{} of namespaces", I::WHAT), e))?;
        // INVARIANT: Registered, so that the core has written it; never 0.
        // SAFETY: As above.
        id.id.published.store(unsafe { id.id.number() }, Release);
        Ok(())
    }

    /// Ends the item in every namespace.
    ///
    /// # Safety
    ///
    /// As [`Part::unregister`](crate::module::Part::unregister).
    pub(crate) unsafe fn unregister(slot: *mut Self) {
        // Who has found one is in a read-side section: between `pre_exit` and the freeing of the memory
        // there is a grace period.
        I::id().id.published.store(0, Release);
        // SAFETY: Registered, by the caller's promise.
        unsafe { bindings::unregister_pernet_subsys(Opaque::cast_into(&raw const (*slot).ops)) };
    }

    /// # Safety
    ///
    /// Called by the core with a namespace for which it has allocated a place.
    unsafe fn place(net: *mut bindings::net) -> *mut Place<I> {
        // SAFETY: By the caller's promise.
        unsafe { bindings::net_generic(net, I::id().id.number()) }.cast()
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn init_callback(net: *mut bindings::net) -> c_int {
        // SAFETY: The core has just allocated the place, zeroed. It frees it a grace period after
        // `pre_exit`. The state was registered before: the core ends it after this.
        unsafe {
            let place = Self::place(net);
            if let Err(error) = I::begin(Opaque::cast_into(&raw const (*place).item), net) {
                return error.to_errno();
            }
            (*place).ready.store(1, Release);
        }
        0
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn pre_exit_callback(net: *mut bindings::net) {
        // SAFETY: `init` has succeeded for this namespace; this is called once.
        unsafe {
            let place = Self::place(net);
            (*place).ready.store(0, Release);
            I::end(Opaque::cast_into(&raw const (*place).item));
        }
    }
}

// SAFETY: Only the core touches the operations, under its own lock.
unsafe impl<I: Item> Send for ItemRegistration<I> {}
// SAFETY: As above.
unsafe impl<I: Item> Sync for ItemRegistration<I> {}
