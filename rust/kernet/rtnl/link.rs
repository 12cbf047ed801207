// SPDX-License-Identifier: GPL-2.0

//! Link kinds.

use kernel::prelude::*;

use crate::{
    bindings,
    context::Rtnl,
    error::eopnotsupp,
    netdev::{
        Device,
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

/// A link kind: a driver whose devices userspace makes and deletes (`rtnl_link_ops`).
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
    /// The name of the kind, 1 to 13 bytes. A device's default name is the kind and a number.
    #[doc(alias = "rtnl_link_ops::kind")]
    const KIND: &'static CStr;

    /// The policies of the kind's attributes, which are nested in `IFLA_INFO_DATA`: at most 51,
    /// including type 0.
    #[doc(alias = "rtnl_link_ops::policy")]
    const POLICY: &'static Table<N>;

    /// For a kind whose devices come in pairs: the attribute with the peer's `ifinfomsg` and
    /// `IFLA_*` attributes (`rtnl_link_ops::peer_type`). [`Self::POLICY`] must have it, with a
    /// minimum length of the 16 bytes of `ifinfomsg`
    /// ([`Policy::min_len`](crate::nlattr::Policy::min_len)).
    ///
    /// The peer is made with the device, in the namespace that its attributes name, and deleted
    /// with it.
    #[doc(alias = "rtnl_link_ops::peer_type")]
    const PEER: Option<u16> = None;

    /// How many queues a device has if the request does not say so (`numtxqueues`, `numrxqueues`).
    /// At first one of each is in use.
    #[doc(alias = "rtnl_link_ops::get_num_rx_queues")]
    #[doc(alias = "rtnl_link_ops::get_num_tx_queues")]
    const QUEUES: Queues = Queues::One;

    /// Checks what policies cannot express. Called before anything is made.
    ///
    /// # Errors
    ///
    /// The request fails with the error.
    #[doc(alias = "rtnl_link_ops::validate")]
    fn validate(_request: &Request<'_>, _extack: ExtAck<'_>) -> Result {
        Ok(())
    }

    /// Makes the private data of a new device (`rtnl_link_ops::newlink`). For a pair, called for
    /// each of the two, the peer with its own request.
    ///
    /// # Errors
    ///
    /// No device is made, of a pair neither, and the request fails with the error. Put the reason into
    /// `extack`.
    #[doc(alias = "rtnl_link_ops::newlink")]
    fn create(
        device: &NewDevice<'_>,
        request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error>;

    /// Notifies that the device, and its peer, have been registered (`rtnl_link_ops::newlink`).
    ///
    /// # Errors
    ///
    /// The devices are unregistered again, and the request fails.
    #[doc(alias = "rtnl_link_ops::newlink")]
    fn created(
        _dev: &DriverDevice<Self>,
        _request: &Request<'_>,
        _extack: ExtAck<'_>,
        _rtnl: Rtnl<'_>,
    ) -> Result {
        Ok(())
    }

    /// Changes the settings of a device (`rtnl_link_ops::changelink`). On failure, all settings are
    /// as before.
    ///
    /// The caller has `CAP_NET_ADMIN` in the device's namespace, and in that of the underlay,
    /// [`DriverDevice::link_net`], and of the device below, [`DriverDevice::lower`], if it has one.
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

    /// The most bytes that [`Self::fill_info`] writes, up to 8192 (`rtnl_link_ops::get_size`). 0,
    /// for a kind without settings to show: it is not called.
    #[doc(alias = "rtnl_link_ops::get_size")]
    const INFO_SIZE: usize = 0;

    /// Writes the settings of a device. If it writes more than [`Self::INFO_SIZE`] bytes, or fails
    /// although there is room for as many, no settings are shown, and the log says so.
    ///
    /// # Errors
    ///
    /// [`EMSGSIZE`] when the message is full.
    #[doc(alias = "rtnl_link_ops::fill_info")]
    fn fill_info(_dev: &DriverDevice<Self>, _writer: &mut Writer<'_>, _rtnl: Rtnl<'_>) -> Result {
        Ok(())
    }
}

/// A number of queues.
#[doc(alias = "rtnl_link_ops::get_num_tx_queues")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queues {
    /// One.
    One,
    /// One for each possible CPU.
    PerCpu,
}

/// A request to make or change a link (`rtnl_newlink_params`).
#[doc(alias = "rtnl_newlink_params")]
#[doc(alias = "IFLA_INFO_DATA")]
pub struct Request<'a> {
    /// The `IFLA_*` attributes of any link (`rtnl_newlink_params::tb`).
    #[doc(alias = "rtnl_newlink_params::tb")]
    pub link: Attrs<'a>,
    /// The attributes of the kind.
    #[doc(alias = "rtnl_newlink_params::data")]
    pub data: Attrs<'a>,
    link_net: Option<&'a Net>,
}

impl<'a> Request<'a> {
    /// The namespace of a new link's underlay: that of `link-netns`, or the one of the request.
    ///
    /// `None` when a request is validated or changes a link.
    #[doc(alias = "rtnl_newlink_params::link_net")]
    #[doc(alias = "rtnl_newlink_link_net")]
    pub fn link_net(&self) -> Option<&'a Net> {
        self.link_net
    }

    /// The lower device of a new link, which `link` of `ip link add` names, in [`Self::link_net`]
    /// (`IFLA_LINK`). Whoever asks has `CAP_NET_ADMIN` there.
    ///
    /// # Errors
    ///
    /// [`EINVAL`] if the request has none; [`ENODEV`] if there is no such device, or the request does not make
    /// a link. The extended ack says so.
    #[doc(alias = "IFLA_LINK")]
    pub fn lower<'r>(&self, extack: ExtAck<'_>, rtnl: Rtnl<'r>) -> Result<&'r Device> {
        const IFLA_LINK: u16 = bindings::IFLA_LINK as u16;
        let attr = self.link.get(IFLA_LINK);
        let ifindex = self.link.u32(IFLA_LINK).ok_or_else(|| {
            extack.error(
                EINVAL,
                format_args!("this kind of link needs a lower device: link NAME"),
            )
        })?;
        self.link_net
            .and_then(|net| net.device_by_index(ifindex, rtnl))
            .ok_or_else(|| extack.bad_attr(attr, ENODEV, format_args!("no such device")))
    }
}
