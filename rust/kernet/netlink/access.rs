// SPDX-License-Identifier: GPL-2.0

//! Who may ask.

use kernel::prelude::*;

use crate::bindings;

/// Who may ask for an operation.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Any,
    /// Who has `CAP_NET_ADMIN` in the namespace's user namespace.
    #[doc(alias = "GENL_UNS_ADMIN_PERM")]
    #[doc(alias = "netlink_net_capable")]
    NamespaceAdmin,
    /// Who has `CAP_NET_ADMIN` in the initial user namespace.
    #[doc(alias = "GENL_ADMIN_PERM")]
    #[doc(alias = "netlink_capable")]
    Admin,
}

impl Access {
    /// # Safety
    ///
    /// `skb` is a request whose sender is in the call that sends it.
    pub(super) unsafe fn check(self, skb: *const bindings::sk_buff) -> Result {
        let capability = bindings::CAP_NET_ADMIN as c_int;
        // SAFETY: By the caller's promise.
        let granted = unsafe {
            match self {
                Self::Any => true,
                Self::NamespaceAdmin => bindings::netlink_net_capable(skb, capability),
                Self::Admin => bindings::netlink_capable(skb, capability),
            }
        };
        if granted {
            Ok(())
        } else {
            Err(EPERM)
        }
    }
}
