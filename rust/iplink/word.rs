// SPDX-License-Identifier: GPL-2.0

//! What a word may be.

use crate::{
    sys,
    Refused, //
};
use core::{
    ffi::CStr,
    net::{
        IpAddr,
        Ipv4Addr, //
    },
};

/// Ends `ip`: the word is wrong, and why.
pub fn invalid(word: &CStr, why: &CStr) -> ! {
    // SAFETY: Two strings; does not return.
    unsafe { sys::invarg(why.as_ptr(), word.as_ptr()) }
}

/// A number of 0 to 255: decimal, or hexadecimal behind `0x`.
#[doc(alias = "get_u8")]
pub fn u8(word: &CStr) -> Option<u8> {
    let mut value = 0;
    // SAFETY: A string, and a place for what it says.
    let wrong = unsafe { sys::get_u8(&mut value, word.as_ptr(), 0) };
    (wrong == 0).then_some(value)
}

/// As [`u8()`], of 0 to 65535.
#[doc(alias = "get_u16")]
pub fn u16(word: &CStr) -> Option<u16> {
    let mut value = 0;
    // SAFETY: A string, and a place for what it says.
    let wrong = unsafe { sys::get_u16(&mut value, word.as_ptr(), 0) };
    (wrong == 0).then_some(value)
}

/// As [`u8()`], of 0 to 4294967295.
#[doc(alias = "get_u32")]
pub fn u32(word: &CStr) -> Option<u32> {
    let mut value = 0;
    // SAFETY: A string, and a place for what it says.
    let wrong = unsafe { sys::get_u32(&mut value, word.as_ptr(), 0) };
    (wrong == 0).then_some(value)
}

/// A type of service: hexadecimal, or a name that `/etc/iproute2/rt_dsfield` has
/// (`rtnl_dsfield_a2n`).
#[doc(alias = "rtnl_dsfield_a2n")]
pub fn dsfield(word: &CStr) -> Option<u8> {
    let mut value = 0;
    // SAFETY: A string, and a place for what it says.
    let wrong = unsafe { sys::rtnl_dsfield_a2n(&mut value, word.as_ptr()) };
    (wrong == 0).then_some(value)?.try_into().ok()
}

/// An IPv4 address; `any` is 0.0.0.0 (`get_addr32`). Ends `ip` if the word is none.
#[doc(alias = "get_addr32")]
pub fn ipv4(word: &CStr) -> Ipv4Addr {
    // SAFETY: A string.
    let address = unsafe { sys::get_addr32(word.as_ptr()) };
    // As it is in memory, so as it is in a packet.
    Ipv4Addr::from(address.to_ne_bytes())
}

/// An IPv4 or IPv6 address; `any` is 0.0.0.0, and `::` the one of IPv6 (`get_addr`). Ends `ip` if the
/// word is none.
#[doc(alias = "get_addr")]
pub fn address(word: &CStr) -> IpAddr {
    if !word.to_bytes().contains(&b':') {
        return ipv4(word).into();
    }
    let address = word.to_str().ok().and_then(|text| text.parse().ok());
    match address {
        Some(address) => IpAddr::V6(address),
        None => invalid(word, c"an IPv6 address is expected"),
    }
}

/// The index of the device that has this name (`ll_name_to_index`).
///
/// # Errors
///
/// There is none, which was said.
#[doc(alias = "ll_name_to_index")]
pub fn device(word: &CStr) -> Result<u32, Refused> {
    // SAFETY: A string.
    let index = unsafe { sys::ll_name_to_index(word.as_ptr()) };
    if index == 0 {
        // SAFETY: A string.
        unsafe { sys::nodev(word.as_ptr()) };
        return Err(Refused(()));
    }
    Ok(index)
}
