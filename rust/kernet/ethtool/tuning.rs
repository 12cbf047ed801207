// SPDX-License-Identifier: GPL-2.0

//! The functions in `struct ethtool_ops` that change settings: rings, interrupts, receive queues,
//! private flags.

use core::slice;
use kernel::{
    error::from_result,
    prelude::*, //
};

use super::{
    Coalesce,
    Indirection,
    Operations,
    Ops, //
};
use crate::{
    bindings,
    context::Rtnl,
    error::eopnotsupp,
    napi,
    netdev::{
        Driver,
        DriverDevice,
        RingSizes,
        Rings, //
    },
    nlattr::ExtAck,
};

/// The size for a ring that was asked for `size`, which the core has compared with the largest one.
fn rounded(size: u32, sizes: RingSizes, what: &str, extack: ExtAck<'_>) -> Result<u32> {
    if sizes.is_fixed() && size != sizes.max {
        return Err(extack.error(
            EINVAL,
            format_args!("the size of {what} rings does not change"),
        ));
    }
    if size < sizes.min {
        return Err(extack.error(
            EINVAL,
            format_args!("a {what} ring has room for {} packets", sizes.min),
        ));
    }
    if sizes.is_fixed() {
        return Ok(size);
    }
    size.checked_next_power_of_two().ok_or(EINVAL)
}

