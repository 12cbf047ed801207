// SPDX-License-Identifier: GPL-2.0

//! The connection of a packet.

use core::{
    marker::PhantomData,
    net::{
        IpAddr,
        Ipv4Addr,
        Ipv6Addr, //
    },
    ptr::NonNull, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
};
use kernet::{
    context::Rcu,
    door,
    error::eopnotsupp,
    skb::SkbRef,
    wire::ip::Protocol, //
};

use crate::bindings;

/// What connection tracking knows of a packet (`enum ip_conntrack_info`).
#[doc(alias = "enum ip_conntrack_info")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CtState {
    /// Belongs to no connection, and cannot begin one. Also a packet that was not tracked: tracking
    /// is off in its namespace, or the hook comes before the tracking hook (priority -200).
    Invalid,
    /// Belongs to no connection because a rule says so, or as it is one of ICMPv6's for router and
    /// neighbour discovery, or for multicast listeners and routers. Of protocols that conntrack does not
    /// know packets have connections, by their addresses alone.
    #[doc(alias = "IP_CT_UNTRACKED")]
    Untracked,
    /// Belongs to a connection without an answer so far.
    #[doc(alias = "IP_CT_NEW")]
    New,
    /// Belongs to a connection that has packets in both directions.
    #[doc(alias = "IP_CT_ESTABLISHED")]
    Established,
    /// Begins a connection that another one has announced, or is an ICMP error about a connection.
    #[doc(alias = "IP_CT_RELATED")]
    Related,
}

/// The direction of a packet in its connection (`enum ip_conntrack_dir`).
#[doc(alias = "enum ip_conntrack_dir")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the end that has begun the connection.
    #[doc(alias = "IP_CT_DIR_ORIGINAL")]
    Original,
    /// To the end that has begun the connection.
    #[doc(alias = "IP_CT_DIR_REPLY")]
    Reply,
}

impl Direction {
    const fn as_raw(self) -> bindings::ip_conntrack_dir {
        match self {
            Direction::Original => bindings::ip_conntrack_dir_IP_CT_DIR_ORIGINAL,
            Direction::Reply => bindings::ip_conntrack_dir_IP_CT_DIR_REPLY,
        }
    }
}

/// The connection of a packet, and the number by which tracking says how the packet belongs to it.
#[inline(always)]
fn split(packet: &SkbRef) -> (Option<NonNull<bindings::nf_conn>>, u32) {
    // SAFETY: Read only.
    let nfct = unsafe { bindings::skb_get_nfct(door::sk_buff(packet)) };
    let ct = (nfct & bindings::NFCT_PTRMASK as usize) as *mut bindings::nf_conn;
    (
        NonNull::new(ct),
        (nfct & bindings::NFCT_INFOMASK as usize) as u32,
    )
}

/// Returns what connection tracking knows of a packet (`nf_ct_get()`).
#[doc(alias = "nf_ct_get")]
#[inline]
pub fn state(packet: &SkbRef, rcu: Rcu<'_>) -> CtState {
    match Connection::of(packet, rcu) {
        Some(connection) => connection.state(),
        None if split(packet) == (None, bindings::ip_conntrack_info_IP_CT_UNTRACKED) => {
            CtState::Untracked
        }
        None => CtState::Invalid,
    }
}

/// The connection of a packet, borrowed with the packet (`nf_conn`).
///
/// Other CPUs may process other packets of the connection, so what is read may have changed since.
///
/// # Invariants
///
/// Points to a connection, no template, of which the packet holds a reference for `'a`. `info` is
/// what the packet has noted beside it.
///
/// # Examples
///
/// ```
/// use kernet::{context::Rcu, skb::SkbRef};
/// use kernet_conntrack::{Connection, Direction};
///
/// /// Whether a packet answers one that came from this port, as a hook asks.
/// fn answers(packet: &SkbRef, port: u16, rcu: Rcu<'_>) -> bool {
///     let Some(connection) = Connection::of(packet, rcu) else {
///         return false; // not tracked
///     };
///     let original = connection.tuple(Direction::Original);
///     connection.direction() == Direction::Reply
///         && original.ports().is_some_and(|(source, _)| source == port)
/// }
/// ```
#[doc(alias = "nf_conn")]
#[derive(Clone, Copy)]
pub struct Connection<'a> {
    ct: NonNull<bindings::nf_conn>,
    info: u32,
    _packet: PhantomData<&'a SkbRef>,
}

impl<'a> Connection<'a> {
    /// The packet's connection, if it has one: see [`CtState`] (`nf_ct_get()`).
    #[doc(alias = "nf_ct_get")]
    #[inline]
    pub fn of(packet: &'a SkbRef, _rcu: Rcu<'a>) -> Option<Self> {
        let (ct, info) = split(packet);
        // INVARIANT: The packet holds a reference until it is freed or its connection is replaced,
        // for either of which it has to be borrowed mutably.
        let connection = Self {
            ct: ct?,
            info,
            _packet: PhantomData,
        };
        // What somebody wants a connection to be that is not looked up yet.
        (!connection.has(bindings::ip_conntrack_status_IPS_TEMPLATE)).then_some(connection)
    }

