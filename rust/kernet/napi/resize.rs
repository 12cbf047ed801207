// SPDX-License-Identifier: GPL-2.0

//! Rings whose sizes change while they are polled.

use kernel::{
    prelude::*,
    sync::atomic::Relaxed, //
};

use super::{
    content::Content,
    POLLED, //
};
use crate::{
    bindings,
    context::{
        bh_disabled,
        Rtnl, //
    },
    netdev::{
        Driver,
        DriverDevice,
        Places,
        Rings, //
    },
};

/// Changes the sizes of a device's rings. What is in those that change is dropped, what waits in
/// queueing disciplines is not.
///
/// # Errors
///
/// [`ENOMEM`], or [`EINVAL`] for a size that no ring has. The rings are as before.
pub(crate) fn resize<D: Driver>(dev: &DriverDevice<D>, rings: Rings, rtnl: Rtnl<'_>) -> Result {
    let old = dev.rings(rtnl);
    let mut changes = KVec::new();
    for queue in dev.all_rx_queues(0..u16::MAX) {
        if queue.state.load(Relaxed) != POLLED {
            continue;
        }
        let make = || Content::<D>::make(rings.rx, rtnl);
        let content = (rings.rx != old.rx).then(make).transpose()?;
        let make = || Places::new(rings.tx);
        let places = (rings.tx != old.tx).then(make).transpose()?;
        changes.push((queue, content, places), GFP_KERNEL_ACCOUNT)?;
    }
    // Nothing fails from here on.
    dev.set_rings(rings, rtnl);
    for (queue, content, places) in &mut changes {
        let napi = queue.napi.get();
        // SAFETY: Consumer, under RTNL. Disabling waits for a poll to end.
        unsafe { bindings::napi_disable(napi) };
        if let Some(new) = content.take() {
            // SAFETY: Consumer, hence initialised. No poll runs; the old one is dropped below.
            *content = Some(unsafe { (*queue.content.get()).exchange(new, rtnl) });
        }
        if let Some(places) = places.take() {
            // SAFETY: The queue is the device's, and its NAPI is disabled.
            unsafe { queue.exchange_tx(dev, places, rtnl) };
        }
        // SAFETY: Disabled above.
        unsafe { bindings::napi_enable(napi) };
        // Polls that were asked for meanwhile.
        bh_disabled(rtnl, |softirq| queue.schedule_always(softirq));
    }
    if changes.iter().any(|(_, content, _)| content.is_some()) {
        // Who puts something in may have seen an old ring.
        // SAFETY: May sleep, under RTNL.
        unsafe { bindings::synchronize_net() };
    }
    Ok(())
}
