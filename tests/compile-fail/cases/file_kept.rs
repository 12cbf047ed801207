// SPDX-License-Identifier: GPL-2.0
// error: cannot be shared between threads safely
// error: borrowed data escapes outside of

//! A file that is read kept, to be written to when it is closed.

#![forbid(unsafe_code)]

use kernel::{prelude::*, seq_file::SeqFile, seq_print, sync::SetOnce};
use kernet::{
    context::Process,
    debugfs::{self, File, Folder},
};

kernet::module! {
    type: Mine,
    name: "file_kept",
    authors: ["Nobody"],
    description: "Writes to what was freed",
    license: "GPL",
}

struct Mine;

impl kernet::Module for Mine {
    type State = ();
    type Parts = debugfs::Registration<Mine>;
}

static KEPT: SetOnce<&'static SeqFile> = SetOnce::new();

fn show(file: &SeqFile, _process: Process<'_>) {
    if let Some(kept) = KEPT.as_ref() {
        seq_print!(kept, "freed\n");
    }
    KEPT.populate(file);
}

impl Folder for Mine {
    const FILES: &'static [File] = &[File::new(c"kept", show)];
}
