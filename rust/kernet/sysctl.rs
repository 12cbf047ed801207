// SPDX-License-Identifier: GPL-2.0

//! Settings of a namespace: files below `/proc/sys/net`.
//!
//! C headers: [`include/linux/sysctl.h`](srctree/include/linux/sysctl.h),
//! [`include/net/net_namespace.h`](srctree/include/net/net_namespace.h)
//!
//! A [`Table`] lists entries, each a number with a minimum and a maximum. kernet keeps the values in each
//! namespace. Packets read them without a lock ([`Net::sysctl`]): that is `net_generic()`, a flag and the value.
//!
//! # Who may read and write
//!
//! As the entry's [`Mode`](crate::file::Mode) says. The owner is root of the user namespace that owns the
//! network namespace; who has `CAP_NET_ADMIN` there may do what the owner may. So an ordinary user can write
//! to a setting, in a namespace of his own: no value between minimum and maximum may harm others.
//!
//! # Lifetime
//!
//! The values are made in each namespace after the module's state. In `pre_exit` of the namespace, and when
//! the part is unregistered, `unregister_net_sysctl_table()` removes the files, and waits for who reads or
//! writes just now. Who keeps a file open gets `ENOENT` from then on. An open file keeps neither the
//! namespace nor the module.

use core::{
    marker::PhantomData,
    ptr::{
        self,
        NonNull, //
    }, //
};
use kernel::{
    prelude::*,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    types::Opaque, //
};

use crate::{
    bindings,
    context::{
        Process,
        Rcu, //
    },
    file::same_name,
    module::{
        Declared,
        Module, //
    },
    netns::{
        item::{
            self,
            Item,
            ItemId,
            ItemRegistration, //
        },
        Net, //
    },
    slot::HasSlot, //
};

mod entry;

pub use entry::Entry;

use entry::{
    is_path,
    Kind, //
};

#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a table of settings",
    note = "`impl kernet::sysctl::Table for {Self}`, with a path and the entries"
)]
/// Settings of each network namespace. It has a static of its own: `slot!(Type: sysctl::Slot);`.
///
/// # Examples
///
/// ```
/// use kernet::{
///     context::{rcu_read, Process, Rcu},
///     netns::Net,
///     sysctl::{self, Entry, Table},
/// };
///
/// // Listed as `sysctl::Registration<Example>` in `Module::Parts`.
/// kernet::slot!(Example: sysctl::Slot);
///
/// // The index of each entry.
/// const ENABLED: usize = 0;
/// const LIMIT: usize = 1;
///
/// impl Table for Example {
///     type Module = Example;
///
///     const PATH: &'static CStr = c"net/example";
///     const ENTRIES: &'static [Entry] = &[
///         Entry::bool(c"enabled", false),
///         Entry::int(c"limit", 64, 1, 1000),
///     ];
///
///     fn changed(net: &Net, _state: &(), entry: usize, _process: Process<'_>) {
///         pr_info!("namespace {}: {}\n", net.inum(), Self::ENTRIES.len() - entry);
///     }
/// }
///
/// /// As a packet reads it, which has a token.
/// fn limit(net: &Net, rcu: Rcu<'_>) -> i32 {
///     match net.sysctl::<Example>(rcu) {
///         Some(values) if values.bool::<ENABLED>() => values.int::<LIMIT>(),
///         // Not enabled, or the namespace dies.
///         _ => 0,
///     }
/// }
/// ```
#[doc(alias = "ctl_table")]
pub trait Table: HasSlot<Slot> + 'static {
    /// The module whose state the callback borrows.
    type Module: Declared;

    /// The folder below `/proc/sys`: `net/NAME`, with names of 1 to 63 bytes (`register_net_sysctl_sz()`). It
    /// is made if it is not there.
    #[doc(alias = "register_net_sysctl_sz")]
    const PATH: &'static CStr;

    /// The entries, 1 to 64 (`ctl_table`).
    #[doc(alias = "ctl_table")]
    const ENTRIES: &'static [Entry];

    /// Somebody has written to an entry, which has its new value (`proc_handler()`). `entry` is its index.
    /// The namespace's end and `rmmod` wait for it, without RTNL.
    #[doc(alias = "proc_handler")]
    fn changed(
        _net: &Net,
        _state: &<Self::Module as Module>::State,
        _entry: usize,
        _process: Process<'_>,
    ) {
    }
}

