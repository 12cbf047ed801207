// SPDX-License-Identifier: GPL-2.0

//! Neighbours: the hardware addresses of IP addresses on a link (ARP and neighbour discovery).
//!
//! C header: [`include/net/neighbour.h`](srctree/include/net/neighbour.h)

use core::{
    net::IpAddr,
    ptr, //
};
use kernel::types::Opaque;

use crate::{
    address::{
        ipv4,
        ipv6, //
    },
    bindings,
    context::{
        rcu_section,
        Process,
        Rcu, //
    },
    netdev::{
        Device,
        HardwareAddress, //
    },
    netns::Net,
    wire::ip::Version, //
};

/// A neighbour, borrowed from a [notifier](crate::notifier) or from its table.
///
/// # Invariants
///
/// Of IPv4's table or of IPv6's. The calling task holds no lock of the neighbour's.
#[doc(alias = "struct neighbour")]
#[repr(transparent)]
pub struct Neighbour(Opaque<bindings::neighbour>);

// SAFETY: What is read of it never changes, or is read under its lock.
unsafe impl Sync for Neighbour {}

/// The state of neighbour unreachability detection: how far an address is resolved (`NUD_NONE`).
#[doc(alias = "NUD_NONE")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NudState {
    /// Not resolved, and not asked for.
    #[doc(alias = "NUD_NONE")]
    None,
    /// A request was sent, and not answered yet.
    #[doc(alias = "NUD_INCOMPLETE")]
    Incomplete,
    /// Known to be reachable.
    #[doc(alias = "NUD_REACHABLE")]
    Reachable,
    /// Not confirmed for a while.
    #[doc(alias = "NUD_STALE")]
    Stale,
    /// Was stale; a packet was sent to it.
    #[doc(alias = "NUD_DELAY")]
    Delay,
    /// A probe was sent, and not answered yet.
    #[doc(alias = "NUD_PROBE")]
    Probe,
    /// Did not answer.
    #[doc(alias = "NUD_FAILED")]
    Failed,
    /// Needs no resolution.
    #[doc(alias = "NUD_NOARP")]
    NoArp,
    /// Set by an administrator.
    #[doc(alias = "NUD_PERMANENT")]
    Permanent,
}

impl NudState {
    fn from_raw(state: u8) -> Self {
        match u32::from(state) {
            bindings::NUD_INCOMPLETE => NudState::Incomplete,
            bindings::NUD_REACHABLE => NudState::Reachable,
            bindings::NUD_STALE => NudState::Stale,
            bindings::NUD_DELAY => NudState::Delay,
            bindings::NUD_PROBE => NudState::Probe,
            bindings::NUD_FAILED => NudState::Failed,
            bindings::NUD_NOARP => NudState::NoArp,
            bindings::NUD_PERMANENT => NudState::Permanent,
            _ => NudState::None,
        }
    }

    /// Whether the neighbour has a valid hardware address (`NUD_VALID`).
    #[doc(alias = "NUD_VALID")]
    pub fn is_valid(self) -> bool {
        !matches!(
            self,
            NudState::None | NudState::Incomplete | NudState::Failed
        )
    }
}

/// A neighbour's state at one time.
#[derive(Clone, Copy)]
pub struct Resolution {
    /// How far the address is resolved.
    pub state: NudState,
    /// The hardware address, if the state [is valid](NudState::is_valid) (`neighbour::ha`).
    #[doc(alias = "neighbour::ha")]
    pub hardware_address: HardwareAddress,
    /// Whether the neighbour was removed from its table. It is never put back.
    #[doc(alias = "neighbour::dead")]
    pub dead: bool,
}

impl Neighbour {
    /// Borrows a neighbour, if it is IPv4's or IPv6's.
    ///
    /// # Safety
    ///
    /// `ptr` is a neighbour that is not freed for `'a`; the task holds no lock of it meanwhile.
    pub(crate) unsafe fn from_raw<'a>(ptr: *const bindings::neighbour) -> Option<&'a Self> {
        // SAFETY: By the caller's promise. Tables are never freed.
        let family = unsafe { (*(*ptr).tbl).family };
        if ![bindings::AF_INET, bindings::AF_INET6].contains(&family.unsigned_abs()) {
            return None;
        }
        // INVARIANT: By the caller's promise, and just checked.
        // SAFETY: As above; the type is transparent.
        Some(unsafe { &*ptr.cast() })
    }

    /// The device that the neighbour is on (`neighbour::dev`).
    #[doc(alias = "neighbour::dev")]
    pub fn device(&self) -> &Device {
        // SAFETY: A neighbour keeps its device.
        unsafe { Device::from_raw((*self.0.get()).dev) }
    }

    /// The neighbour's address (`primary_key`).
    #[doc(alias = "primary_key")]
    pub fn address(&self) -> IpAddr {
        // SAFETY: The key is never changed, and as long as addresses of the table's family are.
        unsafe {
            let key = &raw const (*self.0.get()).primary_key;
            if (*(*self.0.get()).tbl).family.unsigned_abs() == bindings::AF_INET {
                ipv4(ptr::read_unaligned(key.cast())).into()
            } else {
                ipv6(&ptr::read_unaligned(key.cast())).into()
            }
        }
    }

