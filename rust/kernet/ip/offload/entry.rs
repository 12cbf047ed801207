// SPDX-License-Identifier: GPL-2.0

//! What the core has registered for the protocols: entries that are kernet's own.
//!
//! Packets may be on their way for as long as a device or a queue holds them, and ask for the protocol's
//! entry again: those that were merged when they are passed on, those that are to be segmented when they are
//! sent. An entry therefore needs nothing of the module that it was registered for, and stays when that is
//! gone: it finishes what it has begun, and merges nothing more. There is one for each length of a header, a
//! static of kernet's, and hence none to be freed. A number keeps its length: another one's entry would look for
//! the headers of what is still held elsewhere. [`retire_all`] takes them from the core when kernet is unloaded.

use core::{
    ffi::c_void,
    mem,
    ptr, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Full,
        Relaxed,
        Release, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

use super::{
    super::tunnel::jiffies,
    merge,
    segment,
    MAX_HEADER, //
};
use crate::{
    bindings,
    wire::ip::Version, //
};

/// Whether a frame behind a header may be merged. The header has the length that was registered with the
/// function, and nobody writes to it.
pub(super) type Merges = unsafe fn(*const u8) -> bool;

/// An entry that the core only reads.
struct Entry(bindings::net_offload);

// SAFETY: Nobody writes it.
unsafe impl Sync for Entry {}

impl Entry {
    const fn new<const V6: bool, const LEN: u32>() -> Self {
        Self(bindings::net_offload {
            callbacks: bindings::offload_callbacks {
                gso_segment: Some(segment_callback::<LEN>),
                gro_receive: Some(receive_callback::<V6, LEN>),
                gro_complete: Some(complete_callback::<LEN>),
            },
            flags: 0,
            secret: 0,
        })
    }
}

macro_rules! entries {
    ($v6:literal: $($len:literal)+) => {
        [$(Entry::new::<$v6, $len>()),+]
    };
    ($v6:literal) => {
        entries!($v6:
            2 4 6 8 10 12 14 16 18 20 22 24 26 28 30 32 34 36 38 40 42 44 46 48 50 52 54 56 58 60 62 64)
    };
}

static ENTRIES4: [Entry; MAX_HEADER / 2] = entries!(false);
static ENTRIES6: [Entry; MAX_HEADER / 2] = entries!(true);

/// The entry for a header of `len` bytes: 2 to 64, and even.
fn entry(version: Version, len: u32) -> Option<*const bindings::net_offload> {
    let entries = match version {
        Version::V4 => &ENTRIES4,
        Version::V6 => &ENTRIES6,
    };
    if len % 2 != 0 {
        return None;
    }
    let index = usize::try_from((len / 2).checked_sub(1)?).ok()?;
    entries.get(index).map(|entry| &raw const entry.0)
}

/// A module: the address of a static that is its own. Not 0.
pub(super) type Owner = usize;

/// A number of a protocol.
///
/// # Invariants
///
/// `merges` is null, or a [`Merges`] of a loaded module for headers of `len` bytes.
struct Protocol {
    /// The [`Owner`] that has it, or 0.
    owner: Atomic<usize>,
    merges: Atomic<*mut c_void>,
    /// The length of the header whose entry the core has, or 0.
    len: Atomic<u32>,
}

impl Protocol {
    const fn new() -> Self {
        // INVARIANT: Null.
        Self {
            owner: Atomic::<usize>::new(0),
            merges: Atomic::<*mut c_void>::new(ptr::null_mut()),
            len: Atomic::<u32>::new(0),
        }
    }

    /// The function for headers of `len` bytes.
    fn merges(&self, len: u32) -> Option<Merges> {
        let merges = self.merges.load(Acquire);
        if merges.is_null() || self.len.load(Relaxed) != len {
            return None;
        }
        // SAFETY: A `Merges`, by the type invariants.
        Some(unsafe { mem::transmute::<*mut c_void, Merges>(merges) })
    }
}

static PROTOCOLS4: [Protocol; 256] = [const { Protocol::new() }; 256];
static PROTOCOLS6: [Protocol; 256] = [const { Protocol::new() }; 256];

fn protocol(version: Version, number: u8) -> &'static Protocol {
    let protocols = match version {
        Version::V4 => &PROTOCOLS4,
        Version::V6 => &PROTOCOLS6,
    };
    let [first, ..] = protocols;
    protocols.get(usize::from(number)).unwrap_or(first)
}

/// Takes a number of a protocol for a module. Returns false if it is taken, or was with another length. May sleep.
///
/// # Safety
///
/// `merges` may be called with any `len` bytes until [`give_up`] returns.
pub(super) unsafe fn take(
    version: Version,
    number: u8,
    owner: Owner,
    len: u32,
    merges: Merges,
) -> bool {
    let protocol = protocol(version, number);
    if protocol.owner.cmpxchg(0, owner, Full).is_err() {
        return false;
    }
    let before = protocol.len.load(Relaxed);
    if before != len {
        let added = before == 0
            && entry(version, len).is_some_and(|entry| {
                // SAFETY: A static, which stays for as long as kernet, which takes it back.
                let result = unsafe {
                    match version {
                        Version::V4 => bindings::inet_add_offload(entry, number),
                        Version::V6 => bindings::inet6_add_offload(entry, number),
                    }
                };
                result == 0
            });
        if !added {
            protocol.owner.store(0, Release);
            return false;
        }
        protocol.len.store(len, Relaxed);
    }
    // INVARIANT: By the caller's promise; there was none before.
    protocol.merges.store(merges as *mut c_void, Release);
    true
}

