# SPDX-License-Identifier: GPL-2.0
"""How tests/genl drives the family: each mode of each operation, and each event."""

REQUESTS = [("dump", f"{kind}-get", {"ifindex": 1}) for kind in ("device", "address", "neighbour", "route")]
ANSWERS = {}
EVENTS = {
    "device-event": lambda ns, family: ns.run("ip link set lo mtu 1400; ip link set lo mtu 1500"),
    "address-event": lambda ns, family: ns.run(
        "ip addr add 192.0.2.1/32 dev lo; ip addr del 192.0.2.1/32 dev lo"),
    "neighbour-event": lambda ns, family: ns.run(
        "ip link add d0 type dummy 2>&1; ip link set d0 up; ip neigh replace 192.0.2.9 dev d0 "
        "lladdr 02:00:00:00:00:09; ip neigh del 192.0.2.9 dev d0"),
    "route-event": lambda ns, family: ns.run(
        "ip route add blackhole 198.51.100.0/24; ip route del blackhole 198.51.100.0/24")}
