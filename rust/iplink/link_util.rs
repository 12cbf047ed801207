// SPDX-License-Identifier: GPL-2.0

//! What `ip` looks for in a plugin.

use crate::{
    sys,
    Kind,
    Options,
    Shown, //
};
use core::{
    cell::UnsafeCell,
    ffi::{
        c_char,
        c_int,
        c_void,
        CStr, //
    },
    ptr,
    slice, //
};

type ParseOpt =
    unsafe extern "C" fn(*mut LinkUtil, c_int, *mut *mut c_char, *mut sys::iplink_req) -> c_int;
type PrintOpt = unsafe extern "C" fn(*mut LinkUtil, *mut sys::File, *mut *const sys::rtattr);
type PrintHelp = unsafe extern "C" fn(*mut LinkUtil, c_int, *mut *mut c_char, *mut sys::File);

/// A kind's entry in `ip`'s list of them: `struct link_util` of iproute2's `ip/ip_common.h`.
///
/// Made by [`plugin!`](crate::plugin) alone.
#[doc(hidden)]
#[repr(C)]
pub struct LinkUtil {
    /// `ip`'s own.
    next: UnsafeCell<*mut LinkUtil>,
    id: *const c_char,
    maxattr: c_int,
    parse_opt: ParseOpt,
    print_opt: Option<PrintOpt>,
    print_xstats: *const c_void,
    print_help: PrintHelp,
    parse_ifla_xstats: *const c_void,
    print_ifla_xstats: *const c_void,
}

// SAFETY: `ip` has one thread, and nobody else looks at `next`; the rest does not change.
unsafe impl Sync for LinkUtil {}

impl LinkUtil {
    /// The entry of a kind named `id`.
    pub const fn new<K: Kind>(id: &'static CStr) -> Self {
        Self {
            next: UnsafeCell::new(ptr::null_mut()),
            id: id.as_ptr(),
            maxattr: K::MAX_ATTR as c_int,
            parse_opt: parse_opt::<K>,
            print_opt: match K::SHOW {
                Some(_) => Some(print_opt::<K>),
                None => None,
            },
            print_xstats: ptr::null(),
            print_help: print_help::<K>,
            parse_ifla_xstats: ptr::null(),
            print_ifla_xstats: ptr::null(),
        }
    }
}

/// # Safety
///
/// `util` is the kind's entry; `argv` has `argc` strings, and `request` is that of `ip link`, with
/// its attributes so far. Nobody else looks at either during the call.
unsafe extern "C" fn parse_opt<K: Kind>(
    util: *mut LinkUtil,
    argc: c_int,
    argv: *mut *mut c_char,
    request: *mut sys::iplink_req,
) -> c_int {
    let argc = usize::try_from(argc).unwrap_or(0);
    // SAFETY: By the function's own contract.
    let words = unsafe { slice::from_raw_parts(argv, argc) };
    // SAFETY: By the function's own contract.
    let request = unsafe { &mut *request };
    // SAFETY: By the function's own contract: `id` is the string it was made with.
    let kind = unsafe { CStr::from_ptr((*util).id) };
    // SAFETY: By the function's own contract.
    let mut options = unsafe { Options::new(kind, K::HELP, words, request) };
    match K::parse(&mut options) {
        Ok(()) => 0,
        Err(_) => -1,
    }
}

/// # Safety
///
/// `attrs` is null, or has a place for each type up to [`Kind::MAX_ATTR`], each of them null or
/// an attribute that is whole and stays as it is during the call.
unsafe extern "C" fn print_opt<K: Kind>(
    _util: *mut LinkUtil,
    _file: *mut sys::File,
    attrs: *mut *const sys::rtattr,
) {
    let attrs = if attrs.is_null() {
        &[]
    } else {
        // SAFETY: By the function's own contract.
        unsafe { slice::from_raw_parts(attrs, usize::from(K::MAX_ATTR) + 1) }
    };
    if let Some(show) = K::SHOW {
        // SAFETY: By the function's own contract.
        show(&unsafe { Shown::new(attrs) });
    }
}

/// # Safety
///
/// `file` can be written to.
unsafe extern "C" fn print_help<K: Kind>(
    _util: *mut LinkUtil,
    _argc: c_int,
    _argv: *mut *mut c_char,
    file: *mut sys::File,
) {
    // SAFETY: A string, and a file by the function's own contract.
    unsafe { sys::fputs(K::HELP.as_ptr(), file) };
}

/// Makes a file the plugin for a kind of link: `plugin! { type: Foo, kind: "foo" }`.
#[macro_export]
macro_rules! plugin {
    (type: $type:ty, kind: $kind:literal $(,)?) => {
        #[doc(hidden)]
        #[export_name = concat!($kind, "_link_util")]
        pub static LINK_UTIL: $crate::LinkUtil = {
            const KIND: &core::ffi::CStr =
                match core::ffi::CStr::from_bytes_with_nul(concat!($kind, "\0").as_bytes()) {
                    Ok(kind) => kind,
                    // A NUL in its name: no `ip` asks for it.
                    Err(_) => c"",
                };
            $crate::LinkUtil::new::<$type>(KIND)
        };
    };
}
