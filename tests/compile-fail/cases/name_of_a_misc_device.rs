// SPDX-License-Identifier: GPL-2.0
// error: a device's name has 1 to 63 bytes and no slash

//! A misc device that the core could not name.

#![forbid(unsafe_code)]

use kernel::{
    fs::File,
    macros::vtable,
    miscdevice::{MiscDevice, MiscDeviceRegistration},
    prelude::*,
};
use kernet::miscdevice::{self, Named};

kernet::module! {
    type: Mine,
    name: "name_of_a_misc_device",
    authors: ["Nobody"],
    description: "Has a device in a folder that is not there",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = miscdevice::Registration<Mine>;
}

impl Named for Mine {
    const NAME: &'static CStr = c"net/mine";
}

#[vtable]
impl MiscDevice for Mine {
    type Ptr = KBox<Self>;

    fn open(_: &File, _: &MiscDeviceRegistration<Self>) -> Result<KBox<Self>> {
        Err(EINVAL)
    }
}
