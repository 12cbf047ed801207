// SPDX-License-Identifier: GPL-2.0

//! Notifications to the listeners of a group.

use kernel::prelude::*;

use super::{
    with_socket,
    Socket, //
};
use crate::{
    bindings,
    context::Context,
    error::to_result,
    netlink::{
        sent,
        Buffer,
        Message,
        Recipient, //
    },
    netns::Net,
    nlattr::Builder, //
};

/// A multicast group of a protocol, as a type (`netlink_kernel_cfg::groups`).
///
/// # Examples
///
/// ```
/// use kernet::netlink::socket::{Group, Handler, Slot, Socket};
///
/// kernet::slot!(Example: Slot);
///
/// impl Socket for Example {
///     const UNIT: u8 = 31;
///     const GROUPS: u32 = 2;
///     const HANDLERS: &'static [Handler<Self>] = &[];
/// }
///
/// /// The second group of the protocol.
/// struct Errors;
///
/// impl Group for Errors {
///     type Socket = Example;
///
///     const NUMBER: u32 = 2;
/// }
/// ```
#[doc(alias = "netlink_kernel_cfg::groups")]
pub trait Group: 'static {
    /// The protocol that has the group.
    type Socket: Socket;

    /// The number, from 1 to [`Socket::GROUPS`]. A number that is out of range does not compile.
    const NUMBER: u32;
}

/// A message that is no answer to a request (`nlmsg_multicast()`).
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Softirq,
///     netlink::{
///         socket::{Group, Handler, Notification, Slot, Socket},
///         Message,
///     },
///     netns::Net,
///     nlattr::Writer,
/// };
///
/// kernet::slot!(Example: Slot);
///
/// impl Socket for Example {
///     const UNIT: u8 = 31;
///     const GROUPS: u32 = 1;
///     const HANDLERS: &'static [Handler<Self>] = &[];
/// }
///
/// struct Events;
///
/// impl Group for Events {
///     type Socket = Example;
///
///     const NUMBER: u32 = 1;
/// }
///
/// struct Changed;
///
/// impl Message for Changed {
///     const TYPE: u16 = 16;
///
///     type Header = u32;
///     type Builder = Writer<'static>;
/// }
///
/// impl Notification for Changed {
///     type Group = Events;
/// }
///
/// fn changed(net: &Net, number: u32, softirq: Softirq<'_>) -> Result {
///     Changed::multicast(net, number, softirq, |_message| Ok(()))
/// }
/// ```
#[doc(alias = "nlmsg_multicast")]
pub trait Notification: Message + Sized {
    /// The group that gets it.
    type Group: Group;

    /// Whether any socket listens to the group, in any namespace.
    #[doc(alias = "netlink_has_listeners")]
    fn has_listeners(net: &Net) -> bool {
        with_socket::<SocketOf<Self>, _>(net, |sock| {
            // SAFETY: A socket of the kernel's.
            Ok(unsafe { bindings::netlink_has_listeners(sock, number::<Self>()) } != 0)
        })
        .unwrap_or(false)
    }

    /// Sends the message to all sockets in `net` that listen to the group.
    ///
    /// Without a listener no message is built, and that is no error.
    ///
    /// # Errors
    ///
    /// [`ENOMEM`]; the error of `fill`; [`enobufs`](crate::error::enobufs) when a listener has lost
    /// the message because it had no room, and has asked for the error.
    #[doc(alias = "nlmsg_multicast")]
    fn multicast(
        net: &Net,
        header: Self::Header,
        context: impl Context,
        fill: impl FnMut(&mut <Self::Builder as Builder>::On<'_>) -> Result,
    ) -> Result {
        if !Self::has_listeners(net) {
            return Ok(());
        }
        let message = Buffer::of::<Self>(Recipient::default(), header, context, fill)?;
        sent(with_socket::<SocketOf<Self>, _>(net, |sock| {
            // SAFETY: A socket of the kernel's; the message is given away, in a read-side section,
            // which must not sleep.
            to_result(unsafe {
                bindings::nlmsg_multicast(
                    sock,
                    message.into_raw(),
                    0,
                    number::<Self>(),
                    bindings::GFP_ATOMIC,
                )
            })
        }))
    }

    /// Sends the message to one socket of `net`, by its port id, which
    /// [`Request::portid`](crate::netlink::Request::portid) returns.
    ///
    /// # Errors
    ///
    /// [`ENODEV`] when the protocol is not registered; [`ENOMEM`]; the error of `fill`;
    /// [`econnrefused`](crate::error::econnrefused) when there is no such socket; [`EAGAIN`] when
    /// it has no room.
    #[doc(alias = "netlink_unicast")]
    fn unicast(
        net: &Net,
        portid: u32,
        header: Self::Header,
        context: impl Context,
        fill: impl FnMut(&mut <Self::Builder as Builder>::On<'_>) -> Result,
    ) -> Result {
        let message = Buffer::of::<Self>(Recipient { portid, seq: 0 }, header, context, fill)?;
        // SAFETY: A socket of the kernel's.
        with_socket::<SocketOf<Self>, _>(net, |sock| unsafe { message.unicast(sock, portid) })
    }
}

type SocketOf<N> = <<N as Notification>::Group as Group>::Socket;

fn number<N: Notification>() -> u32 {
    const {
        assert!(
            <N::Group as Group>::NUMBER > 0 && <N::Group as Group>::NUMBER <= SocketOf::<N>::GROUPS,
            "no such multicast group"
        );
        <N::Group as Group>::NUMBER
    }
}
