// SPDX-License-Identifier: GPL-2.0

//! Notifications to those who listen to a group.

use kernel::prelude::*;

use super::{
    message::{
        self,
        Header, //
    },
    registered,
    FamilySpec, //
};
use crate::{
    bindings,
    context::{
        rcu_section,
        Context, //
    },
    error::{
        enobufs,
        to_result, //
    },
    netlink::{
        sent,
        Buffer,
        Recipient, //
    },
    netns::Net,
    nlattr::Builder, //
};

/// A multicast group of a protocol.
pub trait Group: 'static {
    /// Whose group it is.
    type Spec: FamilySpec;

    /// Its index in [`FamilySpec::GROUPS`]. One that is not there does not compile.
    const INDEX: usize;
}

/// A message that nobody has asked for.
///
/// Its group is one of its protocol, and the namespace is always named: neither a group of another
/// family nor `init_net` can be meant by accident.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Process,
///     genl::{FamilySpec, Group, McastGroup, Notification, Slot},
///     netns::Net,
///     nlattr::Writer,
/// };
///
/// struct Spec;
///
/// kernet::slot!(Spec: Slot);
///
/// impl FamilySpec for Spec {
///     const NAME: &'static CStr = c"example";
///     const GROUPS: &'static [McastGroup] = &[McastGroup::new(c"events")];
/// }
///
/// struct Events;
///
/// impl Group for Events {
///     type Spec = Spec;
///
///     const INDEX: usize = 0;
/// }
///
/// /// A number has changed.
/// struct Changed;
///
/// impl Notification for Changed {
///     type Group = Events;
///     type Builder = Writer<'static>;
///
///     const COMMAND: u8 = 2;
/// }
///
/// fn changed(net: &Net, number: u32, process: Process<'_>) {
///     // If the message cannot be built, listeners get ENOBUFS when they read.
///     if Changed::multicast(net, process, |message| message.put_u32(1, number)).is_err() {
///         Changed::report_lost(net);
///     }
/// }
/// ```
pub trait Notification: 'static {
    /// Whom it goes to.
    type Group: Group;

    /// What it consists of.
    type Builder: Builder;

    /// The command.
    const COMMAND: u8;

    /// Whether anybody in `net` listens to the group.
    #[doc(alias = "genl_has_listeners")]
    fn has_listeners(net: &Net) -> bool {
        rcu_section(|_| {
            let family = registered::<SpecOf<Self>>();
            let group = index::<Self>();
            // SAFETY: Registered, by the invariants of `Slot`, with the groups of the protocol, whose
            // slot is its own.
            !family.is_null()
                && unsafe { bindings::genl_has_listeners(family, net.as_raw(), group) > 0 }
        })
    }

    /// Tells everybody in `net` who listens to the group.
    ///
    /// Nobody listening is no error, and builds no message.
    ///
    /// # Errors
    ///
    /// [`ENODEV`] when the family is not registered, [`ENOMEM`], what `fill` says, [`enobufs`]
    /// when a listener has lost the message for want of room.
    #[doc(alias = "genlmsg_multicast_netns")]
    fn multicast(
        net: &Net,
        context: impl Context,
        fill: impl FnMut(&mut <Self::Builder as Builder>::On<'_>) -> Result,
    ) -> Result {
        if !Self::has_listeners(net) {
            return Ok(());
        }
        let message = build::<Self>(context, fill)?;
        sent(rcu_section(|_| {
            let (family, group) = target::<Self>()?;
            // SAFETY: Registered, by the invariants of `Slot`, with that group; the message is
            // given away, in a read-side section, which must not sleep.
            to_result(unsafe {
                bindings::genlmsg_multicast_netns(
                    family,
                    net.as_raw(),
                    message.into_raw(),
                    0,
                    group,
                    bindings::GFP_ATOMIC,
                )
            })
        }))
    }

    /// Lets everybody in `net` who listens to the group know that he has missed something: their
    /// sockets say [`enobufs`]. For who could not build a message; a listener without room for one
    /// is told anyway.
    #[doc(alias = "genl_set_err")]
    fn report_lost(net: &Net) {
        rcu_section(|_| {
            if let Ok((family, group)) = target::<Self>() {
                // SAFETY: Registered, by the invariants of `Slot`, with that group. Answers how many
                // do not want to know.
                unsafe {
                    bindings::genl_set_err(family, net.as_raw(), 0, group, enobufs().to_errno())
                };
            }
        });
    }

    /// Tells everybody who listens to the group, in every namespace. The message is built once.
    ///
    /// # Errors
    ///
    /// As [`Self::multicast`].
    #[doc(alias = "genlmsg_multicast_allns")]
    fn multicast_everywhere(
        context: impl Context,
        fill: impl FnMut(&mut <Self::Builder as Builder>::On<'_>) -> Result,
    ) -> Result {
        let message = build::<Self>(context, fill)?;
        sent(rcu_section(|_| {
            let (family, group) = target::<Self>()?;
            // SAFETY: As in `multicast`.
            to_result(unsafe {
                bindings::genlmsg_multicast_allns(family, message.into_raw(), 0, group)
            })
        }))
    }

    /// Tells one socket of `net`, by the number that [`Request::portid`](super::Request::portid)
    /// says.
    ///
    /// # Errors
    ///
    /// As [`Self::multicast`]; [`econnrefused`](crate::error::econnrefused) when there is no such
    /// socket, [`EAGAIN`] when it has no room.
    #[doc(alias = "genlmsg_unicast")]
    fn unicast(
        net: &Net,
        portid: u32,
        context: impl Context,
        fill: impl FnMut(&mut <Self::Builder as Builder>::On<'_>) -> Result,
    ) -> Result {
        message::unicast(build::<Self>(context, fill)?, net, portid)
    }
}

type SpecOf<N> = <<N as Notification>::Group as Group>::Spec;

fn index<N: Notification + ?Sized>() -> u32 {
    const {
        assert!(
            <N::Group as Group>::INDEX < SpecOf::<N>::GROUPS.len(),
            "no such multicast group"
        );
        <N::Group as Group>::INDEX as u32
    }
}

/// The family and the group, for as long as the caller's read-side section lasts.
fn target<N: Notification + ?Sized>() -> Result<(*mut bindings::genl_family, u32)> {
    let family = registered::<SpecOf<N>>();
    if family.is_null() {
        return Err(ENODEV);
    }
    Ok((family, index::<N>()))
}

fn build<N: Notification + ?Sized>(
    context: impl Context,
    mut fill: impl FnMut(&mut <N::Builder as Builder>::On<'_>) -> Result,
) -> Result<Buffer> {
    let header = Header {
        to: Recipient::default(),
        command: N::COMMAND,
    };
    let family = registered::<SpecOf<N>>();
    if family.is_null() {
        return Err(ENODEV);
    }
    // SAFETY: What is read of the family is its number and the size of its header, which the module's
    // own memory holds, whether it is registered or not.
    unsafe {
        message::build(family, header, context, |writer| {
            fill(&mut N::Builder::on(writer))
        })
    }
}
