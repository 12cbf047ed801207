// SPDX-License-Identifier: GPL-2.0

//! What a table of settings consists of.

use kernel::prelude::*;

use crate::file::{
    is_name,
    Mode, //
};

/// One number of a [`Table`](super::Table) (`ctl_table`).
///
/// # Examples
///
/// ```
/// use kernet::{file::Mode, sysctl::Entry};
///
/// /// The entries of a `sysctl::Table`.
/// const ENTRIES: &[Entry] = &[
///     Entry::bool(c"enabled", false),
///     // In milliseconds.
///     Entry::unsigned(c"timeout", 500, 10, 60_000),
///     // Only root of the namespace looks at it.
///     Entry::int(c"bias", 0, -20, 19).mode(Mode::OwnerReadWrite),
/// ];
/// ```
#[doc(alias = "ctl_table")]
#[derive(Clone, Copy)]
pub struct Entry {
    pub(super) name: &'static CStr,
    pub(super) kind: Kind,
    pub(super) initial: u32,
    // As what `kind` says, which C reads by these addresses.
    pub(super) min: u32,
    pub(super) max: u32,
    pub(super) mode: Mode,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Unsigned,
    Bool,
}

impl Entry {
    /// A signed number from `min` to `max`, of `initial` at first (`proc_dointvec_minmax()`).
    /// [`Mode::ReadWrite`].
    #[doc(alias = "proc_dointvec_minmax")]
    pub const fn int(name: &'static CStr, initial: i32, min: i32, max: i32) -> Self {
        assert!(
            min <= initial && initial <= max,
            "an initial value between minimum and maximum"
        );
        Self::new(name, Kind::Int, [initial as u32, min as u32, max as u32])
    }

    /// A number without a sign from `min` to `max`, of `initial` at first
    /// (`proc_douintvec_minmax()`). [`Mode::ReadWrite`].
    #[doc(alias = "proc_douintvec_minmax")]
    pub const fn unsigned(name: &'static CStr, initial: u32, min: u32, max: u32) -> Self {
        assert!(
            min <= initial && initial <= max,
            "an initial value between minimum and maximum"
        );
        Self::new(name, Kind::Unsigned, [initial, min, max])
    }

    /// 0 or 1. [`Mode::ReadWrite`].
    #[doc(alias = "proc_dobool")]
    #[doc(alias = "SYSCTL_ONE")]
    pub const fn bool(name: &'static CStr, initial: bool) -> Self {
        Self::new(name, Kind::Bool, [initial as u32, 0, 1])
    }

    const fn new(name: &'static CStr, kind: Kind, [initial, min, max]: [u32; 3]) -> Self {
        assert!(
            is_name(name.to_bytes()),
            "a setting's name has 1 to 63 bytes and no slash"
        );
        Self {
            name,
            kind,
            initial,
            min,
            max,
            mode: Mode::ReadWrite,
        }
    }

    /// The same entry with another mode.
    #[doc(alias = "ctl_table::mode")]
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }
}

/// Whether a path is `net` and one to eight names: the core walks it by calling itself.
pub(super) const fn is_path(path: &[u8]) -> bool {
    let [b'n', b'e', b't', b'/', rest @ ..] = path else {
        return false;
    };
    let mut rest = rest;
    let mut names = 0;
    while names < 8 {
        names += 1;
        let mut after = rest;
        let mut len = 0;
        while let [byte, next @ ..] = after {
            if *byte == b'/' {
                break;
            }
            after = next;
            len += 1;
        }
        if !is_name(rest.split_at(len).0) {
            return false;
        }
        match after {
            [] => return true,
            [_, next @ ..] => rest = next,
        }
    }
    false
}
