// SPDX-License-Identifier: GPL-2.0

//! Neighbours: which hardware address an address on a link has.
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

/// How far an address is resolved.
#[doc(alias = "NUD_NONE")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NudState {
    /// Nobody has asked yet.
    None,
    /// Asked for, not answered yet.
    Incomplete,
    /// Known to be there.
    Reachable,
    /// Not heard of for a while.
    Stale,
    /// Was stale, and has been sent to.
    Delay,
    /// Asked whether it is still there.
    Probe,
    /// It does not answer.
    Failed,
    /// Needs no resolution.
    NoArp,
    /// Set by an administrator.
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

    /// Whether the hardware address is one.
    #[doc(alias = "NUD_VALID")]
    pub fn is_valid(self) -> bool {
        !matches!(
            self,
            NudState::None | NudState::Incomplete | NudState::Failed
        )
    }
}

/// What was known of a neighbour at a time.
#[derive(Clone, Copy)]
pub struct Resolution {
    /// How far the address is resolved.
    pub state: NudState,
    /// To what, if the state [is valid](NudState::is_valid).
    pub hardware_address: HardwareAddress,
    /// Whether the neighbour is out of its table, for good.
    pub dead: bool,
}

/// Whose neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv4's.
    #[doc(alias = "arp_tbl")]
    Ipv4,
    /// IPv6's.
    #[doc(alias = "nd_tbl")]
    Ipv6,
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

    /// The device that it is a neighbour on.
    pub fn device(&self) -> &Device {
        // SAFETY: A neighbour keeps its device.
        unsafe { Device::from_raw((*self.0.get()).dev) }
    }

    /// Its address.
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

    /// What is known of it now.
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

    /// Whether another neighbour with the same address is in the table in the place of this one.
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
    /// Shows each neighbour in the namespace to `each`, which must not sleep.
    ///
    /// No lock is held meanwhile, as the tables are those of all namespaces. Each that is there all the
    /// while is shown; when its table grows, all are shown once more. One that comes or goes may be
    /// shown or not.
    ///
    /// `each` has no token that sending a packet asks for, and can make none.
    #[doc(alias = "neigh_for_each")]
    pub fn for_each_neighbour<F: FnMut(&Neighbour) + Send>(
        &self,
        family: Family,
        _process: Process<'_>,
        mut each: F,
    ) {
        let table = match family {
            Family::Ipv4 => &raw mut bindings::arp_tbl,
            Family::Ipv6 => {
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
