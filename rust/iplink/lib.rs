// SPDX-License-Identifier: GPL-2.0

//! Plugins for iproute2: the options of a kind of link, without one line of `unsafe`.
//!
//! When `ip link` meets a kind that it does not have, it loads `link_KIND.so` and looks for
//! `KIND_link_util` in it. A plugin is a file with a type that is a [`Kind`], and [`plugin!`]
//! for that. What it calls is in `ip` itself, which exports it; iproute2 6.1 to 6.15 does.
//!
//! A mistake of the user's ends `ip` with a message, or is said and then [`Refused`].
//!
//! # Examples
//!
//! ```ignore
//! #![no_std]
//! #![forbid(unsafe_code)]
//!
//! iplink::plugin! { type: Foo, kind: "foo" }
//!
//! struct Foo;
//!
//! impl iplink::Kind for Foo {
//!     const HELP: &'static CStr = c"Usage: ... foo [ ttl TTL ]\n";
//!
//!     fn parse(options: &mut Options<'_>) -> Result<(), Refused> {
//!         while let Some(option) = options.next() {
//!             match option.to_bytes() {
//!                 b"ttl" => {
//!                     let ttl = options.value();
//!                     options.put(1, &[word::u8(ttl).unwrap_or(64)])?;
//!                 }
//!                 _ => return Err(options.unknown()),
//!             }
//!         }
//!         Ok(())
//!     }
//! }
//! ```

#![no_std]
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]

mod link_util;
mod options;
mod shown;
mod sys;
pub mod word;

pub use link_util::LinkUtil;
pub use options::Options;
pub use shown::{
    End,
    Json,
    Shown, //
};

use core::ffi::CStr;

/// A kind of link.
pub trait Kind {
    /// What `ip link help KIND` says, with a newline at the end.
    const HELP: &'static CStr;

    /// The largest type of attribute that [`Kind::SHOW`] looks at.
    const MAX_ATTR: u16 = 0;

    /// Shows a device's attributes, for `ip -d link show`.
    const SHOW: Option<fn(&Shown<'_>)> = None;

    /// Turns the words behind `type KIND` into attributes. Not called if there are none.
    ///
    /// # Errors
    ///
    /// The words are refused, and what is wrong with them was said.
    fn parse(options: &mut Options<'_>) -> Result<(), Refused>;
}

/// What the user wants cannot be, and was told why.
#[derive(Debug)]
pub struct Refused(());

/// Rust's own checks: none of them is to fail.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: Takes nothing, does not return.
    unsafe { sys::abort() }
}
