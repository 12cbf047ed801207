// SPDX-License-Identifier: GPL-2.0
// error: no `__kernet_module` in the root
// error: unresolved import `crate::__kernet_module`

//! A module that is declared elsewhere than where the printing macros take its name from: theirs has no
//! NUL.

#![forbid(unsafe_code)]

const __LOG_PREFIX: &[u8] = b"what is behind this";

struct LocalModule;

mod inner {
    kernet::module! {
        type: Mine,
        name: "inner",
        authors: ["Nobody"],
        description: "Prints what is behind its name",
        license: "GPL",
    }

    struct Mine;

    impl kernet::Module for Mine {
        type State = ();
        type Parts = ();
    }
}
