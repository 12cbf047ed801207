// SPDX-License-Identifier: GPL-2.0

//! Rings whose sizes change while they are polled.

use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};

use super::{
    is_polled,
    start,
    stop,
    POLLED, //
};
use crate::{
    bindings,
    context::{
        bh_disabled,
        Rtnl, //
    },
    netdev::{
        Dev,
        Driver,
        Places,
        Rings, //
    },
};

/// Changes the sizes of a device's rings. What is in those that change is dropped, what waits in
/// queueing disciplines is not.
///
/// # Errors
///
/// [`ENOMEM`], or [`EINVAL`] for a size that no ring has. The sizes are as before. If the receive rings
/// could not be made again either, the queues are not polled until the device goes up again.
pub(crate) fn resize<D: Driver>(dev: &Dev<D>, rings: Rings, rtnl: Rtnl<'_>) -> Result {
    let old = dev.rings(rtnl);
    if rings.rx == old.rx {
        return resize_tx(dev, rings, rtnl);
    }
    dev.set_rings(rings, rtnl);
    if !is_polled(dev) {
        return Ok(());
    }
    let used = 0..dev.rx_queues();
    stop(dev, used.clone(), rtnl);
    start(dev, used.clone(), rtnl).inspect_err(|_| {
        dev.set_rings(old, rtnl);
        if start(dev, used, rtnl).is_err() {
            pr_err!("{}: no memory for its rings\n", dev.name());
        }
    })
}

/// As [`resize`], while what has been received stays.
fn resize_tx<D: Driver>(dev: &Dev<D>, rings: Rings, rtnl: Rtnl<'_>) -> Result {
    // All that can fail comes first.
    let mut new = KVec::new();
    for queue in dev.all_rx_queues(0..u16::MAX) {
        if queue.state.load(Relaxed) == POLLED {
            new.push((queue, Places::new(rings.tx)?), GFP_KERNEL)?;
        }
    }
    dev.set_rings(rings, rtnl);
    for (queue, places) in new {
        let napi = queue.napi.get();
        // SAFETY: Polled, under RTNL. Disabling waits for a poll to end.
        unsafe { bindings::napi_disable(napi) };
        // SAFETY: The queue is the device's, and its NAPI is disabled.
        unsafe { queue.exchange_tx(dev, places, rtnl) };
        // SAFETY: Disabled above.
        unsafe { bindings::napi_enable(napi) };
        // Polls that were asked for meanwhile.
        bh_disabled(rtnl, |softirq| queue.notify_always(softirq));
    }
    Ok(())
}
