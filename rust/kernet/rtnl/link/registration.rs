// SPDX-License-Identifier: GPL-2.0

//! The registration of a link kind.

use core::{
    marker::PhantomData,
    ptr, //
};
use kernel::{
    error::from_result,
    prelude::*,
    types::Opaque,
    ThisModule, //
};

use super::{
    device::{
        unregister,
        NewDevice,
        Unregistered, //
    },
    name,
    Link,
    Queues,
    Request, //
};
use crate::{
    bindings,
    context::Rtnl,
    error::{
        eaddrnotavail,
        to_result, //
    },
    ethtool,
    module::{
        failed,
        Part, //
    },
    netdev::{
        self,
        Device,
        DriverDevice,
        LinkLayer,
        Ops,
        Priv, //
    },
    netns::Net,
    nlattr::{
        Attr,
        Attrs,
        ExtAck,
        Table,
        Writer, //
    },
    xdp, //
};

/// The registration of a link kind (`rtnl_link_register()`).
#[doc(alias = "rtnl_link_register")]
pub struct Registration<L: Link<N>, const N: usize> {
    ops: Opaque<bindings::rtnl_link_ops>,
    _link: PhantomData<L>,
}

// SAFETY: Only the core touches the operations, under its own locks.
unsafe impl<L: Link<N>, const N: usize> Send for Registration<L, N> {}
// SAFETY: As above.
unsafe impl<L: Link<N>, const N: usize> Sync for Registration<L, N> {}

// SAFETY: `rtnl_link_register()` registers or fails. `rtnl_link_unregister()` takes the kind away,
// waits for requests that use it, unregisters its devices, and returns when they are gone.
unsafe impl<L: Link<N>, const N: usize> Part for Registration<L, N> {
    unsafe fn register(
        slot: *mut Self,
        _module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        const { Self::CHECKED };
        // SAFETY: `slot` is valid for writes.
        let ops = Opaque::cast_into(unsafe { &raw const (*slot).ops });
        // SAFETY: As above.
        unsafe { ops.write(Self::OPS) };
        // SAFETY: The operations stay in place until they are unregistered.
        to_result(unsafe { bindings::rtnl_link_register(ops) })
            .map_err(|e| failed(name, fmt!("link kind {}", L::KIND), e))
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: Registered, by the caller's promise.
        unsafe { bindings::rtnl_link_unregister(Opaque::cast_into(&raw const (*slot).ops)) };
    }
}

impl<L: Link<N>, const N: usize> Registration<L, N> {
    /// Refuses a kind, when it is compiled, whose numbers the core relies on, or would warn of.
    const CHECKED: () = {
        let kind = L::KIND.count_bytes();
        assert!(
            kind > 0 && kind <= bindings::IFNAMSIZ as usize - "%d\0".len(),
            "the name of a kind of links has 1 to 13 bytes"
        );
        // RTNL_MAX_TYPE in net/core/rtnetlink.c.
        assert!(
            N <= 51,
            "a kind of links has at most 50 types of attributes"
        );
        if let Some(peer) = L::PEER {
            assert!(
                peer > 0 && (peer as usize) < N,
                "the peer's attribute is outside of the table"
            );
            // The core looks at it before it asks `validate`.
            assert!(
                L::POLICY.min_len(peer) >= size_of::<bindings::ifinfomsg>(),
                "the peer's attribute may be shorter than an ifinfomsg"
            );
        }
        assert!(
            L::PEER.is_none() || L::LINK_LAYER.is_ethernet(),
            "a pair of devices without a link header"
        );
        assert!(L::INFO_SIZE <= 8192, "settings of more than 8192 bytes");
        // An `int` for `alloc_netdev_mqs()`.
        assert!(
            size_of::<Priv<L>>() <= 1 << 20,
            "private data of more than 1 MiB"
        );
    };

