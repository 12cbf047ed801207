// SPDX-License-Identifier: GPL-2.0

//! Bindings of the kernel's networking headers, private to kernet.
//!
//! `bindgen` makes them from `bindings_helper.h`. The kernel crate's own bindings hold `net_device`
//! and others only as forward declarations, hence a set of our own. Types whose values go to
//! the kernel crate's APIs are that crate's, so that they are the same Rust type.

#![allow(
    clippy::all,
    missing_docs,
    non_camel_case_types,
    non_upper_case_globals,
    non_snake_case,
    improper_ctypes,
    unreachable_pub,
    unsafe_op_in_unsafe_fn,
    dead_code
)]

#[allow(clippy::as_underscore)]
#[allow(clippy::cast_lossless)]
#[allow(clippy::ptr_as_ptr)]
#[allow(clippy::ref_as_ptr)]
#[allow(clippy::undocumented_unsafe_blocks)]
#[cfg_attr(not(CONFIG_RUSTC_HAS_UNNECESSARY_TRANSMUTES), allow(unknown_lints))]
#[allow(unnecessary_transmutes)]
mod raw {
    // A wing's bindings find them here, too.
    pub use kernel::bindings::{
        device,
        file,
        inode,
        lock_class_key,
        mm_struct,
        module,
        super_block,
        task_struct, //
    };
    use kernel::ffi;
    use pin_init::{
        MaybeZeroable,
        Zeroable, //
    };

    type __kernel_size_t = usize;
    type __kernel_ssize_t = isize;
    type __kernel_ptrdiff_t = isize;

    // SAFETY: `__BindgenBitfieldUnit<Storage>` is a newtype around `Storage`.
    unsafe impl<Storage> Zeroable for __BindgenBitfieldUnit<Storage> where Storage: Zeroable {}

    pub use super::helpers::*;
    include!(concat!(
        env!("KERNET_OBJ"),
        "/rust/bindings/bindings_generated.rs"
    ));
}

mod helpers {
    use super::raw::*;
    use kernel::ffi;
    include!(concat!(
        env!("KERNET_OBJ"),
        "/rust/bindings/bindings_helpers_generated.rs"
    ));
}

pub use raw::*;
