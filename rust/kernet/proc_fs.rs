// SPDX-License-Identifier: GPL-2.0

//! Files below `/proc/net` of a namespace, which list rows.
//!
//! C headers: [`include/linux/proc_fs.h`](srctree/include/linux/proc_fs.h),
//! [`include/linux/seq_file.h`](srctree/include/linux/seq_file.h)
//!
//! A [`NetFile`] finds its rows by a position, a number of the module's choice that is greater for later rows:
//! an index, a key, a hash. Between two rows kernet keeps the position and nothing else. So no lock is held
//! while userspace reads, rows may come and go meanwhile, and a reader goes on with the row that is next
//! then. A row that is there all the time is read once.
//!
//! # Who may read
//!
//! As [`NetFile::MODE`] says. The owner is root of the user namespace that owns the network namespace.
//!
//! # Lifetime
//!
//! An open file keeps its namespace, as those of C do; so a namespace dies when its files are closed.
//! `rmmod` removes the file in each namespace (`proc_remove()`), waits for who reads just now, and closes it
//! for who keeps it open: reading gives `EIO` from then on. An open file does not keep the module.

use core::marker::PhantomData;
use kernel::{
    prelude::*,
    seq_file::SeqFile,
    types::Opaque, //
};

use crate::{
    bindings,
    context::Process,
    file::{
        is_name,
        Mode, //
    },
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

/// The greatest position of a row.
pub const MAX_POSITION: u64 = i64::MAX as u64 - 2;

#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a file of `/proc/net`",
    note = "`impl kernet::proc_fs::NetFile for {Self}`, with `seek` and `show`"
)]
/// A file below `/proc/net`, in each network namespace (`seq_operations`). It has a static of its
/// own: `slot!(Type: proc_fs::NetSlot);`.
///
/// # Examples
///
/// ```
/// use kernel::{seq_file::SeqFile, seq_print};
/// use kernet::{
///     context::Process,
///     netns::Net,
///     proc_fs::{self, NetFile},
/// };
///
/// // Listed as `proc_fs::NetRegistration<Example>` in `Module::Parts`.
/// kernet::slot!(Example: proc_fs::NetSlot);
///
/// /// Lists the devices of the namespace.
/// impl NetFile for Example {
///     type Module = Example;
///
///     const NAME: &'static CStr = c"example";
///
///     fn header(file: &SeqFile) {
///         seq_print!(file, "index name\n");
///     }
///
///     fn seek(net: &Net, _state: &(), position: u64, process: Process<'_>) -> Option<u64> {
///         let index = u32::try_from(position).ok()?;
///         process.with_rtnl(|rtnl| Some(net.next_device_from(index, rtnl)?.ifindex().into()))
///     }
///
///     fn show(net: &Net, _state: &(), position: u64, file: &SeqFile, process: Process<'_>) {
///         process.with_rtnl(|rtnl| {
///             let index = u32::try_from(position).unwrap_or(0);
///             if let Some(device) = net.next_device_from(index, rtnl) {
///                 // Unless it has gone meanwhile.
///                 if device.ifindex() == index {
///                     seq_print!(file, "{} {}\n", index, device.name());
///                 }
///             }
///         });
///     }
/// }
/// ```
#[doc(alias = "seq_operations")]
pub trait NetFile: HasSlot<NetSlot> + 'static {
    /// The module whose state the callbacks borrow.
    type Module: Declared;

    /// The file's name, 1 to 63 bytes without a slash. One that `/proc/net` has already is refused with a
    /// warning.
    #[doc(alias = "proc_dir_entry::name")]
    const NAME: &'static CStr;

    /// Who may read it. Nobody may write.
    #[doc(alias = "proc_dir_entry::mode")]
    const MODE: Mode = Mode::ReadOnly;

    /// Writes what stands above the rows (`SEQ_START_TOKEN`).
    #[doc(alias = "SEQ_START_TOKEN")]
    fn header(_file: &SeqFile) {}

    /// The position of the first row at `position` or after it, at most [`MAX_POSITION`]
    /// (`seq_operations::start`). `None` if there is none, which ends the file.
    #[doc(alias = "seq_operations::start")]
    #[doc(alias = "seq_operations::next")]
    fn seek(
        net: &Net,
        state: &<Self::Module as Module>::State,
        position: u64,
        process: Process<'_>,
    ) -> Option<u64>;

    /// Writes the row at `position`, with a newline; nothing if it has gone since [`Self::seek`] found it. A
    /// row that does not fit into the reader's buffer is asked for again.
    #[doc(alias = "seq_operations::show")]
    #[doc(alias = "seq_printf")]
    fn show(
        net: &Net,
        state: &<Self::Module as Module>::State,
        position: u64,
        file: &SeqFile,
        process: Process<'_>,
    );
}

/// The static of a file of namespaces. A type gets its own by [`slot!`](crate::slot!).
pub struct NetSlot(ItemId);

impl NetSlot {
    /// Empty.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        Self(ItemId::new())
    }
}

/// What is kept in each namespace.
type PerNet<F> = item::PerNet<*mut bindings::proc_dir_entry, F>;

// SAFETY: The slot is the type's own. `proc_remove()` waits for callbacks, and none is called any more; nor
// is one if the file could not be made.
unsafe impl<F: NetFile> Item for PerNet<F> {
    const WHAT: &'static str = "file in /proc/net";

