// SPDX-License-Identifier: GPL-2.0
// error: a file's name has 1 to 63 bytes and no slash
// error: nobody writes to a list of rows
// error: two files of a folder have the same name

//! Files that the core would not make, or warn of.

#![forbid(unsafe_code)]

use kernel::{prelude::*, seq_file::SeqFile};
use kernet::{
    context::Process,
    debugfs::{self, Folder},
    file::Mode,
    netns::Net,
    proc_fs::{NetFile, NetRegistration, NetSlot},
};

kernet::module! {
    type: Mine,
    name: "numbers_of_files",
    authors: ["Nobody"],
    description: "Has files that are none",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = (
        NetRegistration<Slash>,
        NetRegistration<Written>,
        debugfs::Registration<Twice>,
        debugfs::Registration<Below<1>>,
    );
}

struct Slash;
struct Written;
struct Twice;

kernet::slot!(Slash: NetSlot);
kernet::slot!(Written: NetSlot);

impl NetFile for Slash {
    type Module = Mine;
    const NAME: &'static CStr = c"stat/mine";

    fn seek(_: &Net, _: &(), _: u64, _: Process<'_>) -> Option<u64> {
        None
    }

    fn show(_: &Net, _: &(), _: u64, _: &SeqFile, _: Process<'_>) {}
}

impl NetFile for Written {
    type Module = Mine;
    const NAME: &'static CStr = c"mine";
    const MODE: Mode = Mode::ReadWrite;

    fn seek(_: &Net, _: &(), _: u64, _: Process<'_>) -> Option<u64> {
        None
    }

    fn show(_: &Net, _: &(), _: u64, _: &SeqFile, _: Process<'_>) {}
}

fn show(_: &SeqFile, _: Process<'_>) {}

impl Folder for Twice {
    const FILES: &'static [debugfs::File] = &[
        debugfs::File::new(c"one", show),
        debugfs::File::new(c"one", show),
    ];
}

/// With a parameter: its names are looked at when it is registered, as those of the others.
struct Below<const N: usize>;

impl<const N: usize> Folder for Below<N> {
    const FILES: &'static [debugfs::File] = &[debugfs::File::new(c"a/b", show)];
}
