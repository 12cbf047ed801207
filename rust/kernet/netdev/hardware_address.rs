// SPDX-License-Identifier: GPL-2.0

//! The hardware address of a device.

use crate::bindings;

/// A hardware address (`net_device::dev_addr`).
#[doc(alias = "net_device::dev_addr")]
#[derive(Clone, Copy)]
pub struct HardwareAddress {
    bytes: [u8; Self::MAX],
    len: usize,
}

impl HardwareAddress {
    pub(super) const MAX: usize = bindings::MAX_ADDR_LEN as usize;

    pub(crate) fn from_raw(bytes: [u8; Self::MAX], len: usize) -> Self {
        Self { bytes, len }
    }

    /// The bytes of the address.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}
