// SPDX-License-Identifier: GPL-2.0

//! Generic netlink families.
//!
//! C header: [`include/net/genetlink.h`](srctree/include/net/genetlink.h)
//!
//! A family implements [`Family`]: its name, its operations, its multicast groups. An operation is
//! a type that implements [`Do`] or [`Dump`]. Requests are validated strictly against the policies
//! of the operation before it is called, and operations may run at the same time.
//!
//! # Lifetime
//!
//! [`Registration`] is a part of the module. Unregistering waits for operations that run, ends dumps
//! that are going on, and first stops multicasts, whoever sends them.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    error::to_result,
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Release, //
    },
    types::Opaque,
    ThisModule, //
};

use crate::{
    bindings,
    context::{
        rcu_read,
        Context,
        Process, //
    },
    module::{
        failed,
        Part, //
    },
    netns::Net,
    nlattr::{
        Attrs,
        ExtAck,
        Writer, //
    }, //
};

mod op;

pub use op::{
    Access,
    Do,
    Dump,
    Entries,
    Full,
    Op, //
};

/// A generic netlink family.
#[doc(alias = "genl_family")]
pub trait Family: Sized + Send + Sync + 'static {
    /// The name, at most 15 bytes.
    const NAME: &'static CStr;

    /// The version of the protocol.
    const VERSION: u8 = 1;

    /// The operations, by ascending command; of a command's two, the `do` first.
    const OPS: &'static [Op<Self>];

    /// The names of the multicast groups, each at most 15 bytes.
    const GROUPS: &'static [&'static CStr] = &[];

    /// A static of this family alone, where it is found while it is registered.
    fn slot() -> &'static Slot;
}

/// Where a registered family is found.
///
/// # Invariants
///
/// Null, or a family that is registered, and stays valid until a grace period after it has been
/// taken out of here.
pub struct Slot(Atomic<*mut bindings::genl_family>);

impl Slot {
    /// Empty.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        // INVARIANT: Null.
        Self(Atomic::<*mut bindings::genl_family>::new(ptr::null_mut()))
    }
}

// SAFETY: The pointer is atomic; see the invariants for what it points to.
unsafe impl Send for Slot {}
// SAFETY: As above.
unsafe impl Sync for Slot {}

/// The registration of a family.
#[doc(alias = "genl_register_family")]
pub struct Registration<F: Family> {
    family: Opaque<bindings::genl_family>,
    groups: Opaque<[bindings::genl_multicast_group; MAX_GROUPS]>,
    _family: PhantomData<F>,
}

const MAX_GROUPS: usize = 8;

// SAFETY: Only the core writes to the family, under its own lock.
unsafe impl<F: Family> Send for Registration<F> {}
// SAFETY: As above.
unsafe impl<F: Family> Sync for Registration<F> {}

// SAFETY: `genl_register_family()` registers or fails. `unregister` stops multicasts and waits for
// those that are being sent; `genl_unregister_family()` waits for operations and dumps.
unsafe impl<F: Family> Part for Registration<F> {
    unsafe fn register(
        slot: *mut Self,
        module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        const {
            assert!(F::GROUPS.len() <= MAX_GROUPS, "too many multicast groups");
            assert!(
                F::NAME.count_bytes() < bindings::GENL_NAMSIZ as usize,
                "the name of a family has at most 15 bytes"
            );
            op::check_order(F::OPS);
        }
        let mut family = bindings::genl_family {
            version: u32::from(F::VERSION),
            split_ops: F::OPS.as_ptr().cast(),
            n_split_ops: const { F::OPS.len() as u8 },
            n_mcgrps: const { F::GROUPS.len() as u8 },
            // All commands check the reserved field of the header.
            resv_start_op: 1,
            module: module.as_ptr(),
            ..pin_init::zeroed()
        };
        family.set_netnsok(1);
        family.set_parallel_ops(1);
        copy_name(&mut family.name, F::NAME);
        // SAFETY: `slot` is valid for writes, and stays where it is until it is unregistered.
        let raw = unsafe {
            let groups = Opaque::cast_into(&raw const (*slot).groups)
                .cast::<bindings::genl_multicast_group>();
            for (i, group) in F::GROUPS.iter().enumerate() {
                let mut raw: bindings::genl_multicast_group = pin_init::zeroed();
                copy_name(&mut raw.name, group);
                ptr::write(groups.add(i), raw);
            }
            family.mcgrps = groups;
            let raw = Opaque::cast_into(&raw const (*slot).family);
            ptr::write(raw, family);
            raw
        };
        // SAFETY: The family stays in place until it is unregistered.
        to_result(unsafe { bindings::genl_register_family(raw) })
            .map_err(|e| failed(name, fmt!("generic netlink family {}", F::NAME), e))?;
        // INVARIANT: Registered; `unregister` takes it out and waits for a grace period.
        let taken = F::slot()
            .0
            .cmpxchg(ptr::null_mut(), raw, kernel::sync::atomic::Full);
        if taken.is_err() {
            // SAFETY: Registered above.
            unsafe { bindings::genl_unregister_family(raw) };
            return Err(failed(
                name,
                fmt!("family {}: its slot is another family's", F::NAME),
                EBUSY,
            ));
        }
        Ok(())
    }

