// SPDX-License-Identifier: GPL-2.0

//! The name of a device.

use kernel::{
    fmt,
    str::BStr, //
};

use crate::bindings;

/// A device's name at one time.
#[doc(alias = "net_device::name")]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Name([u8; bindings::IFNAMSIZ as usize]);

impl Name {
    pub(crate) fn from_raw(name: [u8; bindings::IFNAMSIZ as usize]) -> Self {
        Self(name)
    }

    /// The name without its terminating NUL, at most 15 bytes, any but `/`, `:` and white space.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split(|byte| *byte == 0).next().unwrap_or(&[])
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(BStr::from_bytes(self.as_bytes()), f)
    }
}
