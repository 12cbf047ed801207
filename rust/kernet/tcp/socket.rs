// SPDX-License-Identifier: GPL-2.0

//! What an algorithm sees of a socket, and may change.

use core::{
    marker::PhantomData,
    net::{
        IpAddr,
        Ipv4Addr,
        Ipv6Addr,
        SocketAddr, //
    }, //
};
use kernel::{
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    types::NotThreadSafe, //
};

use super::{
    private::Private,
    CaState,
    Info,
    INFINITE_SSTHRESH, //
};
use crate::{
    bindings,
    netns::Net, //
};

/// A TCP socket that is the caller's: [`Owned`](crate::context::Owned) (`tcp_sock`).
///
/// Counts of packets are in segments of [`Self::mss`]. Those that wrap are compared by their difference. Times
/// are in microseconds unless said otherwise. What may be changed is what BPF may change (`net/ipv4/bpf_tcp_ca.c`).
///
/// # Invariants
///
/// For `'a`, `sk` is a TCP socket that nobody else changes.
#[doc(alias = "tcp_sock")]
#[doc(alias = "struct sock")]
pub struct Socket<'a> {
    sk: *mut bindings::sock,
    /// The number of the algorithm, for what is shown.
    number: u32,
    _lent: PhantomData<&'a mut ()>,
    _context: NotThreadSafe,
}

macro_rules! reads {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $field:ident;)+) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name(&self) -> $type {
            // SAFETY: The socket is ours, by the type invariants.
            unsafe { (*self.raw()).$field }
        }
    )+};
}

impl<'a> Socket<'a> {
    /// # Safety
    ///
    /// As the type invariants say; the socket uses the algorithm with this number.
    #[inline(always)]
    pub(super) unsafe fn lent(sk: *mut bindings::sock, number: u32) -> Self {
        // INVARIANT: By the caller's promise.
        Self {
            sk,
            number,
            _lent: PhantomData,
            _context: NotThreadSafe,
        }
    }

    /// The socket as the core's functions take it: it begins with a `struct sock`.
    #[inline(always)]
    fn raw(&self) -> *mut bindings::tcp_sock {
        self.sk.cast()
    }

    /// The largest window that an algorithm can set, in packets.
    pub const MAX_CWND: u32 = 1 << 28;

    /// What a window may be: never 0, and within what the socket was given as a limit.
    #[inline(always)]
    pub(super) fn window(&self, cwnd: u32) -> u32 {
        // SAFETY: The socket is ours, by the type invariants.
        let limit = unsafe { (*self.raw()).snd_cwnd_clamp };
        cwnd.min(limit).clamp(1, Self::MAX_CWND)
    }

    /// What a slow start threshold may be: the core makes it a window, but for the infinite one.
    #[inline(always)]
    pub(super) fn threshold(ssthresh: u32) -> u32 {
        match ssthresh {
            0 => 1,
            1..=Self::MAX_CWND => ssthresh,
            _ => INFINITE_SSTHRESH,
        }
    }

