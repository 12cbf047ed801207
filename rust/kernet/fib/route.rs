// SPDX-License-Identifier: GPL-2.0

//! Routes, borrowed from a notification.

use core::{
    marker::PhantomData,
    net::{
        IpAddr,
        Ipv4Addr,
        Ipv6Addr, //
    },
    ptr, //
};
use kernel::prelude::*;

use super::Event;
use crate::{
    address::{
        ipv4,
        ipv6, //
    },
    bindings, //
};

/// A route that is, or was, the first one to its destination (`fib_info`).
#[doc(alias = "fib_info")]
#[doc(alias = "fib6_info")]
pub struct Route<'a> {
    table: u32,
    destination: (IpAddr, u8),
    source: Option<(Ipv6Addr, u8)>,
    kind: u8,
    protocol: u8,
    metric: u32,
    tos: u8,
    scope: Option<u8>,
    preferred_source: Option<Ipv4Addr>,
    nexthop_id: Option<u32>,
    nexthops: Nexthops<'a>,
    /// The route, if it is told when the table's lock was released already; null otherwise.
    late: *const bindings::fib6_info,
}

// SAFETY: What is behind the pointer is valid as long as it is borrowed, and read as a whole.
unsafe impl Sync for Route<'_> {}

/// A next hop of a route (`fib_nh_common`).
#[doc(alias = "fib_nh_common")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nexthop {
    /// The index of the device; 0 if there is none (`fib_nh_common::nhc_dev`).
    #[doc(alias = "fib_nh_common::nhc_dev")]
    pub ifindex: u32,
    /// The router; `None` if the destination is on the link or has no device
    /// (`fib_nh_common::nhc_gw`).
    #[doc(alias = "fib_nh_common::nhc_gw")]
    pub gateway: Option<IpAddr>,
    /// The weight, from 1 on: the share of flows that take this next hop.
    #[doc(alias = "fib_nh_common::nhc_weight")]
    pub weight: u32,
}

/// What the core tells, if it is told of a route.
///
/// # Safety
///
/// The core calls a FIB notifier with this event and this `struct fib_notifier_info`, in a read-side
/// section that lasts for `'a`.
pub(super) unsafe fn told<'a>(event: usize, info: *mut c_void) -> Option<(Event, Route<'a>)> {
    let event = match u32::try_from(event).ok()? {
        bindings::fib_event_type_FIB_EVENT_ENTRY_REPLACE
        | bindings::fib_event_type_FIB_EVENT_ENTRY_APPEND => Event::Replaced,
        bindings::fib_event_type_FIB_EVENT_ENTRY_DEL => Event::Deleted,
        _ => return None,
    };
    // SAFETY: By the caller's promise; all infos begin with the family.
    let family = unsafe { (*info.cast::<bindings::fib_notifier_info>()).family };
    match family.unsigned_abs() {
        bindings::AF_INET => {
            // SAFETY: With these events and this family the core passes this type.
            let route = unsafe { Route::v4(&*info.cast()) };
            Some((event, route))
        }
        bindings::AF_INET6 => {
            // SAFETY: As above.
            let (route, nsiblings) = unsafe {
                let info = info.cast::<bindings::fib6_entry_notifier_info>();
                ((*info).rt.cast_const(), (*info).nsiblings)
            };
            if event == Event::Deleted && nsiblings == 0 {
                // SAFETY: By the caller's promise.
                let left = unsafe { sibling(route) };
                if !left.is_null() {
                    // It was one of several next hops.
                    // SAFETY: As above.
                    return Some((Event::Replaced, unsafe { Route::v6(left, false) }));
                }
            }
            let late = event == Event::Replaced && nsiblings > 0;
            // SAFETY: As above.
            Some((event, unsafe { Route::v6(route, late) }))
        }
        _ => None,
    }
}

/// The next in the ring of a multipath route's next hops, each of which is a route of its own; of one
/// that was taken out of the ring, the one that came behind it. Null if there is none.
///
/// # Safety
///
/// `route` is a route, or was when the read-side section that the caller is in began.
unsafe fn sibling(route: *const bindings::fib6_info) -> *const bindings::fib6_info {
    // SAFETY: By the caller's promise. What is there, a list or the object, never changes.
    if !unsafe { (*route).nh.is_null() } {
        return ptr::null();
    }
    // SAFETY: As above. Read as a whole; the list is initialised with the route, and an entry that is
    // taken out keeps its successor.
    let (list, next) = unsafe {
        let list = &raw const (*route).__bindgen_anon_1.fib6_siblings;
        (list, ptr::read_volatile(&raw const (*list).next))
    };
    if ptr::eq(next, list) {
        return ptr::null();
    }
    next.wrapping_byte_sub(core::mem::offset_of!(bindings::fib6_info, __bindgen_anon_1))
        .cast()
}