/// A type that has the checks of a table.
struct Checked<T>(PhantomData<T>);

impl<T: Table> Checked<T> {
    const COUNT: usize = {
        let entries = T::ENTRIES;
        assert!(
            !entries.is_empty() && entries.len() <= 64,
            "a table has 1 to 64 settings"
        );
        let mut left = entries;
        while let [one, rest @ ..] = left {
            let mut others = rest;
            while let [other, more @ ..] = others {
                assert!(
                    !same_name(one.name.to_bytes(), other.name.to_bytes()),
                    "two settings of a table have the same name"
                );
                others = more;
            }
            left = rest;
        }
        assert!(
            is_path(T::PATH.to_bytes()),
            "the path of a table is net/NAME, with names of 1 to 63 bytes"
        );
        entries.len()
    };

    /// The entry of an index.
    const fn entry(index: usize) -> Option<&'static Entry> {
        let mut left = T::ENTRIES;
        let mut i = 0;
        while let [entry, rest @ ..] = left {
            if i == index {
                return Some(entry);
            }
            left = rest;
            i += 1;
        }
        None
    }

    /// That an entry is there, and is of a kind.
    const fn is(index: usize, kind: Kind) -> bool {
        match Self::entry(index) {
            Some(entry) => entry.kind as u8 == kind as u8 && index < Self::COUNT,
            None => false,
        }
    }

    /// The minimum and the maximum of an entry that is there.
    const fn bounds(index: usize) -> (u32, u32) {
        match Self::entry(index) {
            Some(entry) => (entry.min, entry.max),
            None => (0, 0),
        }
    }
}

/// The values of a [`Table`] in a namespace.
///
/// # Invariants
///
/// `first` is the first of as many values as the table has entries, which stay for `'a`.
pub struct Values<'a, T> {
    first: NonNull<Atomic<u32>>,
    _borrows: PhantomData<&'a Atomic<u32>>,
    _of: PhantomData<fn() -> T>,
}

impl<T> Clone for Values<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Values<'_, T> {}

// SAFETY: The values are atomic.
unsafe impl<T> Send for Values<'_, T> {}
// SAFETY: As above.
unsafe impl<T> Sync for Values<'_, T> {}

