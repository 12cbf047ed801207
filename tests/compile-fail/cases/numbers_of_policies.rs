// SPDX-License-Identifier: GPL-2.0
// error: an empty range
// error: a bound of an integer, not negative for an unsigned one
// error: not an unsigned integer
// error: not a signed integer
// error: a length has at most 15 bits

//! Policies that the kernel would warn of, or that admit nothing.

#![forbid(unsafe_code)]

use kernel::prelude::*;
use kernet::nlattr::{Enum, Policy, Range, SignedRange};

pub static NONE: Range = Range::new(2, 1);
pub static NONE_SIGNED: SignedRange = SignedRange::new(1, -1);
static SOME: Range = Range::new(0, 1);
static SOME_SIGNED: SignedRange = SignedRange::new(-1, 1);

pub const BETWEEN: Policy = Policy::between(2, 1);
pub const RANGE: Policy = Policy::U8.range(2, 1);
pub const BOUND: Policy = Policy::BINARY.max(1);
pub const WITHIN: Policy = Policy::S8.within(&SOME);
pub const WITHIN_SIGNED: Policy = Policy::U8.within_signed(&SOME_SIGNED);
pub const MASK: Policy = Policy::S8.mask(1);
pub const ONE_OF: Policy = Policy::S8.one_of::<Kind>();
pub const LENGTH: Policy = Policy::exact(1 << 15);

#[derive(Clone, Copy)]
pub struct Kind;

impl Enum for Kind {
    fn from_raw(_: u64) -> Option<Self> {
        None
    }

    fn raw(self) -> u64 {
        0
    }
}
