// SPDX-License-Identifier: GPL-2.0

//! Congestion control of TCP: how much a socket may have in flight, and how fast it sends.
//!
//! C headers: [`include/net/tcp.h`](srctree/include/net/tcp.h), `struct tcp_congestion_ops`;
//! [`include/net/inet_connection_sock.h`](srctree/include/net/inet_connection_sock.h)
//!
//! An algorithm is a type that implements [`CongestionControl`]; a value of it is the state of one socket.
//! [`Registration`] is a part of the module, and makes the algorithm known under its [name], to
//! `setsockopt(TCP_CONGESTION)`, `net.ipv4.tcp_congestion_control` and `ip route ... congctl`.
//!
//! [name]: CongestionControl::NAME
//!
//! # The state of a socket
//!
//! ```text
//!   socket()        connect(), accept(),          close(), connect(AF_UNSPEC),
//!                   setsockopt() when connected   setsockopt() of another one
//!      |                     |                               |
//!      +--- none ---> init --+--> callbacks, one at a time --+--> release ---> none
//!                       |
//!                       +--> no memory, or an error: Reno, under the same name
//! ```
//!
//! A socket has 104 bytes for an algorithm. A state of at most [`INLINE`] bytes is there; a larger one is
//! allocated when the socket is connected, and freed by `release`. Callbacks come before, too: the ACK of a
//! SYN, and a change of state of a listener's child, which has no state of its own yet. kernet does nothing
//! then. A child begins without a state, whatever its listener has. Before its SYN is sent a socket gets none
//! either: its route may give it another algorithm until then, without a word to the first. Its state is made
//! by the first callback after that.
//!
//! If [`CongestionControl::init`] fails, or there is no memory, the socket gets a table of operations that has
//! the kernel's Reno behind the algorithm's name. [`fallbacks`] counts how often. It tries again when it
//! is connected again, or the algorithm is set again.
//!
//! # Namespaces and unloading
//!
//! The default of a namespace is `net.ipv4.tcp_congestion_control`; its children inherit that. Each socket
//! that uses the algorithm, and each namespace whose default it is, holds the module: `rmmod` says that it is
//! in use. Unregistering ends with `synchronize_rcu()`, for who looks the algorithm up or shows a socket.
//!
//! An algorithm that is [not restricted](CongestionControl::NON_RESTRICTED) can be set by everybody. Others
//! want `CAP_NET_ADMIN` in the socket's namespace, and are no default of another namespace than the first.
//! Root's use of a name that is not registered loads the module `tcp_NAME`: a module of another name has
//! `alias: ["tcp_NAME"]`.
//!
//! # Not supported
//!
//! Writing the ECN state of a socket, as DCTCP does; AccECN's flags of an algorithm
//! (`TCP_CONG_NEEDS_ACCECN`); sending an acknowledgement at once (`tcp_send_ack()`).

mod info;
mod ops;
mod private;
mod sample;
mod socket;

pub use info::Info;
pub use ops::{
    fallbacks,
    Registration,
    Slot, //
};
pub use private::INLINE;
pub use sample::{
    AckEvent,
    AckFlags,
    AckSample,
    CaState, //
    CwndEvent,
    RateSample,
};
pub use socket::Socket;

use kernel::{
    macros::vtable,
    prelude::*, //
};

use crate::{
    bindings,
    context::Owned,
    slot::HasSlot, //
};

/// The window of a socket that has not been told another one, in packets (`TCP_INIT_CWND`).
#[doc(alias = "TCP_INIT_CWND")]
pub const INITIAL_CWND: u32 = bindings::TCP_INIT_CWND;

/// A slow start threshold that no window reaches: there was no loss yet.
#[doc(alias = "TCP_INFINITE_SSTHRESH")]
pub const INFINITE_SSTHRESH: u32 = bindings::TCP_INFINITE_SSTHRESH;

