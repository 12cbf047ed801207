// SPDX-License-Identifier: GPL-2.0

//! What programs are written with that ask the modules' generic netlink families.
//!
//! A program names its family by a type that is a [`Family`]. An [`Asker`] asks it, a [`Listener`] hears what it
//! tells; attributes are read and written by [`attribute`]. The program ends by [`end`], in one line if it must.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod attribute;
mod failure;
pub mod json;
mod listener;
pub mod netlink;
mod refusal;
mod wait;

pub use failure::{end, Failure, Plain};
pub use listener::{Listener, Lost};
pub use netlink::{Asker, Family};
pub use refusal::Refusal;
pub use wait::{seconds, wait};
