// SPDX-License-Identifier: GPL-2.0

//! The tables of operations that the core calls, and their registration.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    ThisModule, //
};

use super::{
    info,
    private::Private,
    AckEvent,
    AckFlags,
    AckSample,
    CaState, //
    CongestionControl,
    CwndEvent,
    RateSample,
    Socket,
};
use crate::{
    bindings,
    context::Owned,
    error::to_result,
    module::{
        failed,
        Part, //
    },
    slot::SetUp, //
};

/// The algorithm's operations, and what its sockets have that could get no state.
#[repr(C)]
struct Tables {
    own: bindings::tcp_congestion_ops,
    reno: bindings::tcp_congestion_ops,
}

/// The static of an algorithm. A type gets its own by [`slot!`](crate::slot!).
pub struct Slot {
    tables: SetUp<Tables>,
    fallbacks: Atomic<u64>,
}

impl Slot {
    /// Not registered.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self {
            tables: SetUp::new(),
            fallbacks: Atomic::<u64>::new(0),
        }
    }
}

/// How many times a socket could get no state, and uses Reno.
pub fn fallbacks<T: CongestionControl>() -> u64 {
    T::slot().fallbacks.load(Relaxed)
}

/// How many algorithms are registered by kernet.
static REGISTERED: Atomic<u32> = Atomic::<u32>::new(0);

/// At most so many: the core warns where it lists more than `TCP_CA_MAX`, its own among them.
const MOST: u32 = bindings::TCP_CA_MAX / 2;

/// Whether a string is a name that an algorithm may have.
const fn is_name(name: &str) -> bool {
    let mut rest = name.as_bytes();
    while let [first, others @ ..] = rest {
        // The lists of names in `/proc/sys` are separated by spaces.
        if !first.is_ascii_graphic() {
            return false;
        }
        rest = others;
    }
    !name.is_empty() && name.len() < bindings::TCP_CA_NAME_MAX as usize
}

/// The registration of an algorithm: a [`Part`] of its module
/// (`tcp_register_congestion_control()`).
///
/// Unregistering is `tcp_unregister_congestion_control()`, which ends with `synchronize_rcu()`. Sockets that
/// use the algorithm, and namespaces whose default it is, hold the module, so there are none by then; if the
/// module fails to load after this part was registered, those that have found it meanwhile are waited for.
#[doc(alias = "tcp_register_congestion_control")]
#[doc(alias = "tcp_unregister_congestion_control")]
pub struct Registration<T: CongestionControl> {
    _algorithm: PhantomData<fn() -> T>,
}

// SAFETY: A registration is no data: the tables are in a static that stays as long as the module's code. What
// is registered is unregistered with a grace period, in which the core forgets it; sockets and namespaces
// that use it hold a reference to the module.
unsafe impl<T: CongestionControl> Part for Registration<T> {
    unsafe fn register(_: *mut Self, module: &'static ThisModule, name: &'static CStr) -> Result {
        const {
            assert!(
                T::HAS_CONG_AVOID != T::HAS_CONG_CONTROL,
                "an algorithm has either `cong_avoid` or `cong_control`, and `#[vtable]`"
            );
            assert!(
                is_name(T::NAME),
                "a name has 1 to 15 printable characters of ASCII, and no space"
            );
        }
        let what = format_args!("congestion control");
        if REGISTERED.fetch_add(1, Relaxed) >= MOST {
            REGISTERED.fetch_sub(1, Relaxed);
            return Err(failed(name, what, ENOSPC));
        }
        // SAFETY: Writes all of the tables, which the core may use on any CPU.
        let tables = unsafe {
            T::slot()
                .tables
                .set_up(name, "congestion control", |tables| {
                    tables.write(Self::tables(module))
                })
        };
        let result = tables.and_then(|tables| {
            // SAFETY: The table stays in place until it is unregistered and its users are gone.
            to_result(unsafe {
                bindings::tcp_register_congestion_control(&raw mut (*tables.get()).own)
            })
            .map_err(|error| failed(name, format_args!("congestion control"), error))
        });
        result.inspect_err(|_| {
            REGISTERED.fetch_sub(1, Relaxed);
        })
    }

