// SPDX-License-Identifier: GPL-2.0

//! The words behind `type KIND`, and the request that they become.

use crate::{
    sys,
    Refused, //
};
use core::{
    ffi::{
        c_char,
        c_int,
        CStr, //
    },
    mem,
    ptr, //
};

/// The start of an attribute that holds a device.
#[repr(C)]
struct Nest {
    attr: sys::rtattr,
    header: sys::ifinfomsg,
}

/// The words behind `type KIND`, in turn, and the attributes that are made of them.
///
/// # Invariants
///
/// `words` are strings for `'a`, which nobody else looks at. `request` is one of `ip`'s: its
/// attributes end at `n.len`, which is within it.
pub struct Options<'a> {
    kind: &'a CStr,
    help: &'static CStr,
    words: &'a [*mut c_char],
    /// The option that was taken last.
    option: &'a CStr,
    /// The word that was taken last: the option or its value.
    word: &'a CStr,
    request: &'a mut sys::iplink_req,
    /// A bit for each type of attribute that is in the request.
    present: u64,
}

impl<'a> Options<'a> {
    /// # Safety
    ///
    /// `words` are strings for `'a`, which nobody else looks at meanwhile. `request` is one of
    /// `ip`'s: its attributes end at `n.len`, which is within it.
    pub(crate) unsafe fn new(
        kind: &'a CStr,
        help: &'static CStr,
        words: &'a [*mut c_char],
        request: &'a mut sys::iplink_req,
    ) -> Self {
        // INVARIANT: By the function's own contract.
        Self {
            kind,
            help,
            words,
            option: c"",
            word: c"",
            request,
            present: 0,
        }
    }