    #[inline(always)]
    fn has(&self, status: bindings::ip_conntrack_status) -> bool {
        // SAFETY: Valid by the type invariants. Others set bits meanwhile.
        let all = unsafe { (&raw const (*self.ct.as_ptr()).status).read_volatile() };
        all & status as usize != 0
    }

    /// The packet's state in the connection: [`CtState::New`], [`CtState::Established`] or
    /// [`CtState::Related`] (`enum ip_conntrack_info`).
    #[doc(alias = "enum ip_conntrack_info")]
    #[inline]
    pub fn state(&self) -> CtState {
        match self.info {
            bindings::ip_conntrack_info_IP_CT_ESTABLISHED
            | bindings::ip_conntrack_info_IP_CT_ESTABLISHED_REPLY => CtState::Established,
            bindings::ip_conntrack_info_IP_CT_RELATED
            | bindings::ip_conntrack_info_IP_CT_RELATED_REPLY => CtState::Related,
            _ => CtState::New,
        }
    }

    /// The direction of the packet (`CTINFO2DIR`).
    #[doc(alias = "CTINFO2DIR")]
    #[inline]
    pub fn direction(&self) -> Direction {
        if self.info >= bindings::ip_conntrack_info_IP_CT_IS_REPLY {
            Direction::Reply
        } else {
            Direction::Original
        }
    }

    /// The addresses and ports of received packets in a direction.
    ///
    /// If addresses are translated, the tuple of replies is not the mirror image of the original
    /// one.
    #[doc(alias = "nf_ct_tuple")]
    #[inline]
    pub fn tuple(&self, direction: Direction) -> Tuple<'a> {
        // SAFETY: Valid by the type invariants; there are two.
        let tuple = unsafe {
            let hashes = (&raw mut (*self.ct.as_ptr()).tuplehash)
                .cast::<bindings::nf_conntrack_tuple_hash>();
            &raw const (*hashes.add(direction.as_raw() as usize)).tuple
        };
        // INVARIANT: A part of the connection.
        Tuple(tuple, PhantomData)
    }

    /// The zone of packets in a direction; 0 without zones (`nf_ct_zone_id()`).
    #[doc(alias = "nf_ct_zone_id")]
    #[inline]
    pub fn zone(&self, direction: Direction) -> u16 {
        // SAFETY: Valid by the type invariants.
        unsafe { bindings::nf_ct_zone_id(self.ct.as_ptr(), direction.as_raw()) }
    }

    /// Whether the connection is in the table, which it is when its first packet got through
    /// (`IPS_CONFIRMED`).
    #[doc(alias = "IPS_CONFIRMED")]
    #[inline]
    pub fn is_confirmed(&self) -> bool {
        self.has(bindings::ip_conntrack_status_IPS_CONFIRMED)
    }

    /// Whether the connection has packets in both directions (`IPS_SEEN_REPLY`).
    #[doc(alias = "IPS_SEEN_REPLY")]
    #[inline]
    pub fn has_seen_reply(&self) -> bool {
        self.has(bindings::ip_conntrack_status_IPS_SEEN_REPLY)
    }

    /// Whether the connection is kept when the table is full (`IPS_ASSURED`).
    #[doc(alias = "IPS_ASSURED")]
    #[inline]
    pub fn is_assured(&self) -> bool {
        self.has(bindings::ip_conntrack_status_IPS_ASSURED)
    }

    /// Whether the connection was deleted; its last packets are still on their way (`IPS_DYING`).
    #[doc(alias = "IPS_DYING")]
    #[inline]
    pub fn is_dying(&self) -> bool {
        self.has(bindings::ip_conntrack_status_IPS_DYING)
    }

    /// The connection's mark; 0 if the kernel has none (`CONFIG_NF_CONNTRACK_MARK`).
    #[doc(alias = "nf_conn::mark")]
    #[inline]
    pub fn mark(&self) -> u32 {
        self.mark_of().map_or(0, |mark| mark.load(Relaxed))
    }

    /// Sets the connection's mark, and notifies listeners if it has changed.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` if the kernel has no connection marks.
    #[doc(alias = "nf_conn::mark")]
    #[inline]
    pub fn set_mark(&self, mark: u32) -> Result {
        let place = self.mark_of().ok_or_else(eopnotsupp)?;
        if place.load(Relaxed) != mark {
            place.store(mark, Relaxed);
            self.tell_mark();
        }
        Ok(())
    }

    /// Sets the bits in `mask` of the connection's mark to those of `value`. Concurrent changes of
    /// other bits are not lost.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` if the kernel has no connection marks.
    #[doc(alias = "nf_conn::mark")]
    #[inline]
    pub fn set_mark_bits(&self, value: u32, mask: u32) -> Result {
        let place = self.mark_of().ok_or_else(eopnotsupp)?;
        let mut old = place.load(Relaxed);
        loop {
            let new = (old & !mask) | (value & mask);
            if new == old {
                return Ok(());
            }
            match place.cmpxchg(old, new, Relaxed) {
                Ok(_) => break,
                Err(other) => old = other,
            }
        }
        self.tell_mark();
        Ok(())
    }

    #[inline(always)]
    fn mark_of(&self) -> Option<&'a Atomic<u32>> {
        #[cfg(CONFIG_NF_CONNTRACK_MARK)]
        // SAFETY: Valid for `'a` by the type invariants; C reads and writes it whole, too.
        return Some(unsafe { Atomic::from_ptr(&raw mut (*self.ct.as_ptr()).mark) });
        #[cfg(not(CONFIG_NF_CONNTRACK_MARK))]
        None
    }

    /// Says that the mark has changed.
    #[inline(always)]
    fn tell_mark(&self) {
        // SAFETY: Valid by the type invariants; in a read-side section, as the packet's borrow began
        // in one that lasts as long.
        unsafe { bindings::nf_conntrack_event_cache_mark(self.ct.as_ptr()) };
    }
}

