// SPDX-License-Identifier: GPL-2.0

//! Tables of handlers.

use kernel::prelude::*;

use super::{
    dump::{
        dumpit,
        dumpit_of_all, //
    },
    request::doit,
    Do,
    Dump,
    DumpOfAll,
    Lock, //
};
use crate::bindings;

pub(crate) type DoIt = unsafe extern "C" fn(
    *mut bindings::sk_buff,
    *mut bindings::nlmsghdr,
    *mut bindings::netlink_ext_ack,
) -> c_int;

pub(crate) type DumpIt =
    unsafe extern "C" fn(*mut bindings::sk_buff, *mut bindings::netlink_callback) -> c_int;

/// What answers the requests of a type: one of the two.
#[derive(Clone, Copy)]
pub(crate) struct Entry {
    pub(crate) r#type: u16,
    pub(crate) doit: Option<DoIt>,
    pub(crate) dumpit: Option<DumpIt>,
    /// As rtnetlink has them.
    pub(crate) flags: u32,
}

/// A request's attributes are noted on the stack.
const fn check_size(types: usize) {
    assert!(
        types <= 256,
        "a request has at most 256 types of attributes"
    );
}

impl Entry {
    pub(crate) const fn of_do<D: Do<N>, const N: usize>() -> Self {
        const { check_size(N) };
        let mut flags = 0;
        if !D::Lock::RTNL {
            flags |= bindings::rtnl_link_flags_RTNL_FLAG_DOIT_UNLOCKED;
        }
        if D::BULK {
            flags |= bindings::rtnl_link_flags_RTNL_FLAG_BULK_DEL_SUPPORTED;
        }
        Self {
            r#type: D::TYPE,
            doit: Some(doit::<D, N>),
            dumpit: None,
            flags,
        }
    }

    pub(crate) const fn of_dump<D: Dump<N>, const N: usize>() -> Self {
        const { check_size(N) };
        let mut flags = 0;
        if !D::Lock::RTNL {
            flags |= bindings::rtnl_link_flags_RTNL_FLAG_DUMP_UNLOCKED;
        }
        if D::SPLIT_DONE {
            flags |= bindings::rtnl_link_flags_RTNL_FLAG_DUMP_SPLIT_NLM_DONE;
        }
        Self {
            r#type: D::TYPE,
            doit: None,
            dumpit: Some(dumpit::<D, N>),
            flags,
        }
    }

    pub(crate) const fn of_dump_of_all<D: DumpOfAll<N>, const N: usize>() -> Self {
        let mut entry = Self::of_dump::<D, N>();
        entry.dumpit = Some(dumpit_of_all::<D, N>);
        entry
    }

    /// The entries of handlers. Fails to compile where a type would be answered twice.
    ///
    /// # Safety
    ///
    /// An `H` is an entry, transparently.
    pub(crate) const unsafe fn all<H>(handlers: &'static [H]) -> &'static [Self] {
        // SAFETY: By the caller's promise.
        let entries: &'static [Self] =
            unsafe { core::slice::from_raw_parts(handlers.as_ptr().cast(), handlers.len()) };
        let mut unchecked = entries;
        while let [a, rest @ ..] = unchecked {
            unchecked = rest;
            let [b, ..] = rest else {
                break;
            };
            let pair = a.r#type == b.r#type && a.doit.is_some() && b.dumpit.is_some();
            assert!(
                a.r#type < b.r#type || pair,
                "handlers are in the order of their types, a do before its dump"
            );
        }
        entries
    }
}
