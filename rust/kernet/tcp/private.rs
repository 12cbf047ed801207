// SPDX-License-Identifier: GPL-2.0

//! The bytes that a socket has for its algorithm.

use core::{
    mem::MaybeUninit,
    ptr, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    }, //
};

use super::{
    info::{
        self,
        WORDS, //
    },
    CongestionControl,
    Info, //
};
use crate::{
    bindings,
    context::{
        Context,
        Owned, //
    },
};

/// How large a state may be that needs no memory of its own, in bytes, if it is aligned to 8 at most
/// (`ICSK_CA_PRIV_SIZE`).
#[doc(alias = "ICSK_CA_PRIV_SIZE")]
pub const INLINE: usize = bindings::ICSK_CA_PRIV_SIZE - size_of::<Head>();

/// What is before a state that is kept here.
///
/// The core fills it with zeros when a user gives a socket an algorithm, and not when the socket's route
/// does (`tcp_ca_dst_init()`), nor in a clone: what is here may be of another algorithm, C's too, or of another
/// socket.
#[repr(C)]
struct Head {
    /// The static of the algorithm whose state it is; anything else for none.
    owner: *const (),
    /// The socket whose state it is.
    socket: *const bindings::sock,
    /// What is shown: the algorithm's number, and how often it was changed, odd while it is.
    stamp: Atomic<u64>,
    form: Atomic<u32>,
    words: [Atomic<u32>; WORDS],
}

/// `icsk_ca_priv`.
///
/// # Invariants
///
/// If `head.owner` and `head.socket` are an algorithm's static and the socket that has these bytes, `body` is a
/// state of the algorithm, or a pointer to one that is the socket's. No C algorithm writes the two addresses.
#[repr(C)]
pub(super) struct Private {
    head: Head,
    body: MaybeUninit<[u64; INLINE / 8]>,
}

const _: () = {
    assert!(
        size_of::<Private>() == bindings::ICSK_CA_PRIV_SIZE,
        "the bytes of a socket"
    );
    assert!(align_of::<Private>() <= align_of::<u64>(), "they are words");
};

/// Where a state is to be. [`Self::Here`] if and only if [`Private::is_here`].
pub(super) enum Room<T> {
    Here,
    Allocated(KBox<MaybeUninit<T>>),
}

impl Private {
    /// Those of a socket.
    ///
    /// # Safety
    ///
    /// `sk` is a TCP socket.
    #[inline(always)]
    pub(super) unsafe fn of(sk: *mut bindings::sock) -> *mut Self {
        // SAFETY: A TCP socket begins with a connection socket, by the caller's promise, which has them there.
        unsafe { (&raw mut (*sk.cast::<bindings::inet_connection_sock>()).icsk_ca_priv).cast() }
    }

    /// Makes them those of a socket without a state. Drops none.
    ///
    /// # Safety
    ///
    /// Valid for writes, and the socket is the caller's.
    pub(super) unsafe fn clear(this: *mut Self) {
        // SAFETY: By the caller's promise. Who shows the socket meanwhile sees that it is not so, or all zeros.
        unsafe {
            (*this).head.stamp.store(0, Release);
            (&raw mut (*this).head.owner).write(ptr::null());
        }
    }

    /// Whether a state of type `T` is here.
    const fn is_here<T>() -> bool {
        size_of::<T>() <= INLINE && align_of::<T>() <= align_of::<u64>()
    }

    /// Where the state of the algorithm is, if the socket has one.
    ///
    /// # Safety
    ///
    /// `sk` is a TCP socket, and the caller's.
    #[inline(always)]
    unsafe fn place<T: CongestionControl>(sk: *mut bindings::sock) -> Option<*mut T> {
        // SAFETY: By the caller's promise.
        let this = unsafe { Self::of(sk) };
        // SAFETY: As above.
        let (owner, socket) = unsafe { ((*this).head.owner, (*this).head.socket) };
        if owner != Self::owner::<T>() || !ptr::eq(socket, sk) {
            return None;
        }
        // SAFETY: As above.
        let body = unsafe { &raw mut (*this).body };
        Some(if const { Self::is_here::<T>() } {
            body.cast()
        } else {
            // SAFETY: A pointer, by the type invariants.
            unsafe { *body.cast::<*mut T>() }
        })
    }

    #[inline(always)]
    fn owner<T: CongestionControl>() -> *const () {
        ptr::from_ref(T::slot()).cast()
    }

