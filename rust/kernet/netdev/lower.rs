// SPDX-License-Identifier: GPL-2.0

//! Links from a driver's devices to the devices below them.
//!
//! # Lifetime
//!
//! A link is kernet's: it ends when the upper device is unregistered, after `uninit`, or when the lower
//! one is, whichever comes first; that of a port also when the port is moved to another namespace. Under
//! RTNL it is taken off the list of the upper device, which has a grace period before either device is freed.
//! What the upper device has asked of the lower one, a mode or addresses, is undone with the link.

use core::ptr;
use kernel::{
    prelude::*,
    sync::atomic::{
        Acquire,
        Atomic,
        Relaxed,
        Release, //
    },
    types::Opaque, //
};

use super::{
    reference::{
        Reference,
        Table, //
    },
    Device,
    DeviceEvent,
    Driver,
    DriverDevice, //
};
use crate::{
    bindings,
    context::{
        Context,
        ReadSide,
        Rtnl, //
    },
    error::to_result,
    nlattr::ExtAck,
    rtnl, //
};

mod asked;
mod device;
mod ports;

/// The links, by their lower device. RTNL is its lock.
static LINKS: Table = Table::new();

/// Counts events and links, under RTNL.
static EVENTS: Atomic<u64> = Atomic::<u64>::new(1);

/// Whether a mode of a lower device is being changed, under RTNL. Who is notified of that changes none: one change
/// would cause the next without end.
static CHANGING: Atomic<u32> = Atomic::<u32>::new(0);

/// The lower devices of a device. Zeroed memory is none.
///
/// Changed under RTNL.
///
/// # Invariants
///
/// What is linked in is valid. It is freed a grace period after it was taken out.
pub(super) struct Lowers(Atomic<*mut Link>);

/// A link.
///
/// # Invariants
///
/// `upper` is a device of the driver that `calls` is made for, registered and not past its `ndo_uninit`.
/// The lower device is in `reference`, and linked to it. `list` is in its private area.
#[repr(C)]
struct Link {
    // First, so that the callback gets the address of all of it.
    rcu: Opaque<bindings::callback_head>,
    reference: Reference,
    upper: *mut bindings::net_device,
    /// The list of the upper device that the link is in.
    list: *const Lowers,
    next: Atomic<*mut Link>,
    /// Whether the upper device is the master of the lower one.
    is_port: bool,
    calls: &'static Calls,
    /// Greater than those of the links before it in the list.
    number: u64,
    /// The last event that it was told.
    seen: Atomic<u64>,
    /// Whether it is being cut.
    leaving: Atomic<u32>,
    promiscuous: Atomic<u32>,
    all_multicast: Atomic<u32>,
    /// What is so of the lists of addresses: [`SYNCED`], [`AWAY`]. Changed under the upper device's lock of them.
    lists: Atomic<u32>,
    /// The address that is to be among those of the lower device, with [`PRESENT`], or 0.
    address: Atomic<u64>,
}

/// The lower device has, or is to have again, what is in the lists of the upper one.
const SYNCED: u32 = 1;
/// The lower device is between two namespaces: the core empties its lists, and nothing is added to them.
const AWAY: u32 = 2;

const PRESENT: u64 = 1 << 48;