    reads! {
        /// The congestion window, in packets: how many may be in flight.
        #[doc(alias = "tcp_sock::snd_cwnd")]
        cwnd: u32 = snd_cwnd;
        /// The slow start threshold, in packets; [`INFINITE_SSTHRESH`] while there was no loss.
        #[doc(alias = "tcp_sock::snd_ssthresh")]
        ssthresh: u32 = snd_ssthresh;
        /// How far the window is from the next packet, in acknowledged packets.
        #[doc(alias = "tcp_sock::snd_cwnd_cnt")]
        cwnd_count: u32 = snd_cwnd_cnt;
        /// The window right before packets were lost.
        #[doc(alias = "tcp_sock::prior_cwnd")]
        prior_cwnd: u32 = prior_cwnd;
        /// The largest window that the socket may have.
        #[doc(alias = "tcp_sock::snd_cwnd_clamp")]
        cwnd_limit: u32 = snd_cwnd_clamp;
        /// The size of a full segment's data, in bytes.
        #[doc(alias = "tcp_sock::mss_cache")]
        mss: u32 = mss_cache;
        /// How many packets were delivered, retransmitted ones included. It wraps.
        #[doc(alias = "tcp_sock::delivered")]
        delivered: u32 = delivered;
        /// How many of them were marked. It wraps.
        #[doc(alias = "tcp_sock::delivered_ce")]
        delivered_ce: u32 = delivered_ce;
        /// How many packets were lost, retransmitted ones included. It wraps.
        #[doc(alias = "tcp_sock::lost")]
        lost: u32 = lost;
        /// How many packets are sent and not acknowledged, lost ones included.
        #[doc(alias = "tcp_sock::packets_out")]
        packets_out: u32 = packets_out;
        /// The sequence number that was acknowledged last.
        #[doc(alias = "tcp_sock::snd_una")]
        snd_una: u32 = snd_una;
        /// The sequence number that is sent next.
        #[doc(alias = "tcp_sock::snd_nxt")]
        snd_nxt: u32 = snd_nxt;
        /// When the last packet was received or sent.
        #[doc(alias = "tcp_sock::tcp_mstamp")]
        now: u64 = tcp_mstamp;
        /// When [`Self::delivered`] became what it is.
        #[doc(alias = "tcp_sock::delivered_mstamp")]
        delivered_at: u64 = delivered_mstamp;
        /// When the next packet leaves, in nanoseconds, as pacing has it.
        #[doc(alias = "tcp_sock::tcp_wstamp_ns")]
        next_departure_ns: u64 = tcp_wstamp_ns;
        /// The time of [`Self::now`] in nanoseconds.
        #[doc(alias = "tcp_sock::tcp_clock_cache")]
        now_ns: u64 = tcp_clock_cache;
    }

    /// How many packets are in the network.
    #[doc(alias = "tcp_packets_in_flight")]
    #[inline(always)]
    pub fn in_flight(&self) -> u32 {
        // SAFETY: The socket is ours, by the type invariants.
        unsafe { bindings::tcp_packets_in_flight(self.raw()) }
    }

    /// The smoothed round trip time in microseconds, if there was one (`tcp_sock::srtt_us`).
    #[doc(alias = "tcp_sock::srtt_us")]
    #[inline(always)]
    pub fn srtt(&self) -> Option<u32> {
        // SAFETY: The socket is ours, by the type invariants. In units of 1/8.
        let srtt = unsafe { (*self.raw()).srtt_us };
        (srtt != 0).then_some((srtt >> 3).max(1))
    }

    /// The smallest round trip time of the last minutes (`net.ipv4.tcp_min_rtt_wlen`), in microseconds, if there
    /// was one.
    #[doc(alias = "tcp_min_rtt")]
    #[inline(always)]
    pub fn min_rtt(&self) -> Option<u32> {
        // SAFETY: The socket is ours, by the type invariants.
        let rtt = unsafe { bindings::tcp_min_rtt(self.raw()) };
        (rtt != u32::MAX).then_some(rtt)
    }

    /// What the core makes of the ACKs.
    #[doc(alias = "inet_connection_sock::icsk_ca_state")]
    #[inline(always)]
    pub fn state(&self) -> CaState {
        // SAFETY: The socket is ours, by the type invariants.
        let state = unsafe { bindings::icsk_ca_state(self.sk) };
        CaState::from_raw(state).unwrap_or(CaState::Open)
    }

    /// Whether the window is below the slow start threshold.
    #[doc(alias = "tcp_in_slow_start")]
    #[inline(always)]
    pub fn in_slow_start(&self) -> bool {
        self.cwnd() < self.ssthresh()
    }

    /// Whether it is the window that keeps the socket from sending more.
    #[doc(alias = "tcp_is_cwnd_limited")]
    #[inline(always)]
    pub fn is_cwnd_limited(&self) -> bool {
        // SAFETY: The socket is ours, by the type invariants.
        unsafe { bindings::tcp_is_cwnd_limited(self.sk) }
    }