    unsafe fn unregister(slot: *mut Self) {
        // INVARIANT: Out of the slot, and a grace period follows.
        F::slot().0.store(ptr::null_mut(), Release);
        // SAFETY: May sleep. Whoever multicasts has the family from the slot, under RCU.
        unsafe { bindings::synchronize_rcu() };
        // SAFETY: Registered, by the caller's promise.
        unsafe { bindings::genl_unregister_family(Opaque::cast_into(&raw const (*slot).family)) };
    }
}

/// Copies a name, which the caller has found to fit, and its NUL.
fn copy_name<const N: usize>(to: &mut [c_char; N], name: &CStr) {
    for (to, from) in to.iter_mut().zip(name.to_bytes_with_nul()) {
        *to = *from as c_char;
    }
}

/// A request that userspace has sent.
pub struct Request<'a, F: Family> {
    info: &'a bindings::genl_info,
    attrs: Attrs<'a>,
    extack: ExtAck<'a>,
    net: &'a Net,
    _family: PhantomData<F>,
}

impl<'a, F: Family> Request<'a, F> {
    /// The attributes, which the operation's policies have admitted.
    pub fn attrs(&self) -> Attrs<'a> {
        self.attrs
    }

    /// Where to say why the request is refused.
    pub fn extack(&self) -> ExtAck<'a> {
        self.extack
    }

    /// The namespace of the socket that the request came from.
    #[doc(alias = "genl_info_net")]
    pub fn net(&self) -> &'a Net {
        self.net
    }

    /// Sends the one reply of a `do` operation.
    ///
    /// `fill` is called again with a larger message, up to 64 KiB, when it says [`EMSGSIZE`].
    ///
    /// # Errors
    ///
    /// What `fill` says, [`ENOMEM`], or that the socket has no room for it.
    #[doc(alias = "genlmsg_reply")]
    pub fn reply(
        &self,
        process: Process<'_>,
        fill: impl FnMut(&mut Writer<'_>) -> Result,
    ) -> Result {
        let header = Header {
            portid: self.info.snd_portid,
            seq: self.info.snd_seq,
            // SAFETY: The core sets it.
            command: unsafe { (*self.info.genlhdr).cmd },
        };
        let message = Message::new(self.info.family, header, process, fill)?;
        // SAFETY: The message is given away; the namespace is alive.
        to_result(unsafe {
            bindings::genlmsg_unicast(self.net.as_raw(), message.into_raw(), self.info.snd_portid)
        })
    }
}

struct Header {
    portid: u32,
    seq: u32,
    command: u8,
}

/// A message that is complete, and not sent yet.
///
/// # Invariants
///
/// A netlink message that this value owns.
struct Message(*mut bindings::sk_buff);