/// What a driver does about its lower devices.
struct Calls {
    /// Asks for what the upper device receives: `ndo_set_rx_mode`.
    ///
    /// # Safety
    ///
    /// The device was made for the driver, and its lists of addresses are locked, with bottom halves off.
    set_rx_mode: Option<unsafe extern "C" fn(*mut bindings::net_device)>,
    /// # Safety
    ///
    /// The device was made for the driver, and is registered.
    changed: unsafe fn(*mut bindings::net_device, &Device, DeviceEvent, Rtnl<'_>),
    /// Lets go of a port, whose link is cut next; `None` if the driver cannot.
    ///
    /// # Safety
    ///
    /// As above.
    remove_port: Option<unsafe fn(*mut bindings::net_device, &Device, Rtnl<'_>)>,
    /// # Safety
    ///
    /// As above; the list is unregistered by the caller.
    go_along: unsafe fn(*mut bindings::net_device, &Device, &mut bindings::list_head, Rtnl<'_>),
}

/// # Safety
///
/// As [`Calls::changed`].
unsafe fn call_changed<D: Driver>(
    upper: *mut bindings::net_device,
    lower: &Device,
    event: DeviceEvent,
    rtnl: Rtnl<'_>,
) {
    // SAFETY: By the caller's promise.
    D::lower_event(unsafe { DriverDevice::from_raw(upper) }, lower, event, rtnl);
}

/// # Safety
///
/// As [`Calls::remove_port`].
unsafe fn call_remove_port<D: Driver>(
    upper: *mut bindings::net_device,
    port: &Device,
    rtnl: Rtnl<'_>,
) {
    // SAFETY: By the caller's promise.
    D::remove_port(unsafe { DriverDevice::from_raw(upper) }, port, rtnl);
}

/// # Safety
///
/// As [`Calls::go_along`].
unsafe fn call_go_along<D: Driver>(
    upper: *mut bindings::net_device,
    lower: &Device,
    list: &mut bindings::list_head,
    rtnl: Rtnl<'_>,
) {
    if D::GOES_WITH_LOWER {
        // SAFETY: By the caller's promise.
        let upper = unsafe { DriverDevice::<D>::from_raw(upper) };
        rtnl::unregister(upper, lower.net(rtnl), list, rtnl);
    }
}

impl Link {
    fn lower(&self) -> *mut bindings::net_device {
        self.reference.as_raw()
    }

    /// # Safety
    ///
    /// `reference` is that of a link.
    unsafe fn of<'a>(reference: *mut Reference) -> &'a Self {
        // SAFETY: By the caller's promise.
        unsafe { &*kernel::container_of!(reference, Link, reference) }
    }

    fn upper_is_registered(&self) -> bool {
        // SAFETY: Valid, by the type invariants; changed under RTNL only.
        let state = u32::from(unsafe { (*self.upper).reg_state });
        state == bindings::netdev_reg_state_NETREG_REGISTERED
    }

    /// Whether something is asked of the lower device.
    fn asks(&self) -> bool {
        self.address.load(Relaxed) != 0
            || self.lists.load(Relaxed) & SYNCED != 0
            || [&self.promiscuous, &self.all_multicast]
                .into_iter()
                .any(|asked| asked.load(Relaxed) != 0)
    }

    fn is_away(&self) -> bool {
        self.lists.load(Relaxed) & AWAY != 0
    }

    /// Changes what is so of the lists; returns what was.
    fn change_lists(&self, change: impl FnOnce(u32) -> u32, _rtnl: Rtnl<'_>) -> u32 {
        // SAFETY: The device is valid, and its lists are not locked by who has RTNL and may sleep.
        unsafe {
            bindings::netif_addr_lock_bh(self.upper);
            let before = self.lists.load(Relaxed);
            self.lists.store(change(before), Relaxed);
            bindings::netif_addr_unlock_bh(self.upper);
            before
        }
    }

    /// The lower device is about to leave its namespace, which empties its lists: takes off them what was added,
    /// so that the upper device's lists know that.
    fn leave(&self, rtnl: Rtnl<'_>) {
        let (upper, lower) = (self.upper, self.lower());
        let before = self.change_lists(|lists| lists | AWAY, rtnl);
        let address = self.address.load(Relaxed);
        // SAFETY: Both devices are valid, under RTNL. What is taken off was added once. Nobody is notified.
        unsafe {
            if before & SYNCED != 0 {
                bindings::dev_uc_unsync(lower, upper);
                bindings::dev_mc_unsync(lower, upper);
            }
            if address != 0 {
                bindings::dev_uc_del(lower, octets(address).as_ptr());
            }
        }
    }

    /// The lower device is in a namespace again: adds what is asked for.
    fn arrive(&self, _rtnl: Rtnl<'_>) {
        let (upper, lower) = (self.upper, self.lower());
        let address = self.address.load(Relaxed);
        // SAFETY: As in `leave`; the upper device's lists are locked while they are read, and its links order the
        // locks.
        let added = unsafe {
            bindings::netif_addr_lock_bh(upper);
            let lists = self.lists.load(Relaxed) & !AWAY;
            self.lists.store(lists, Relaxed);
            if lists & SYNCED != 0 {
                bindings::dev_uc_sync_multiple(lower, upper);
                bindings::dev_mc_sync_multiple(lower, upper);
            }
            bindings::netif_addr_unlock_bh(upper);
            address == 0 || bindings::dev_uc_add(lower, octets(address).as_ptr()) == 0
        };
        if !added {
            self.address.store(0, Relaxed);
            // SAFETY: Valid, as above.
            let upper = unsafe { Device::from_raw(upper) };
            pr_warn!(
                "{}: no memory for its address in the device below, which was moved; set it again\n",
                upper.name()
            );
        }
    }

    /// Undoes what was asked of the lower device.
    fn release(&self, rtnl: Rtnl<'_>) {
        let (upper, lower) = (self.upper, self.lower());
        let promiscuous = self.promiscuous.xchg(0, Relaxed) != 0;
        let all_multicast = self.all_multicast.xchg(0, Relaxed) != 0;
        let address = self.address.xchg(0, Relaxed);
        // Who takes the lists to the lower device has their lock.
        let lists = self.change_lists(|lists| lists & !SYNCED, rtnl);
        let away = lists & AWAY != 0;
        let within = CHANGING.xchg(1, Relaxed);
        // Nothing of the link is used from here on: who is notified may cut it.
        // SAFETY: Both devices are valid, under RTNL. What is undone was done once.
        unsafe {
            if lists & SYNCED != 0 && !away {
                bindings::dev_uc_unsync(lower, upper);
                bindings::dev_mc_unsync(lower, upper);
            }
            if address != 0 && !away {
                bindings::dev_uc_del(lower, octets(address).as_ptr());
            }
            if all_multicast {
                bindings::dev_set_allmulti(lower, -1);
            }
            if promiscuous {
                bindings::dev_set_promiscuity(lower, -1);
            }
        }
        CHANGING.store(within, Relaxed);
    }
}

/// The bytes of an address, as many as any device reads.
fn octets(address: u64) -> [u8; bindings::MAX_ADDR_LEN as usize] {
    let mut octets = [0; bindings::MAX_ADDR_LEN as usize];
    for (to, from) in octets
        .iter_mut()
        .zip(address.to_be_bytes().into_iter().skip(2))
    {
        *to = from;
    }
    octets
}

impl Lowers {
    #[inline(always)]
    fn first<'a>(&self, _context: impl ReadSide<'a>) -> Option<&'a Link> {
        // SAFETY: By the type invariants; RTNL or a read-side section keeps it.
        unsafe { self.0.load(Acquire).as_ref() }
    }

    /// The first for which `matches` returns true.
    fn find<'a>(
        &self,
        mut matches: impl FnMut(&Link) -> bool,
        context: impl ReadSide<'a>,
    ) -> Option<&'a Link> {
        let mut link = self.first(context)?;
        while !matches(link) {
            // SAFETY: As above.
            link = unsafe { link.next.load(Acquire).as_ref() }?;
        }
        Some(link)
    }

    /// The link to a device.
    fn to<'a>(&self, lower: &Device, rtnl: Rtnl<'a>) -> Option<&'a Link> {
        let to = |link: &Link| link.lower() == lower.as_raw() && link.leaving.load(Relaxed) == 0;
        self.find(to, rtnl)
    }

    /// Cuts a link.
    ///
    /// # Safety
    ///
    /// `link` is one of these.
    unsafe fn cut(&self, link: &Link, rtnl: Rtnl<'_>) {
        if link.leaving.xchg(1, Relaxed) != 0 {
            return;
        }
        let mut place = &self.0;
        while !ptr::eq(place.load(Relaxed), link) {
            // SAFETY: By the type invariants.
            match unsafe { place.load(Relaxed).as_ref() } {
                Some(other) => place = &other.next,
                None => return,
            }
        }
        // Who takes the lists to the lower device finds it no more, or has the lock of the lists, for which
        // `release` waits.
        place.store(link.next.load(Relaxed), Release);
        link.release(rtnl);
        // SAFETY: Linked, by the type invariants, under RTNL, which is the table's lock, too. Readers may
        // still be at the link until a grace period has passed; nobody finds it any more.
        unsafe {
            bindings::netdev_upper_dev_unlink(link.lower(), link.upper);
            link.reference.give_up();
            bindings::call_rcu(link.rcu.get(), Some(free));
        }
    }

    /// Cuts all links.
    pub(super) fn cut_all(&self, rtnl: Rtnl<'_>) {
        while let Some(link) = self.first(rtnl) {
            // SAFETY: One of these.
            unsafe { self.cut(link, rtnl) };
        }
    }

    /// Undoes what was asked of the lower devices: the upper one is down.
    pub(super) fn release_all(&self, rtnl: Rtnl<'_>) {
        while let Some(link) = self.find(Link::asks, rtnl) {
            link.release(rtnl);
        }
    }
}

