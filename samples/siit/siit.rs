// SPDX-License-Identifier: GPL-2.0

//! IPv4/IPv6 translation without state: RFC 7915, RFC 6052, RFC 7757.

#![forbid(unsafe_code)]

use kernel::{
    macros::vtable,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    }, //
};
use kernet::{
    context::{
        Process,
        Rtnl,
        Softirq, //
    },
    ethtool,
    netdev::{
        Concurrent,
        Driver,
        DriverDevice,
        Features,
        LinkLayer,
        PacketError,
        Setup,
        Transmit,
        TxQueue, //
    },
    netns::{
        self,
        Net, //
    },
    nlattr::{
        ExtAck,
        Table,
        Writer, //
    },
    random,
    rtnl::{
        self,
        Link,
        NewDevice,
        Request, //
    },
    skb::{
        Skb,
        SkbRef,
        TranslateError,
        Xnet, //
    },
    wire::{
        ip::Version,
        ipv4,
        xlat::{
            Fragments,
            Packet,
            Refused,
            Settings, //
        }, //
    },
};

use kernet_defrag::reassemble;

mod attr;
mod control;
mod counters;
mod nl_generated;
mod translation;
mod uapi;

use counters::Counters;
use translation::Shared;

kernet::module! {
    type: Siit,
    name: "siit",
    authors: ["The kernet developers"],
    description: "IPv4/IPv6 translation (RFC 7915)",
    license: "GPL",
    alias: ["rtnl-link-siit"],
}

struct Siit;

impl kernet::Module for Siit {
    type State = Translators;
    type Parts = (
        rtnl::Registration<Device, { attr::COUNT }>,
        nl_generated::Registration<control::Control>,
    );
}

/// The translators of a namespace, by the indexes of their devices.
#[pin_data]
struct Translators {
    #[pin]
    list: Mutex<KVec<(u32, Arc<Shared>)>>,
}

impl netns::NetState for Translators {
    fn init<'a>(_: &'a Net, _process: Process<'a>) -> impl PinInit<Self, Error> + 'a {
        try_pin_init!(Self {
            list <- new_mutex!(KVec::new()),
        }? Error)
    }
}

impl Translators {
    fn add(&self, ifindex: u32, shared: Arc<Shared>) -> Result {
        self.list
            .lock()
            .push((ifindex, shared), GFP_KERNEL_ACCOUNT)
            .map_err(Error::from)
    }

    fn remove(&self, ifindex: u32) {
        self.list.lock().retain(|(index, _)| *index != ifindex);
    }

    fn find(&self, ifindex: u32) -> Option<Arc<Shared>> {
        let list = self.list.lock();
        let found = list.iter().find(|(index, _)| *index == ifindex);
        found.map(|(_, shared)| shared.clone())
    }
}

/// The largest MTU: what is translated is longer by the difference of the headers.
const MAX_MTU: u32 = 65535;

/// The headroom that the longer header takes, in bytes: an IPv6 header and a fragment header in place of an
/// IPv4 header.
const HEADROOM: u16 = 28;

/// A translator's device. What it is sent it receives, translated.
struct Device {
    shared: Arc<Shared>,
}

#[vtable]
impl Driver for Device {
    type Module = Siit;
    type TxMode = Concurrent;
    type Queue = ();
    type Ethtool = Ethtool;

    const LINK_LAYER: LinkLayer = LinkLayer::Ip;

    fn setup(setup: &mut Setup<'_>) {
        let features = Features::SG
            .with(Features::FRAGLIST)
            .with(Features::HW_CSUM)
            .with(Features::HIGHDMA)
            .with(SEGMENTATION);
        setup
            .features(features)
            .mtu_range(1280, MAX_MTU)
            .needed_headroom(HEADROOM)
            .no_queue()
            .netns_immutable()
            // Whom to tell of a refused packet, and from where, is the route's to know.
            .keep_dst();
    }

    fn transmit(
        dev: &DriverDevice<Self>,
        skb: Skb<'_>,
        _queue: TxQueue<'_, Self>,
        softirq: Softirq<'_>,
    ) -> Transmit {
        let Some(translation) = dev.private().shared.get(softirq.rcu()) else {
            dev.count_tx_dropped();
            skb.drop_with(TranslateError::Unsupported.reason(), softirq);
            return Transmit::Done;
        };
        let mut packet = Packet::new(0);
        // The low half: any number is as good.
        packet.identification = random::u32() as u16;
        let translator = translation.translator();
        let len = skb.len();
        let fragment = TranslateError::Refused(Refused::FragmentedIcmp);
        let mut translated = skb.translate(&translator, dev.mtu(), packet);
        if let Err((skb, error)) = translated {
            if error != fragment {
                refuse(dev, skb, error, softirq);
                return Transmit::Done;
            }
            // A checksum of ICMP covers a length in IPv6 that a fragment does not say.
            let Some(whole) = reassemble(skb, dev, softirq) else {
                return Transmit::Done;
            };
            packet.reassembled = true;
            translated = whole.translate(&translator, dev.mtu(), packet);
        }
        match translated {
            Ok((skb, fragments)) => {
                dev.count_tx(len, softirq);
                match fragments {
                    None => dev.rx_ip(skb, Xnet::Same, softirq),
                    Some(fragments) => receive_fragments(dev, skb, fragments, softirq),
                }
            }
            Err((skb, error)) => refuse(dev, skb, error, softirq),
        }
        Transmit::Done
    }

