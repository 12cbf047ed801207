// SPDX-License-Identifier: GPL-2.0

//! Errors: results of C functions, and errnos for which `kernel` of Linux 7.2 has no constants.

use kernel::prelude::*;
use pin_init::PinInit;

use crate::bindings;

/// As [`kernel::error::to_result`], but without a call where nothing has failed.
#[inline(always)]
pub(crate) fn to_result(code: c_int) -> Result {
    if code < 0 {
        return Err(Error::from_errno(code));
    }
    Ok(())
}

/// Initialises a place.
///
/// # Safety
///
/// `slot` is valid for writes; what is initialised there stays there until it is dropped. If this
/// fails, the place is uninitialised.
#[inline(always)]
pub(crate) unsafe fn init_in_place<T, E>(
    slot: *mut T,
    init: impl PinInit<T, E>,
) -> core::result::Result<(), E> {
    // SAFETY: By the caller's promise.
    #[cfg(linux_7_2)]
    return unsafe { init.__pinned_init(slot) };
    // SAFETY: By the caller's promise.
    #[cfg(not(linux_7_2))]
    unsafe {
        pin_init::raw_try_init(slot, init)
    }
}

macro_rules! errors {
    ($($name:ident = $raw:ident: $doc:literal;)+) => {$(
        #[doc = $doc]
        pub fn $name() -> Error {
            Error::from_errno(-(bindings::$raw as c_int))
        }
    )+};
}

errors! {
    eaddrinuse = EADDRINUSE: "Address already in use.";
    eaddrnotavail = EADDRNOTAVAIL: "Cannot assign requested address.";
    eafnosupport = EAFNOSUPPORT: "Address family not supported by protocol.";
    econnrefused = ECONNREFUSED: "Connection refused.";
    ehostunreach = EHOSTUNREACH: "No route to host.";
    enobufs = ENOBUFS: "No buffer space available.";
    enodata = ENODATA: "No data available.";
    enotconn = ENOTCONN: "Transport endpoint is not connected.";
    eopnotsupp = EOPNOTSUPP: "Operation not supported on transport endpoint.";
}
