// SPDX-License-Identifier: GPL-2.0

//! A misc device that says that its files are another module's: they hold this one all the same. For tests
//! alone.

#![forbid(unsafe_code)]

use kernel::{
    fs::File,
    miscdevice::{
        MiscDevice,
        MiscDeviceRegistration, //
    },
    prelude::*, //
};
use kernet::miscdevice::{
    self,
    Named, //
};

kernet::module! {
    type: Stranger,
    name: "stranger",
    authors: ["The kernet developers"],
    description: "Says that its files are another module's",
    license: "GPL",
}

struct Stranger;

impl kernet::Module for Stranger {
    type State = ();
    type Parts = miscdevice::Registration<Stranger>;
}

impl Named for Stranger {
    const NAME: &'static CStr = c"stranger";
}

// What `#[vtable]` would write, but for whose it is.
impl MiscDevice for Stranger {
    const USE_VTABLE_ATTR: () = ();

    type OwnerModule = kernet::Kernet;
    type Ptr = KBox<Self>;

    fn open(_file: &File, _misc: &MiscDeviceRegistration<Self>) -> Result<KBox<Self>> {
        Ok(KBox::new(Self, GFP_KERNEL)?)
    }
}