    fn take(&mut self) -> Option<&'a CStr> {
        let (word, rest) = self.words.split_first()?;
        self.words = rest;
        // INVARIANT: The word is none of those that are left.
        // SAFETY: By the type's invariants, a string for `'a`, and nobody else's.
        self.word = unsafe { CStr::from_ptr(*word) };
        Some(self.word)
    }

    /// The next option, or None behind the last one.
    #[expect(
        clippy::should_implement_trait,
        reason = "no iterator: values are taken between"
    )]
    pub fn next(&mut self) -> Option<&'a CStr> {
        self.option = self.take()?;
        Some(self.option)
    }

    /// The word behind the option. Ends `ip` if there is none.
    pub fn value(&mut self) -> &'a CStr {
        match self.take() {
            Some(word) => word,
            // SAFETY: Takes nothing, does not return.
            None => unsafe { sys::incomplete_command() },
        }
    }

    /// Refuses the option, which is none of the kind's. `help` gets the help.
    pub fn unknown(&self) -> Refused {
        // SAFETY: C's own, set before `ip` starts.
        let file = unsafe { sys::stderr };
        if self.option != c"help" {
            let (kind, option) = (self.kind.as_ptr(), self.option.as_ptr());
            // SAFETY: A file, and a string for each `%s`.
            unsafe { sys::fprintf(file, c"%s: unknown option \"%s\"\n".as_ptr(), kind, option) };
        }
        // SAFETY: A string and a file.
        unsafe { sys::fputs(self.help.as_ptr(), file) };
        Refused(())
    }

    /// Whether the request makes a device, or else changes one.
    pub fn creates(&self) -> bool {
        self.request.n.flags & sys::NLM_F_CREATE != 0
    }

    /// Ends `ip` if the option named `option`, which makes attribute `kind`, was not given.
    pub fn require(&self, kind: u16, option: &CStr) {
        if self.present & bit(kind) == 0 {
            // SAFETY: A string; does not return.
            unsafe { sys::missarg(option.as_ptr()) }
        }
    }

    /// Adds an attribute to the request. Ends `ip` if the attribute is there already.
    ///
    /// # Errors
    ///
    /// The request is full.
    pub fn put(&mut self, kind: u16, data: &[u8]) -> Result<(), Refused> {
        if self.present & bit(kind) != 0 {
            // SAFETY: Two strings; does not return.
            unsafe { sys::duparg(self.option.as_ptr(), self.word.as_ptr()) }
        }
        self.present |= bit(kind);
        self.add(kind, data)
    }

    fn add(&mut self, kind: u16, data: &[u8]) -> Result<(), Refused> {
        // What is as long as a request does not fit it, however much longer it is.
        let len = data.len().min(sys::MAX_LEN as usize) as c_int;
        let request = ptr::from_mut(self.request);
        // SAFETY: By the type's invariants the request is one, longer than `MAX_LEN`; `data` has
        // `len` bytes.
        let full = unsafe {
            sys::addattr_l(
                request.cast(),
                sys::MAX_LEN,
                c_int::from(kind),
                data.as_ptr().cast(),
                len,
            )
        };
        said(full)
    }

    /// Makes the words that are left, which are as those of `ip link add`, an attribute: the
    /// `struct ifinfomsg` and the `IFLA_*` attributes of another device (`iplink_parse`).
    ///
    /// Ends `ip` if they are wrong, or if they name another kind.
    ///
    /// # Errors
    ///
    /// The words are wrong, or the request is full.
    #[doc(alias = "iplink_parse")]
    pub fn put_link(&mut self, kind: u16) -> Result<(), Refused> {
        // What `iplink_parse()` writes into the request's own header is the other device's.
        let own = self.request.i;
        self.request.i.index = 0;
        self.request.i.flags = 0;
        self.request.i.change = 0;

        let start = align(self.request.n.len);
        self.put(kind, &[])?;
        self.add_header()?;
        let words = mem::take(&mut self.words);
        let mut other: *mut c_char = ptr::null_mut();
        // SAFETY: By the type's invariants a request, and `len()` strings. The function may
        // write into the strings, which nobody else looks at.
        let taken = unsafe {
            sys::iplink_parse(
                words.len() as c_int,
                words.as_ptr().cast_mut(),
                self.request,
                &mut other,
            )
        };
        let taken = usize::try_from(taken).map_err(|_| Refused(()))?;
        if !other.is_null() {
            // SAFETY: Two strings: it is one of the words. Does not return.
            unsafe { sys::duparg(c"type".as_ptr(), other) }
        }
        if let Some(word) = words.get(taken) {
            // SAFETY: Two strings; does not return.
            unsafe { sys::invarg(c"not an option of a peer".as_ptr(), *word) }
        }

        let header = mem::replace(&mut self.request.i, own);
        let len = self.request.n.len.saturating_sub(start);
        let nest = ptr::from_mut(self.request)
            .wrapping_byte_add(start as usize)
            .cast::<Nest>();
        // SAFETY: `put()` and `add_header()` have made it a part of the request, whose parts are
        // aligned.
        unsafe {
            (*nest).attr.len = len as u16;
            (*nest).header = header;
        }
        Ok(())
    }

    fn add_header(&mut self) -> Result<(), Refused> {
        let zero = [0u8; mem::size_of::<sys::ifinfomsg>()];
        let request = ptr::from_mut(self.request);
        // SAFETY: By the type's invariants the request is one, longer than `MAX_LEN`; `zero` has
        // so many bytes.
        let full = unsafe {
            sys::addraw_l(
                request.cast(),
                sys::MAX_LEN,
                zero.as_ptr().cast(),
                zero.len() as c_int,
            )
        };
        said(full)
    }
}

/// The bit of an attribute's type. Larger types than 63 have none.
fn bit(kind: u16) -> u64 {
    1u64.checked_shl(kind.into()).unwrap_or(0)
}

/// Where the next attribute starts: `NLMSG_ALIGN()`.
fn align(len: u32) -> u32 {
    len.saturating_add(3) & !3
}

/// What C has said of a request that is full.
fn said(status: c_int) -> Result<(), Refused> {
    match status {
        0 => Ok(()),
        _ => Err(Refused(())),
    }
}
