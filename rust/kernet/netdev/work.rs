// SPDX-License-Identifier: GPL-2.0

//! The work item of a device.

use kernel::{
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    types::Opaque, //
};

use super::{
    Driver,
    DriverDevice, //
};
use crate::{
    bindings,
    context::Rtnl,
    timer::Jiffies,
    work::WorkRef, //
};

/// What a device's private area has for it. Zeroed memory is one that is not set up.
#[repr(C)]
pub(super) struct DeviceWork {
    // First, as `work_struct` is in it, so that the callback gets the address of all of it.
    work: Opaque<bindings::delayed_work>,
    dev: Atomic<*mut bindings::net_device>,
}

impl DeviceWork {
    /// Initialises the work item, if the driver has one.
    ///
    /// # Safety
    ///
    /// `this` is in the private area of `dev`, which was made for `D`, is not registered, and is known to
    /// nobody else. [`Self::shut_down`] is called before its private data goes.
    pub(super) unsafe fn set_up<D: Driver>(this: *mut Self, dev: *mut bindings::net_device) {
        if D::HAS_WORK {
            // SAFETY: By the caller's promise.
            unsafe {
                (*this).dev.store(dev, Relaxed);
                let work = Opaque::cast_into(&raw const (*this).work);
                bindings::init_work_under_rtnl(work, Some(callback::<D>));
            }
        }
    }

    /// Waits for the callback. Queueing does nothing any more. Not for the first time, if need be.
    ///
    /// # Safety
    ///
    /// [`Self::set_up`] was called, with the same `D`. The caller may sleep.
    pub(super) unsafe fn shut_down<D: Driver>(&self) {
        if D::HAS_WORK {
            // Under RTNL, for which the callback does not wait; nor does it run while that is held.
            // SAFETY: Initialised, by the caller's promise.
            unsafe { bindings::disable_delayed_work_sync(self.work.get()) };
        }
    }
}

/// # Safety
///
/// Called by a work queue, with the work item of a device that was made for `D`.
unsafe extern "C" fn callback<D: Driver>(work: *mut bindings::work_struct) {
    // SAFETY: The work item comes first. It is in the private area, which stays until `shut_down` has
    // returned, which waits for this.
    let this = unsafe { &*work.cast::<DeviceWork>() };
    // SAFETY: Initialised, and it stays, as above.
    let again = unsafe { WorkRef::from_raw(&this.work) };
    // Who unregisters the device holds RTNL, and waits for this.
    // SAFETY: No requirements.
    if unsafe { bindings::rtnl_trylock() } == 0 {
        again.queue_after(Jiffies::ONE);
        return;
    }
    // SAFETY: Who has queued it was lent the device, which was registered or about to be, under RTNL. Under
    // RTNL it is unregistered, too, after this has been waited for: it is registered now.
    let dev = unsafe { DriverDevice::<D>::from_raw(this.dev.load(Relaxed)) };
    // SAFETY: Just locked, by a worker, which may sleep; the module that waits for it is running.
    let next = D::work(dev, unsafe { Rtnl::assume() });
    // SAFETY: Locked above.
    unsafe { bindings::rtnl_unlock() };
    again.again(next);
}

impl<D: Driver> DriverDevice<D> {
    /// The device's work item, whose callback is [`Driver::work`]. Without that, this does not compile.
    ///
    /// It is disabled when the device is unregistered. Who wants it stopped while the device is down
    /// [cancels](WorkRef::cancel) it in [`Driver::stop`]: under RTNL none runs.
    #[doc(alias = "to_delayed_work")]
    #[inline(always)]
    pub fn work(&self) -> WorkRef<'_> {
        const {
            assert!(
                D::HAS_WORK,
                "a driver whose work is queued has a method `work`, and `#[vtable]`"
            );
        }
        // SAFETY: Initialised with the private data, in which it stays.
        unsafe { WorkRef::from_raw(&self.shared().work.work) }
    }
}