    unsafe fn unregister(_: *mut Self) {
        let Some(tables) = T::slot().tables.get() else {
            return;
        };
        // SAFETY: Registered, by the caller's promise.
        unsafe { bindings::tcp_unregister_congestion_control(&raw mut (*tables.get()).own) };
        REGISTERED.fetch_sub(1, Relaxed);
    }
}

impl<T: CongestionControl> Registration<T> {
    fn tables(module: &'static ThisModule) -> Tables {
        let mut name = [0; bindings::TCP_CA_NAME_MAX as usize];
        for (to, from) in name.iter_mut().zip(T::NAME.bytes()) {
            *to = from as c_char;
        }
        let restricted = if T::NON_RESTRICTED {
            bindings::TCP_CONG_NON_RESTRICTED
        } else {
            0
        };
        let ecn = if T::NEEDS_ECN {
            bindings::TCP_CONG_NEEDS_ECN
        } else {
            0
        };
        let reno = bindings::tcp_congestion_ops {
            ssthresh: Some(bindings::tcp_reno_ssthresh),
            cong_avoid: Some(bindings::tcp_reno_cong_avoid),
            undo_cwnd: Some(bindings::tcp_reno_undo_cwnd),
            init: Some(Self::init),
            name,
            owner: module.as_ptr().cast(),
            flags: restricted,
            ..pin_init::zeroed()
        };
        let own = bindings::tcp_congestion_ops {
            init: Some(Self::init),
            release: Some(Self::release),
            get_info: Some(Self::get_info),
            ssthresh: Some(if T::HAS_SSTHRESH {
                Self::ssthresh
            } else {
                bindings::tcp_reno_ssthresh
            }),
            undo_cwnd: Some(if T::HAS_UNDO_CWND {
                Self::undo_cwnd
            } else {
                bindings::tcp_reno_undo_cwnd
            }),
            cong_avoid: given!(T::HAS_CONG_AVOID, Self::cong_avoid),
            cong_control: given!(T::HAS_CONG_CONTROL, Self::cong_control),
            set_state: given!(T::HAS_SET_STATE, Self::set_state),
            cwnd_event: given!(T::HAS_CWND_EVENT, Self::cwnd_event),
            cwnd_event_tx_start: given!(T::HAS_TX_START, Self::tx_start),
            in_ack_event: given!(T::HAS_IN_ACK_EVENT, Self::in_ack_event),
            pkts_acked: given!(T::HAS_PKTS_ACKED, Self::pkts_acked),
            min_tso_segs: given!(T::HAS_MIN_TSO_SEGS, Self::min_tso_segs),
            sndbuf_expand: given!(T::HAS_SNDBUF_EXPAND, Self::sndbuf_expand),
            name,
            owner: module.as_ptr().cast(),
            flags: restricted | ecn,
            ..pin_init::zeroed()
        };
        Tables { own, reno }
    }

    /// What tells what is shown by this algorithm from what others have written. The upper half of an address
    /// of the kernel is no such number.
    #[inline(always)]
    fn number() -> u32 {
        (ptr::from_ref(T::slot()).addr() >> 3) as u32 & 0x7fff_ffff
    }

