// SPDX-License-Identifier: GPL-2.0

//! What there is, as userspace asks for it.

use kernel::prelude::*;
use kernet::{
    context::{
        rcu_read,
        Process,
        Rtnl, //
    },
    fib::Nexthop,
    genl::Full,
    netdev::Device,
    wire::ip::Version, //
};

use crate::{
    describe,
    nl_generated::{
        AddressGetEntries,
        AddressGetRequest,
        DeviceGetEntries,
        DeviceGetRequest,
        NeighbourGetEntries,
        NeighbourGetRequest,
        Operations,
        RouteGetEntries,
        RouteGetRequest, //
    },
    object::{
        Address,
        Resolved,
        Route, //
    },
    snapshot::Snapshot,
    Linkwatch, //
};

/// A route is followed by its next hops.
pub(crate) enum Item {
    Route(Route),
    Nexthop(Nexthop),
}

/// Whether a request is about a device: `asked` is the only one, if there is one.
fn wanted(asked: Option<u32>, ifindex: u32) -> bool {
    asked.is_none_or(|asked| asked == ifindex)
}

/// Shows the addresses of a device.
fn put_addresses(device: &Device, rtnl: Rtnl<'_>, put: &mut (dyn FnMut(Address) + Send)) {
    for address in device.ipv4_addresses(rtnl) {
        put(address.into());
    }
    rcu_read(|rcu| {
        for address in device.ipv6_addresses(rcu) {
            if !address.is_dead() {
                put(address.into());
            }
        }
    });
}

impl Operations for Linkwatch {
    /// The lowest index that has not been dumped.
    type DeviceGetDump = u32;
    type AddressGetDump = Snapshot<Address>;
    type NeighbourGetDump = Snapshot<Resolved>;
    type RouteGetDump = Snapshot<Item>;

    fn device_get_start(
        request: &DeviceGetRequest<'_, Self>,
        _process: Process<'_>,
    ) -> Result<u32> {
        Ok(request.ifindex().unwrap_or(0))
    }

    /// Each device has the number of the last event before the dump looked at it.
    fn device_get_dump(
        request: &DeviceGetRequest<'_, Self>,
        next: &mut u32,
        entries: &mut DeviceGetEntries<'_>,
        process: Process<'_>,
    ) -> Result<(), Full> {
        let stream = request.state::<Linkwatch>().ok_or(ENODEV)?;
        // Nothing happens to a device while this looks.
        process.with_rtnl(|rtnl| {
            let sequence = stream.sequence(rtnl);
            entries.generation(stream.devices(rtnl));
            while let Some(device) = request.net().next_device_from(*next, rtnl) {
                if !wanted(request.ifindex(), device.ifindex()) {
                    break;
                }
                entries.put(|entry| {
                    describe(
                        entry.sequence(sequence)?,
                        device,
                        &device.hardware_address(rtnl),
                    )
                })?;
                *next = device.ifindex().saturating_add(1);
            }
            Ok(())
        })
    }

    fn address_get_start(
        request: &AddressGetRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Snapshot<Address>> {
        let (net, asked) = (request.net(), request.ifindex());
        let stream = request.state::<Linkwatch>().ok_or(ENODEV)?;
        Snapshot::collect(|put| {
            let sequence = stream.sequence(process);
            // Device by device: RTNL is everybody's.
            let mut next = Some(asked.unwrap_or(0));
            while let Some(from) = next {
                next = process.with_rtnl(|rtnl| {
                    let device = net
                        .next_device_from(from, rtnl)
                        .filter(|device| wanted(asked, device.ifindex()))?;
                    put_addresses(device, rtnl, put);
                    device.ifindex().checked_add(1)
                });
            }
            Ok(sequence)
        })
    }

    fn address_get_dump(
        _request: &AddressGetRequest<'_, Self>,
        dump: &mut Snapshot<Address>,
        entries: &mut AddressGetEntries<'_>,
        _process: Process<'_>,
    ) -> Result<(), Full> {
        dump.dump(|left, sequence| {
            if let [address, ..] = left {
                entries.put(|entry| address.describe(entry.sequence(sequence)?))?;
            }
            Ok(1)
        })
    }

    fn neighbour_get_start(
        request: &NeighbourGetRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Snapshot<Resolved>> {
        let (net, asked) = (request.net(), request.ifindex());
        let stream = request.state::<Linkwatch>().ok_or(ENODEV)?;
        Snapshot::collect(|put| {
            let sequence = stream.sequence(process);
            for version in [Version::V4, Version::V6] {
                net.for_each_neighbour(version, process, |neighbour| {
                    let found = Resolved::new(neighbour, &neighbour.resolution());
                    if found.is_told() && wanted(asked, neighbour.device().ifindex()) {
                        put(found);
                    }
                });
            }
            Ok(sequence)
        })
    }

    fn neighbour_get_dump(
        _request: &NeighbourGetRequest<'_, Self>,
        dump: &mut Snapshot<Resolved>,
        entries: &mut NeighbourGetEntries<'_>,
        _process: Process<'_>,
    ) -> Result<(), Full> {
        dump.dump(|left, sequence| {
            if let [neighbour, ..] = left {
                entries.put(|entry| neighbour.describe(entry.sequence(sequence)?))?;
            }
            Ok(1)
        })
    }

    fn route_get_start(
        request: &RouteGetRequest<'_, Self>,
        process: Process<'_>,
    ) -> Result<Snapshot<Item>> {
        let (net, asked) = (request.net(), request.ifindex());
        let stream = request.state::<Linkwatch>().ok_or(ENODEV)?;
        Snapshot::collect(|put| {
            let sequence = stream.sequence(process);
            net.for_each_route(process, |route| {
                if asked.is_none() || route.nexthops().any(|hop| wanted(asked, hop.ifindex)) {
                    put(Item::Route(route.into()));
                    route.nexthops().for_each(|hop| put(Item::Nexthop(hop)));
                }
            })?;
            Ok(sequence)
        })
    }

    fn route_get_dump(
        _request: &RouteGetRequest<'_, Self>,
        dump: &mut Snapshot<Item>,
        entries: &mut RouteGetEntries<'_>,
        _process: Process<'_>,
    ) -> Result<(), Full> {
        dump.dump(|left, sequence| {
            let [Item::Route(route), behind @ ..] = left else {
                return Ok(1);
            };
            let nexthops = behind.iter().map_while(|item| match item {
                Item::Nexthop(hop) => Some(*hop),
                Item::Route(_) => None,
            });
            entries.put(|entry| route.describe(entry.sequence(sequence)?, nexthops.clone()))?;
            Ok(1 + nexthops.count())
        })
    }
}