    fn id() -> &'static ItemId {
        &<F as HasSlot<NetSlot>>::slot().0
    }

    unsafe fn begin(this: *mut Self, net: *mut bindings::net) -> Result {
        const {
            assert!(
                is_name(F::NAME.to_bytes()),
                "a file's name has 1 to 63 bytes and no slash"
            );
            assert!(!F::MODE.is_writable(), "nobody writes to a list of rows");
        }
        // SAFETY: The namespace is alive; its folder is made before and removed after this. The operations
        // are static; the state of an open file begins with what the core puts there.
        let entry = unsafe {
            bindings::proc_create_net_data(
                F::NAME.as_char_ptr(),
                F::MODE.bits(),
                (*net).proc_net,
                const { &Rows::<F>::OPS },
                size_of::<OpenFile>() as c_uint,
                core::ptr::null_mut(),
            )
        };
        if entry.is_null() {
            return Err(ENOMEM);
        }
        // SAFETY: `this` is valid for writes, by the caller's promise.
        unsafe { Opaque::cast_into(&raw const (*this).core).write(entry) };
        Ok(())
    }

    unsafe fn end(this: *mut Self) {
        // SAFETY: Made by `begin`, and removed once. Waits for the callbacks.
        unsafe { bindings::proc_remove(*(*this).core.get()) };
    }
}

/// What the core keeps for an open file, zeroed.
#[repr(C)]
struct OpenFile {
    // First, as the core wants it.
    net: bindings::seq_net_private,
    /// Where the reader is; see [`Rows`].
    index: i64,
}

/// The operations of a file.
///
/// The core's position is 0 for the header and `n + 1` for the row at `n`.
struct Rows<F>(PhantomData<F>);

impl<F: NetFile> Rows<F> {
    const OPS: bindings::seq_operations = bindings::seq_operations {
        start: Some(Self::start),
        stop: Some(Self::stop),
        next: Some(Self::next),
        show: Some(Self::show),
    };

    /// What the callbacks borrow: the open file, its namespace, and the module's state in it.
    ///
    /// # Safety
    ///
    /// `seq` is an open file that the core has made with [`Self::OPS`], whose lock the caller holds, for `'a`.
    unsafe fn lent<'a>(
        seq: *mut bindings::seq_file,
    ) -> Option<(&'a mut OpenFile, &'a Net, &'a <F::Module as Module>::State)> {
        // SAFETY: The open file has a count of the namespace, and a private state of this type. The state of
        // the namespace is not dropped before the file is removed, which waits for the caller.
        unsafe {
            let net = Net::from_raw(bindings::seq_file_net(seq));
            let state = net.published::<F::Module>()?;
            Some((&mut *(*seq).private.cast(), net, state))
        }
    }

    /// Goes to `index`, or to what is next after it. Null at the end.
    ///
    /// # Safety
    ///
    /// As [`Self::lent`]; `index` is valid for reads and writes.
    unsafe fn go(seq: *mut bindings::seq_file, index: *mut i64) -> *mut c_void {
        // SAFETY: By the caller's promise.
        let Some((file, net, state)) = (unsafe { Self::lent(seq) }) else {
            return core::ptr::null_mut();
        };
        // SAFETY: As above.
        let index = unsafe { &mut *index };
        if *index > 0 {
            let Ok(wanted) = u64::try_from(*index - 1) else {
                return core::ptr::null_mut();
            };
            // SAFETY: The core calls it in the task that reads, which may sleep; the module that waits for it
            // is running.
            match F::seek(net, state, wanted, unsafe { Process::assume() }) {
                // One before would have the reader go round for ever.
                Some(found) if (wanted..=MAX_POSITION).contains(&found) => {
                    *index = found as i64 + 1
                }
                _ => return core::ptr::null_mut(),
            }
        }
        file.index = *index;
        core::ptr::from_mut(file).cast()
    }

    /// # Safety
    ///
    /// Called by the core, as it calls [`bindings::seq_operations::start`].
    unsafe extern "C" fn start(seq: *mut bindings::seq_file, index: *mut i64) -> *mut c_void {
        // SAFETY: The core calls it for a file of ours, with its lock.
        unsafe { Self::go(seq, index) }
    }

    /// # Safety
    ///
    /// Called by the core, as it calls [`bindings::seq_operations::next`].
    unsafe extern "C" fn next(
        seq: *mut bindings::seq_file,
        _: *mut c_void,
        index: *mut i64,
    ) -> *mut c_void {
        // SAFETY: As above.
        unsafe {
            *index = (*index).saturating_add(1);
            Self::go(seq, index)
        }
    }

    /// # Safety
    ///
    /// Called by the core, as it calls [`bindings::seq_operations::stop`].
    unsafe extern "C" fn stop(_: *mut bindings::seq_file, _: *mut c_void) {}

    /// # Safety
    ///
    /// Called by the core, as it calls [`bindings::seq_operations::show`].
    unsafe extern "C" fn show(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
        // SAFETY: As above.
        let Some((file, net, state)) = (unsafe { Self::lent(seq) }) else {
            return ENODEV.to_errno();
        };
        // SAFETY: The file is this thread's, which holds its lock.
        let out = unsafe { SeqFile::from_raw(seq.cast()) };
        match u64::try_from(file.index - 1) {
            // SAFETY: As in `go`.
            Ok(position) => F::show(net, state, position, out, unsafe { Process::assume() }),
            Err(_) => F::header(out),
        }
        0
    }
}

/// The registration of a file in all namespaces (`proc_create_net()`).
#[doc(alias = "proc_create_net")]
#[doc(alias = "proc_remove")]
pub struct NetRegistration<F: NetFile>(ItemRegistration<PerNet<F>>);

item::part!(NetRegistration, NetFile);
