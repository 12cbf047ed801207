// SPDX-License-Identifier: GPL-2.0

//! Devices that go with a namespace in which they are not.

use super::Net;
use crate::bindings;

/// A list of devices to unregister together, with one grace period
/// (`unregister_netdevice_queue()`).
#[doc(alias = "unregister_netdevice_queue")]
pub struct Unregister<'a> {
    pub(crate) list: &'a mut bindings::list_head,
    pub(crate) net: Option<&'a Net>,
}

impl<'a> Unregister<'a> {
    /// # Safety
    ///
    /// `list` is a list of devices that the caller unregisters, under RTNL, on behalf of `net`.
    pub(crate) unsafe fn new(list: &'a mut bindings::list_head, net: Option<&'a Net>) -> Self {
        Self { list, net }
    }
}
