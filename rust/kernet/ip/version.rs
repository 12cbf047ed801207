// SPDX-License-Identifier: GPL-2.0

//! What is different between the versions of IP.

/// A version of IP: [`ipv4::V4`](crate::ipv4::V4) or [`ipv6::V6`](crate::ipv6::V6). Sealed.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::Softirq,
///     ip::{Packet, Version},
///     skb::DropReason,
///     wire::etherip::Header,
/// };
///
/// /// Drops a packet over either version, for the reason that its header gives.
/// fn judge<V: Version>(mut packet: Packet<'_, V>, softirq: Softirq<'_>) {
///     let reason = match packet.protocol_header::<Header>() {
///         Ok(header) if header.check().is_ok() => DropReason::NO_TX_TARGET,
///         Ok(_) => DropReason::INVALID_PROTO,
///         Err(reason) => reason,
///     };
///     packet.drop_with(reason, softirq);
/// }
/// ```
pub trait Version: private::Version {}

impl<V: private::Version> Version for V {}

pub(crate) mod private {
    use core::fmt::Debug;
    use kernel::prelude::*;

    use super::super::{
        IcmpError,
        Outer,
        Plan,
        Route, //
    };
    use crate::{
        bindings,
        context::{
            Context,
            Softirq, //
        },
        netns::Net,
        skb::Skb,
        wire, //
    };

    /// What a version does in its own way.
    #[expect(private_interfaces, reason = "nobody else can name the trait")]
    pub trait Version: Sized + 'static {
        /// Which one it is.
        const VERSION: wire::ip::Version;
        /// The header, without options and extension headers.
        type Header: wire::Header;
        /// The end points of a tunnel, and how its outer packets are built.
        type Parameters: Copy + Debug + PartialEq + Send + Sync;
        /// What a route is looked up by; has the source address after that.
        type Flow;
        /// The routes that a tunnel has found.
        type Routes: Send + Sync;

        /// The length of the outer header, in bytes.
        fn header_len() -> u32 {
            size_of::<Self::Header>() as u32
        }

        /// The longest packet, in bytes.
        fn max_packet() -> u32;

        /// The least MTU of a tunnel's device, in bytes.
        fn min_mtu() -> u32;

        fn traffic_class(header: &Self::Header) -> u8;

        /// # Safety
        ///
        /// The packet is owned, and was received by the stack of this version.
        unsafe fn send_port_unreachable(skb: *mut bindings::sk_buff);

        fn update_route(error: &IcmpError<'_, Self>, protocol: u8) -> bool;

        fn plan(parameters: &Self::Parameters) -> Plan;

        fn flow(
            parameters: &Self::Parameters,
            net: &Net,
            protocol: u8,
            traffic_class: u8,
            hash: u32,
        ) -> Self::Flow;

        /// Looks a route up; fills in the source address.
        fn find(parameters: &Self::Parameters, net: &Net, flow: &mut Self::Flow) -> Result<Route>;

        fn routes<C: Context>(net: &Net, context: C) -> Result<Self::Routes>;

        /// A route that was kept, and is still good; fills in the source address.
        fn kept(
            routes: &Self::Routes,
            parameters: &Self::Parameters,
            net: &Net,
            flow: &mut Self::Flow,
            softirq: Softirq<'_>,
        ) -> Option<Route>;

        /// Keeps a route for the next packet, unless it must not be kept.
        fn keep(
            routes: &Self::Routes,
            net: &Net,
            flow: &Self::Flow,
            route: &Route,
            softirq: Softirq<'_>,
        );

        fn hop_limit(route: &Route) -> u8;

        /// Sends the packet with a header before it. One that is too long for it is returned.
        ///
        /// # Safety
        ///
        /// There is headroom for the header and for the link's. The device that `skb` names is the
        /// tunnel's, and has the statistics that the callees count in.
        unsafe fn send<'a>(
            skb: Skb<'a>,
            net: &Net,
            route: Route,
            flow: Self::Flow,
            outer: &Outer,
        ) -> Result<(), Skb<'a>>;
    }
}
