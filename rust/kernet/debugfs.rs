// SPDX-License-Identifier: GPL-2.0

//! A folder of debugfs that goes with the module.
//!
//! C header: [`include/linux/debugfs.h`](srctree/include/linux/debugfs.h)
//!
//! The folder has the module's name. Its files are for root, who looks into the module or prods it: nothing
//! that users depend on belongs there. A kernel without debugfs, or one that is locked down, has no such files,
//! and the module is loaded all the same.
//!
//! # Lifetime
//!
//! An open file holds a reference to the module, so that `rmmod` says that it is in use. `debugfs_remove()`
//! removes the folder, and waits for who opens a file just now.
//!
//! The files of the kernel crate (`kernel::debugfs`) hold no reference: closing one after its module was
//! unloaded calls what was freed. `make lint` refuses them in modules.

use core::marker::PhantomData;
use kernel::{
    bindings as raw,
    prelude::*,
    seq_file::SeqFile,
    types::Opaque,
    uaccess::{
        UserPtr,
        UserSlice, //
    },
    ThisModule, //
};

use crate::{
    context::Process,
    file::{
        is_name,
        same_name,
        Mode, //
    },
    module::Part, //
};

/// The most bytes that are written at a time.
pub const MAX_WRITE: usize = 4096;

/// What writes the content of a file, each time that it is read from the start.
pub type Show = fn(&SeqFile, Process<'_>);

/// What gets the bytes that are written to a file, as many as a call of `write()` has.
pub type Write = fn(&[u8], Process<'_>) -> Result;

/// A file of a [`Folder`].
///
/// # Examples
///
/// ```
/// use core::sync::atomic::{AtomicU8, Ordering::Relaxed};
/// use kernel::{seq_file::SeqFile, seq_print};
/// use kernet::{context::Process, debugfs::File};
///
/// static LEVEL: AtomicU8 = AtomicU8::new(0);
///
/// /// One of `Folder::FILES`.
/// const FILE: File = File::new(c"level", show).writable(set);
///
/// fn show(file: &SeqFile, _process: Process<'_>) {
///     seq_print!(file, "{}\n", LEVEL.load(Relaxed));
/// }
///
/// fn set(bytes: &[u8], _process: Process<'_>) -> Result {
///     // `echo 3 >level` writes a newline, too.
///     let [digit @ b'0'..=b'9'] = bytes.trim_ascii() else {
///         return Err(EINVAL);
///     };
///     LEVEL.store(*digit & 0xf, Relaxed);
///     Ok(())
/// }
/// ```
#[doc(alias = "debugfs_create_file")]
pub struct File {
    name: &'static CStr,
    mode: Mode,
    show: Show,
    write: Option<Write>,
}

impl File {
    /// A file that root reads (`DEFINE_SHOW_ATTRIBUTE`). A name has 1 to 63 bytes without a slash.
    #[doc(alias = "DEFINE_SHOW_ATTRIBUTE")]
    pub const fn new(name: &'static CStr, show: Show) -> Self {
        assert!(
            is_name(name.to_bytes()),
            "a file's name has 1 to 63 bytes and no slash"
        );
        Self {
            name,
            mode: Mode::OwnerReadOnly,
            show,
            write: None,
        }
    }

    /// The same, which root also writes to: at most [`MAX_WRITE`] bytes at a time
    /// (`DEFINE_DEBUGFS_ATTRIBUTE`).
    #[doc(alias = "DEFINE_DEBUGFS_ATTRIBUTE")]
    pub const fn writable(mut self, write: Write) -> Self {
        self.mode = Mode::OwnerReadWrite;
        self.write = Some(write);
        self
    }
}

#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a folder of debugfs",
    note = "`impl kernet::debugfs::Folder for {Self}`, with the files"
)]
/// What the module's folder in debugfs holds (`debugfs_create_dir()`).
///
/// # Examples
///
/// ```
/// use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use kernel::{seq_file::SeqFile, seq_print};
/// use kernet::{context::Process, debugfs::{self, File, Folder}};
///
/// static RESETS: AtomicU32 = AtomicU32::new(0);
///
/// // Listed as `debugfs::Registration<Example>` in `Module::Parts`.
/// impl Folder for Example {
///     const FILES: &'static [File] = &[File::new(c"resets", show).writable(reset)];
/// }
///
/// fn show(file: &SeqFile, _process: Process<'_>) {
///     seq_print!(file, "{}\n", RESETS.load(Relaxed));
/// }
///
/// fn reset(bytes: &[u8], _process: Process<'_>) -> Result {
///     if bytes.trim_ascii() != b"1" {
///         return Err(EINVAL);
///     }
///     RESETS.fetch_add(1, Relaxed);
///     Ok(())
/// }
/// ```
#[doc(alias = "debugfs_create_dir")]
pub trait Folder: 'static {
    /// The files.
    const FILES: &'static [File];
}

