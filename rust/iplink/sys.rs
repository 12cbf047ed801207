// SPDX-License-Identifier: GPL-2.0

//! What `ip` has and exports: the same in iproute2 6.1 and 6.15.

#![allow(non_camel_case_types)]

use core::ffi::{
    c_char,
    c_int,
    c_uint,
    c_ulonglong,
    c_void, //
};

/// `struct nlmsghdr` of `linux/netlink.h`.
#[repr(C)]
pub(crate) struct nlmsghdr {
    pub(crate) len: u32,
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) seq: u32,
    pub(crate) pid: u32,
}

/// The request makes a device, or else changes one.
pub(crate) const NLM_F_CREATE: u16 = 0x400;

/// `struct ifinfomsg` of `linux/rtnetlink.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ifinfomsg {
    pub(crate) family: u8,
    pub(crate) pad: u8,
    pub(crate) kind: u16,
    pub(crate) index: c_int,
    pub(crate) flags: c_uint,
    pub(crate) change: c_uint,
}

/// The request that `ip` makes: `parse_opt` gets a pointer to its first field.
#[repr(C)]
pub(crate) struct iplink_req {
    pub(crate) n: nlmsghdr,
    pub(crate) i: ifinfomsg,
    pub(crate) buf: [u8; 1024],
}

/// The length that an attribute may make a request grow to: less than all of it, so that the
/// nests around it can be closed.
pub(crate) const MAX_LEN: c_int = 1024;

/// `struct rtattr` of `linux/rtnetlink.h`, which the payload follows.
#[repr(C)]
pub(crate) struct rtattr {
    pub(crate) len: u16,
    pub(crate) kind: u16,
}

/// C's `FILE`.
#[repr(C)]
pub(crate) struct File {
    _opaque: [u8; 0],
}

pub(crate) const AF_INET: c_int = 2;
pub(crate) const AF_INET6: c_int = 10;

/// `enum output_type`: in JSON alone.
pub(crate) const PRINT_JSON: c_int = 2;

/// `enum color_attr`.
pub(crate) const COLOR_NONE: c_int = 6;

extern "C" {
    // The C library.
    pub(crate) static stdout: *mut File;
    pub(crate) static stderr: *mut File;
    pub(crate) fn fputs(text: *const c_char, file: *mut File) -> c_int;
    pub(crate) fn fwrite(data: *const c_void, size: usize, count: usize, file: *mut File) -> usize;
    pub(crate) fn fprintf(file: *mut File, format: *const c_char, ...) -> c_int;
    pub(crate) fn abort() -> !;

    // What ends `ip`, with a message.
    pub(crate) fn invarg(why: *const c_char, word: *const c_char) -> !;
    pub(crate) fn missarg(option: *const c_char) -> !;
    pub(crate) fn duparg(option: *const c_char, value: *const c_char) -> !;
    pub(crate) fn incomplete_command() -> !;

    // What reads words. The first ends `ip` if the word is no address.
    pub(crate) fn get_addr32(word: *const c_char) -> u32;
    pub(crate) fn get_u8(value: *mut u8, word: *const c_char, base: c_int) -> c_int;
    pub(crate) fn get_u16(value: *mut u16, word: *const c_char, base: c_int) -> c_int;
    pub(crate) fn get_u32(value: *mut u32, word: *const c_char, base: c_int) -> c_int;
    pub(crate) fn rtnl_dsfield_a2n(value: *mut u32, word: *const c_char) -> c_int;
    pub(crate) fn ll_name_to_index(word: *const c_char) -> c_uint;
    pub(crate) fn nodev(word: *const c_char) -> c_int;
    pub(crate) fn iplink_parse(
        argc: c_int,
        argv: *mut *mut c_char,
        request: *mut iplink_req,
        kind: *mut *mut c_char,
    ) -> c_int;

    // What adds to a request: 0, or a message and -1 if it would be longer than `max_len`.
    pub(crate) fn addattr_l(
        request: *mut nlmsghdr,
        max_len: c_int,
        kind: c_int,
        data: *const c_void,
        len: c_int,
    ) -> c_int;
    pub(crate) fn addraw_l(
        request: *mut nlmsghdr,
        max_len: c_int,
        data: *const c_void,
        len: c_int,
    ) -> c_int;

    // What shows.
    pub(crate) fn is_json_context() -> bool;
    pub(crate) fn ll_index_to_name(index: c_uint) -> *const c_char;
    pub(crate) fn tnl_print_endpoint(name: *const c_char, attr: *const rtattr, family: c_int);
    pub(crate) fn print_color_string(
        output: c_int,
        color: c_int,
        key: *const c_char,
        format: *const c_char,
        value: *const c_char,
    ) -> c_int;
    pub(crate) fn print_color_uint(
        output: c_int,
        color: c_int,
        key: *const c_char,
        format: *const c_char,
        value: c_uint,
    ) -> c_int;
    pub(crate) fn print_color_0xhex(
        output: c_int,
        color: c_int,
        key: *const c_char,
        format: *const c_char,
        value: c_ulonglong,
    ) -> c_int;
    pub(crate) fn print_color_bool(
        output: c_int,
        color: c_int,
        key: *const c_char,
        format: *const c_char,
        value: bool,
    ) -> c_int;
}