    /// The current state and hardware address (`nud_state`).
    #[doc(alias = "nud_state")]
    pub fn resolution(&self) -> Resolution {
        let this = self.0.get();
        // SAFETY: Valid by the type; the lock is not held, by the type invariants. Under it nobody
        // changes what is read here. The address has room for `MAX_ADDR_LEN` bytes.
        unsafe {
            bindings::neigh_read_lock_bh(this);
            let resolution = Resolution {
                state: NudState::from_raw((*this).nud_state),
                hardware_address: HardwareAddress::from_raw(
                    (*this).ha,
                    (*(*this).dev).addr_len.into(),
                ),
                dead: (*this).dead != 0,
            };
            bindings::neigh_read_unlock_bh(this);
            resolution
        }
    }

    /// Whether the table has another neighbour with the same address instead of this one
    /// (`neigh_lookup()`).
    #[doc(alias = "neigh_lookup")]
    pub fn is_replaced(&self, _rcu: Rcu<'_>) -> bool {
        let this = self.0.get();
        // SAFETY: Valid by the type; takes the read-side lock alone, and a reference, which is
        // given back.
        unsafe {
            let found = bindings::neigh_lookup(
                (*this).tbl,
                (&raw const (*this).primary_key).cast(),
                (*this).dev,
            );
            if found.is_null() {
                return false;
            }
            bindings::neigh_release(found);
            !ptr::eq(found, this)
        }
    }
}

impl Net {
    /// Calls `each` with each neighbour of a version of IP in the namespace: the ARP table, or that of IPv6's
    /// neighbour discovery (`neigh_for_each()`). `each` must not sleep.
    ///
    /// No lock is held meanwhile, as all namespaces share the tables. A neighbour that exists
    /// during the whole call is shown; if its table grows, all are shown once more. One that is
    /// added or removed meanwhile may be shown or not.
    ///
    /// `each` cannot send packets: it has no token for that, and can make none.
    ///
    /// # Examples
    ///
    /// ```
    /// use kernet::{
    ///     context::Process,
    ///     neighbour::NudState,
    ///     netns::Net,
    ///     wire::ip::Version,
    /// };
    ///
    /// /// How many hosts answer to ARP.
    /// fn reachable(net: &Net, process: Process<'_>) -> u32 {
    ///     let mut count = 0;
    ///     net.for_each_neighbour(Version::V4, process, |neighbour| {
    ///         if neighbour.resolution().state == NudState::Reachable {
    ///             count += 1;
    ///         }
    ///     });
    ///     count
    /// }
    /// ```
    #[doc(alias = "neigh_for_each")]
    #[doc(alias = "arp_tbl")]
    #[doc(alias = "nd_tbl")]
    pub fn for_each_neighbour<F: FnMut(&Neighbour) + Send>(
        &self,
        version: Version,
        _process: Process<'_>,
        mut each: F,
    ) {
        let table = match version {
            Version::V4 => &raw mut bindings::arp_tbl,
            Version::V6 => {
                // SAFETY: No requirements.
                if !unsafe { bindings::ipv6_mod_enabled() } {
                    return;
                }
                &raw mut bindings::nd_tbl
            }
        };
        // SAFETY: IPv4's table there always is, IPv6's if that is enabled.
        while !unsafe { self.walk(table, &mut each) } {}
    }

    /// As `for_each_neighbour`. `false` if the table has grown: neighbours that were not shown may
    /// have moved behind this.
    ///
    /// # Safety
    ///
    /// The table is one of IPv4's or IPv6's neighbours, in use. The task holds no lock.
    unsafe fn walk<F: FnMut(&Neighbour)>(
        &self,
        table: *mut bindings::neigh_table,
        each: &mut F,
    ) -> bool {
        // SAFETY: By the caller's promise. The buckets are freed a grace period after others have
        // taken their place, which are twice as many.
        let buckets = move || unsafe { ptr::read_volatile(&raw const (*table).nht) };
        // SAFETY: As above.
        let shift = rcu_section(|_| unsafe { (*buckets()).hash_shift });
        for index in 0..1usize.checked_shl(shift).unwrap_or(0) {
            // SAFETY: As above; there are as many. Neighbours are freed after a grace period, and
            // what is taken out keeps its successor.
            let same = rcu_section(|_| unsafe {
                let buckets = buckets();
                if (*buckets).hash_shift != shift {
                    return false;
                }
                let head = (*buckets).hash_heads.add(index);
                let mut entry = ptr::read_volatile(&raw const (*head).first);
                while !entry.is_null() {
                    self.show(
                        entry
                            .byte_sub(core::mem::offset_of!(bindings::neighbour, hash))
                            .cast(),
                        each,
                    );
                    entry = ptr::read_volatile(&raw const (*entry).next);
                }
                true
            });
            if !same {
                return false;
            }
        }
        // Neighbours are moved under this lock, and the table replaced in the end.
        // SAFETY: The table is valid; the task holds no lock.
        unsafe {
            bindings::spin_lock_bh(&raw mut (*table).lock);
            let same = (*buckets()).hash_shift == shift;
            bindings::spin_unlock_bh(&raw mut (*table).lock);
            same
        }
    }

    /// # Safety
    ///
    /// `neighbour` is one, whose own lock is not held, or was when the read-side section began that
    /// the caller is in.
    unsafe fn show<F: FnMut(&Neighbour)>(&self, neighbour: *mut bindings::neighbour, each: &mut F) {
        // SAFETY: By the caller's promise.
        let Some(neighbour) = (unsafe { Neighbour::from_raw(neighbour) }) else {
            return;
        };
        // SAFETY: The device of a neighbour that is in its table, or was when the section began, is
        // alive; only the address of its namespace is looked at.
        let net = unsafe { bindings::dev_net_lent(neighbour.device().as_raw()) };
        if ptr::eq(net, self.as_raw()) {
            each(neighbour);
        }
    }
}
