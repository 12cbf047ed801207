#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# scapy 2.8.0 knows that EtherIP (RFC 3378, protocol 97) goes over IPv4, and not that it goes over
# IPv6. A packet IPv6/EtherIP/Ether is built without a word, and says "no next header" (59), behind
# which RFC 8200 section 4.7 has a receiver ignore all. A right one is read as raw bytes.
#
# Fails if that changes. Installs scapy into a temporary folder; needs python3 and its venv.

set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check scapy==2.8.0

"$folder/venv/bin/python" - 2>/dev/null >"$folder/said" <<'PROGRAM'
from scapy.contrib.etherip import EtherIP
from scapy.layers.inet import IP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether

frame = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02", type=0x88b5) / bytes(46)
four = IP(src="192.0.2.1", dst="192.0.2.2") / EtherIP() / frame
six = IPv6(src="2001:db8::1", dst="2001:db8::2") / EtherIP() / frame
print("over IPv4: protocol", bytes(four)[9], "read as", IP(bytes(four)).layers()[1].__name__)
print("over IPv6: next header", bytes(six)[6])
six.nh = 97
print("over IPv6, told 97: read as", IPv6(bytes(six)).layers()[1].__name__)
PROGRAM

cat "$folder/said"
cat >"$folder/expected" <<'EXPECTED'
over IPv4: protocol 97 read as EtherIP
over IPv6: next header 59
over IPv6, told 97: read as Raw
EXPECTED
cmp -s "$folder/said" "$folder/expected" || {
	echo "scapy-etherip-ipv6: it is not so any more" >&2
	exit 1
}
