// SPDX-License-Identifier: GPL-2.0

//! Locks that are held while a request is answered.

use crate::context::{
    rcu_section,
    Context,
    Process,
    Rcu,
    Rtnl, //
};

/// The lock that is held while a request is answered.
pub trait Lock: private::Sealed + 'static {
    /// The token that the handler gets.
    type Token<'a>: Context;

    /// Whether the core takes RTNL.
    #[doc(hidden)]
    const RTNL: bool;

    /// Runs `f` with the token.
    ///
    /// # Safety
    ///
    /// May sleep, and holds RTNL if [`Self::RTNL`] says so.
    #[doc(hidden)]
    unsafe fn with<R>(f: impl for<'a> FnOnce(Self::Token<'a>) -> R) -> R;
}

/// A [`Lock`] that does not need RTNL.
pub trait WithoutRtnl: Lock {}

/// A [`Lock`] that also works if the caller holds RTNL: the handler cannot take it.
pub trait Nested: Lock {}

/// RTNL is held (`rtnl_lock()`).
#[doc(alias = "rtnl_lock")]
pub struct UnderRtnl;

/// No lock is held. [`Process::with_rtnl`] takes RTNL.
#[doc(alias = "RTNL_FLAG_DOIT_UNLOCKED")]
#[doc(alias = "RTNL_FLAG_DOIT_PERNET")]
#[doc(alias = "RTNL_FLAG_DUMP_UNLOCKED")]
pub struct Unlocked;

/// An RCU read-side section: the handler must not sleep (`rcu_read_lock()`).
#[doc(alias = "rcu_read_lock")]
pub struct UnderRcu;

impl Lock for UnderRtnl {
    type Token<'a> = Rtnl<'a>;

    const RTNL: bool = true;

    unsafe fn with<R>(f: impl for<'a> FnOnce(Rtnl<'a>) -> R) -> R {
        // SAFETY: By the caller's promise.
        f(unsafe { Rtnl::assume() })
    }
}

impl Lock for Unlocked {
    type Token<'a> = Process<'a>;

    const RTNL: bool = false;

    unsafe fn with<R>(f: impl for<'a> FnOnce(Process<'a>) -> R) -> R {
        // SAFETY: By the caller's promise.
        f(unsafe { Process::assume() })
    }
}

impl Lock for UnderRcu {
    type Token<'a> = Rcu<'a>;

    const RTNL: bool = false;

    unsafe fn with<R>(f: impl for<'a> FnOnce(Rcu<'a>) -> R) -> R {
        rcu_section(f)
    }
}

impl WithoutRtnl for Unlocked {}
impl WithoutRtnl for UnderRcu {}
impl Nested for UnderRtnl {}
impl Nested for UnderRcu {}

mod private {
    pub trait Sealed {}

    impl Sealed for super::UnderRtnl {}
    impl Sealed for super::Unlocked {}
    impl Sealed for super::UnderRcu {}
}