    const OPS: bindings::rtnl_link_ops = bindings::rtnl_link_ops {
        kind: L::KIND.to_bytes_with_nul().as_ptr().cast(),
        priv_size: size_of::<Priv<L>>(),
        setup: Some(Ops::<L>::setup),
        maxtype: Table::<N>::MAX,
        policy: L::POLICY.as_raw(),
        peer_type: match L::PEER {
            Some(attr) => attr,
            None => 0,
        },
        validate: Some(Self::validate),
        newlink: Some(Self::newlink),
        changelink: Some(Self::changelink),
        dellink: Some(Self::dellink),
        get_size: Some(Self::get_size),
        // Else the core shows an empty `IFLA_INFO_DATA`.
        fill_info: if L::INFO_SIZE > 0 {
            Some(Self::fill_info)
        } else {
            None
        },
        get_link_net: Some(Self::get_link_net),
        get_num_tx_queues: Self::GET_NUM_QUEUES,
        get_num_rx_queues: Self::GET_NUM_QUEUES,
        ..pin_init::zeroed()
    };

    const GET_NUM_QUEUES: Option<unsafe extern "C" fn() -> c_uint> = match L::QUEUES {
        Queues::One => None,
        Queues::PerCpu => Some(Self::get_num_queues),
    };

    /// # Safety
    ///
    /// None.
    unsafe extern "C" fn get_num_queues() -> c_uint {
        // As many as `rtnl_create_link()` allows.
        // SAFETY: No requirements.
        unsafe { bindings::num_possible_cpus() }.min(4096)
    }