impl<'a, T: Table> Values<'a, T> {
    /// # Safety
    ///
    /// `INDEX` is less than the number of entries.
    #[inline(always)]
    unsafe fn value(self, index: usize) -> &'a Atomic<u32> {
        // SAFETY: By the type invariants and the caller's promise.
        unsafe { self.first.add(index).as_ref() }
    }

    /// The value of a signed entry. Any other `INDEX` does not compile.
    #[inline(always)]
    pub fn int<const INDEX: usize>(self) -> i32 {
        const { assert!(Checked::<T>::is(INDEX, Kind::Int), "no entry `Entry::int`") };
        // SAFETY: Just checked.
        unsafe { self.value(INDEX) }.load(Relaxed) as i32
    }

    /// The value of an entry without a sign. Any other `INDEX` does not compile.
    #[inline(always)]
    pub fn unsigned<const INDEX: usize>(self) -> u32 {
        const {
            assert!(
                Checked::<T>::is(INDEX, Kind::Unsigned),
                "no entry `Entry::unsigned`"
            )
        };
        // SAFETY: Just checked.
        unsafe { self.value(INDEX) }.load(Relaxed)
    }

    /// The value of an entry that is 0 or 1. Any other `INDEX` does not compile.
    #[inline(always)]
    pub fn bool<const INDEX: usize>(self) -> bool {
        const {
            assert!(
                Checked::<T>::is(INDEX, Kind::Bool),
                "no entry `Entry::bool`"
            )
        };
        // SAFETY: Just checked.
        unsafe { self.value(INDEX) }.load(Relaxed) != 0
    }

    /// Sets a signed entry; a value beyond the bounds is the next one within. Does not call
    /// [`Table::changed`].
    #[inline]
    pub fn set_int<const INDEX: usize>(self, value: i32) {
        const { assert!(Checked::<T>::is(INDEX, Kind::Int), "no entry `Entry::int`") };
        let (min, max) = const { Checked::<T>::bounds(INDEX) };
        let value = value.max(min as i32).min(max as i32);
        // SAFETY: Just checked.
        unsafe { self.value(INDEX) }.store(value as u32, Relaxed);
    }

    /// As [`Self::set_int`], of an entry without a sign.
    #[inline]
    pub fn set_unsigned<const INDEX: usize>(self, value: u32) {
        const {
            assert!(
                Checked::<T>::is(INDEX, Kind::Unsigned),
                "no entry `Entry::unsigned`"
            )
        };
        let (min, max) = const { Checked::<T>::bounds(INDEX) };
        // SAFETY: Just checked.
        unsafe { self.value(INDEX) }.store(value.max(min).min(max), Relaxed);
    }

    /// As [`Self::set_int`], of an entry that is 0 or 1.
    #[inline]
    pub fn set_bool<const INDEX: usize>(self, value: bool) {
        const {
            assert!(
                Checked::<T>::is(INDEX, Kind::Bool),
                "no entry `Entry::bool`"
            )
        };
        // SAFETY: Just checked.
        unsafe { self.value(INDEX) }.store(value.into(), Relaxed);
    }
}

/// The static of a table of settings. A type gets its own by [`slot!`](crate::slot!).
pub struct Slot(ItemId);

impl Slot {
    /// Empty.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(ItemId::new())
    }
}

/// What the core has of a table in a namespace.
struct Registered {
    header: *mut bindings::ctl_table_header,
    table: KVec<bindings::ctl_table>,
}

/// What is kept in each namespace; the values follow.
type PerNet<T> = item::PerNet<Registered, T>;

// SAFETY: The slot is the type's own. `unregister_net_sysctl_table()` waits for the callback, and it is not
// called any more; nor is it if the table could not be registered.
unsafe impl<T: Table> Item for PerNet<T> {
    const WHAT: &'static str = "settings";
    const TRAILING: usize = Checked::<T>::COUNT * size_of::<Atomic<u32>>();

    fn id() -> &'static ItemId {
        &<T as HasSlot<Slot>>::slot().0
    }

    unsafe fn begin(this: *mut Self, net: *mut bindings::net) -> Result {
        let mut table = KVec::with_capacity(Checked::<T>::COUNT, GFP_KERNEL_ACCOUNT)?;
        for (i, entry) in T::ENTRIES.iter().enumerate() {
            // SAFETY: Of the trailing bytes, which are zeroed and nobody else's yet.
            let value = unsafe { Self::values(this).add(i) };
            // SAFETY: As above.
            unsafe { (*value).store(entry.initial, Relaxed) };
            let entry = bindings::ctl_table {
                procname: entry.name.as_char_ptr(),
                data: value.cast(),
                maxlen: size_of::<u32>() as c_int,
                mode: entry.mode.bits(),
                proc_handler: Some(Self::handler),
                extra1: this.cast(),
                ..pin_init::zeroed()
            };
            table.push(entry, GFP_KERNEL_ACCOUNT)?;
        }
        // SAFETY: `this` is valid; the path and the names are static. The table stays until it is unregistered.
        let header = unsafe {
            Self::set_net(this, net);
            bindings::register_net_sysctl_sz(
                net,
                T::PATH.as_char_ptr(),
                // Not const in Linux 7.2.
                table.as_mut_ptr(),
                table.len(),
            )
        };
        if header.is_null() {
            // Or a name is taken, as the log says then.
            return Err(ENOMEM);
        }
        // SAFETY: `this` is valid for writes. The callback does not look at this field.
        unsafe { Opaque::cast_into(&raw const (*this).core).write(Registered { header, table }) };
        Ok(())
    }

    unsafe fn end(this: *mut Self) {
        // SAFETY: Registered, by the caller's promise. Waits for who is in the callback. The header does not
        // refer to the table any more then.
        unsafe {
            let registered = Opaque::cast_into(&raw const (*this).core).read();
            bindings::unregister_net_sysctl_table(registered.header);
            drop(registered.table);
        }
    }
}