/// # Safety
///
/// Called by RCU, once, with a link that was cut.
unsafe extern "C" fn free(rcu: *mut bindings::callback_head) {
    // SAFETY: The head comes first. It was a box, which is ours alone now.
    drop(unsafe { KBox::from_raw(rcu.cast::<Link>()) });
}

/// Links two devices.
fn link(
    lowers: &Lowers,
    (upper, lower): (&Device, &Device),
    master: bool,
    calls: &'static Calls,
    extack: ExtAck<'_>,
    rtnl: Rtnl<'_>,
) -> Result {
    if !upper.is_settled(rtnl) || !lower.is_settled(rtnl) {
        return Err(ENODEV);
    }
    // The core counts a second link, and makes no master of the first.
    if lowers.to(lower, rtnl).is_some() {
        return Err(EEXIST);
    }
    let number = EVENTS.fetch_add(1, Relaxed);
    let new = KBox::new(
        Link {
            rcu: Opaque::zeroed(),
            reference: Reference::none(),
            upper: upper.as_raw(),
            list: lowers,
            next: Atomic::<*mut Link>::new(ptr::null_mut()),
            is_port: master,
            calls,
            number,
            // What happens just now is nothing new to it.
            seen: Atomic::<u64>::new(number),
            leaving: Atomic::<u32>::new(0),
            promiscuous: Atomic::<u32>::new(0),
            all_multicast: Atomic::<u32>::new(0),
            lists: Atomic::<u32>::new(0),
            address: Atomic::<u64>::new(0),
        },
        GFP_KERNEL_ACCOUNT,
    )?;
    // SAFETY: Both are registered, under RTNL.
    to_result(unsafe {
        if master {
            bindings::netdev_master_upper_dev_link(
                lower.as_raw(),
                upper.as_raw(),
                ptr::null_mut(),
                ptr::null_mut(),
                extack.as_raw(),
            )
        } else {
            bindings::netdev_upper_dev_link(lower.as_raw(), upper.as_raw(), extack.as_raw())
        }
    })?;
    let new = KBox::into_raw(new);
    // SAFETY: The box stays where it is until it was cut; RTNL is held.
    unsafe { LINKS.hold(&raw mut (*new).reference, lower, <Rtnl<'_> as Context>::GFP) };
    // INVARIANT: Valid, and complete; last, so that the first one stays the first.
    let mut place = &lowers.0;
    // SAFETY: By the type invariants.
    while let Some(other) = unsafe { place.load(Relaxed).as_ref() } {
        place = &other.next;
    }
    place.store(new, Release);
    if let (true, Some(set_rx_mode)) = (upper.is_up(), calls.set_rx_mode) {
        let upper = upper.as_raw();
        // As the core does when a device goes up, which this one has done before.
        // SAFETY: The device was made for the driver. Its lists are not locked by who has RTNL and may sleep.
        unsafe {
            bindings::netif_addr_lock_bh(upper);
            set_rx_mode(upper);
            bindings::netif_addr_unlock_bh(upper);
        }
    }
    Ok(())
}

/// The device leaves its namespace for another one: its master loses it, as a bond or a bridge does; what is
/// above it otherwise lets go of its lists of addresses.
pub(super) fn leaves(lower: &Device, rtnl: Rtnl<'_>) {
    let removes = |link: &Link| link.calls.remove_port.filter(|_| link.is_port);
    // Nobody is notified of this, so that it reaches each link; of what a driver does below, everybody may be.
    let number = EVENTS.fetch_add(1, Relaxed);
    while let Some(link) = next(lower, number) {
        if removes(link).is_none() {
            link.leave(rtnl);
        }
    }
    // A device has one master at most.
    let port = find(lower, |link| removes(link).is_some());
    if let Some((link, remove_port)) = port.and_then(|link| Some((link, removes(link)?))) {
        let (upper, lowers) = (link.upper, link.list);
        if link.upper_is_registered() {
            // SAFETY: By the type invariants, and as just seen.
            unsafe { remove_port(upper, lower, rtnl) };
        }
        // Looked up again: what was called may have cut the link.
        // SAFETY: By the type invariants the list is in the private area of the upper device, which was there
        // under RTNL, before whose release it is not freed.
        let lowers = unsafe { &*lowers };
        if let Some(link) = lowers.to(lower, rtnl) {
            // SAFETY: One of these.
            unsafe { lowers.cut(link, rtnl) };
        }
    }
}

/// The device was registered, or has come to another namespace.
pub(super) fn arrives(lower: &Device, rtnl: Rtnl<'_>) {
    let number = EVENTS.fetch_add(1, Relaxed);
    while let Some(link) = next(lower, number) {
        if link.is_away() {
            link.arrive(rtnl);
        }
    }
}

/// Tells the devices above `lower` what has become of it.
pub(super) fn changed(lower: &Device, event: DeviceEvent, rtnl: Rtnl<'_>) {
    let number = EVENTS.fetch_add(1, Relaxed);
    while let Some(link) = next(lower, number) {
        if link.upper_is_registered() {
            // SAFETY: By the type invariants, and as just seen.
            unsafe { (link.calls.changed)(link.upper, lower, event, rtnl) };
        }
    }
}

/// A link to `lower` that is not being cut, and for which `matches` returns true.
fn find<'a>(lower: &Device, matches: impl Fn(&Link) -> bool) -> Option<&'a Link> {
    // SAFETY: The callers hold RTNL. What is in the table is of links, which stay until they are cut.
    unsafe {
        let reference = LINKS.find(lower.as_raw(), |reference| {
            let link = Link::of(reference);
            link.leaving.load(Relaxed) == 0 && matches(link)
        });
        (!reference.is_null()).then(|| Link::of(reference))
    }
}

/// A link to `lower` that was not told of event `number` yet.
fn next<'a>(lower: &Device, number: u64) -> Option<&'a Link> {
    let link = find(lower, |link| link.seen.load(Relaxed) < number)?;
    link.seen.store(number, Relaxed);
    Some(link)
}

/// Whether there is a device of ours above.
pub(super) fn is_lower(device: &Device, _rtnl: Rtnl<'_>) -> bool {
    // SAFETY: RTNL is held.
    !unsafe { LINKS.find(device.as_raw(), |_| true) }.is_null()
}

/// The device is being unregistered: those above go along, or lose it.
pub(super) fn gone(lower: &Device, rtnl: Rtnl<'_>) {
    if !is_lower(lower, rtnl) {
        return;
    }
    let mut list: bindings::list_head = pin_init::zeroed();
    list.next = &raw mut list;
    list.prev = &raw mut list;
    let number = EVENTS.fetch_add(1, Relaxed);
    while let Some(link) = next(lower, number) {
        // One that is being unregistered already is in a list that somebody else walks.
        if link.upper_is_registered() {
            // SAFETY: By the type invariants, and as just seen.
            unsafe { (link.calls.go_along)(link.upper, lower, &mut list, rtnl) };
        }
    }
    // SAFETY: Registered devices, under RTNL; it does nothing if there are none.
    unsafe { bindings::unregister_netdevice_many(&mut list) };
    changed(lower, DeviceEvent::Unregister, rtnl);
    // Who is notified may cause events of its own: not by what the links have seen.
    while let Some(link) = find(lower, |_| true) {
        // SAFETY: By the type invariants the link is in that list, in the private area of its upper device.
        unsafe { (*link.list).cut(link, rtnl) };
    }
}