impl<D: Driver> Ops<D> {
    /// # Safety
    ///
    /// Called by the core with a device of this driver and parameters of 0, under RTNL.
    pub(super) unsafe extern "C" fn get_ringparam(
        dev: *mut bindings::net_device,
        rings: *mut bindings::ethtool_ringparam,
        _kernel: *mut bindings::kernel_ethtool_ringparam,
        _extack: *mut bindings::netlink_ext_ack,
    ) {
        // SAFETY: By the caller's promise.
        let (dev, rtnl, rings) = unsafe {
            (
                DriverDevice::<D>::from_raw(dev),
                Rtnl::assume(),
                &mut *rings,
            )
        };
        let set = dev.rings(rtnl);
        rings.tx_pending = set.tx;
        rings.tx_max_pending = Rings::tx_sizes::<D>().max;
        rings.rx_pending = set.rx;
        rings.rx_max_pending = Rings::rx_sizes::<D>().max;
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver and sizes within those of
    /// [`Self::get_ringparam`], under RTNL.
    pub(super) unsafe extern "C" fn set_ringparam(
        dev: *mut bindings::net_device,
        rings: *mut bindings::ethtool_ringparam,
        _kernel: *mut bindings::kernel_ethtool_ringparam,
        extack: *mut bindings::netlink_ext_ack,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let (dev, rtnl, rings, extack) = unsafe {
                (
                    DriverDevice::<D>::from_raw(dev),
                    Rtnl::assume(),
                    &*rings,
                    ExtAck::from_raw(extack),
                )
            };
            let rings = Rings {
                rx: rounded(rings.rx_pending, Rings::rx_sizes::<D>(), "receive", extack)?,
                tx: rounded(rings.tx_pending, Rings::tx_sizes::<D>(), "transmit", extack)?,
            };
            if rings == dev.rings(rtnl) {
                return Ok(0);
            }
            D::Ethtool::check_rings(dev, rings, extack, rtnl)?;
            napi::resize(dev, rings, rtnl)?;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver and parameters of 0, under RTNL.
    pub(super) unsafe extern "C" fn get_coalesce(
        dev: *mut bindings::net_device,
        coalesce: *mut bindings::ethtool_coalesce,
        _kernel: *mut bindings::kernel_ethtool_coalesce,
        _extack: *mut bindings::netlink_ext_ack,
    ) -> c_int {
        // SAFETY: By the caller's promise.
        unsafe {
            let dev = DriverDevice::<D>::from_raw(dev);
            D::Ethtool::coalesce(dev, Rtnl::assume()).fill(&mut *coalesce);
        }
        0
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    pub(super) unsafe extern "C" fn set_coalesce(
        dev: *mut bindings::net_device,
        coalesce: *mut bindings::ethtool_coalesce,
        _kernel: *mut bindings::kernel_ethtool_coalesce,
        extack: *mut bindings::netlink_ext_ack,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let (dev, rtnl, coalesce, extack) = unsafe {
                (
                    DriverDevice::<D>::from_raw(dev),
                    Rtnl::assume(),
                    &*coalesce,
                    ExtAck::from_raw(extack),
                )
            };
            D::Ethtool::set_coalesce(dev, Coalesce::from_raw(coalesce), extack, rtnl)?;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    pub(super) unsafe extern "C" fn get_rx_ring_count(dev: *mut bindings::net_device) -> u32 {
        // SAFETY: By the caller's promise.
        unsafe { DriverDevice::<D>::from_raw(dev) }
            .rx_queues()
            .into()
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    pub(super) unsafe extern "C" fn get_rxfh_indir_size(_dev: *mut bindings::net_device) -> u32 {
        Indirection::SIZE as u32
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL. The table that is asked for, if it
    /// is, has as many entries as [`Self::get_rxfh_indir_size`] says.
    pub(super) unsafe extern "C" fn get_rxfh(
        dev: *mut bindings::net_device,
        param: *mut bindings::ethtool_rxfh_param,
    ) -> c_int {
        // SAFETY: By the caller's promise.
        let (dev, param) = unsafe { (DriverDevice::<D>::from_raw(dev), &*param) };
        if !param.indir.is_null() {
            let table = D::Ethtool::indirection(dev);
            // SAFETY: By the caller's promise; nobody else has it.
            table.get(unsafe { slice::from_raw_parts_mut(param.indir, Indirection::SIZE) });
        }
        0
    }

    /// # Safety
    ///
    /// As [`Self::get_rxfh`]; what the table is to become, if it changes, are numbers of queues in use.
    pub(super) unsafe extern "C" fn set_rxfh(
        dev: *mut bindings::net_device,
        param: *mut bindings::ethtool_rxfh_param,
        extack: *mut bindings::netlink_ext_ack,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let (dev, param, extack) = unsafe {
                (
                    DriverDevice::<D>::from_raw(dev),
                    &*param,
                    ExtAck::from_raw(extack),
                )
            };
            if param.hfunc != 0 || !param.key.is_null() {
                let message = format_args!("the hash is the stack's, without function or key");
                return Err(extack.error(eopnotsupp(), message));
            }
            if !param.indir.is_null() {
                let table = D::Ethtool::indirection(dev);
                // SAFETY: By the caller's promise.
                table.set(unsafe { slice::from_raw_parts(param.indir, Indirection::SIZE) });
            }
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    pub(super) unsafe extern "C" fn get_priv_flags(dev: *mut bindings::net_device) -> u32 {
        // SAFETY: By the caller's promise.
        let (dev, rtnl) = unsafe { (DriverDevice::<D>::from_raw(dev), Rtnl::assume()) };
        D::Ethtool::private_flags(dev, rtnl)
    }

    /// # Safety
    ///
    /// Called by the core with a device of this driver, under RTNL.
    pub(super) unsafe extern "C" fn set_priv_flags(
        dev: *mut bindings::net_device,
        flags: u32,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let (dev, rtnl) = unsafe { (DriverDevice::<D>::from_raw(dev), Rtnl::assume()) };
            D::Ethtool::set_private_flags(dev, flags, rtnl)?;
            Ok(0)
        })
    }
}

/// Spreads evenly what a device receives over the queues in use, unless the user has said otherwise.
pub(crate) fn spread<D: Driver>(dev: &DriverDevice<D>, _rtnl: Rtnl<'_>) {
    // SAFETY: Valid by the type.
    if D::Ethtool::HAS_INDIRECTION && !unsafe { bindings::netif_is_rxfh_configured(dev.as_raw()) } {
        D::Ethtool::indirection(dev).spread(dev.rx_queues());
    }
}
