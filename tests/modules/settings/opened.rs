// SPDX-License-Identifier: GPL-2.0

//! The misc device: each open file counts what is asked of it.

use kernel::{
    fs::{
        File,
        Kiocb, //
    },
    iov::IovIterDest,
    macros::vtable,
    miscdevice::{
        MiscDevice,
        MiscDeviceRegistration, //
    },
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    }, //
};
use kernet::miscdevice::Named;

/// How many files are open.
pub(crate) static OPENED: Atomic<u64> = Atomic::<u64>::new(0);

/// An open file.
pub(crate) struct Opened(Atomic<u64>);

impl Drop for Opened {
    fn drop(&mut self) {
        OPENED.fetch_sub(1, Relaxed);
    }
}

impl Named for Opened {
    const NAME: &'static CStr = c"settings";
}

#[vtable]
impl MiscDevice for Opened {
    type Ptr = KBox<Self>;

    fn open(_file: &File, _misc: &MiscDeviceRegistration<Self>) -> Result<KBox<Self>> {
        let opened = KBox::new(Self(Atomic::<u64>::new(0)), GFP_KERNEL)?;
        OPENED.fetch_add(1, Relaxed);
        Ok(opened)
    }

    fn ioctl(opened: &Self, _file: &File, _cmd: u32, _arg: usize) -> Result<isize> {
        Ok(opened.0.fetch_add(1, Relaxed) as isize)
    }

    fn read_iter(mut kiocb: Kiocb<'_, KBox<Self>>, iov: &mut IovIterDest<'_>) -> Result<usize> {
        let count = kiocb.file().0.load(Relaxed);
        iov.simple_read_from_buffer(kiocb.ki_pos_mut(), &count.to_ne_bytes())
    }
}