/// The number of a next hop object, if there is one.
///
/// # Safety
///
/// Null, or the object of a route that is not freed.
unsafe fn nexthop_id(object: *const bindings::nexthop) -> Option<u32> {
    // SAFETY: By the caller's promise: a route keeps its object, whose number never changes.
    (!object.is_null()).then(|| unsafe { (*object).id })
}

impl Route<'_> {
    /// # Safety
    ///
    /// The core tells this to a FIB notifier, in a read-side section that lasts as long as the
    /// route is borrowed.
    unsafe fn v4(info: &bindings::fib_entry_notifier_info) -> Self {
        let fib = info.fi;
        // SAFETY: Valid, by the caller's promise; freed after a grace period. None of this changes.
        unsafe {
            let preferred = ipv4((*fib).fib_prefsrc);
            let object = nexthop_id((*fib).nh);
            Self {
                table: info.tb_id,
                destination: (
                    Ipv4Addr::from_bits(info.dst).into(),
                    u8::try_from(info.dst_len).unwrap_or(32),
                ),
                source: None,
                kind: info.type_,
                protocol: (*fib).fib_protocol,
                metric: (*fib).fib_priority,
                tos: info.dscp,
                scope: Some((*fib).fib_scope),
                preferred_source: (!preferred.is_unspecified()).then_some(preferred),
                nexthop_id: object,
                nexthops: Nexthops::new(if object.is_none() {
                    Left::V4(fib, 0)
                } else {
                    Left::None
                }),
                late: ptr::null(),
            }
        }
    }

    /// # Safety
    ///
    /// `route` is a route, or was when the read-side section began that lasts as long as the route is
    /// borrowed.
    pub(super) unsafe fn v6(route: *const bindings::fib6_info, late: bool) -> Self {
        // SAFETY: Valid, by the caller's promise; freed after a grace period. None of this changes
        // but the number of siblings, which is read as a whole. Its table is never freed while its
        // namespace is alive.
        unsafe {
            let (to, from) = ((*route).fib6_dst, (*route).fib6_src);
            let object = nexthop_id((*route).nh);
            Self {
                table: (*(*route).fib6_table).tb6_id,
                destination: (ipv6(&to.addr).into(), u8::try_from(to.plen).unwrap_or(128)),
                source: (from.plen > 0)
                    .then(|| (ipv6(&from.addr), u8::try_from(from.plen).unwrap_or(128))),
                kind: (*route).fib6_type,
                protocol: (*route).fib6_protocol,
                metric: (*route).fib6_metric,
                tos: 0,
                scope: None,
                preferred_source: None,
                nexthop_id: object,
                nexthops: Nexthops::new(if object.is_none() {
                    Left::V6(
                        route,
                        ptr::read_volatile(&raw const (*route).fib6_nsiblings),
                    )
                } else {
                    Left::None
                }),
                late: if late { route } else { ptr::null() },
            }
        }
    }
}

impl<'a> Route<'a> {
    /// Whether the route has been deleted already (`fib6_info::fib6_node`).
    ///
    /// During [`Event::Replaced`], `true` means that the deletion was reported before or will be:
    /// an IPv6 route with several next hops is reported after the lock of its table was released.
    #[doc(alias = "fib6_info::fib6_node")]
    pub fn is_gone(&self) -> bool {
        // SAFETY: Valid as long as it is borrowed, if there is one. Read as a whole, and compared
        // only.
        !self.late.is_null()
            && unsafe { ptr::read_volatile(&raw const (*self.late).fib6_node).is_null() }
    }

    /// The number of the table: `RT_TABLE_*`, or a user's own (`fib_entry_notifier_info::tb_id`).
    #[doc(alias = "fib_entry_notifier_info::tb_id")]
    #[doc(alias = "fib6_table::tb6_id")]
    pub fn table(&self) -> u32 {
        self.table
    }

    /// The destination prefix: address and length in bits (`fib_entry_notifier_info::dst`).
    #[doc(alias = "fib_entry_notifier_info::dst")]
    #[doc(alias = "fib6_info::fib6_dst")]
    pub fn destination(&self) -> (IpAddr, u8) {
        self.destination
    }

    /// The source prefix of an IPv6 route; `None` for any source (`fib6_info::fib6_src`).
    #[doc(alias = "fib6_info::fib6_src")]
    #[doc(alias = "CONFIG_IPV6_SUBTREES")]
    pub fn source(&self) -> Option<(Ipv6Addr, u8)> {
        self.source
    }

    /// The type, `RTN_*`: what is done with packets.
    #[doc(alias = "fib_entry_notifier_info::type")]
    #[doc(alias = "fib6_info::fib6_type")]
    pub fn kind(&self) -> u8 {
        self.kind
    }

    /// The routing protocol that has added the route, `RTPROT_*`.
    #[doc(alias = "fib_info::fib_protocol")]
    #[doc(alias = "fib6_info::fib6_protocol")]
    pub fn protocol(&self) -> u8 {
        self.protocol
    }