/// Gives up a number of a protocol: nothing is merged for the caller any more, and nobody runs its function.
/// May sleep.
///
/// # Safety
///
/// The caller has [taken](take) it.
pub(super) unsafe fn give_up(version: Version, number: u8) {
    let protocol = protocol(version, number);
    // INVARIANT: Null.
    protocol.merges.store(ptr::null_mut(), Release);
    // SAFETY: This may sleep, by the caller's promise. Who calls the function does so in a read-side section.
    unsafe { bindings::synchronize_net() };
    protocol.owner.store(0, Release);
}

/// The length of the header that frames of a protocol have before them, if this module has its offload; or 0.
pub(super) fn header_len(version: Version, number: u8, owner: Owner) -> u32 {
    let protocol = protocol(version, number);
    if protocol.owner.load(Acquire) != owner {
        return 0;
    }
    protocol.len.load(Relaxed)
}

/// When a packet was offered to others last, in jiffies; 0: never.
static MERGED_AT: Atomic<usize> = Atomic::<usize>::new(0);

/// How long a device may hold packets that were merged without the kernel's complaint when their entry goes, in
/// jiffies: a second. `gro_flush_timeout` is a fraction of a millisecond where it is set.
const HELD: usize = bindings::HZ as usize;

/// Takes back the entry of a protocol that no module has. Waits for packets that were merged, and for all who
/// use it.
fn retire(version: Version, number: u8) {
    let protocol = protocol(version, number);
    let Some(entry) = entry(version, protocol.len.load(Relaxed)) else {
        return;
    };
    let at = MERGED_AT.load(Relaxed);
    while at != 0 && jiffies().wrapping_sub(at) < HELD {
        fsleep(Delta::from_millis(10));
    }
    // SAFETY: The core has it: `take` has added it.
    unsafe {
        match version {
            Version::V4 => bindings::inet_del_offload(entry, number),
            Version::V6 => bindings::inet6_del_offload(entry, number),
        }
    };
    protocol.len.store(0, Relaxed);
}

/// Takes back all entries, as kernet is unloaded: no module that uses it is left.
pub(crate) fn retire_all() {
    for number in 0..=u8::MAX {
        retire(Version::V4, number);
        retire(Version::V6, number);
    }
}

/// # Safety
///
/// Called by the core only, as `offload_callbacks::gso_segment`.
unsafe extern "C" fn segment_callback<const LEN: u32>(
    skb: *mut bindings::sk_buff,
    features: bindings::netdev_features_t,
) -> *mut bindings::sk_buff {
    // SAFETY: The core lends a packet whose data begins with the protocol's header.
    unsafe { segment::segment(skb, features, LEN) }
}

/// # Safety
///
/// Called by the core only, as `offload_callbacks::gro_receive`.
unsafe extern "C" fn receive_callback<const V6: bool, const LEN: u32>(
    head: *mut bindings::list_head,
    skb: *mut bindings::sk_buff,
) -> *mut bindings::sk_buff {
    let version = if V6 { Version::V6 } else { Version::V4 };
    // SAFETY: The core lends a packet, which it knows the protocol of, in a read-side section of RCU.
    unsafe {
        let merges = u8::try_from(bindings::napi_gro_cb_proto(skb))
            .ok()
            .and_then(|number| protocol(version, number).merges(LEN));
        let (held, flush) = match merges.and_then(|merges| merge::receive(head, skb, LEN, merges)) {
            Some(held) => {
                let now = jiffies().max(1);
                if MERGED_AT.load(Relaxed) != now {
                    MERGED_AT.store(now, Relaxed);
                }
                (held, 0)
            }
            None => (ptr::null_mut(), 1),
        };
        bindings::skb_gro_flush_final(skb, held, flush);
        held
    }
}

/// # Safety
///
/// Called by the core only, as `offload_callbacks::gro_complete`.
unsafe extern "C" fn complete_callback<const LEN: u32>(
    skb: *mut bindings::sk_buff,
    offset: c_int,
) -> c_int {
    // SAFETY: The core lends a packet that `receive_callback` has had merged, whose header is at `offset`.
    unsafe { merge::complete(skb, offset, LEN) }
}

#[kunit_tests(kernet_offload)]
mod tests {
    use super::*;

    /// # Safety
    ///
    /// None.
    unsafe fn never(_: *const u8) -> bool {
        false
    }

    #[test]
    fn a_number_is_that_of_its_module() {
        /// RFC 3692: for experiments.
        const NUMBER: u8 = 254;
        let (version, mine, other) = (Version::V4, 1, 2);
        // SAFETY: The function may be called with any bytes.
        let take = |owner, len| unsafe { take(version, NUMBER, owner, len, never) };
        let taken = (take(mine, 3), take(mine, 2), take(other, 2));
        let len = |owner| header_len(version, NUMBER, owner);
        let lens = (len(mine), len(other));
        // SAFETY: Taken.
        unsafe { give_up(version, NUMBER) };
        let after = (len(mine), len(other));
        let longer = (take(mine, 4), take(other, 2));
        // SAFETY: Taken.
        unsafe { give_up(version, NUMBER) };
        retire(version, NUMBER);
        assert_eq!(
            (taken, lens, after, longer),
            ((false, true, false), (2, 0), (0, 0), (false, true))
        );
    }
}
