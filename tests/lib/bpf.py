# SPDX-License-Identifier: GPL-2.0
"""Programs of a few instructions, for XDP and tc, loaded and attached without a compiler or a library."""

import ctypes
import functools
import os
import pathlib
import platform
import re
import socket
import struct
import subprocess

import rtnl
from selftest import Skip

# What a program may answer.
ABORTED, DROP, PASS, TX, REDIRECT = range(5)
TC_ACT_OK, TC_ACT_SHOT = 0, 2
# Frames that the programs here look at; all others they pass. Set aside for experiments.
ETHERTYPE = 0x88b5

MAP_CREATE, MAP_UPDATE_ELEM, PROG_LOAD = 0, 2, 5
PROG_TYPE_SCHED_CLS, PROG_TYPE_XDP = 3, 6
MAP_TYPE_DEVMAP, MAP_TYPE_CPUMAP = 14, 16
F_XDP_HAS_FRAGS, F_XDP_DEV_BOUND_ONLY = 1 << 5, 1 << 6
PSEUDO_KFUNC_CALL = 2
# Where a program runs that no device has, but an entry of a map of devices.
XDP_DEVMAP = 33
# Helpers, by their numbers in include/uapi/linux/bpf.h, and their flags.
XDP_ADJUST_HEAD, REDIRECT_MAP, XDP_ADJUST_META, XDP_ADJUST_TAIL, REDIRECT_PEER = 44, 51, 54, 65, 155
SK_LOOKUP_UDP, SK_RELEASE, SK_ASSIGN = 85, 86, 124
BROADCAST, EXCLUDE_INGRESS, EGRESS = 1 << 3, 1 << 4, 2
CURRENT_NETNS = -1
# Modes of attaching.
SKB_MODE, DRV_MODE, HW_MODE = 1 << 1, 1 << 2, 1 << 3
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


@functools.cache
def kernel_function(name):
    """Its number in the kernel's type information."""
    types = pathlib.Path("/sys/kernel/btf/vmlinux")
    if not types.exists():
        raise Skip("the kernel has no type information (CONFIG_DEBUG_INFO_BTF)")
    text = subprocess.run(["bpftool", "btf", "dump", "file", types], check=True, capture_output=True,
                          text=True).stdout
    return int(re.search(rf"^\[(\d+)\] FUNC '{name}' ", text, re.M)[1])


def call_kernel(name):
    return instruction(0x85, src=PSEUDO_KFUNC_CALL, value=kernel_function(name))


EXIT = instruction(0x95)


def answer(verdict):
    return set_to(0, verdict) + EXIT


def adjust(helper, delta):
    """Moves an end of the frame, and passes it; aborts if that fails."""
    return (copy(1, 6) + set_to(2, delta) + call(helper) + instruction(0x15, 0, offset=2)
            + answer(ABORTED) + answer(PASS))


# What HINTS writes: time, flow hash and its kind, EtherType and value of the tag; an error for each.
HINTS_FORMAT = "=QII2sHiii"


