# SPDX-License-Identifier: GPL-2.0
"""XDP programs of a few instructions, loaded and attached without a compiler or a library."""

import ctypes
import os
import platform
import socket
import struct

import rtnl

# What a program may answer.
ABORTED, DROP, PASS, TX, REDIRECT = range(5)
# Frames that the programs here look at; all others they pass. Set aside for experiments.
ETHERTYPE = 0x88b5

MAP_CREATE, MAP_UPDATE_ELEM, PROG_LOAD = 0, 2, 5
PROG_TYPE_XDP, MAP_TYPE_DEVMAP = 6, 14
F_XDP_HAS_FRAGS = 1 << 5
# Helpers, by their numbers in include/uapi/linux/bpf.h.
XDP_ADJUST_HEAD, REDIRECT_MAP, XDP_ADJUST_META, XDP_ADJUST_TAIL = 44, 51, 54, 65
# Modes of attaching.
SKB_MODE, DRV_MODE = 1 << 1, 1 << 2
BPF = {"x86_64": 321}


def bpf(command, attributes):
    """bpf(2); `attributes` is the union's beginning."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, max(len(attributes), 128))
    result = libc.syscall(BPF[platform.machine()], command, buffer, len(buffer))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"bpf command {command}")
    return result


def instruction(code, dst=0, src=0, offset=0, value=0):
    return struct.pack("=BBhi", code, dst | src << 4, offset, value)


def set_to(register, value):
    return instruction(0xb7, register, value=value)


def copy(to, register):
    return instruction(0xbf, to, register)


def load_map(register, fd):
    return instruction(0x18, register, 1, value=fd) + instruction(0)


def call(helper):
    return instruction(0x85, value=helper)


EXIT = instruction(0x95)


def answer(verdict):
    return set_to(0, verdict) + EXIT


def adjust(helper, delta):
    """Moves an end of the frame, and passes it; aborts if that fails."""
    return (copy(1, 6) + set_to(2, delta) + call(helper) + instruction(0x15, 0, offset=2)
            + answer(ABORTED) + answer(PASS))


class Program:
    """A program that does `body` with frames of ETHERTYPE and passes the others.

    Register 6 is the context. The program lives for as long as this, or a device that has it.
    """

    def __init__(self, body, fragments=False):
        # r2 = data, r3 = data_end; is there an Ethernet header, of that type?
        code = (copy(6, 1) + instruction(0x61, 2, 1, 0) + instruction(0x61, 3, 1, 4) + copy(4, 2)
                + instruction(0x07, 4, value=14) + instruction(0x2d, 4, 3, 2)
                + instruction(0x69, 5, 2, 12)
                + instruction(0x15, 5, offset=2, value=socket.htons(ETHERTYPE))
                + answer(PASS) + body)
        code = ctypes.create_string_buffer(code, len(code))
        licence = ctypes.create_string_buffer(b"GPL")
        log = ctypes.create_string_buffer(1 << 16)
        attributes = struct.pack("=IIQQIIQII16s", PROG_TYPE_XDP, len(code) // 8,
                                 ctypes.addressof(code), ctypes.addressof(licence), 1, len(log),
                                 ctypes.addressof(log), 0, F_XDP_HAS_FRAGS if fragments else 0,
                                 b"kernet")
        try:
            self.fd = bpf(PROG_LOAD, attributes)
        except OSError as error:
            raise AssertionError(f"{error}: {log.value.decode()[-400:]}") from None

    def attach(self, ns, device, mode=DRV_MODE):
        """Attaches it, in the place of another one if there is one."""
        with ns.enter():
            rtnl.set_xdp(device, self.fd, mode)

    def __del__(self):
        if hasattr(self, "fd"):
            os.close(self.fd)


def detach(ns, device, mode=DRV_MODE):
    with ns.enter():
        rtnl.set_xdp(device, -1, mode)


class DeviceMap:
    """A map with one device of a namespace, to redirect to. Lives for as long as this process, and
    does not keep the device."""

    def __init__(self, ns, device):
        with ns.enter():
            self.fd = bpf(MAP_CREATE, struct.pack("=IIIII", MAP_TYPE_DEVMAP, 4, 4, 1, 0))
            key = ctypes.c_uint32(0)
            value = ctypes.c_uint32(socket.if_nametoindex(device))
            bpf(MAP_UPDATE_ELEM, struct.pack("=IIQQQ", self.fd, 0, ctypes.addressof(key),
                                             ctypes.addressof(value), 0))

    def redirect(self):
        """What a program does to send a frame there."""
        return load_map(1, self.fd) + set_to(2, 0) + set_to(3, 0) + call(REDIRECT_MAP) + EXIT