    /// # Safety
    ///
    /// Called by the core with attributes that it has parsed, under RTNL or not.
    unsafe extern "C" fn validate(
        tb: *mut *mut bindings::nlattr,
        data: *mut *mut bindings::nlattr,
        extack: *mut bindings::netlink_ext_ack,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let (request, extack) =
                unsafe { (Self::request(tb, data, None), ExtAck::from_raw(extack)) };
            match L::LINK_LAYER {
                LinkLayer::Ethernet => validate_address(&request, extack)?,
                LinkLayer::Ip => refuse_address(&request, extack)?,
            }
            L::validate(&request, extack)?;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// `tb` is null or has all `IFLA_*` types, `data` is null or has all types of the kind.
    unsafe fn request<'a>(
        tb: *mut *mut bindings::nlattr,
        data: *mut *mut bindings::nlattr,
        link_net: Option<&'a Net>,
    ) -> Request<'a> {
        // SAFETY: By the caller's promise.
        unsafe {
            Request {
                link: Attrs::from_raw(tb, IFLA_MAX, &[]),
                data: Attrs::from_raw(data, Table::<N>::MAX, &[]),
                link_net,
            }
        }
    }

    /// # Safety
    ///
    /// Called by the core with a device that it has made by these operations, under RTNL.
    unsafe extern "C" fn newlink(
        dev: *mut bindings::net_device,
        params: *mut bindings::rtnl_newlink_params,
        extack: *mut bindings::netlink_ext_ack,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let (rtnl, extack, params) =
                unsafe { (Rtnl::assume(), ExtAck::from_raw(extack), &*params) };
            let link_net = if params.link_net.is_null() {
                params.src_net
            } else {
                params.link_net
            };
            // SAFETY: The core keeps the namespaces during the request.
            let request =
                unsafe { Self::request(params.tb, params.data, Some(Net::from_raw(link_net))) };
            let new = Unregistered::<L>(dev, PhantomData);
            if L::PEER.is_none() {
                // SAFETY: The device is new.
                let dev = unsafe { Self::register(&new, &request, extack, rtnl)? };
                return Self::complete(dev, None, &request, extack, rtnl);
            }

            let peer_net = if params.peer_net.is_null() {
                link_net
            } else {
                params.peer_net
            };
            // The peer first: the request's answer is about the device.
            // SAFETY: The core keeps the namespaces; it has checked the peer's attributes.
            let peer = unsafe { Self::register_peer(&new, &request, peer_net, extack, rtnl)? };
            // SAFETY: The device is new.
            match unsafe { Self::register(&new, &request, extack, rtnl) } {
                Ok(dev) => {
                    dev.carrier_off(rtnl);
                    Priv::pair(dev, peer, rtnl);
                    Self::complete(dev, Some(peer), &request, extack, rtnl)
                }
                Err(e) => {
                    // SAFETY: Registered, under RTNL; nobody refers to it after this.
                    unsafe { bindings::unregister_netdevice_queue(peer.as_raw(), ptr::null_mut()) };
                    Err(e)
                }
            }
        })
    }

    /// What is left to do when a device, and its peer, are registered; undoes that if it fails.
    fn complete(
        dev: &DriverDevice<L>,
        peer: Option<&DriverDevice<L>>,
        request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> Result<c_int> {
        let run = || {
            for end in [Some(dev), peer].into_iter().flatten() {
                // What the request says of the device goes for both, as a veth's does.
                Self::set_queues(end, request, rtnl)?;
                ethtool::spread(end, rtnl);
            }
            xdp::update_features(dev, rtnl);
            L::created(dev, request, extack, rtnl)
        };
        if let Err(e) = run() {
            let peer = Priv::part(dev, rtnl);
            // SAFETY: Both are registered, under RTNL. The core frees the device, which it has made.
            unsafe {
                if let Some(peer) = peer {
                    bindings::unregister_netdevice_queue(peer.as_raw(), ptr::null_mut());
                }
                bindings::unregister_netdevice_queue(dev.as_raw(), ptr::null_mut());
            }
            return Err(e);
        }
        Ok(0)
    }

    /// One queue in use, where the request does not say how many there are.
    fn set_queues(dev: &DriverDevice<L>, request: &Request<'_>, rtnl: Rtnl<'_>) -> Result {
        if matches!(L::QUEUES, Queues::One) {
            return dev.combine_queues(rtnl);
        }
        if request
            .link
            .get(bindings::IFLA_NUM_TX_QUEUES as u16)
            .is_none()
        {
            dev.set_tx_queues(1, rtnl)?;
        }
        if request
            .link
            .get(bindings::IFLA_NUM_RX_QUEUES as u16)
            .is_none()
        {
            dev.set_rx_queues(1, rtnl)?;
        }
        dev.combine_queues(rtnl)
    }

    /// Makes the private data of a new device, and registers it.
    ///
    /// # Safety
    ///
    /// The device was made by these operations, is not registered, and has no private data.
    unsafe fn register<'a>(
        new: &Unregistered<L>,
        request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'a>,
    ) -> Result<&'a DriverDevice<L>> {
        let dev = new.0;
        if L::LINK_LAYER.is_ethernet() && request.link.get(bindings::IFLA_ADDRESS as u16).is_none()
        {
            // SAFETY: Ours, and an Ethernet device.
            unsafe { bindings::eth_hw_addr_random(dev) };
        }
        // SAFETY: By the caller's promise.
        let view = unsafe { NewDevice::from_raw(dev) };
        // SAFETY: By the caller's promise.
        unsafe { netdev::create(dev, L::create(&view, request, extack, rtnl))? };
        // SAFETY: The device is set up, under RTNL.
        to_result(unsafe { bindings::register_netdevice(dev) })?;
        if !L::GRO_DEFAULT_ON {
            // SAFETY: Registered, under RTNL.
            unsafe {
                (*dev).features &= !bindings::NETIF_F_GRO;
                (*dev).wanted_features &= !bindings::NETIF_F_GRO;
                bindings::netdev_update_features(dev);
            }
        }
        // SAFETY: Registered, with private data; freed after RTNL is released.
        Ok(unsafe { DriverDevice::from_raw(dev) })
    }

    /// Makes and registers the peer of a device.
    ///
    /// # Safety
    ///
    /// `net` is valid; the peer's attributes were checked by [`Self::validate`].
    unsafe fn register_peer<'a>(
        new: &Unregistered<L>,
        request: &Request<'_>,
        net: *mut bindings::net,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'a>,
    ) -> Result<&'a DriverDevice<L>> {
        let mut tb = [ptr::null_mut(); IFLA_MAX as usize + 1];
        let info = L::PEER.and_then(|attr| request.data.get(attr));
        let mut name = name::from_kind(L::KIND);
        let mut name_type = bindings::NET_NAME_ENUM;
        let header = match info {
            Some(info) => Some(Self::parse_peer(&mut tb, info, extack)?),
            None => None,
        };
        // SAFETY: Filled by the parser, or all null.
        let peer_request =
            unsafe { Self::request(tb.as_mut_ptr(), ptr::null_mut(), request.link_net) };
        if let Some(attr) = peer_request.link.get(bindings::IFLA_IFNAME as u16) {
            name::set(&mut name, attr.string());
            name_type = bindings::NET_NAME_USER;
        }
        // Without attributes of its own a peer has the device's, as a veth's has.
        let attrs = if info.is_some() {
            tb.as_mut_ptr()
        } else {
            request.link.as_raw()
        };
        let ops = new.link_ops();
        // SAFETY: The operations are registered; the attributes are those of a link.
        let peer = kernel::error::from_err_ptr(unsafe {
            bindings::rtnl_create_link(
                net,
                name.as_ptr().cast(),
                name_type as u8,
                ops,
                attrs,
                extack.as_raw(),
            )
        })?;
        // SAFETY: Just made; `new` is an unregistered device.
        unsafe {
            if let Some(header) = header {
                if (*new.0).ifindex != 0 {
                    (*peer).ifindex = (*header).ifi_index;
                }
            }
            bindings::netif_inherit_tso_max(peer, new.0);
        }
        let unregistered = Unregistered::<L>(peer, PhantomData);
        // SAFETY: Just made.
        let dev = match unsafe { Self::register(&unregistered, &peer_request, extack, rtnl) } {
            Ok(dev) => dev,
            Err(e) => {
                // The core frees only the device that it has made itself.
                drop(unregistered);
                // SAFETY: Ours; not registered, or on its way out.
                unsafe { bindings::free_netdev(peer) };
                return Err(e);
            }
        };
        dev.carrier_off(rtnl);
        let header = header.unwrap_or(ptr::null());
        // SAFETY: Registered, under RTNL.
        let configured =
            to_result(unsafe { bindings::rtnl_configure_link(peer, header, 0, ptr::null()) });
        if let Err(e) = configured {
            // SAFETY: Registered, under RTNL; nobody refers to it after this.
            unsafe { bindings::unregister_netdevice_queue(peer, ptr::null_mut()) };
            return Err(e);
        }
        Ok(dev)
    }

    fn parse_peer(
        tb: &mut [*mut bindings::nlattr; IFLA_MAX as usize + 1],
        info: Attr<'_>,
        extack: ExtAck<'_>,
    ) -> Result<*const bindings::ifinfomsg> {
        if info.bytes().len() < size_of::<bindings::ifinfomsg>() {
            return Err(extack.bad_attr(
                Some(info),
                EINVAL,
                format_args!("a peer begins with a struct ifinfomsg"),
            ));
        }
        // SAFETY: There is room for all types of a link; the attribute is long enough for the
        // header.
        to_result(unsafe {
            bindings::rtnl_nla_parse_ifinfomsg(tb.as_mut_ptr(), info.as_raw(), extack.as_raw())
        })?;
        // Attributes are aligned to 4 bytes, as the header is.
        Ok(info.bytes().as_ptr().cast())
    }

    /// # Safety
    ///
    /// Called by the core with a device of this kind, under RTNL.
    unsafe extern "C" fn changelink(
        dev: *mut bindings::net_device,
        tb: *mut *mut bindings::nlattr,
        data: *mut *mut bindings::nlattr,
        extack: *mut bindings::netlink_ext_ack,
    ) -> c_int {
        from_result(|| {
            // SAFETY: By the caller's promise.
            let (dev, request, extack, rtnl) = unsafe {
                (
                    DriverDevice::<L>::from_raw(dev),
                    Self::request(tb, data, None),
                    ExtAck::from_raw(extack),
                    Rtnl::assume(),
                )
            };
            may_change(dev, dev.link_net(rtnl), extack, rtnl)?;
            let below = dev.lower(rtnl).map(|lower| lower.net(rtnl));
            may_change(dev, below, extack, rtnl)?;
            L::change(dev, &request, extack, rtnl)?;
            Ok(0)
        })
    }

    /// # Safety
    ///
    /// Called by the core with a device of this kind and a list that it unregisters, under RTNL.
    unsafe extern "C" fn dellink(dev: *mut bindings::net_device, list: *mut bindings::list_head) {
        // SAFETY: By the caller's promise.
        let (dev, rtnl) = unsafe { (DriverDevice::<L>::from_raw(dev), Rtnl::assume()) };
        if L::PEER.is_some() && dev.peer(rtnl).is_none() {
            // On its way out along with its former peer.
            return;
        }
        // SAFETY: By the caller's promise.
        unregister(dev, dev.net(rtnl), unsafe { &mut *list }, rtnl);
    }

    /// # Safety
    ///
    /// Called by the core only.
    unsafe extern "C" fn get_size(_dev: *const bindings::net_device) -> usize {
        L::INFO_SIZE
    }

    /// # Safety
    ///
    /// Called by the core with a device of this kind and a message of its own, under RTNL.
    unsafe extern "C" fn fill_info(
        skb: *mut bindings::sk_buff,
        dev: *const bindings::net_device,
    ) -> c_int {
        // SAFETY: By the caller's promise.
        let (dev, mut writer, rtnl) = unsafe {
            (
                DriverDevice::<L>::from_raw(dev),
                Writer::from_raw(skb),
                Rtnl::assume(),
            )
        };
        let (before, room) = (writer.len(), writer.room());
        let filled = L::fill_info(dev, &mut writer, rtnl);
        if filled.is_ok() && writer.len() - before <= L::INFO_SIZE {
            return 0;
        }
        writer.trim(before);
        // The core makes room for `INFO_SIZE` bytes, and warns if they do not do: what it is told then is
        // that there are none.
        if room < L::INFO_SIZE {
            return EMSGSIZE.to_errno();
        }
        crate::net_warn_ratelimited!(
            "{}: the settings are not shown: fill_info writes more than INFO_SIZE, {} bytes\n",
            kernel::str::BStr::from_bytes(L::KIND.to_bytes()),
            L::INFO_SIZE
        );
        0
    }

    /// # Safety
    ///
    /// Called by the core with a device of this kind, under RTNL.
    unsafe extern "C" fn get_link_net(dev: *const bindings::net_device) -> *mut bindings::net {
        // SAFETY: By the caller's promise.
        let (dev, rtnl) = unsafe { (DriverDevice::<L>::from_raw(dev), Rtnl::assume()) };
        dev.peer(rtnl)
            .map(|peer| peer.net(rtnl))
            .or_else(|| dev.lower(rtnl).map(|lower| lower.net(rtnl)))
            .or_else(|| dev.link_net(rtnl))
            .unwrap_or_else(|| dev.net(rtnl))
            .as_raw()
    }
}