    /// Whether the application had nothing to send, and the network may deliver more than it has
    /// (`tcp_sock::app_limited`).
    #[doc(alias = "tcp_sock::app_limited")]
    #[inline(always)]
    pub fn is_app_limited(&self) -> bool {
        // SAFETY: The socket is ours, by the type invariants.
        unsafe { (*self.raw()).app_limited != 0 }
    }

    /// Whether the receiver acknowledges selectively (`tcp_is_sack()`).
    #[doc(alias = "tcp_is_sack")]
    #[inline(always)]
    pub fn has_sack(&self) -> bool {
        // SAFETY: The socket is ours, by the type invariants.
        unsafe { bindings::tcp_is_sack(self.raw()) }
    }

    /// The pacing rate in bytes per second.
    #[doc(alias = "sock::sk_pacing_rate")]
    #[inline(always)]
    pub fn pacing_rate(&self) -> u64 {
        // SAFETY: The socket is ours, by the type invariants. `SO_MAX_PACING_RATE` changes it without the lock.
        unsafe { (&raw const (*self.sk).sk_pacing_rate).read_volatile() as u64 }
    }

    /// How many bytes the socket sends at once at its pacing rate, without regard to its device
    /// (`sock::sk_pacing_shift`).
    #[doc(alias = "sock::sk_pacing_shift")]
    #[inline(always)]
    pub fn pacing_quantum(&self) -> u32 {
        // SAFETY: The socket is ours, by the type invariants. Drivers change it without the lock.
        let shift = unsafe { (&raw const (*self.sk).sk_pacing_shift).read_volatile() };
        let bytes = self
            .pacing_rate()
            .checked_shr(u32::from(shift))
            .unwrap_or(0);
        bytes.min(u64::from(bindings::TCP_GSO_LEGACY_MAX)) as u32
    }

