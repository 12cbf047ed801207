// SPDX-License-Identifier: GPL-2.0

//! Misc devices, `/dev/NAME`, as parts of a module.
//!
//! C header: [`include/linux/miscdevice.h`](srctree/include/linux/miscdevice.h)
//!
//! What the device does is the kernel crate's [`MiscDevice`]; what is added here is who registers it. A
//! `MiscDeviceRegistration` of a module's own can be leaked, and the device then outlives the module.
//!
//! # Lifetime
//!
//! An open file holds a reference to the module, so that `rmmod` says that it is in use: to the one whose code
//! it runs, whatever `MiscDevice::OwnerModule` says, as `THIS_MODULE` of any type is that of the object that it is
//! compiled into. kernet checks that. `misc_deregister()` takes the lock that opening takes.

use core::mem::MaybeUninit;
use kernel::{
    miscdevice::{
        MiscDevice,
        MiscDeviceOptions,
        MiscDeviceRegistration, //
    },
    prelude::*,
    ThisModule, //
};

use crate::{
    error::init_in_place,
    file::is_name,
    module::{
        failed,
        Part, //
    }, //
};

#[diagnostic::on_unimplemented(
    message = "`{Self}` has no name as a misc device",
    note = "`impl kernet::miscdevice::Named for {Self}`, beside `impl MiscDevice for {Self}` with `#[vtable]`"
)]
/// A [`MiscDevice`] with a name.
///
/// # Examples
///
/// ```
/// use kernel::{
///     fs::File,
///     macros::vtable,
///     miscdevice::{MiscDevice, MiscDeviceRegistration},
/// };
/// use kernet::miscdevice::{self, Named};
///
/// /// What belongs to an open file.
/// struct Opened {
///     number: u32,
/// }
///
/// // Listed as `miscdevice::Registration<Opened>` in `Module::Parts`.
/// impl Named for Opened {
///     const NAME: &'static CStr = c"example";
/// }
///
/// #[vtable]
/// impl MiscDevice for Opened {
///     type Ptr = KBox<Self>;
///
///     fn open(_file: &File, _misc: &MiscDeviceRegistration<Self>) -> Result<KBox<Self>> {
///         Ok(KBox::new(Opened { number: 7 }, GFP_KERNEL)?)
///     }
///
///     fn ioctl(opened: &Self, _file: &File, _cmd: u32, _arg: usize) -> Result<isize> {
///         Ok(opened.number as isize)
///     }
/// }
/// ```
#[doc(alias = "miscdevice::name")]
pub trait Named: MiscDevice + 'static {
    /// The device's name, 1 to 63 bytes without a slash.
    #[doc(alias = "miscdevice::name")]
    const NAME: &'static CStr;
}

/// The registration of a misc device (`misc_register()`).
#[doc(alias = "misc_register")]
#[doc(alias = "misc_deregister")]
pub struct Registration<D: Named>(MaybeUninit<MiscDeviceRegistration<D>>);

// SAFETY: `misc_deregister()` takes the lock that opening takes. Who has a file open holds a reference to the
// module: its operations say that they are the module's, as `register` sees.
unsafe impl<D: Named> Part for Registration<D> {
    unsafe fn register(
        slot: *mut Self,
        module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        const {
            assert!(
                is_name(D::NAME.to_bytes()),
                "a device's name has 1 to 63 bytes and no slash"
            );
        }
        let options = MiscDeviceOptions { name: D::NAME };
        // SAFETY: Static operations, which registering uses, too.
        let owner = unsafe { (*options.into_raw::<D>().fops).owner };
        if owner != module.as_ptr() {
            return Err(failed(
                name,
                format_args!("misc device: another module's files"),
                EINVAL,
            ));
        }
        // SAFETY: `slot` is valid for writes, and stays at its place until the device is dropped.
        unsafe { init_in_place(slot.cast(), MiscDeviceRegistration::<D>::register(options)) }
            .map_err(|error| failed(name, format_args!("misc device"), error))
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: `register` has made it.
        unsafe { (*slot).0.assume_init_drop() };
    }
}