/// The registration of the module's folder (`debugfs_create_dir()`). A module has one.
#[doc(alias = "debugfs_create_dir")]
#[doc(alias = "debugfs_remove")]
pub struct Registration<F: Folder> {
    operations: Opaque<raw::file_operations>,
    folder: *mut raw::dentry,
    _of: PhantomData<fn() -> F>,
}

// SAFETY: debugfs has locks of its own; the operations are not changed.
unsafe impl<F: Folder> Send for Registration<F> {}
// SAFETY: As above.
unsafe impl<F: Folder> Sync for Registration<F> {}

// SAFETY: `debugfs_remove()` waits for who opens, reads or writes a file, and nobody does from then on. Who has
// one open holds a reference to the module, as the operations say whose they are.
unsafe impl<F: Folder> Part for Registration<F> {
    unsafe fn register(
        slot: *mut Self,
        module: &'static ThisModule,
        name: &'static CStr,
    ) -> Result {
        const {
            let mut files = F::FILES;
            while let [one, rest @ ..] = files {
                let mut others = rest;
                while let [other, more @ ..] = others {
                    assert!(
                        !same_name(one.name.to_bytes(), other.name.to_bytes()),
                        "two files of a folder have the same name"
                    );
                    others = more;
                }
                files = rest;
            }
        }
        let operations = raw::file_operations {
            owner: module.as_ptr(),
            open: Some(open),
            read: Some(raw::seq_read),
            write: Some(write),
            llseek: Some(raw::seq_lseek),
            release: Some(raw::single_release),
            ..pin_init::zeroed()
        };
        // SAFETY: `slot` is valid for writes. It is memory of the module, which a file that is open keeps, as
        // the owner says. What the files refer to are statics of the module.
        unsafe {
            let place = Opaque::cast_into(&raw const (*slot).operations);
            place.write(operations);
            // An error is no error: it comes back from the calls that are passed it.
            let folder = raw::debugfs_create_dir(name.as_char_ptr(), core::ptr::null_mut());
            (&raw mut (*slot).folder).write(folder);
            for file in F::FILES {
                raw::debugfs_create_file_full(
                    file.name.as_char_ptr(),
                    file.mode.bits(),
                    folder,
                    core::ptr::from_ref(file).cast_mut().cast(),
                    core::ptr::null(),
                    place,
                );
            }
        }
        Ok(())
    }

    unsafe fn unregister(slot: *mut Self) {
        // SAFETY: What `register` has made, or an error, which does nothing.
        unsafe { raw::debugfs_remove((*slot).folder) };
    }
}

/// # Safety
///
/// Called by debugfs to open a file that `register` has made.
unsafe extern "C" fn open(inode: *mut raw::inode, file: *mut raw::file) -> c_int {
    // SAFETY: What is private to the inode is a `File`. debugfs lets nobody in who would call `show` after the
    // file is removed.
    unsafe { raw::single_open(file, Some(show), (*inode).i_private) }
}

/// # Safety
///
/// Called by the core for what `open` has opened.
unsafe extern "C" fn show(seq: *mut raw::seq_file, _: *mut c_void) -> c_int {
    // SAFETY: As `open` has set it, a static of the module.
    let entry = unsafe { &*(*seq).private.cast::<File>() };
    // SAFETY: The file is this thread's, which holds its lock. It may sleep; the module is running, as the file
    // refers to it.
    unsafe { (entry.show)(SeqFile::from_raw(seq), Process::assume()) };
    0
}

/// # Safety
///
/// Called by debugfs for what `open` has opened, in the task that writes.
unsafe extern "C" fn write(
    file: *mut raw::file,
    buffer: *const c_char,
    count: usize,
    _: *mut raw::loff_t,
) -> isize {
    // SAFETY: `single_open()` has put a sequential file there, and `open` a static of the module into it.
    let entry = unsafe {
        let seq = (*file).private_data.cast::<raw::seq_file>();
        &*(*seq).private.cast::<File>()
    };
    let run = || -> Result {
        let write = entry.write.ok_or(EINVAL)?;
        if count > MAX_WRITE {
            return Err(E2BIG);
        }
        let mut bytes = KVec::new();
        let buffer = UserPtr::from_ptr(buffer.cast_mut().cast());
        UserSlice::new(buffer, count).read_all(&mut bytes, GFP_KERNEL_ACCOUNT)?;
        // SAFETY: A task that writes may sleep; the module is running, as the file refers to it.
        write(&bytes, unsafe { Process::assume() })
    };
    match run() {
        Ok(()) => count as isize,
        Err(error) => error.to_errno() as isize,
    }
}
