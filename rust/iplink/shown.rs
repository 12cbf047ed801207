// SPDX-License-Identifier: GPL-2.0

//! A device's attributes, and showing them as text or as JSON.

use crate::sys;
use core::{
    ffi::{
        c_void,
        CStr, //
    },
    fmt::{
        self,
        Write, //
    },
    mem,
    ptr,
    slice, //
};

/// A value in JSON.
pub enum Json<'a> {
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(u32),
    /// A string with a hexadecimal number, as iproute2 has them.
    Hex(u32),
    /// A string.
    String(&'a CStr),
}

/// An end of a tunnel.
pub enum End {
    /// Ours.
    Local,
    /// The other.
    Remote,
}

/// The attributes of a device that `ip -d link show` is at.
///
/// # Invariants
///
/// Each of `attrs` is null, or an attribute that is whole and stays as it is for `'a`.
pub struct Shown<'a> {
    attrs: &'a [*const sys::rtattr],
}

impl<'a> Shown<'a> {
    /// # Safety
    ///
    /// Each of `attrs` is null, or an attribute that is whole and stays as it is for `'a`.
    pub(crate) unsafe fn new(attrs: &'a [*const sys::rtattr]) -> Self {
        // INVARIANT: By the function's own contract.
        Self { attrs }
    }

    fn get(&self, kind: u16) -> *const sys::rtattr {
        let found = self.attrs.get(usize::from(kind));
        found.copied().unwrap_or(ptr::null())
    }

    /// An attribute's payload.
    pub fn payload(&self, kind: u16) -> Option<&'a [u8]> {
        // SAFETY: By the type's invariants.
        let attr = unsafe { self.get(kind).as_ref() }?;
        let len = usize::from(attr.len).checked_sub(mem::size_of::<sys::rtattr>())?;
        // SAFETY: By the type's invariants the attribute is whole: its payload follows it.
        Some(unsafe { slice::from_raw_parts(ptr::from_ref(attr).add(1).cast(), len) })
    }

    /// An attribute of one byte.
    pub fn u8(&self, kind: u16) -> Option<u8> {
        self.payload(kind)?.try_into().ok().map(u8::from_ne_bytes)
    }

    /// An attribute of four bytes, in host byte order.
    pub fn u32(&self, kind: u16) -> Option<u32> {
        self.payload(kind)?.try_into().ok().map(u32::from_ne_bytes)
    }

    /// Shows a tunnel's address, of IPv4 or IPv6; `any` if it is 0.0.0.0, `::` or absent.
    #[doc(alias = "tnl_print_endpoint")]
    pub fn endpoint(&self, end: End, kind: u16) {
        // It becomes a part of a format.
        let name = match end {
            End::Local => c"local",
            End::Remote => c"remote",
        };
        let family = match self.payload(kind) {
            Some([_, _, _, _, _, ..]) => sys::AF_INET6,
            _ => sys::AF_INET,
        };
        // SAFETY: A string without `%`; null or an attribute, by the type's invariants. C checks that it
        // has as many bytes as an address of the family.
        unsafe { sys::tnl_print_endpoint(name.as_ptr(), self.get(kind), family) };
    }

    /// Shows the name of the device that has this index in the namespace of `ip`: behind `label` in
    /// the text, as `key` in JSON (`ll_index_to_name`).
    #[doc(alias = "ll_index_to_name")]
    pub fn device(&self, label: &str, key: &CStr, index: u32) {
        // SAFETY: Takes a number. Returns a string that stays as it is until the next call.
        let name = unsafe { CStr::from_ptr(sys::ll_index_to_name(index)) };
        self.json(key, Json::String(name));
        self.text(format_args!("{label} "));
        self.text_bytes(name.to_bytes());
        self.text(format_args!(" "));
    }

    /// Shows something in the text alone. It ends with a space, as all there is in the line.
    pub fn text(&self, text: fmt::Arguments<'_>) {
        // Never fails.
        let _ = Text(self).write_fmt(text);
    }

    fn text_bytes(&self, text: &[u8]) {
        let (data, len) = (text.as_ptr().cast::<c_void>(), text.len());
        // SAFETY: Takes nothing.
        if unsafe { sys::is_json_context() } {
            return;
        }
        // SAFETY: Bytes and their number, and C's own file, set before `ip` starts. Its errors
        // are kept in the file.
        unsafe { sys::fwrite(data, 1, len, sys::stdout) };
    }

    /// Shows something in JSON alone.
    pub fn json(&self, key: &CStr, value: Json<'_>) {
        let key = key.as_ptr();
        let (output, color, format) = (sys::PRINT_JSON, sys::COLOR_NONE, ptr::null());
        match value {
            // SAFETY: A string, and what the function's name says. The format is for text.
            Json::Bool(value) => unsafe {
                sys::print_color_bool(output, color, key, format, value)
            },
            // SAFETY: As above.
            Json::Number(value) => unsafe {
                sys::print_color_uint(output, color, key, format, value)
            },
            // SAFETY: As above.
            Json::Hex(value) => unsafe {
                sys::print_color_0xhex(output, color, key, format, value.into())
            },
            // SAFETY: As above.
            Json::String(value) => unsafe {
                sys::print_color_string(output, color, key, format, value.as_ptr())
            },
        };
    }
}

/// The text, for [`Write`].
struct Text<'a>(&'a Shown<'a>);

impl Write for Text<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.text_bytes(text.as_bytes());
        Ok(())
    }
}
