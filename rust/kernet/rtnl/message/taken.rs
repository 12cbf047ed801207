// SPDX-License-Identifier: GPL-2.0

//! Which messages have a handler.

use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Full,
        Relaxed, //
    }, //
};

use crate::bindings::*;

/// Whether Linux, whatever its configuration, answers a type of a family itself.
pub(super) const fn by_linux(family: u8, r#type: u16) -> bool {
    let r#type = r#type as u32;
    match family as u32 {
        AF_UNSPEC => matches!(
            r#type,
            RTM_NEWLINK..=RTM_SETLINK
                | RTM_GETADDR
                | RTM_GETROUTE
                | RTM_NEWNEIGH..=RTM_GETNEIGH
                | RTM_NEWRULE..=RTM_GETRULE
                | RTM_NEWQDISC..=RTM_GETQDISC
                | RTM_NEWTCLASS..=RTM_GETTCLASS
                | RTM_NEWTFILTER..=RTM_GETTFILTER
                | RTM_NEWACTION..=RTM_GETACTION
                | RTM_GETNEIGHTBL..=RTM_SETNEIGHTBL
                | RTM_GETDCB..=RTM_SETDCB
                | RTM_GETNETCONF
                | RTM_NEWNSID..=RTM_GETNSID
                | RTM_GETSTATS..=RTM_SETSTATS
                | RTM_NEWCHAIN..=RTM_GETCHAIN
                | RTM_NEWNEXTHOP..=RTM_GETNEXTHOP
                | RTM_NEWLINKPROP..=RTM_DELLINKPROP
                | RTM_GETNEXTHOPBUCKET
        ),
        AF_INET => matches!(
            r#type,
            RTM_NEWADDR..=RTM_GETADDR
                | RTM_NEWROUTE..=RTM_GETROUTE
                | RTM_GETMULTICAST
                | RTM_GETNETCONF
                | RTM_NEWNEXTHOP
                | RTM_GETNEXTHOP
        ),
        AF_INET6 => matches!(
            r#type,
            RTM_GETLINK
                | RTM_NEWADDR..=RTM_GETADDR
                | RTM_NEWROUTE..=RTM_GETROUTE
                | RTM_GETMULTICAST
                | RTM_GETANYCAST
                | RTM_NEWADDRLABEL..=RTM_GETADDRLABEL
                | RTM_GETNETCONF
                | RTM_NEWNEXTHOP
                | RTM_GETNEXTHOP
        ),
        AF_BRIDGE => matches!(
            r#type,
            RTM_DELLINK..=RTM_SETLINK
                | RTM_NEWNEIGH..=RTM_GETNEIGH
                | RTM_NEWMDB..=RTM_GETMDB
                | RTM_NEWVLAN..=RTM_GETVLAN
                | RTM_NEWTUNNEL..=RTM_GETTUNNEL
        ),
        AF_CAN => matches!(r#type, RTM_NEWROUTE..=RTM_GETROUTE),
        AF_MPLS => matches!(r#type, RTM_NEWROUTE..=RTM_GETROUTE | RTM_GETNETCONF),
        AF_PHONET => matches!(
            r#type,
            RTM_NEWADDR..=RTM_GETADDR | RTM_NEWROUTE..=RTM_GETROUTE
        ),
        AF_MCTP => matches!(
            r#type,
            RTM_NEWADDR..=RTM_GETADDR
                | RTM_NEWROUTE..=RTM_GETROUTE
                | RTM_NEWNEIGH..=RTM_GETNEIGH
        ),
        RTNL_FAMILY_IPMR => matches!(r#type, RTM_GETLINK | RTM_NEWROUTE..=RTM_GETROUTE),
        RTNL_FAMILY_IP6MR => matches!(r#type, RTM_GETROUTE),
        _ => false,
    }
}

const FAMILIES: usize = RTNL_FAMILY_MAX as usize + 1;
/// Of types, which are counted from `RTM_BASE`.
const WORDS: usize = (RTM_MAX as usize - RTM_BASE as usize) / 64 + 1;

/// A bit for each type that a module on kernet answers.
static CLAIMED: [[Atomic<u64>; WORDS]; FAMILIES] =
    [const { [const { Atomic::<u64>::new(0) }; WORDS] }; FAMILIES];

/// The word and the bit of a type.
fn place(family: u8, r#type: u16) -> Option<(&'static Atomic<u64>, u64)> {
    let number = usize::from(r#type).checked_sub(RTM_BASE as usize)?;
    let word = CLAIMED.get(usize::from(family))?.get(number / 64)?;
    Some((word, 1 << (number % 64)))
}

/// Changes a bit that is not as it is to be; `false` if it is.
fn change(family: u8, r#type: u16, to: bool) -> bool {
    let Some((word, bit)) = place(family, r#type) else {
        return false;
    };
    let mut old = word.load(Relaxed);
    loop {
        if (old & bit != 0) == to {
            return false;
        }
        match word.cmpxchg(old, old ^ bit, Full) {
            Ok(_) => return true,
            Err(now) => old = now,
        }
    }
}

/// Notes that a type of a family has a handler.
///
/// # Errors
///
/// [`EBUSY`] if it has one already.
pub(super) fn claim(family: u8, r#type: u16) -> Result {
    if change(family, r#type, true) {
        Ok(())
    } else {
        Err(EBUSY)
    }
}

/// Undoes [`claim`].
pub(super) fn release(family: u8, r#type: u16) {
    change(family, r#type, false);
}
