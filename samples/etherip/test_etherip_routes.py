#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of etherip: routes that put headers of their own before what the tunnel sends, and before what a router has
merged of it. See tunnels.py."""

from segments import LARGE, MTU, Seen, all_merging, carries_bytes
from selftest import Skip, case, checked, main, run
from tunnels import PROTOCOL, V4, V6, batch, over_both, router_device, two

# Of b, where the router's label, or its segment, ends.
LABEL, SEGMENT = 16, "2001:db8:5::b"


def carries(over, a, r, b, port, merged):
    """Large packets go into the tunnel, what the router passes on is merged there or not, and what reaches b is no
    longer than a path takes. What arrives is what was sent."""
    places = Seen(a, "t0", True), Seen(r, router_device(a), False, PROTOCOL, over), Seen(b, "u0", False)
    carries_bytes(a, b, "198.51.100.2", port)
    carries_bytes(a, b, "2001:db8::2", port + 1)
    for place in places:
        place.end()
    into, between, below = places
    assert into.longest > LARGE, into.lengths
    assert not merged or between.longest > LARGE, between.lengths
    assert 1300 < below.longest <= MTU + 14, below.lengths


def router(over):
    return {V4: "192.0.2.2", V6: "2001:db8:a::2"}[over]


def host_route(over, address):
    return f"{address}/{32 if over is V4 else 128}"


@case
@checked
@over_both
def behind_a_label(over):
    """MPLS, which cuts what is to be segmented between its label and the header of IP."""
    for name in "mpls_router", "mpls_iptunnel":
        if run(f"modprobe {name}", check=False).returncode:
            raise Skip(f"the kernel has no {name}")
    a, r, b = two(over)
    all_merging(a, r, b)
    # Frames with a label are not merged: what is seen at b is what the router has sent.
    b.run(f"sysctl -qw net.mpls.platform_labels=100 net.mpls.conf.u0.input=1; ip -f mpls route add {LABEL} dev lo")
    to_a, to_b = router_device(a), router_device(b)
    batch(r, f"route replace {host_route(over, over.b)} encap mpls {LABEL} via {over.b} dev {to_b}")
    carries(over, a, r, b, 7001, merged=True)
    batch(r, f"route del {host_route(over, over.b)}")

    r.run(f"sysctl -qw net.mpls.platform_labels=100 net/mpls/conf/{to_a}/input=1; "
          f"ip -f mpls route add {LABEL} via {'inet' if over is V4 else 'inet6'} {over.b} dev {to_b}")
    b.run("ethtool -K u0 gro off")
    batch(a, f"route replace {host_route(over, over.b)} encap mpls {LABEL} via {router(over)} dev u0")
    carries(over, a, r, b, 7003, merged=False)


@case
@checked
def behind_a_segment():
    """SRv6, which puts a header of IPv6 before the packet, and does not look behind it."""
    a, r, b = two(V6)
    all_merging(a, r, b)
    # The core takes a byte of the frame's source for the length of TCP's header, and drops what makes none. Nobody is
    # told that the router's header makes packets too big, not those who send without a tunnel either.
    for ns, address in ((a, "02:00:00:00:f0:01"), (b, "02:00:00:00:f0:02")):
        ns.run(f"ip link set t0 address {address} mtu 1300")
    b.run(f"sysctl -qw net.ipv6.conf.all.seg6_enabled=1 net.ipv6.conf.u0.seg6_enabled=1; "
          f"ip addr add {SEGMENT}/128 dev lo nodad; ip link set lo up; ethtool -K u0 gro off")
    to_b = router_device(b)
    r.run(f"ip -6 route add {SEGMENT} via {V6.b} dev {to_b}")
    path = f"{V6.b}/128 encap seg6 mode encap segs {SEGMENT}"
    if r.run(f"ip -6 route add {path} dev {to_b}", check=False).returncode:
        raise Skip("the kernel has no SRv6")
    carries(V6, a, r, b, 7011, merged=True)

    r.run(f"ip -6 route del {V6.b}/128")
    batch(a, f"route add {path} via {router(V6)} dev u0")
    carries(V6, a, r, b, 7013, merged=False)


main(20)
