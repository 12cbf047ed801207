// SPDX-License-Identifier: GPL-2.0

//! Ports: lower devices that who administers the host gives to a device, and takes away.

use kernel::{
    error::from_result,
    prelude::*, //
};

use crate::{
    bindings,
    context::Rtnl,
    netdev::{
        Device,
        Driver,
        DriverDevice,
        Ops, //
    },
    nlattr::ExtAck, //
};

impl<D: Driver> Ops<D> {
    /// # Safety
    ///
    /// Called by the core with a device of this driver and another one, of one namespace, under RTNL, without the
    /// lock of either, and while it walks no links.
    pub(in crate::netdev) unsafe extern "C" fn add_slave(
        dev: *mut bindings::net_device,
        port: *mut bindings::net_device,
        extack: *mut bindings::netlink_ext_ack,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise; both stay for the call.
            let (dev, port) = unsafe { (DriverDevice::<D>::from_raw(dev), Device::from_raw(port)) };
            // SAFETY: By the caller's promise.
            let (extack, rtnl) = unsafe { (ExtAck::from_raw(extack), Rtnl::assume()) };
            dev.link_port(port, extack, rtnl)?;
            D::add_port(dev, port, extack, rtnl).inspect_err(|_| dev.cut(port, rtnl))?;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// As [`Self::add_slave`].
    pub(in crate::netdev) unsafe extern "C" fn del_slave(
        dev: *mut bindings::net_device,
        port: *mut bindings::net_device,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise; both stay for the call.
            let (dev, port) = unsafe { (DriverDevice::<D>::from_raw(dev), Device::from_raw(port)) };
            // SAFETY: By the caller's promise.
            let rtnl = unsafe { Rtnl::assume() };
            dev.lower_links().to(port, rtnl).ok_or(EINVAL)?;
            D::remove_port(dev, port, rtnl);
            dev.cut(port, rtnl);
            Ok(0)
        })
    }
}

impl<D: Driver> DriverDevice<D> {
    /// Cuts the link to a device, if there is one.
    fn cut(&self, lower: &Device, rtnl: Rtnl<'_>) {
        if let Some(link) = self.lower_links().to(lower, rtnl) {
            // SAFETY: One of these.
            unsafe { self.lower_links().cut(link, rtnl) };
        }
    }
}
