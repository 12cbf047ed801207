// SPDX-License-Identifier: GPL-2.0

//! The timer of a device.

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
    context::Softirq,
    timer::TimerRef, //
};

/// What a device's private area has for it. Zeroed memory is one that is not set up.
#[repr(C)]
pub(super) struct DeviceTimer {
    // First, so that the callback gets the address of all of it.
    timer: Opaque<bindings::timer_list>,
    dev: Atomic<*mut bindings::net_device>,
}

impl DeviceTimer {
    /// Sets up the timer, if the driver has one.
    ///
    /// # Safety
    ///
    /// `this` is in the private area of `dev`, which was made for `D`, is not registered, and is known to
    /// nobody else. [`Self::shut_down`] is called before its private data goes.
    pub(super) unsafe fn set_up<D: Driver>(this: *mut Self, dev: *mut bindings::net_device) {
        if D::HAS_TIMER {
            // SAFETY: By the caller's promise.
            unsafe {
                (*this).dev.store(dev, Relaxed);
                let timer = Opaque::cast_into(&raw const (*this).timer);
                bindings::timer_setup(timer, Some(callback::<D>));
            }
        }
    }

    /// Waits for the callback. Arming does nothing any more. Not for the first time, if need be.
    ///
    /// # Safety
    ///
    /// [`Self::set_up`] was called, with the same `D`. The caller may sleep.
    pub(super) unsafe fn shut_down<D: Driver>(&self) {
        if D::HAS_TIMER {
            // Under RTNL, which a softirq does not wait for.
            // SAFETY: Set up, by the caller's promise.
            unsafe { bindings::timer_shutdown_sync(self.timer.get()) };
        }
    }
}

/// # Safety
///
/// Called by the core, with the timer of a device that was made for `D`.
unsafe extern "C" fn callback<D: Driver>(timer: *mut bindings::timer_list) {
    // SAFETY: The timer comes first. Who has armed it was lent the device, which is registered or about to
    // be; when it is neither any more, the timer is shut down first, which waits for this.
    let (this, dev) = unsafe {
        let this = &*timer.cast::<DeviceTimer>();
        (this, DriverDevice::<D>::from_raw(this.dev.load(Relaxed)))
    };
    // SAFETY: The core calls timers in softirq, or in a task with bottom halves off, without a lock that
    // sending takes.
    let next = D::timer(dev, unsafe { Softirq::assume() });
    // SAFETY: Set up, and it stays, as above.
    unsafe { TimerRef::from_raw(&this.timer) }.again(next);
}

impl<D: Driver> DriverDevice<D> {
    /// The device's timer, whose callback is [`Driver::timer`] (`timer_container_of()`). Without that, this
    /// does not compile.
    ///
    /// It is shut down when the device is unregistered. Who wants it stopped while the device is down
    /// [cancels](TimerRef::cancel) it in [`Driver::stop`], and looks at [`Device::is_up`](super::Device::is_up)
    /// in the callback.
    #[doc(alias = "timer_container_of")]
    #[inline(always)]
    pub fn timer(&self) -> TimerRef<'_> {
        const {
            assert!(
                D::HAS_TIMER,
                "a driver whose timer is used has a method `timer`, and `#[vtable]`"
            );
        }
        // SAFETY: Set up with the private data, in which it stays.
        unsafe { TimerRef::from_raw(&self.shared().timer.timer) }
    }
}