/// A congestion control algorithm; the value is the state of one socket (`tcp_congestion_ops`). It has a
/// static of its own: `slot!(Type: tcp::Slot);`.
///
/// An algorithm has either [`Self::cong_avoid`], and the core reduces the window when packets are lost and
/// paces; or [`Self::cong_control`], and does all that itself. Other methods that are left out are null in
/// `struct tcp_congestion_ops`, or the kernel's Reno where a method is required.
///
/// # Context
///
/// All methods run with the socket [`Owned`]: in softirq, or in a task with bottom halves on. None may sleep.
/// They run one at a time for a socket, and for many sockets at a time. What drops a state is `release`, in
/// the same context.
///
/// # Examples
///
/// ```
/// use kernel::macros::vtable;
/// use kernet::{context::Owned, tcp::{self, CongestionControl, Socket}};
///
/// /// Reno, with a window that is never less than four packets after a loss.
/// struct Four;
///
/// // Listed as `tcp::Registration<Four>` in `Module::Parts`.
/// kernet::slot!(Four: tcp::Slot);
///
/// #[vtable]
/// impl CongestionControl for Four {
///     const NAME: &'static str = "four";
///
///     fn init(_socket: &mut Socket<'_>, _owned: Owned<'_>) -> Result<Self> {
///         Ok(Four)
///     }
///
///     fn ssthresh(&mut self, socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
///         (socket.cwnd() / 2).max(4)
///     }
///
///     fn cong_avoid(&mut self, socket: &mut Socket<'_>, ack: u32, acked: u32, _owned: Owned<'_>) {
///         socket.reno_cong_avoid(ack, acked);
///     }
/// }
/// ```
#[doc(alias = "tcp_congestion_ops")]
#[vtable]
pub trait CongestionControl: HasSlot<Slot> + Send + Sized + 'static {
    /// The name: 1 to 15 printable characters of ASCII, without spaces. No other algorithm of the machine has
    /// it, nor a name with the same hash.
    #[doc(alias = "tcp_congestion_ops::name")]
    #[doc(alias = "TCP_CA_NAME_MAX")]
    const NAME: &'static str;

    /// Whether everybody may use it. Root can change that (`net.ipv4.tcp_allowed_congestion_control`), and
    /// does by making it a default.
    #[doc(alias = "TCP_CONG_NON_RESTRICTED")]
    const NON_RESTRICTED: bool = false;

    /// Whether its sockets send all packets as capable of ECN, and it is told of marks that are received.
    #[doc(alias = "TCP_CONG_NEEDS_ECN")]
    const NEEDS_ECN: bool = false;

    /// Makes the state of a socket. What is made here is [released](Self::release) once. What the socket has: the first window, and the first round trip time
    /// unless it was connected before it got this algorithm.
    ///
    /// # Errors
    ///
    /// The socket uses Reno then.
    #[doc(alias = "tcp_congestion_ops::init")]
    fn init(socket: &mut Socket<'_>, owned: Owned<'_>) -> Result<Self>;

    /// The slow start threshold, as packets are lost. At least 1.
    ///
    /// Half the window unless given.
    #[doc(alias = "tcp_congestion_ops::ssthresh")]
    #[doc(alias = "tcp_reno_ssthresh")]
    fn ssthresh(&mut self, socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        socket.reno_ssthresh()
    }

    /// The window, as a loss was found to be none. At least 1.
    ///
    /// What it was before unless given.
    #[doc(alias = "tcp_congestion_ops::undo_cwnd")]
    #[doc(alias = "tcp_reno_undo_cwnd")]
    fn undo_cwnd(&mut self, socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        socket.reno_undo_cwnd()
    }

    /// Sets the window as `acked` packets were delivered and the window may be raised.
    #[doc(alias = "tcp_congestion_ops::cong_avoid")]
    fn cong_avoid(&mut self, _socket: &mut Socket<'_>, _ack: u32, _acked: u32, _owned: Owned<'_>) {
        kernel::build_error!(kernel::error::VTABLE_DEFAULT_ERROR)
    }

    /// Sets window and pacing at the end of each ACK, in all states.
    #[doc(alias = "tcp_congestion_ops::cong_control")]
    fn cong_control(
        &mut self,
        _socket: &mut Socket<'_>,
        _flags: AckFlags,
        _sample: &RateSample<'_>,
        _owned: Owned<'_>,
    ) {
        kernel::build_error!(kernel::error::VTABLE_DEFAULT_ERROR)
    }

    /// Before the socket's [`Socket::state`] becomes `new`.
    #[doc(alias = "tcp_congestion_ops::set_state")]
    fn set_state(&mut self, _socket: &mut Socket<'_>, _new: CaState, _owned: Owned<'_>) {
        kernel::build_error!(kernel::error::VTABLE_DEFAULT_ERROR)
    }

    /// Something has happened to the window.
    #[doc(alias = "tcp_congestion_ops::cwnd_event")]
    fn cwnd_event(&mut self, _socket: &mut Socket<'_>, _event: CwndEvent, _owned: Owned<'_>) {
        kernel::build_error!(kernel::error::VTABLE_DEFAULT_ERROR)
    }

    /// The socket sends while nothing is in flight.
    #[doc(alias = "CA_EVENT_TX_START")]
    #[doc(alias = "tcp_congestion_ops::cwnd_event_tx_start")]
    fn tx_start(&mut self, _socket: &mut Socket<'_>, _owned: Owned<'_>) {
        kernel::build_error!(kernel::error::VTABLE_DEFAULT_ERROR)
    }

    /// An ACK has come; the window has not been changed yet.
    #[doc(alias = "tcp_congestion_ops::in_ack_event")]
    fn in_ack_event(&mut self, _socket: &mut Socket<'_>, _event: AckEvent, _owned: Owned<'_>) {
        kernel::build_error!(kernel::error::VTABLE_DEFAULT_ERROR)
    }

    /// An ACK has acknowledged packets, or none.
    #[doc(alias = "tcp_congestion_ops::pkts_acked")]
    fn pkts_acked(&mut self, _socket: &mut Socket<'_>, _sample: AckSample, _owned: Owned<'_>) {
        kernel::build_error!(kernel::error::VTABLE_DEFAULT_ERROR)
    }

    /// How many segments are sent at once at least, however slow the socket is paced: 1 to 127.
    /// `net.ipv4.tcp_min_tso_segs` unless given.
    #[doc(alias = "tcp_congestion_ops::min_tso_segs")]
    fn min_tso_segs(&mut self, _socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        kernel::build_error!(kernel::error::VTABLE_DEFAULT_ERROR)
    }

    /// How many windows the send buffer has room for: 1 to 16. 2 unless given.
    #[doc(alias = "tcp_congestion_ops::sndbuf_expand")]
    fn sndbuf_expand(&mut self, _socket: &mut Socket<'_>, _owned: Owned<'_>) -> u32 {
        kernel::build_error!(kernel::error::VTABLE_DEFAULT_ERROR)
    }

    /// The socket is closed, or gets another algorithm. The state is dropped after this.
    #[doc(alias = "tcp_congestion_ops::release")]
    fn release(&mut self, _socket: &mut Socket<'_>, _owned: Owned<'_>) {}
}
