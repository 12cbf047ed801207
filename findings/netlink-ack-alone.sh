#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Linux (seen on 6.18.44 and 7.3.4) answers a netlink message that has NLM_F_ACK and not
# NLM_F_REQUEST with an acknowledgement whose error is 0, and does nothing of what it asks: a
# program that forgets one flag is told that its device is deleted, and it is there.
#
# Fails if that changes. Uses a network namespace of its own; needs root, unshare, ip, and python3.
# There is nothing to install: what it tries is the running kernel.

set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/program" <<'PROGRAM'
import socket
import struct

RTM_DELLINK, NLMSG_ERROR = 17, 2
NLM_F_REQUEST, NLM_F_ACK = 1, 4


def delete(index, flags):
    """Asks for a link's end; the error of the acknowledgement."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as sock:
        sock.bind((0, 0))
        sock.settimeout(10)
        sock.send(struct.pack("=IHHII", 32, RTM_DELLINK, flags, 1, 0) +
                  struct.pack("=BxHiII", 0, 0, index, 0, 0))
        answer = sock.recv(4096)
    assert struct.unpack_from("=H", answer, 4)[0] == NLMSG_ERROR
    return -struct.unpack_from("=i", answer, 16)[0]


index = socket.if_nametoindex("t0")
for name, flags in (("NLM_F_ACK", NLM_F_ACK), ("NLM_F_REQUEST | NLM_F_ACK", NLM_F_REQUEST | NLM_F_ACK)):
    error = delete(index, flags)
    there = "is there" if "t0" in [name for _, name in socket.if_nameindex()] else "is gone"
    print(f"delete with {name}: error {error}, the device {there}")
PROGRAM

echo "Linux $(uname -r)"
unshare --net sh -c "ip tuntap add t0 mode tap && exec python3 '$folder/program'" >"$folder/said"
cat "$folder/said"
cat >"$folder/expected" <<'EXPECTED'
delete with NLM_F_ACK: error 0, the device is there
delete with NLM_F_REQUEST | NLM_F_ACK: error 0, the device is gone
EXPECTED
cmp -s "$folder/said" "$folder/expected" || {
	echo "netlink-ack-alone: it is not so any more" >&2
	exit 1
}
