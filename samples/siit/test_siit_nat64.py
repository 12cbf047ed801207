#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""siit in front of the kernel's own NAT: many hosts of IPv6 behind one address of IPv4 (RFC 6146); and on a host
of IPv6 for its applications of IPv4 (RFC 6877). See translators.py.

    A mapping gives each host of 2001:db8:6::/120 an address of 192.0.2.0/24, which exists between x0 and the
    NAT alone. Which address and port it has outside is conntrack's to choose.
"""

import pathlib
import socket
import tempfile

from selftest import case, defer, equal, iperf, main, need, wait_until
from translators import FOUR, FOUR_IN_6, Family, batch, network, translator

RULES = """
table ip nat {
    chain post {
        type nat hook postrouting priority srcnat
        oifname "f0" masquerade
    }
}
"""


def behind():
    """The picture's network with a NAT at f0; four has no route back to hosts of IPv6."""
    need("nft")
    six, t, four = network()
    Family(t).replace(("192.0.2.0/24", "2001:db8:6::/120"))
    t.run(["nft", "-f", "-"], input=RULES)
    batch(four, "route del default")
    return six, t, four


@case
def hosts_share_an_address():
    six, t, four = behind()
    batch(six, "addr add 2001:db8:6::3/64 dev u0 nodad")
    with four.enter():
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    defer(server.close)
    server.bind((FOUR, 4000))
    server.settimeout(10)
    ports = set()
    for host in ("2001:db8:6::2", "2001:db8:6::3"):
        with six.enter():
            client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        defer(client.close)
        client.settimeout(10)
        client.bind((host, 5000))
        client.sendto(host.encode(), (FOUR_IN_6, 4000))
        data, (address, port) = server.recvfrom(100)
        equal((data.decode(), address), (host, "198.51.100.1"), "what four sees")
        server.sendto(b"answer", (address, port))
        equal(client.recv(100), b"answer", f"answer to {host}")
        ports.add(port)
    equal(len(ports), 2, "ports outside")


@case
def carries_pings_and_tcp():
    six, _, four = behind()
    assert six.ping(FOUR_IN_6)
    assert six.ping(FOUR_IN_6, options="-s 3000")
    assert iperf(six, four, FOUR_IN_6) > 1e5


@case
def fetches():
    """curl, of a web server that has IPv4 alone."""
    need("curl", "busybox")
    six, _, four = behind()
    with tempfile.TemporaryDirectory() as folder:
        data = bytes(range(256)) * 2000
        (pathlib.Path(folder) / "file").write_bytes(data)
        four.popen(f"busybox httpd -f -p {FOUR}:80 -h {folder}")
        target = pathlib.Path(folder) / "fetched"

        def fetched():
            done = six.run(f"curl -s -m 10 -g -o {target} http://[{FOUR_IN_6}]/file", check=False)
            return done.returncode == 0
        wait_until(fetched, 30, "curl gets the file")
        equal(target.read_bytes() == data, True, "the file as it is")


@case
def errors_come_back():
    """Of a port where nobody listens, through the NAT and the translator."""
    six, _, _ = behind()
    with six.enter():
        client = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    defer(client.close)
    client.settimeout(10)
    client.connect((FOUR_IN_6, 4711))
    client.send(b"anybody?")
    try:
        client.recv(1)
        raise AssertionError("an answer")
    except ConnectionRefusedError:
        pass


@case
def applications_of_ipv4_on_a_link_of_ipv6():
    """RFC 6877: a translator on the host, with an address of its own, for which the host answers."""
    six, _, four = behind()
    translator(six, source4=None)
    own = "2001:db8:6::64"
    batch(six, "link set x0 up", "addr add 192.0.0.1/32 dev x0", "route add default dev x0 src 192.0.0.1 mtu 1480",
          f"route add {own}/128 dev x0", f"neigh add proxy {own} dev u0")
    six.run("sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv6.conf.u0.proxy_ndp=1")
    Family(six).replace(("192.0.0.1", own))
    assert six.ping(FOUR)
    assert six.ping(FOUR, options="-s 3000")
    assert iperf(six, four, FOUR) > 1e5


main(30)
