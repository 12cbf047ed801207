# SPDX-License-Identifier: GPL-2.0
"""How tests/genl drives the family: each mode of each operation, and each event."""

import rtnl

INDEX = 77
MAPPING = {"ipv4": "192.0.2.0", "ipv4-len": 24, "ipv6": "2001:db8::", "ipv6-len": 120}
OTHER = {"ipv4": "198.51.100.1", "ipv4-len": 32, "ipv6": "2001:db8:1::1", "ipv6-len": 128}


def some(*mappings):
    return {"ifindex": INDEX, "mapping": list(mappings)}


def prepare():
    """Makes the translator that the requests name, in the namespace of the calling thread."""
    rtnl.newlink("translator", "siit", index=INDEX)


REQUESTS = [
    ("do", "mapping-replace", some(MAPPING)), ("do", "mapping-add", some(OTHER)),
    ("dump", "mapping-get", {"ifindex": INDEX}), ("do", "mapping-del", some(OTHER))]
ANSWERS = {
    ("do", "mapping-replace"): {"count": 1}, ("do", "mapping-add"): {"count": 2},
    ("dump", "mapping-get"): [{"mapping": [MAPPING]}, {"mapping": [OTHER]}],
    ("do", "mapping-del"): {"count": 1}}
EVENTS = {}