    /// What a callback gets: the state, if the socket has one, or is to have one.
    ///
    /// # Safety
    ///
    /// The caller is a callback of the core's table, with the socket that it was called for.
    #[inline(always)]
    unsafe fn lent<'a>(sk: *mut bindings::sock) -> Option<(&'a mut T, Socket<'a>, Owned<'a>)> {
        // SAFETY: The core calls with the socket owned by this context, for as long as the callback runs, one
        // at a time. A `Socket` gives no access to the state.
        unsafe {
            let state = match Private::state::<T>(sk) {
                Some(state) => state,
                None => Self::late(sk)?,
            };
            Some((state, Socket::lent(sk, Self::number()), Owned::assume()))
        }
    }

    /// Makes the state of a socket that is said to be initialised and has none: it got the algorithm before
    /// its SYN was sent, from its route, or with what it was cloned from.
    ///
    /// # Safety
    ///
    /// As [`Self::lent`].
    #[cold]
    #[inline(never)]
    unsafe fn late<'a>(sk: *mut bindings::sock) -> Option<&'a mut T> {
        // SAFETY: By the caller's promise.
        unsafe {
            if !bindings::icsk_ca_initialized(sk) || bindings::tcp_has_not_sent_syn(sk) {
                return None;
            }
            Self::init(sk);
            Private::state::<T>(sk)
        }
    }

    /// # Safety
    ///
    /// Called by the core only, for a socket that is connected, or is going to be. There is no state of `T`.
    unsafe extern "C" fn init(sk: *mut bindings::sock) {
        // SAFETY: By the caller's promise. What another algorithm has left in the socket is no state: one is made
        // after the SYN was sent only, and from then on the core releases it before the socket gets another one.
        let made = unsafe {
            Private::clear(Private::of(sk));
            if bindings::tcp_has_not_sent_syn(sk) {
                // Its route may still give it another algorithm, which releases nothing.
                return;
            }
            let owned = Owned::assume();
            let mut socket = Socket::lent(sk, Self::number());
            // Room first: what `init` has made is released.
            Private::room(owned)
                .and_then(|room| {
                    Private::put(sk, room, T::init(&mut socket, owned)?);
                    Ok(())
                })
                .inspect_err(|_| Private::clear(Private::of(sk)))
        };
        let slot = T::slot();
        if made.is_err() {
            slot.fallbacks.fetch_add(1, Relaxed);
        }
        let Some(tables) = slot.tables.get() else {
            return;
        };
        let tables = tables.get();
        // As DCTCP does where there is no ECN. Both tables are the module's, of which the socket has a reference.
        // SAFETY: A TCP socket begins with one. The core reads the place without the lock, as a whole.
        unsafe {
            let table = if made.is_ok() {
                &raw const (*tables).own
            } else {
                &raw const (*tables).reno
            };
            let connection = sk.cast::<bindings::inet_connection_sock>();
            (&raw mut (*connection).icsk_ca_ops).write_volatile(table);
        }
    }

    /// # Safety
    ///
    /// Called by the core only, after `init`.
    unsafe extern "C" fn release(sk: *mut bindings::sock) {
        // SAFETY: As `lent`. The references to the state have ended when it is dropped.
        unsafe {
            if let Some(state) = Private::state::<T>(sk) {
                let mut socket = Socket::lent(sk, Self::number());
                state.release(&mut socket, Owned::assume());
            }
            Private::drop_state::<T>(sk);
        }
    }

    /// # Safety
    ///
    /// Called by the core only, in a read-side section, with a socket that is not freed, and may be others'.
    unsafe extern "C" fn get_info(
        sk: *mut bindings::sock,
        ext: u32,
        attr: *mut c_int,
        into: *mut bindings::tcp_cc_info,
    ) -> usize {
        // SAFETY: By the caller's promise.
        let Some((form, words)) = (unsafe { Private::shown(Private::of(sk), Self::number()) })
        else {
            return 0;
        };
        // The requests of userspace have eight bits, in which that of Vegas is the last form.
        let bit = |form: u32| 1u32.checked_shl(form.wrapping_sub(1)).unwrap_or(0);
        if ext & (bit(form) | bit(bindings::INET_DIAG_VEGASINFO)) == 0 {
            return 0;
        }
        // SAFETY: Both are the caller's; the union is as long as the words.
        unsafe {
            attr.write(form as c_int);
            into.cast::<[u32; info::WORDS]>().write(words);
        }
        info::size(form)
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn ssthresh(sk: *mut bindings::sock) -> u32 {
        // SAFETY: By the caller's promise.
        match unsafe { Self::lent(sk) } {
            Some((state, mut socket, owned)) => {
                Socket::threshold(state.ssthresh(&mut socket, owned))
            }
            // SAFETY: As above.
            None => unsafe { bindings::tcp_reno_ssthresh(sk) },
        }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn undo_cwnd(sk: *mut bindings::sock) -> u32 {
        // SAFETY: By the caller's promise.
        match unsafe { Self::lent(sk) } {
            Some((state, mut socket, owned)) => {
                let cwnd = state.undo_cwnd(&mut socket, owned);
                socket.window(cwnd)
            }
            // SAFETY: As above.
            None => unsafe { bindings::tcp_reno_undo_cwnd(sk) },
        }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn cong_avoid(sk: *mut bindings::sock, ack: u32, acked: u32) {
        // SAFETY: By the caller's promise.
        if let Some((state, mut socket, owned)) = unsafe { Self::lent(sk) } {
            state.cong_avoid(&mut socket, ack, acked, owned);
        }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn cong_control(
        sk: *mut bindings::sock,
        _ack: u32,
        flags: c_int,
        sample: *const bindings::rate_sample,
    ) {
        // SAFETY: By the caller's promise.
        if let Some((state, mut socket, owned)) = unsafe { Self::lent(sk) } {
            // SAFETY: The sample is the caller's, and not changed meanwhile.
            let sample = RateSample::new(unsafe { &*sample });
            state.cong_control(&mut socket, AckFlags(flags as u32), &sample, owned);
        }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn set_state(sk: *mut bindings::sock, new: u8) {
        // SAFETY: By the caller's promise.
        let lent = unsafe { Self::lent(sk) };
        if let (Some((state, mut socket, owned)), Some(new)) = (lent, CaState::from_raw(new)) {
            state.set_state(&mut socket, new, owned);
        }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn cwnd_event(sk: *mut bindings::sock, event: bindings::tcp_ca_event) {
        // SAFETY: By the caller's promise.
        let lent = unsafe { Self::lent(sk) };
        if let (Some((state, mut socket, owned)), Some(event)) = (lent, CwndEvent::from_raw(event))
        {
            state.cwnd_event(&mut socket, event, owned);
        }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn tx_start(sk: *mut bindings::sock) {
        // SAFETY: By the caller's promise.
        if let Some((state, mut socket, owned)) = unsafe { Self::lent(sk) } {
            let before = socket.cwnd();
            state.tx_start(&mut socket, owned);
            // `tcp_mtu_probe()` takes one away after this, from a window that it has looked at before.
            let least = before.min(2);
            if socket.cwnd() < least {
                socket.set_cwnd(least);
            }
        }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn in_ack_event(sk: *mut bindings::sock, flags: u32) {
        // SAFETY: By the caller's promise.
        if let Some((state, mut socket, owned)) = unsafe { Self::lent(sk) } {
            state.in_ack_event(&mut socket, AckEvent(flags), owned);
        }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn pkts_acked(sk: *mut bindings::sock, sample: *const bindings::ack_sample) {
        // SAFETY: By the caller's promise.
        if let Some((state, mut socket, owned)) = unsafe { Self::lent(sk) } {
            // SAFETY: The sample is the caller's.
            let sample = AckSample::new(unsafe { &*sample });
            state.pkts_acked(&mut socket, sample, owned);
        }
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn min_tso_segs(sk: *mut bindings::sock) -> u32 {
        // SAFETY: By the caller's promise.
        unsafe { Self::lent(sk) }.map_or(2, |(state, mut socket, owned)| {
            // 0 would send nothing, over and over.
            state.min_tso_segs(&mut socket, owned).clamp(1, 127)
        })
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn sndbuf_expand(sk: *mut bindings::sock) -> u32 {
        // SAFETY: By the caller's promise.
        unsafe { Self::lent(sk) }.map_or(2, |(state, mut socket, owned)| {
            state.sndbuf_expand(&mut socket, owned).clamp(1, 16)
        })
    }
}
