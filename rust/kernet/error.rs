// SPDX-License-Identifier: GPL-2.0

//! Return values of C functions.

use kernel::prelude::*;

/// As [`kernel::error::to_result`], but without a call where nothing has failed.
#[inline(always)]
pub(crate) fn to_result(code: c_int) -> Result {
    if code < 0 {
        return Err(Error::from_errno(code));
    }
    Ok(())
}
