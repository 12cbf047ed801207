// SPDX-License-Identifier: GPL-2.0

//! Sizes of a device's rings.

use kernel::sync::atomic::{
    Atomic,
    Relaxed, //
};

use super::{
    tx_ring::SIZE_MAX,
    Driver,
    DriverDevice,
    TxMode, //
};
use crate::{
    context::Rtnl,
    napi::Queue, //
};

/// The sizes that a ring supports, in packets: powers of two, or one fixed size
/// (`ethtool_ringparam`).
///
/// # Examples
///
/// ```
/// use kernet::netdev::RingSizes;
///
/// /// What a `Queue::SIZES` may be: powers of two from 64 to 4096.
/// const RX_RING: RingSizes = RingSizes { min: 64, default: 256, max: 4096 };
///
/// /// What `Driver::TX_RING` is for hardware with a ring of one size.
/// const TX_RING: RingSizes = RingSizes::fixed(512);
/// ```
#[doc(alias = "ethtool_ringparam")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RingSizes {
    /// The smallest size.
    pub min: u32,
    /// The size of a new device's ring.
    pub default: u32,
    /// The largest size, at most 8192.
    pub max: u32,
}

impl RingSizes {
    /// No ring.
    pub const NONE: Self = Self::fixed(0);

    /// One fixed size.
    pub const fn fixed(size: u32) -> Self {
        Self {
            min: size,
            default: size,
            max: size,
        }
    }

    /// Whether there is but one.
    pub(crate) const fn is_fixed(self) -> bool {
        self.min == self.max
    }

    /// Refuses, when it is compiled, sizes that are none.
    pub(super) const fn check(self) {
        assert!(
            self.min <= self.default && self.default <= self.max,
            "sizes of a ring that are out of order"
        );
        assert!(
            self.is_fixed()
                || self.min.is_power_of_two()
                    && self.default.is_power_of_two()
                    && self.max.is_power_of_two(),
            "sizes of a ring that are no powers of two"
        );
        assert!(self.max <= SIZE_MAX, "a ring that is too large");
    }
}

/// The ring sizes of a device, in packets (`ethtool_ringparam`).
#[doc(alias = "ethtool_ringparam")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rings {
    /// The size of each receive ring; 0 if there is none (`rx_pending`).
    #[doc(alias = "rx_pending")]
    pub rx: u32,
    /// The size of each transmit ring; 0 if there is none (`tx_pending`).
    #[doc(alias = "tx_pending")]
    pub tx: u32,
}

impl Rings {
    /// The sizes that the rings of a driver's receive queues may have.
    pub(crate) const fn rx_sizes<D: Driver>() -> RingSizes {
        <D::Queue as Queue<D>>::SIZES
    }

    /// The sizes that the rings of a driver's transmit queues may have.
    pub(crate) const fn tx_sizes<D: Driver>() -> RingSizes {
        if D::TxMode::LOCKED {
            D::TX_RING
        } else {
            RingSizes::NONE
        }
    }
}

/// The sizes of rings that are made from now on, as they are set.
pub(crate) struct SetRings {
    rx: Atomic<u32>,
    tx: Atomic<u32>,
}

impl SetRings {
    pub(super) fn new<D: Driver>() -> Self {
        Self {
            rx: Atomic::<u32>::new(Rings::rx_sizes::<D>().default),
            tx: Atomic::<u32>::new(Rings::tx_sizes::<D>().default),
        }
    }
}

impl<D: Driver> DriverDevice<D> {
    /// The sizes of its rings, as they are set.
    pub(crate) fn rings(&self, _rtnl: Rtnl<'_>) -> Rings {
        // SAFETY: Initialised, by the type invariants.
        let set = unsafe { self.shared().rings() };
        Rings {
            rx: set.rx.load(Relaxed),
            tx: set.tx.load(Relaxed),
        }
    }

    /// Sets the sizes of rings that are made from now on.
    pub(crate) fn set_rings(&self, rings: Rings, _rtnl: Rtnl<'_>) {
        // SAFETY: Initialised, by the type invariants.
        let set = unsafe { self.shared().rings() };
        set.rx.store(rings.rx, Relaxed);
        set.tx.store(rings.tx, Relaxed);
    }
}