impl<T: Table> PerNet<T> {
    /// Where the values are.
    ///
    /// # Safety
    ///
    /// `this` is an item, as [`Item::begin`] has it.
    unsafe fn values(this: *mut Self) -> *mut Atomic<u32> {
        // SAFETY: The trailing bytes follow the item without padding, which has a greater alignment.
        unsafe { this.add(1) }.cast()
    }

    /// # Safety
    ///
    /// Called by the core, with an entry of the table of a `PerNet<T>` that is not ended.
    unsafe extern "C" fn handler(
        table: *const bindings::ctl_table,
        write: c_int,
        buffer: *mut c_void,
        len: *mut usize,
        position: *mut bindings::loff_t,
    ) -> c_int {
        // SAFETY: As `begin` has set it; whose end waits for this.
        let (this, data) = unsafe { ((*table).extra1.cast::<Self>(), (*table).data) };
        // SAFETY: As above.
        let first = unsafe { Self::values(this) };
        let index = (data.addr() - first.addr()) / size_of::<u32>();
        let Some(entry) = T::ENTRIES.get(index) else {
            return EINVAL.to_errno();
        };
        // SAFETY: The entry is valid.
        let bounded = bindings::ctl_table {
            extra1: ptr::from_ref(&entry.min).cast_mut().cast(),
            extra2: ptr::from_ref(&entry.max).cast_mut().cast(),
            ..unsafe { ptr::read(table) }
        };
        // SAFETY: What the core has passed; the data is a number of 32 bits, the bounds are, too. It reads and
        // writes the number as a whole.
        let result = unsafe {
            match entry.kind {
                Kind::Int | Kind::Bool => {
                    bindings::proc_dointvec_minmax(&bounded, write, buffer, len, position)
                }
                Kind::Unsigned => {
                    bindings::proc_douintvec_minmax(&bounded, write, buffer, len, position)
                }
            }
        };
        if write == 0 || result != 0 {
            return result;
        }
        // SAFETY: The item has begun, and its end waits for this.
        if let Some((_, net, state)) = unsafe { Self::lent::<T::Module>(this) } {
            // SAFETY: The core calls it in the task that writes, which may sleep; the module that waits for
            // it is running.
            T::changed(net, state, index, unsafe { Process::assume() });
        }
        0
    }
}

/// The registration of a table of settings in all namespaces (`register_net_sysctl()`).
#[doc(alias = "register_net_sysctl")]
#[doc(alias = "unregister_net_sysctl_table")]
pub struct Registration<T: Table>(ItemRegistration<PerNet<T>>);

item::part!(Registration, Table);

impl Net {
    /// The settings of this namespace that `T` stands for (`net_generic()`).
    ///
    /// `None` until they are registered, while the namespace is being made, and when it is dying.
    #[inline]
    #[doc(alias = "net_generic")]
    pub fn sysctl<'a, T: Table>(&self, rcu: Rcu<'a>) -> Option<Values<'a, T>> {
        let this = item::find_raw::<PerNet<T>>(self, rcu)?;
        // SAFETY: Found: an item whose memory stays for `'a`.
        let first = unsafe { PerNet::<T>::values(this.as_ptr()) };
        // INVARIANT: Made, and freed a grace period after it cannot be found any more.
        Some(Values {
            first: NonNull::new(first)?,
            _borrows: PhantomData,
            _of: PhantomData,
        })
    }
}
