// SPDX-License-Identifier: GPL-2.0

//! Kinds of links.

use kernel::prelude::*;

use crate::{
    context::Rtnl,
    error::eopnotsupp,
    netdev::{
        Driver,
        DriverDevice, //
    },
    netns::Net,
    nlattr::{
        Attrs,
        ExtAck,
        Table,
        Writer, //
    }, //
};

mod device;
mod name;
mod registration;

pub(crate) use device::unregister;
pub use device::NewDevice;
pub use registration::Registration;

/// A driver whose devices userspace makes and deletes.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Rtnl,
///     nlattr::{ExtAck, Policy, Table},
///     rtnl::{Link, NewDevice, Request},
/// };
/// # use kernel::macros::vtable;
/// # use kernet::{
/// #     context::Softirq,
/// #     netdev::{Concurrent, Driver, DriverDevice, Setup, Transmit, TxQueue},
/// #     skb::Skb,
/// # };
///
/// /// A device that drops one packet of `every`.
/// struct Device {
///     every: u32,
/// }
/// #
/// # #[vtable]
/// # impl Driver for Device {
/// #     type Module = Example;
/// #     type TxMode = Concurrent;
/// #     type Queue = ();
/// #     type Ethtool = ();
/// #     fn setup(_setup: &mut Setup<'_>) {}
/// #     fn transmit(
/// #         _dev: &DriverDevice<Self>,
/// #         skb: Skb<'_>,
/// #         _queue: TxQueue<'_, Self>,
/// #         softirq: Softirq<'_>,
/// #     ) -> Transmit {
/// #         skb.consume(softirq);
/// #         Transmit::Done
/// #     }
/// # }
///
/// const EVERY: u16 = 1;
///
/// static POLICY: Table<2> = Table::new(&[(EVERY, Policy::U32.min(1))]);
///
/// impl Link<2> for Device {
///     const KIND: &'static CStr = c"lossy";
///     const POLICY: &'static Table<2> = &POLICY;
///
///     fn create(
///         _device: &NewDevice<'_>,
///         request: &Request<'_>,
///         extack: ExtAck<'_>,
///         _rtnl: Rtnl<'_>,
///     ) -> impl PinInit<Self, Error> {
///         let attrs = request.data;
///         let every = attrs.u32(EVERY).ok_or_else(|| attrs.missing(EVERY, extack));
///         every.map(|every| Device { every })
///     }
/// }
/// ```
#[doc(alias = "rtnl_link_ops")]
pub trait Link<const N: usize>: Driver {
    /// The name of the kind, of 1 to 13 bytes: what a device's name has beside its number.
    const KIND: &'static CStr;

    /// Policies of the attributes of the kind, which `IFLA_INFO_DATA` nests: at most 51 with type 0.
    const POLICY: &'static Table<N>;

    /// For a kind whose devices come in pairs: the attribute that holds the peer's `ifinfomsg` and
    /// `IFLA_*` attributes. One of [`Self::POLICY`], which says that it has at least the 16 bytes of the
    /// former ([`Policy::min_len`](crate::nlattr::Policy::min_len)).
    ///
    /// The peer is made along with the device, in the namespace that its attributes say, and
    /// deleted along with it.
    #[doc(alias = "rtnl_link_ops::peer_type")]
    const PEER: Option<u16> = None;

    /// How many queues a device can have that does not say so (`numtxqueues`, `numrxqueues`). One of
    /// each is in use at first.
    #[doc(alias = "rtnl_link_ops::get_num_tx_queues")]
    const QUEUES: Queues = Queues::One;

    /// Refuses what the policies cannot say. Called before anything is made.
    ///
    /// # Errors
    ///
    /// The request fails with it.
    fn validate(_request: &Request<'_>, _extack: ExtAck<'_>) -> Result {
        Ok(())
    }

    /// Makes the private data of a new device; for a pair, of each of the two.
    fn create(
        device: &NewDevice<'_>,
        request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error>;

    /// The device, and its peer, have been registered.
    ///
    /// # Errors
    ///
    /// Unregisters them again; the request fails.
    fn created(
        _dev: &DriverDevice<Self>,
        _request: &Request<'_>,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        Ok(())
    }

    /// Changes the settings of a device. Everything is as before if it fails.
    ///
    /// Who asks has `CAP_NET_ADMIN` in the device's namespace and in that of its lower side,
    /// [`DriverDevice::link_net`], if it has one.
    ///
    /// # Errors
    ///
    /// `EOPNOTSUPP` if the kind has no settings that change.
    #[doc(alias = "rtnl_link_ops::changelink")]
    fn change(
        _dev: &DriverDevice<Self>,
        _request: &Request<'_>,
        extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        Err(extack.error(
            eopnotsupp(),
            format_args!("the settings of this kind of link cannot be changed"),
        ))
    }

    /// Bytes that [`Self::fill_info`] takes at most, 8192 of them at most. With none, a kind that has no
    /// settings to show, that is not called.
    #[doc(alias = "rtnl_link_ops::get_size")]
    const INFO_SIZE: usize = 0;

    /// Writes the settings of a device. If that takes more than [`Self::INFO_SIZE`] bytes, or fails
    /// although there is room for as many, none are shown.
    ///
    /// # Errors
    ///
    /// [`EMSGSIZE`] when the message is full.
    fn fill_info(_dev: &DriverDevice<Self>, _writer: &mut Writer<'_>, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }
}

/// A number of queues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queues {
    /// One.
    One,
    /// One for each CPU that there may ever be.
    PerCpu,
}

/// A request to make or to change a link.
pub struct Request<'a> {
    /// `IFLA_*` attributes of any link.
    pub link: Attrs<'a>,
    /// Attributes of the kind.
    pub data: Attrs<'a>,
    link_net: Option<&'a Net>,
}

impl<'a> Request<'a> {
    /// The namespace that the lower side of a new link belongs to: what `link-netns` says, or the
    /// one that the request was made in.
    ///
    /// `None` for a request to validate or to change.
    #[doc(alias = "rtnl_newlink_link_net")]
    pub fn link_net(&self) -> Option<&'a Net> {
        self.link_net
    }
}