def hints():
    """Writes what a program may ask about a packet over what follows the Ethernet header, if there is
    room, and passes it."""
    size = struct.calcsize(HINTS_FORMAT)
    words = range(0, size, 8)
    code = b"".join(instruction(0x7a, 10, offset=at - size) for at in words)
    for function, places, error in (("timestamp", (0,), 20), ("hash", (8, 12), 24),
                                    ("vlan_tag", (16, 18), 28)):
        code += copy(1, 6)
        for register, at in enumerate(places, 2):
            code += copy(register, 10) + instruction(0x07, register, value=at - size)
        code += call_kernel(f"bpf_xdp_metadata_rx_{function}")
        code += instruction(0x63, 10, 0, error - size)
    write = b"".join(instruction(0x79, 5, 10, at - size) + instruction(0x7b, 2, 5, 14 + at)
                     for at in words)
    return (code + instruction(0x61, 2, 6, 0) + instruction(0x61, 3, 6, 4) + copy(4, 2)
            + instruction(0x07, 4, value=14 + size) + instruction(0x2d, 4, 3, len(write) // 8)
            + write + answer(PASS))


def load(kind, code, flags=0, attach_type=0, ifindex=0):
    """Returns the descriptor of the program."""
    code = ctypes.create_string_buffer(code, len(code))
    licence = ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(1 << 16)
    attributes = struct.pack("=IIQQIIQII16sII", kind, len(code) // 8, ctypes.addressof(code),
                             ctypes.addressof(licence), 1, len(log), ctypes.addressof(log), 0,
                             flags, b"kernet", ifindex, attach_type)
    try:
        return bpf(PROG_LOAD, attributes)
    except OSError as error:
        raise AssertionError(f"{error}: {log.value.decode()[-400:]}") from None


class Program:
    """A program that does `body` with frames of ETHERTYPE, or with all, and passes the others.

    Register 6 is the context, 2 the frame, of which there are 14 bytes. The program lives for as long
    as this, or a device that has it. One that is bound to a device may ask for hints.
    """

    def __init__(self, body, fragments=False, all_frames=False, attach_type=0, bound_to=None):
        # r2 = data, r3 = data_end; is there an Ethernet header, of that type?
        code = (copy(6, 1) + instruction(0x61, 2, 1, 0) + instruction(0x61, 3, 1, 4) + copy(4, 2)
                + instruction(0x07, 4, value=14))
        if all_frames:
            code += instruction(0xbd, 4, 3, 2)
        else:
            code += (instruction(0x2d, 4, 3, 2) + instruction(0x69, 5, 2, 12)
                     + instruction(0x15, 5, offset=2, value=socket.htons(ETHERTYPE)))
        code += answer(PASS) + body
        flags = F_XDP_HAS_FRAGS if fragments else 0
        if bound_to:
            ns, device = bound_to
            with ns.enter():
                self.fd = load(PROG_TYPE_XDP, code, flags | F_XDP_DEV_BOUND_ONLY, attach_type,
                               socket.if_nametoindex(device))
        else:
            self.fd = load(PROG_TYPE_XDP, code, flags, attach_type)

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


class Classifier:
    """A program for tc, which decides about all packets that come in by a device with a clsact."""

    def __init__(self, body):
        self.fd = load(PROG_TYPE_SCHED_CLS, body)

    def attach(self, ns, device):
        ns.run(f"tc qdisc replace dev {device} clsact")
        with ns.enter():
            rtnl.classify(device, self.fd)

    def __del__(self):
        if hasattr(self, "fd"):
            os.close(self.fd)


def to_peer(ifindex, flags=0):
    """What a classifier does to hand a packet to a device's peer, as received there."""
    return set_to(1, ifindex) + set_to(2, flags) + call(REDIRECT_PEER) + EXIT


def to_socket(address, port):
    """What a classifier does to give an IPv4 packet the UDP socket of an address and port, whatever the packet is;
    it drops a packet for which it cannot."""
    # struct bpf_sock_tuple: source, destination, the ports.
    words = (0, *struct.unpack("=iI", socket.inet_aton(address) + struct.pack("=HH", 0, socket.htons(port))))
    write = b"".join(instruction(0x62, 10, offset=4 * at - 12, value=ctypes.c_int32(word).value)
                     for at, word in enumerate(words))
    assign = (copy(7, 0) + copy(1, 6) + copy(2, 7) + set_to(3, 0) + call(SK_ASSIGN) + copy(8, 0)
              + copy(1, 7) + call(SK_RELEASE) + instruction(0x55, 8, offset=2) + answer(TC_ACT_OK))
    return (copy(6, 1) + write + copy(2, 10) + instruction(0x07, 2, value=-12) + set_to(3, 12)
            + set_to(4, CURRENT_NETNS) + set_to(5, 0) + call(SK_LOOKUP_UDP)
            + instruction(0x15, 0, offset=len(assign) // 8) + assign + answer(TC_ACT_SHOT))


class Map:
    """A map of targets by number, to redirect to. Lives for as long as this process."""

    def __init__(self, kind, targets):
        self.first, size = min(targets), len(next(iter(targets.values())))
        self.fd = bpf(MAP_CREATE, struct.pack("=IIIII", kind, 4, size, max(targets) + 1, 0))
        for number, target in targets.items():
            key, value = ctypes.c_uint32(number), ctypes.create_string_buffer(target, size)
            bpf(MAP_UPDATE_ELEM, struct.pack("=IIQQQ", self.fd, 0, ctypes.addressof(key),
                                             ctypes.addressof(value), 0))

    def redirect(self, flags=0):
        """What a program does to send a frame to the first, or with BROADCAST to all."""
        return (load_map(1, self.fd) + set_to(2, self.first) + set_to(3, flags) + call(REDIRECT_MAP)
                + EXIT)


class DeviceMap(Map):
    """One of devices of a namespace, which it does not keep; each may have a program of its own."""

    def __init__(self, ns, *devices, programs=()):
        fds = [program.fd for program in programs] or [-1] * len(devices)
        with ns.enter():
            super().__init__(MAP_TYPE_DEVMAP, {
                number: struct.pack("=Ii", socket.if_nametoindex(device), fd)
                for number, (device, fd) in enumerate(zip(devices, fds))})


class CpuMap(Map):
    """One of a CPU, for which up to `waiting` frames may wait."""

    def __init__(self, cpu, waiting=192):
        super().__init__(MAP_TYPE_CPUMAP, {cpu: struct.pack("=I", waiting)})
