#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# A UDP checksum that comes out as zero is sent as all ones; over IPv6 zero is not allowed (RFC 8200
# section 8.1). dpkt 1.9.8 does so over IPv4 and not over IPv6: one in 65536 of its datagrams is
# dropped by Linux as one with a bad checksum. Here that one and the one before it go over the
# loopback device of a new network namespace.
#
# Fails if that changes. Installs dpkt into a temporary folder; needs python3 and its venv, unshare,
# ip, and root.

set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check dpkt==1.9.8

cat >"$folder/program" <<'PROGRAM'
import pathlib
import re
import socket
import struct

import dpkt

HOST = bytes(15) + b"\1"


def built(number):
    """A packet from dpkt, with the number in it."""
    datagram = dpkt.udp.UDP(sport=1000, dport=2000, ulen=10, data=struct.pack("!H", number))
    packet = dpkt.ip6.IP6(src=HOST, dst=HOST, nxt=17, plen=10, hlim=64, data=datagram)
    packet.extension_hdrs = {}
    return bytes(packet)


def errors():
    return int(re.search(r"Udp6InCsumErrors\s+(\d+)", pathlib.Path("/proc/net/snmp6").read_text())[1])


zero = next(number for number in range(65536) if built(number)[46:48] == b"\0\0")
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server, \
        socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
    server.bind(("::1", 2000))
    server.settimeout(2)
    raw.bind(("lo", 0x86dd))
    for name, number in (("one before", zero - 1), ("checksum zero", zero)):
        packet = built(number)
        raw.send(bytes(12) + b"\x86\xdd" + packet)
        try:
            came = "has come" if server.recv(100) == packet[48:] else "is another"
        except TimeoutError:
            came = "has not come"
        print(f"{name}: {came}, {errors()} checksum errors")
PROGRAM

unshare --net sh -c "ip link set lo up && exec '$folder/venv/bin/python' '$folder/program'" >"$folder/said"
cat "$folder/said"
cat >"$folder/expected" <<'EXPECTED'
one before: has come, 0 checksum errors
checksum zero: has not come, 1 checksum errors
EXPECTED
cmp -s "$folder/said" "$folder/expected" || {
	echo "dpkt-udp6-zero-checksum: it is not so any more" >&2
	exit 1
}
