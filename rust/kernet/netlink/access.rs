// SPDX-License-Identifier: GPL-2.0

//! Who may send a request.

use kernel::prelude::*;

use crate::bindings;

/// Who may send a request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Any,
    /// A sender with `CAP_NET_ADMIN` in the namespace's user namespace (`GENL_UNS_ADMIN_PERM`).
    #[doc(alias = "GENL_UNS_ADMIN_PERM")]
    #[doc(alias = "netlink_net_capable")]
    NamespaceAdmin,
    /// A sender with `CAP_NET_ADMIN` in the initial user namespace (`GENL_ADMIN_PERM`).
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
        granted.then_some(()).ok_or(EPERM)
    }

    /// As [`Self::check`], of whoever reads what answers a request. Only of a reader whose socket was
    /// opened by somebody with the capability, too: the reader may be somebody else.
    ///
    /// # Safety
    ///
    /// `skb` is a request whose sender's socket is open.
    pub(super) unsafe fn check_reader(self, skb: *const bindings::sk_buff) -> Result {
        let capability = bindings::CAP_NET_ADMIN as c_int;
        // SAFETY: By the caller's promise. Netlink keeps the sender's socket in the control block.
        let granted = unsafe {
            let sender = (*(&raw const (*skb).cb).cast::<bindings::netlink_skb_parms>()).sk;
            match self {
                Self::Any => true,
                Self::NamespaceAdmin => bindings::sk_net_capable(sender, capability),
                Self::Admin => bindings::sk_capable(sender, capability),
            }
        };
        granted.then_some(()).ok_or(EPERM)
    }
}