    /// The namespace of the socket, if the socket keeps it alive: those of userspace do.
    #[doc(alias = "sock_net")]
    pub fn net(&self) -> Option<&'a Net> {
        // SAFETY: The socket is ours for `'a`, and has a reference to its namespace, as just seen.
        unsafe {
            bindings::sk_net_refcnt(self.sk).then(|| Net::from_raw(bindings::sock_net(self.sk)))
        }
    }

    /// A number that no other socket has or had since the machine was started, as `ss -e` shows it.
    #[doc(alias = "sock_gen_cookie")]
    pub fn cookie(&self) -> u64 {
        let mut halves = [0u32; 2];
        // SAFETY: Writes two words. The socket is ours, by the type invariants.
        unsafe { bindings::sock_diag_save_cookie(self.sk, halves.as_mut_ptr()) };
        let [low, high] = halves;
        u64::from(high) << 32 | u64::from(low)
    }

    /// The socket's own address and port (`sk_rcv_saddr`).
    #[doc(alias = "sk_rcv_saddr")]
    #[doc(alias = "sk_num")]
    pub fn local(&self) -> SocketAddr {
        // SAFETY: The socket is ours, by the type invariants.
        let (v4, port) = unsafe { (bindings::sk_rcv_saddr(self.sk), bindings::sk_num(self.sk)) };
        // SAFETY: As above.
        self.address(v4, port, |sk| unsafe { bindings::sk_v6_rcv_saddr(sk) })
    }

    /// The address and port of the other end (`sk_daddr`).
    #[doc(alias = "sk_daddr")]
    #[doc(alias = "sk_dport")]
    pub fn remote(&self) -> SocketAddr {
        // SAFETY: The socket is ours, by the type invariants.
        let (v4, port) = unsafe { (bindings::sk_daddr(self.sk), bindings::sk_dport(self.sk)) };
        // SAFETY: As above.
        self.address(v4, u16::from_be(port), |sk| unsafe {
            bindings::sk_v6_daddr(sk)
        })
    }

    fn address(
        &self,
        v4: u32,
        port: u16,
        v6: impl FnOnce(*mut bindings::sock) -> *const bindings::in6_addr,
    ) -> SocketAddr {
        // SAFETY: The socket is ours, by the type invariants.
        let address = if u32::from(unsafe { bindings::sk_family(self.sk) }) == bindings::AF_INET6 {
            // SAFETY: 16 bytes of the socket, which has this family.
            let bytes = unsafe { v6(self.sk).cast::<[u8; 16]>().read_unaligned() };
            IpAddr::V6(Ipv6Addr::from(bytes))
        } else {
            IpAddr::V4(Ipv4Addr::from(u32::from_be(v4)))
        };
        SocketAddr::new(address, port)
    }

    /// Sets the congestion window, in packets: 1 at least, [`Self::cwnd_limit`] and [`Self::MAX_CWND`] at most
    /// (`tcp_snd_cwnd_set()`).
    #[doc(alias = "tcp_snd_cwnd_set")]
    #[inline(always)]
    pub fn set_cwnd(&mut self, cwnd: u32) {
        // SAFETY: The socket is ours, by the type invariants; the window is not 0.
        unsafe { bindings::tcp_snd_cwnd_set(self.raw(), self.window(cwnd)) };
    }

    /// Sets how far the window is from the next packet, [`Self::MAX_CWND`] at most, and that it was looked at now
    /// (`tcp_sock::snd_cwnd_cnt`).
    #[doc(alias = "tcp_sock::snd_cwnd_cnt")]
    #[doc(alias = "tcp_sock::snd_cwnd_stamp")]
    #[inline(always)]
    pub fn set_cwnd_count(&mut self, count: u32) {
        // SAFETY: The socket is ours, by the type invariants.
        unsafe {
            (*self.raw()).snd_cwnd_cnt = count.min(Self::MAX_CWND);
            (*self.raw()).snd_cwnd_stamp = bindings::tcp_jiffies32();
        }
    }

    /// Sets the slow start threshold, in packets: 1 at least (`tcp_sock::snd_ssthresh`). More than
    /// [`Self::MAX_CWND`] is [`INFINITE_SSTHRESH`].
    #[doc(alias = "tcp_sock::snd_ssthresh")]
    #[inline(always)]
    pub fn set_ssthresh(&mut self, ssthresh: u32) {
        // SAFETY: The socket is ours, by the type invariants. Others read the place as a whole.
        unsafe {
            (&raw mut (*self.raw()).snd_ssthresh).write_volatile(Self::threshold(ssthresh));
        }
    }

    /// Sets the pacing rate in bytes per second: 1 at least, what the user has set (`SO_MAX_PACING_RATE`) at
    /// most (`sock::sk_pacing_rate`). It has an effect once there is pacing ([`Self::pace`]).
    #[doc(alias = "sock::sk_pacing_rate")]
    #[inline(always)]
    pub fn set_pacing_rate(&mut self, rate: u64) {
        // SAFETY: The socket is ours, by the type invariants. Others read and write the places as a whole.
        unsafe {
            let most = (&raw const (*self.sk).sk_max_pacing_rate).read_volatile() as u64;
            let rate = rate.clamp(1, most.max(1));
            (&raw mut (*self.sk).sk_pacing_rate).write_volatile(rate as usize);
        }
    }

    /// Has the socket paced: by its queueing discipline if that is `fq`, else by a timer of its own
    /// (`SK_PACING_NEEDED`).
    #[doc(alias = "SK_PACING_NEEDED")]
    #[doc(alias = "sock::sk_pacing_status")]
    pub fn pace(&mut self) {
        // SAFETY: The place is a word of the socket, which others change with atomic operations.
        let status = unsafe { &*(&raw mut (*self.sk).sk_pacing_status).cast::<Atomic<u32>>() };
        // Unless it is paced already, or by `fq`.
        let _ = status.cmpxchg(
            bindings::sk_pacing_SK_PACING_NONE,
            bindings::sk_pacing_SK_PACING_NEEDED,
            Relaxed,
        );
    }

    /// Has what is in flight now not be taken for what the network can deliver
    /// (`tcp_sock::app_limited`).
    #[doc(alias = "tcp_sock::app_limited")]
    #[inline(always)]
    pub fn mark_app_limited(&mut self) {
        let until = self.delivered().wrapping_add(self.in_flight());
        // SAFETY: The socket is ours, by the type invariants. 0 stands for "not limited".
        unsafe { (*self.raw()).app_limited = until.max(1) };
    }

    /// Raises the window in slow start: by `acked` packets, to the threshold at most. Returns what is left.
    #[doc(alias = "tcp_slow_start")]
    pub fn slow_start(&mut self, acked: u32) -> u32 {
        if !self.in_slow_start() || !self.is_bounded() {
            return acked;
        }
        // SAFETY: The socket is ours, by the type invariants. Neither sum wraps, and the threshold is not 0.
        let left = unsafe { bindings::tcp_slow_start(self.raw(), acked.min(Self::MAX_CWND)) };
        self.bound();
        left
    }

    /// Raises the window by one packet for each `window` packets that are acknowledged
    /// (`tcp_cong_avoid_ai()`).
    #[doc(alias = "tcp_cong_avoid_ai")]
    pub fn additive_increase(&mut self, window: u32, acked: u32) {
        if !self.is_bounded() {
            return;
        }
        let acked = acked.min(Self::MAX_CWND);
        // SAFETY: The socket is ours, by the type invariants. What is divided by is not 0; no sum wraps.
        unsafe { bindings::tcp_cong_avoid_ai(self.raw(), window.max(1), acked) };
        self.bound();
    }

    /// Reno: slow start, then one packet for each window.
    #[doc(alias = "tcp_reno_cong_avoid")]
    pub fn reno_cong_avoid(&mut self, ack: u32, acked: u32) {
        if !self.is_bounded() {
            return;
        }
        // SAFETY: The socket is ours, by the type invariants. No sum wraps.
        unsafe { bindings::tcp_reno_cong_avoid(self.sk, ack, acked.min(Self::MAX_CWND)) };
        self.bound();
    }

    /// Half the window, in packets: 2 at least.
    #[doc(alias = "tcp_reno_ssthresh")]
    pub fn reno_ssthresh(&self) -> u32 {
        // SAFETY: The socket is ours, by the type invariants.
        unsafe { bindings::tcp_reno_ssthresh(self.sk) }
    }

    /// The window as it was before packets were lost, or as it is if that is more; in packets.
    #[doc(alias = "tcp_reno_undo_cwnd")]
    pub fn reno_undo_cwnd(&self) -> u32 {
        // SAFETY: The socket is ours, by the type invariants.
        unsafe { bindings::tcp_reno_undo_cwnd(self.sk) }
    }

    /// Makes the window one from which the core may raise it: what the socket has is perhaps another
    /// algorithm's. `false` if the socket was given 0 as the limit, which the core would make the window.
    fn is_bounded(&mut self) -> bool {
        self.bound();
        // SAFETY: The socket is ours, by the type invariants. What was counted is less than a window.
        unsafe {
            let count = &raw mut (*self.raw()).snd_cwnd_cnt;
            *count = (*count).min(Self::MAX_CWND);
        }
        self.cwnd_limit() != 0
    }

    /// Makes the window one that may be set.
    fn bound(&mut self) {
        if self.cwnd() > Self::MAX_CWND {
            self.set_cwnd(Self::MAX_CWND);
        }
    }

    /// Changes what `ss -i` and `getsockopt(TCP_CC_INFO)` show of the socket.
    #[doc(alias = "tcp_congestion_ops::get_info")]
    #[doc(alias = "TCP_CC_INFO")]
    #[inline]
    pub fn show(&mut self, info: Info) {
        // SAFETY: The socket is ours and uses the algorithm of this number, by the type invariants.
        unsafe { Private::show(Private::of(self.sk), self.number, info) };
    }
}