/// The addresses and ports of a connection's packets in one direction.
///
/// # Invariants
///
/// Points to a tuple of a connection that is valid for `'a`.
#[doc(alias = "nf_conntrack_tuple")]
#[derive(Clone, Copy)]
pub struct Tuple<'a>(*const bindings::nf_conntrack_tuple, PhantomData<&'a SkbRef>);

impl Tuple<'_> {
    /// A copy of a field. NAT may change what packets of a new connection will look like.
    ///
    /// # Safety
    ///
    /// `field` points into the tuple, to an integer or bytes.
    #[inline(always)]
    unsafe fn read<T>(field: *const T) -> T {
        // SAFETY: Valid by the type invariants and the caller's promise; any bytes are a value.
        unsafe { field.read_volatile() }
    }

    #[inline(always)]
    fn address(&self, of: *const bindings::nf_inet_addr) -> IpAddr {
        // SAFETY: In the tuple. The whole union is zeroed before an address is written to it.
        unsafe {
            let family = Self::read(&raw const (*self.0).src.l3num);
            if u32::from(family) == bindings::NFPROTO_IPV6 {
                IpAddr::V6(Ipv6Addr::from(Self::read(of.cast::<[u8; 16]>())))
            } else {
                IpAddr::V4(Ipv4Addr::from(Self::read(of.cast::<[u8; 4]>())))
            }
        }
    }

    /// The source address (`nf_conntrack_tuple::src`).
    #[doc(alias = "nf_conntrack_tuple::src")]
    #[inline]
    pub fn source(&self) -> IpAddr {
        // SAFETY: Valid by the type invariants.
        self.address(unsafe { &raw const (*self.0).src.u3 })
    }

    /// The destination address (`nf_conntrack_tuple::dst`).
    #[doc(alias = "nf_conntrack_tuple::dst")]
    #[inline]
    pub fn destination(&self) -> IpAddr {
        // SAFETY: Valid by the type invariants.
        self.address(unsafe { &raw const (*self.0).dst.u3 })
    }

    /// The IP protocol (`nf_ct_protonum()`).
    #[doc(alias = "nf_ct_protonum")]
    #[inline]
    pub fn protocol(&self) -> Protocol {
        // SAFETY: In the tuple.
        Protocol(unsafe { Self::read(&raw const (*self.0).dst.protonum) })
    }

    /// The source and destination ports, in host byte order; `None` for a protocol whose ports the
    /// kernel does not track (`nf_conntrack_man_proto`).
    #[doc(alias = "nf_conntrack_man_proto")]
    #[inline]
    pub fn ports(&self) -> Option<(u16, u16)> {
        match self.protocol() {
            Protocol::TCP | Protocol::UDP => (),
            Protocol::SCTP if cfg!(CONFIG_NF_CT_PROTO_SCTP) => (),
            _ => return None,
        }
        // SAFETY: In the tuple; of each of these protocols they are at this place.
        unsafe {
            let source = Self::read((&raw const (*self.0).src.u).cast::<u16>());
            let destination = Self::read((&raw const (*self.0).dst.u).cast::<u16>());
            Some((u16::from_be(source), u16::from_be(destination)))
        }
    }

    /// The identifier, in host byte order, type and code of an ICMP query or reply; `None` for any other
    /// protocol (`nf_conntrack_man_proto`).
    #[doc(alias = "nf_conntrack_man_proto")]
    #[inline]
    pub fn icmp(&self) -> Option<(u16, u8, u8)> {
        if !matches!(self.protocol(), Protocol::ICMP | Protocol::ICMPV6) {
            return None;
        }
        // SAFETY: In the tuple; of ICMP, these are at these places.
        unsafe {
            let id = Self::read((&raw const (*self.0).src.u).cast::<u16>());
            let [kind, code] = Self::read((&raw const (*self.0).dst.u).cast::<[u8; 2]>());
            Some((u16::from_be(id), kind, code))
        }
    }
}