    /// The metric: of the routes to one destination, the one with the lowest is the first.
    #[doc(alias = "fib6_info::fib6_metric")]
    #[doc(alias = "fib_priority")]
    pub fn metric(&self) -> u32 {
        self.metric
    }

    /// The type of service of an IPv4 route; 0 for any (`fib_entry_notifier_info::dscp`). Always 0
    /// for IPv6.
    #[doc(alias = "fib_entry_notifier_info::dscp")]
    pub fn tos(&self) -> u8 {
        self.tos
    }

    /// The scope of an IPv4 route, `RT_SCOPE_*`.
    #[doc(alias = "fib_info::fib_scope")]
    pub fn scope(&self) -> Option<u8> {
        self.scope
    }

    /// The preferred source address of an IPv4 route (`fib_info::fib_prefsrc`). That of an IPv6
    /// route may change without a notification.
    #[doc(alias = "fib_info::fib_prefsrc")]
    pub fn preferred_source(&self) -> Option<Ipv4Addr> {
        self.preferred_source
    }

    /// The id of the next hop object that the route uses (`nexthop`). The object may change without
    /// a notification.
    #[doc(alias = "nexthop")]
    pub fn nexthop_id(&self) -> Option<u32> {
        self.nexthop_id
    }

    /// The next hops; none if the route uses a next hop object (`fib_nh_common`).
    #[doc(alias = "fib_nh_common")]
    pub fn nexthops(&self) -> Nexthops<'a> {
        self.nexthops.clone()
    }
}

/// The next hops of a [`Route`] (`fib_info::fib_nh`).
///
/// # Invariants
///
/// What is left is not freed for `'a`.
#[doc(alias = "fib_info::fib_nh")]
#[doc(alias = "fib6_info::fib6_siblings")]
#[derive(Clone)]
pub struct Nexthops<'a>(Left, PhantomData<&'a ()>);

// SAFETY: What is left is valid, by the type invariants, and is only read: it never changes but for the
// links of a ring, which are read as a whole.
unsafe impl Send for Nexthops<'_> {}
// SAFETY: As above.
unsafe impl Sync for Nexthops<'_> {}

#[derive(Clone, Copy)]
enum Left {
    None,
    /// The number of the next one.
    V4(*const bindings::fib_info, usize),
    /// The next one, and how many are behind it at most: who has left the ring would never see its
    /// own place again.
    V6(*const bindings::fib6_info, u32),
}

impl Nexthops<'_> {
    /// # Safety
    ///
    /// `left` is not freed as long as it is borrowed.
    unsafe fn new(left: Left) -> Self {
        // INVARIANT: By the caller's promise.
        Self(left, PhantomData)
    }
}

impl Iterator for Nexthops<'_> {
    type Item = Nexthop;

    fn next(&mut self) -> Option<Nexthop> {
        match self.0 {
            Left::None => None,
            Left::V4(fib, index) => {
                // SAFETY: Valid, by the type invariants; never changed.
                let count = unsafe { (*fib).fib_nhs };
                if index >= usize::try_from(count).unwrap_or(0) {
                    return None;
                }
                self.0 = Left::V4(fib, index + 1);
                // SAFETY: There are `count`, behind the rest of the structure.
                Some(unsafe {
                    let hops = (&raw const (*fib).fib_nh).cast::<bindings::fib_nh>();
                    nexthop(&raw const (*hops.add(index)).nh_common)
                })
            }
            Left::V6(route, left) => {
                // SAFETY: Valid, by the type invariants.
                let next = unsafe { sibling(route) };
                // INVARIANT: It is freed after a grace period, too.
                self.0 = match left.checked_sub(1) {
                    Some(left) if !next.is_null() => Left::V6(next, left),
                    _ => Left::None,
                };
                // SAFETY: A route without a next hop object has one of these, behind the rest.
                Some(unsafe {
                    let hop = (&raw const (*route).fib6_nh).cast::<bindings::fib6_nh>();
                    nexthop(&raw const (*hop).nh_common)
                })
            }
        }
    }
}

/// # Safety
///
/// `common` is a next hop of a route.
unsafe fn nexthop(common: *const bindings::fib_nh_common) -> Nexthop {
    // SAFETY: By the caller's promise; none of this changes. The family says which address it is.
    unsafe {
        Nexthop {
            ifindex: (*common).nhc_oif.unsigned_abs(),
            gateway: match u32::from((*common).nhc_gw_family) {
                bindings::AF_INET => Some(ipv4((*common).nhc_gw.ipv4).into()),
                bindings::AF_INET6 => Some(ipv6(&(*common).nhc_gw.ipv6).into()),
                _ => None,
            },
            weight: (*common).nhc_weight.unsigned_abs(),
        }
    }
}