/// Refuses who has no say in the namespace of a link's lower side: the core asks for the capability
/// in that of the device alone. As `rtnl_dev_link_net_capable()` has it, and `ipvlan_nl_changelink()`.
fn may_change(dev: &Device, link_net: Option<&Net>, extack: ExtAck<'_>, rtnl: Rtnl<'_>) -> Result {
    let Some(net) = link_net.filter(|net| *net != dev.net(rtnl)) else {
        return Ok(());
    };
    // SAFETY: The namespace is alive, and keeps its user namespace. Called for the task that asks.
    if unsafe { bindings::ns_capable((*net.as_raw()).user_ns, bindings::CAP_NET_ADMIN as c_int) } {
        return Ok(());
    }
    Err(extack.error(
        EPERM,
        format_args!("this takes CAP_NET_ADMIN in the namespace of the link's lower side, too"),
    ))
}

const IFLA_MAX: u32 = bindings::__IFLA_MAX - 1;

/// A link without a link header has no addresses.
fn refuse_address(request: &Request<'_>, extack: ExtAck<'_>) -> Result {
    match request.link.get(bindings::IFLA_ADDRESS as u16) {
        None => Ok(()),
        attr => Err(extack.bad_attr(
            attr,
            EINVAL,
            format_args!("this kind of link has no link header, and no addresses"),
        )),
    }
}

/// What every Ethernet device asks of the address it is given.
fn validate_address(request: &Request<'_>, extack: ExtAck<'_>) -> Result {
    let Some(attr) = request.link.get(bindings::IFLA_ADDRESS as u16) else {
        return Ok(());
    };
    let Some(address) = attr.array::<6>() else {
        return Err(extack.bad_attr(
            Some(attr),
            EINVAL,
            format_args!("an Ethernet address has 6 bytes"),
        ));
    };
    // SAFETY: Six bytes.
    if !unsafe { bindings::is_valid_ether_addr(address.as_ptr()) } {
        return Err(extack.bad_attr(
            Some(attr),
            eaddrnotavail(),
            format_args!("not a unicast Ethernet address"),
        ));
    }
    Ok(())
}