    /// The state.
    ///
    /// # Safety
    ///
    /// `sk` is a TCP socket, and the caller's for `'a`. Nobody has another reference.
    #[inline(always)]
    pub(super) unsafe fn state<'a, T: CongestionControl>(
        sk: *mut bindings::sock,
    ) -> Option<&'a mut T> {
        // SAFETY: By the caller's promise; it is one, by the type invariants.
        unsafe { Self::place::<T>(sk).map(|state| &mut *state) }
    }

    /// Makes room for a state.
    pub(super) fn room<T>(_owned: Owned<'_>) -> Result<Room<T>> {
        if const { Self::is_here::<T>() } {
            return Ok(Room::Here);
        }
        let flags = <Owned<'_> as Context>::FLAGS_CHARGED;
        Ok(Room::Allocated(KBox::new_uninit(flags)?))
    }

    /// Keeps a state.
    ///
    /// # Safety
    ///
    /// As [`Self::state`]; there is none yet.
    pub(super) unsafe fn put<T: CongestionControl>(
        sk: *mut bindings::sock,
        room: Room<T>,
        value: T,
    ) {
        // SAFETY: By the caller's promise.
        let this = unsafe { Self::of(sk) };
        // SAFETY: As above.
        let body = unsafe { &raw mut (*this).body };
        match room {
            // SAFETY: There is room, and it is aligned: by `Self::room`.
            Room::Here => unsafe { body.cast::<T>().write(value) },
            Room::Allocated(room) => {
                let state = KBox::into_raw(room.write(value));
                // SAFETY: A pointer has room there.
                unsafe { body.cast::<*mut T>().write(state) };
            }
        }
        // INVARIANT: It is a state, where `is_here` says.
        // SAFETY: The socket is the caller's.
        unsafe {
            (&raw mut (*this).head.socket).write(sk);
            (&raw mut (*this).head.owner).write(Self::owner::<T>());
        }
    }

    /// Drops the state, if there is one.
    ///
    /// # Safety
    ///
    /// As [`Self::state`].
    pub(super) unsafe fn drop_state<T: CongestionControl>(sk: *mut bindings::sock) {
        // SAFETY: By the caller's promise.
        let Some(state) = (unsafe { Self::place::<T>(sk) }) else {
            return;
        };
        // Before it is dropped: none is found from now on.
        // SAFETY: As above.
        unsafe { Self::clear(Self::of(sk)) };
        if const { Self::is_here::<T>() } {
            // SAFETY: It was a state until now, and is not found again.
            unsafe { ptr::drop_in_place(state) };
        } else {
            // SAFETY: As above; it came from `KBox::into_raw`.
            drop(unsafe { KBox::from_raw(state) });
        }
    }

    /// Changes what is shown of the socket.
    ///
    /// # Safety
    ///
    /// The socket is the caller's, and uses the algorithm with this number.
    #[inline]
    pub(super) unsafe fn show(this: *mut Self, number: u32, info: Info) {
        let (form, words) = info.words();
        // SAFETY: By the caller's promise. They are read by others as they are written here: atomically.
        let head = unsafe { &(*this).head };
        let changes = head.stamp.load(Relaxed) as u32 & !1;
        let stamp = |changes: u32| u64::from(number) << 32 | u64::from(changes);
        head.stamp.store(stamp(changes | 1), Relaxed);
        // Release: who sees a new word sees that it is being changed, too.
        head.form.store(form, Release);
        for (place, word) in head.words.iter().zip(words) {
            place.store(word, Release);
        }
        head.stamp.store(stamp(changes.wrapping_add(2)), Release);
    }

    /// What is shown of the socket, its form first. May be called without owning it, at any time: another
    /// algorithm may have it meanwhile, and write what it likes.
    ///
    /// # Safety
    ///
    /// `this` is that of a socket.
    pub(super) unsafe fn shown(this: *mut Self, number: u32) -> Option<(u32, [u32; WORDS])> {
        // SAFETY: The socket is not freed, by the caller's promise; all bytes are atomics, which others write.
        let (head, form, words) =
            unsafe { (&(*this).head.stamp, &(*this).head.form, &(*this).head.words) };
        for _ in 0..3 {
            let before = head.load(Acquire);
            // Zeros, another algorithm's, or being changed.
            if (before >> 32) as u32 != number || before & 1 != 0 {
                continue;
            }
            let found = (
                form.load(Acquire),
                [0, 1, 2, 3, 4].map(|at: usize| words.get(at).map_or(0, |word| word.load(Acquire))),
            );
            if head.load(Relaxed) == before && info::size(found.0) != 0 {
                return Some(found);
            }
        }
        None
    }
}