impl Message {
    fn new<C: Context>(
        family: *const bindings::genl_family,
        header: Header,
        _context: C,
        mut fill: impl FnMut(&mut Writer<'_>) -> Result,
    ) -> Result<Self> {
        const LARGEST: usize = 1 << 16;
        let mut size = bindings::GENLMSG_DEFAULT_SIZE;
        loop {
            // SAFETY: No requirements.
            let skb = unsafe { bindings::nlmsg_new(size, C::GFP) };
            if skb.is_null() {
                return Err(ENOMEM);
            }
            // INVARIANT: Just made.
            let message = Self(skb);
            // SAFETY: The message is ours, the family registered.
            let start = unsafe {
                bindings::genlmsg_put(skb, header.portid, header.seq, family, 0, header.command)
            };
            if start.is_null() {
                return Err(EMSGSIZE);
            }
            // SAFETY: The message is ours.
            match fill(&mut unsafe { Writer::from_raw(skb) }) {
                Ok(()) => {
                    // SAFETY: Begun above.
                    unsafe { bindings::genlmsg_end(skb, start) };
                    return Ok(message);
                }
                Err(e) if e == EMSGSIZE && size < LARGEST => size = size.saturating_mul(4),
                Err(e) => return Err(e),
            }
        }
    }

    fn into_raw(self) -> *mut bindings::sk_buff {
        core::mem::ManuallyDrop::new(self).0
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: Owned, by the type invariants.
        unsafe { bindings::nlmsg_free(self.0) };
    }
}

/// Whether anybody in `net` listens to a group of `F`, by its index in [`Family::GROUPS`].
#[doc(alias = "genl_has_listeners")]
pub fn has_listeners<F: Family, const GROUP: usize>(net: &Net) -> bool {
    const { assert!(GROUP < F::GROUPS.len(), "no such multicast group") };
    rcu_read(|_| {
        let family = F::slot().0.load(Acquire);
        // SAFETY: Registered, by the invariants of `Slot`. It is `F`, unless two families share a slot,
        // of which the second is refused: hence the comparison.
        !family.is_null()
            && unsafe {
                GROUP < usize::from((*family).n_mcgrps)
                    && bindings::genl_has_listeners(family, net.as_raw(), GROUP as u32) != 0
            }
    })
}

/// Tells everybody in `net` who listens to a group of `F`, by its index in [`Family::GROUPS`].
///
/// Nobody listening is no error, and builds no message.
///
/// # Errors
///
/// [`ESHUTDOWN`] when the family is not registered, [`ENOMEM`], what `fill` says, [`ENOBUFS`] when
/// a listener has lost the message for want of room.
#[doc(alias = "genlmsg_multicast_netns")]
pub fn multicast<F: Family, const GROUP: usize>(
    net: &Net,
    command: u8,
    context: impl Context,
    fill: impl FnMut(&mut Writer<'_>) -> Result,
) -> Result {
    if !has_listeners::<F, GROUP>(net) {
        return Ok(());
    }
    let header = Header {
        portid: 0,
        seq: 0,
        command,
    };
    // `genlmsg_put()` reads the number of the family, which the module's own memory holds, whether
    // it is registered or not.
    let family = F::slot().0.load(Acquire);
    if family.is_null() {
        return Err(ESHUTDOWN);
    }
    let message = Message::new(family, header, context, fill)?;
    rcu_read(|_| {
        let family = F::slot().0.load(Acquire);
        // SAFETY: Registered, by the invariants of `Slot`.
        if family.is_null() || GROUP >= usize::from(unsafe { (*family).n_mcgrps }) {
            return Err(ESHUTDOWN);
        }
        // SAFETY: Registered, by the invariants of `Slot`, with that group; the message is given
        // away, in a read-side section, which must not sleep.
        let sent = unsafe {
            bindings::genlmsg_multicast_netns(
                family,
                net.as_raw(),
                message.into_raw(),
                0,
                GROUP as u32,
                bindings::GFP_ATOMIC,
            )
        };
        match to_result(sent) {
            // The last listener has just left.
            Err(e) if e == ESRCH => Ok(()),
            result => result,
        }
    })
}
