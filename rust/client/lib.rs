// SPDX-License-Identifier: GPL-2.0

//! What programs are written with that ask the modules' generic netlink families.
//!
//! A program names its family by a type that is a [`Family`]. An [`Asker`] asks it; attributes are read by
//! [`attribute`]. It ends by [`end`], in one line if it must.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod attribute;
mod failure;
pub mod json;
pub mod netlink;
mod wait;

pub use failure::{end, Failure};
pub use netlink::{Asker, Family};
pub use wait::{seconds, wait};
