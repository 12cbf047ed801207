// SPDX-License-Identifier: GPL-2.0

//! Notifications to the listeners of a group.

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

/// A multicast group of a family, as a type.
///
/// # Examples
///
/// ```
/// use kernet::genl::{FamilySpec, Group, McastGroup, Slot};
///
/// struct Spec;
///
/// kernet::slot!(Spec: Slot);
///
/// impl FamilySpec for Spec {
///     const NAME: &'static CStr = c"example";
///     const GROUPS: &'static [McastGroup] = &[McastGroup::new(c"events"), McastGroup::new(c"errors")];
/// }
///
/// /// The second group of the family.
/// struct Errors;
///
/// impl Group for Errors {
///     type Spec = Spec;
///
///     const INDEX: usize = 1;
/// }
/// ```
#[doc(alias = "genl_multicast_group")]
pub trait Group: 'static {
    /// The family that has the group.
    type Spec: FamilySpec;

    /// The index of the group in [`FamilySpec::GROUPS`] (`genl_family::mcgrps`). An index that is
    /// out of range does not compile.
    #[doc(alias = "genl_family::mcgrps")]
    const INDEX: usize;
}

/// A message that is no answer to a request (`genlmsg_multicast()`).
///
/// Its group is one of its own family, and the caller names the namespace: neither the group of
/// another family nor `init_net` is used by mistake.
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
#[doc(alias = "genlmsg_multicast")]
pub trait Notification: 'static {
    /// The group that gets it.
    type Group: Group;

    /// The builder of its attributes.
    type Builder: Builder;

    /// The command (`genlmsghdr::cmd`).
    #[doc(alias = "genlmsghdr::cmd")]
    const COMMAND: u8;

    /// Whether any socket in `net` listens to the group.
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

    /// Sends the message to all sockets in `net` that listen to the group
    /// (`genlmsg_multicast_netns()`).
    ///
    /// Without a listener no message is built, and that is no error.
    ///
    /// # Errors
    ///
    /// [`ENODEV`] when the family is not registered; [`ENOMEM`]; the error of `fill`; [`enobufs`]
    /// when a listener has lost the message because it had no room.
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

    /// Reports a lost message to all sockets in `net` that listen to the group: they read
    /// [`enobufs`] (`genl_set_err()`). For a caller that could not build a message; a listener
    /// without room for a message gets the error anyway.
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

    /// Sends the message to all sockets in all namespaces that listen to the group
    /// (`genlmsg_multicast_allns()`). The message is built once.
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

    /// Sends the message to one socket of `net`, by its port id, which
    /// [`Request::portid`](super::Request::portid) returns.
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