    /// Segments that have to be fragmented are made before.
    fn features_check(dev: &DriverDevice<Self>, skb: &SkbRef, features: Features) -> Features {
        let Some(gso) = skb.gso() else {
            return features;
        };
        match skb.copy_header::<ipv4::Header>(0) {
            Some(header) if header.version() == 4 && !header.dont_fragment() => {
                // The longest headers there can be: a few packets more than have to be are split here.
                const HEADERS: u32 = 60 + 60 + 20;
                let sent = HEADERS.saturating_add(u32::from(gso.size));
                if sent > dev.private().shared.lowest_ipv6_mtu() {
                    return features.without(SEGMENTATION);
                }
                features
            }
            _ => features,
        }
    }

    fn uninit(dev: &DriverDevice<Self>, rtnl: Rtnl<'_>) {
        // A namespace that is going away has no list any more.
        if let Some(translators) = dev.net(rtnl).state::<Siit>(rtnl) {
            translators.remove(dev.ifindex());
        }
    }
}

/// Counts and drops a packet that was not translated, and tells its sender.
#[cold]
fn refuse(
    dev: &DriverDevice<Device>,
    mut skb: Skb<'_>,
    error: TranslateError,
    softirq: Softirq<'_>,
) {
    dev.private().shared.counters.count(error);
    dev.count_tx_dropped();
    if let (TranslateError::Refused(refused), Some(version)) = (error, version(&skb)) {
        if let Some(answer) = refused.answer(version) {
            dev.icmp_send(&mut skb, answer, softirq);
        }
    }
    skb.drop_with(error.reason(), softirq);
}

/// Kinds of segmentation that both versions have.
const SEGMENTATION: Features = Features::ALL_TSO.with(Features::GSO_UDP_L4);

/// The version of a packet.
fn version(skb: &SkbRef) -> Option<Version> {
    let [first] = skb.copy_header::<[u8; 1]>(0)?;
    Version::of(first)
}

/// Receives the fragments that a packet is too long without.
#[cold]
fn receive_fragments(
    dev: &DriverDevice<Device>,
    mut skb: Skb<'static>,
    fragments: Fragments,
    softirq: Softirq<'_>,
) {
    // One checksum covers all of them.
    if skb.as_mut().fill_checksum().is_err() {
        dev.count_error(PacketError::Rx);
        return skb.drop_with(TranslateError::NoMemory.reason(), softirq);
    }
    for fragment in fragments {
        match skb.copy_fragment(&fragment, softirq) {
            Ok(part) => dev.rx_ip(part, Xnet::Same, softirq),
            Err(_) => {
                dev.count_error(PacketError::Rx);
                return skb.drop_with(TranslateError::NoMemory.reason(), softirq);
            }
        }
    }
    skb.consume(softirq);
}

/// What `ethtool` asks.
struct Ethtool;

#[vtable]
impl ethtool::Operations<Device> for Ethtool {
    const VERSION: Option<&'static CStr> = Some(c"1.0");

    type Stats = counters::Stats;
    type RxStats = ();
    type TxStats = ();

    fn stats(dev: &DriverDevice<Device>, _rtnl: Rtnl<'_>) -> counters::Stats {
        dev.private().shared.counters.read()
    }
}

impl Link<{ attr::COUNT }> for Device {
    const KIND: &'static CStr = c"siit";
    const POLICY: &'static Table<{ attr::COUNT }> = &attr::POLICY;
    const INFO_SIZE: usize = attr::SIZE;

    fn create(
        _device: &NewDevice<'_>,
        request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> impl PinInit<Self, Error> {
        let settings = attr::parse(request.data, Settings::default(), extack);
        settings.and_then(|settings| {
            Ok(Self {
                shared: Shared::new(settings, rtnl.process())?,
            })
        })
    }

    fn created(
        dev: &DriverDevice<Self>,
        _request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> Result {
        let translators = dev
            .net(rtnl)
            .state::<Siit>(rtnl)
            .ok_or_else(|| extack.error(ENODEV, fmt!("the namespace is dying")))?;
        translators.add(dev.ifindex(), dev.private().shared.clone())
    }

    fn change(
        dev: &DriverDevice<Self>,
        request: &Request<'_>,
        extack: ExtAck<'_>,
        rtnl: Rtnl<'_>,
    ) -> Result {
        dev.private()
            .shared
            .set(rtnl.process(), |old| attr::parse(request.data, old, extack))
    }

    fn fill_info(dev: &DriverDevice<Self>, writer: &mut Writer<'_>, rtnl: Rtnl<'_>) -> Result {
        let (settings, table) = dev.private().shared.current(rtnl.process());
        attr::fill(&settings, table.mappings().len(), writer)
    }
}
