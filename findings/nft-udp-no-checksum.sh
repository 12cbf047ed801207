#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# nftables (Linux 7.3.4, nft_payload_set_eval) gives a UDP datagram over IPv4 that has no checksum a
# wrong one when it changes a port: the zero in its place is taken for a checksum and updated. The
# receiver then drops it. A change of an address leaves the zero alone.
#
# Fails if that changes. Uses network namespaces of its own; needs root, unshare, ip, nft and python3. There
# is nothing to install: what it tries is the running kernel.

set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat >"$folder/program" <<'PROGRAM'
import socket
import subprocess

SO_NO_CHECK = 11


def received(rule):
    """What a receiver gets of a datagram without a checksum that passes the rule."""
    subprocess.run(["nft", f"flush chain ip t c; add rule ip t c {rule}"], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, \
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(2)
        sender.setsockopt(socket.SOL_SOCKET, SO_NO_CHECK, 1)
        sender.sendto(b"x", receiver.getsockname())
        try:
            receiver.recv(1)
            return "arrives"
        except TimeoutError:
            return "is lost"


subprocess.run(["nft", "add table ip t; add chain ip t c { type filter hook output priority 0; }"], check=True)
for rule in ("counter", "udp sport set 9", "ip saddr set 127.0.0.9"):
    print(f"{rule}: it {received(rule)}")
PROGRAM

echo "Linux $(uname -r)"
unshare --net sh -c "ip link set lo up && exec python3 '$folder/program'" >"$folder/said"
cat "$folder/said"
cat >"$folder/expected" <<'EXPECTED'
counter: it arrives
udp sport set 9: it is lost
ip saddr set 127.0.0.9: it arrives
EXPECTED
cmp -s "$folder/said" "$folder/expected" || {
	echo "nft-udp-no-checksum: it is not so any more" >&2
	exit 1
}
