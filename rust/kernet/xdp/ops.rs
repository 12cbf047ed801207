// SPDX-License-Identifier: GPL-2.0

//! The functions in `struct net_device_ops` for XDP.

use core::slice;
use kernel::{
    error::from_result,
    prelude::*, //
};

use super::{
    update_features,
    Frames,
    Program, //
};
use crate::{
    bindings,
    context::{
        Rtnl,
        Softirq, //
    },
    napi,
    netdev::{
        Driver,
        DriverDevice, //
    },
    nlattr::ExtAck, //
};

/// `ndo_bpf`.
///
/// # Safety
///
/// Called by the core with a device of this driver, under RTNL.
pub(crate) unsafe extern "C" fn bpf<D: Driver>(
    dev: *mut bindings::net_device,
    request: *mut bindings::netdev_bpf,
) -> c_int {
    from_result(|| {
        // SAFETY: By the caller's promise.
        let (dev, rtnl, command) = unsafe {
            (
                DriverDevice::<D>::from_raw(dev),
                Rtnl::assume(),
                (*request).command,
            )
        };
        if command != bindings::bpf_netdev_command_XDP_SETUP_PROG {
            return Err(EINVAL);
        }
        // SAFETY: The command is the one that has these; the program's reference is ours if this
        // succeeds.
        unsafe {
            let program = bindings::netdev_bpf_prog(request);
            let extack = ExtAck::from_raw(bindings::netdev_bpf_extack(request));
            set_program(dev, program, extack, rtnl)?;
        }
        Ok(0)
    })
}

/// Attaches, replaces or detaches a program.
///
/// # Safety
///
/// `new` is null or a valid program, of which the caller gives up a reference if this succeeds.
unsafe fn set_program<D: Driver>(
    dev: &DriverDevice<D>,
    new: *mut bindings::bpf_prog,
    extack: ExtAck<'_>,
    rtnl: Rtnl<'_>,
) -> Result {
    // SAFETY: By the caller's promise; from then on the device holds it.
    let program = (!new.is_null()).then(|| unsafe { Program::from_raw(new) });
    if let Some(program) = program {
        D::xdp_check(dev, program, extack, rtnl)?;
        if dev.is_up() {
            napi::start(dev, 0..dev.rx_queues(), rtnl)
                .map_err(|e| extack.error(e, format_args!("Setup for XDP failed")))?;
        }
    }
    // SAFETY: By the caller's promise.
    let old = unsafe { dev.shared().program().replace(new, rtnl) };
    if dev.is_up() && !napi::wanted(dev, dev.features(), rtnl) {
        napi::stop(dev, 0..u16::MAX, rtnl);
    }
    D::xdp_changed(dev, program, rtnl);
    update_features(dev, rtnl);
    drop(old);
    Ok(())
}

/// `ndo_xdp_xmit`.
///
/// # Safety
///
/// Called by the core with a device of this driver and `n` frames that it gives away if they are
/// sent, with bottom halves disabled.
pub(crate) unsafe extern "C" fn xdp_xmit<D: Driver>(
    dev: *mut bindings::net_device,
    n: c_int,
    frames: *mut *mut bindings::xdp_frame,
    flags: u32,
) -> c_int {
    from_result(|| {
        if flags & !bindings::XDP_XMIT_FLAGS_MASK != 0 {
            return Err(EINVAL);
        }
        let count = usize::try_from(n).map_err(|_| EINVAL)?;
        // SAFETY: By the caller's promise.
        let (dev, softirq, frames) = unsafe {
            (
                DriverDevice::<D>::from_raw(dev),
                Softirq::assume(),
                slice::from_raw_parts(frames, count),
            )
        };
        // SAFETY: As above. The core returns those that are not counted as sent.
        let mut frames = unsafe { Frames::new(frames, true) };
        let result = D::xdp_transmit(dev, &mut frames, softirq);
        // What is gone has to be said, whatever else went wrong.
        let sent = frames.sent();
        if let (Err(e), 0) = (result, sent) {
            for _ in 0..count {
                dev.count_tx_dropped();
            }
            return Err(e);
        }
        if flags & bindings::XDP_XMIT_FLUSH != 0 {
            D::xdp_flush(dev, softirq);
        }
        c_int::try_from(sent).map_err(|_| EINVAL)
    })
}
