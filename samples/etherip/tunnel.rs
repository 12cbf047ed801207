// SPDX-License-Identifier: GPL-2.0

//! A tunnel over either version of IP.

use core::net::{
    IpAddr,
    Ipv4Addr,
    Ipv6Addr, //
};
use kernel::prelude::*;
use kernet::{
    context::{
        Rtnl,
        Softirq, //
    },
    ip::Underlay,
    ipv4, ipv6,
    netdev::DriverDevice,
    netns::Net,
    skb::Skb,
    wire::{
        etherip::Header,
        ip::Protocol, //
    },
};

use crate::{
    Device,
    EtherIp, //
};

/// The number of the protocol, which `IPPROTO_*` does not have.
pub(crate) const PROTOCOL: u8 = Protocol::ETHERIP.0;

/// The length of the header between IP's and the frame, in bytes.
pub(crate) const HEADER_LEN: u8 = Header::LEN as u8;

/// What a tunnel was told.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) ends: Ends,
    pub(crate) ttl: u8,
    pub(crate) tos: u8,
    pub(crate) path_mtu_discovery: bool,
    pub(crate) ignore_df: bool,
    pub(crate) link: u32,
}

/// The addresses of a tunnel, of one version.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ends {
    V4 { local: Ipv4Addr, remote: Ipv4Addr },
    V6 { local: Ipv6Addr, remote: Ipv6Addr },
}

impl Ends {
    /// Of two addresses, unless they are of different versions. A local one that is unspecified is of
    /// either.
    pub(crate) fn new(local: IpAddr, remote: IpAddr) -> Option<Self> {
        match (local, remote) {
            (IpAddr::V4(local), IpAddr::V4(remote)) => Some(Self::V4 { local, remote }),
            (IpAddr::V6(local), IpAddr::V6(remote)) => Some(Self::V6 { local, remote }),
            (local, IpAddr::V4(remote)) if local.is_unspecified() => Some(Self::V4 {
                local: Ipv4Addr::UNSPECIFIED,
                remote,
            }),
            (local, IpAddr::V6(remote)) if local.is_unspecified() => Some(Self::V6 {
                local: Ipv6Addr::UNSPECIFIED,
                remote,
            }),
            _ => None,
        }
    }

    pub(crate) fn local(&self) -> IpAddr {
        match *self {
            Self::V4 { local, .. } => local.into(),
            Self::V6 { local, .. } => local.into(),
        }
    }

    pub(crate) fn remote(&self) -> IpAddr {
        match *self {
            Self::V4 { remote, .. } => remote.into(),
            Self::V6 { remote, .. } => remote.into(),
        }
    }

    pub(crate) fn is_ipv6(&self) -> bool {
        matches!(self, Self::V6 { .. })
    }

    /// The remote's place in the map of devices.
    pub(crate) fn hash(&self) -> u32 {
        match *self {
            Self::V4 { remote, .. } => remote.hash(),
            Self::V6 { remote, .. } => remote.hash(),
        }
    }
}

/// An address of one version.
pub(crate) trait Address: Copy + PartialEq {
    const ANY: Self;

    /// Its place in the map of devices.
    fn hash(self) -> u32;

    /// The local and the remote address of a tunnel, if it is one of this version.
    fn of(ends: &Ends) -> Option<(Self, Self)>;
}

impl Address for Ipv4Addr {
    const ANY: Self = Self::UNSPECIFIED;

    fn hash(self) -> u32 {
        u32::from(self)
    }

    fn of(ends: &Ends) -> Option<(Self, Self)> {
        match *ends {
            Ends::V4 { local, remote } => Some((local, remote)),
            Ends::V6 { .. } => None,
        }
    }
}

impl Address for Ipv6Addr {
    const ANY: Self = Self::UNSPECIFIED;

    fn hash(self) -> u32 {
        let words = u128::from(self);
        // All four words of it, each in another way.
        let half = (words >> 64) as u64 ^ (words as u64).rotate_left(17);
        (half >> 32) as u32 ^ (half as u32).rotate_left(7)
    }

    fn of(ends: &Ends) -> Option<(Self, Self)> {
        match *ends {
            Ends::V4 { .. } => None,
            Ends::V6 { local, remote } => Some((local, remote)),
        }
    }
}

/// A tunnel, and what it was told.
pub(crate) struct Tunnel {
    pub(crate) settings: Settings,
    over: Over,
}

enum Over {
    V4(ipv4::Tunnel),
    V6(ipv6::Tunnel),
}

impl Tunnel {
    /// A tunnel over the namespace `net`.
    pub(crate) fn new(net: &Net, settings: Settings, rtnl: Rtnl<'_>) -> Result<Self> {
        let Settings {
            ends,
            ttl,
            tos,
            path_mtu_discovery,
            ignore_df,
            link,
        } = settings;
        let over = match ends {
            Ends::V4 { local, remote } => {
                let parameters = ipv4::Parameters {
                    local,
                    remote,
                    ttl,
                    tos,
                    path_mtu_discovery,
                    ignore_df,
                    link,
                    mark: 0,
                };
                let tunnel = ipv4::Tunnel::new(net, PROTOCOL, parameters, rtnl)?;
                Over::V4(tunnel.with_offload::<EtherIp>())
            }
            Ends::V6 { local, remote } => {
                let parameters = ipv6::Parameters {
                    local,
                    remote,
                    hop_limit: ttl,
                    traffic_class: tos,
                    path_mtu_discovery,
                    ignore_df,
                    link,
                    mark: 0,
                };
                let tunnel = ipv6::Tunnel::new(net, PROTOCOL, parameters, rtnl)?;
                Over::V6(tunnel.with_offload::<EtherIp>())
            }
        };
        Ok(Self { settings, over })
    }

    pub(crate) fn underlay(&self, net: &Net, rtnl: Rtnl<'_>) -> Underlay {
        match &self.over {
            Over::V4(tunnel) => tunnel.underlay(net, HEADER_LEN, rtnl),
            Over::V6(tunnel) => tunnel.underlay(net, HEADER_LEN, rtnl),
        }
    }

    /// Sends a frame, or counts and drops it.
    pub(crate) fn transmit(
        &self,
        dev: &DriverDevice<Device>,
        skb: Skb<'_>,
        net: &Net,
        softirq: Softirq<'_>,
    ) {
        let header = Header::new();
        let sent = match &self.over {
            Over::V4(tunnel) => tunnel.transmit(dev, skb, &header, net, softirq),
            Over::V6(tunnel) => tunnel.transmit(dev, skb, &header, net, softirq),
        };
        if let Err(failed) = sent {
            failed.count_and_drop(dev, softirq);
        }
    }

    /// Notes that the remote was reported unreachable.
    pub(crate) fn unreachable(&self, softirq: Softirq<'_>) {
        match &self.over {
            Over::V4(tunnel) => tunnel.unreachable(softirq),
            Over::V6(tunnel) => tunnel.unreachable(softirq),
        }
    }
}
