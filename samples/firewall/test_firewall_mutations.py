#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""firewall's family with requests that are not quite valid."""

from mutate import survives
from selftest import NetNs, case, main, modprobe

RULES = [{"chain": "input", "action": "drop"},
         {"chain": "forward", "action": "accept", "family": "ipv6", "id": 7, "priority": 3},
         {"chain": "output", "action": "drop", "protocol": 17, "source": "192.0.2.0",
          "source-prefix-len": 24, "source-port-min": 7, "source-port-max": 9},
         {"chain": "input", "action": "drop", "protocol": 6, "destination": "2001:db8::",
          "destination-prefix-len": 32, "destination-port-min": 1, "destination-port-max": 65535,
          "state": ["new", "untracked"]},
         {"chain": "output", "action": "accept", "set-mark": 5, "set-mark-mask": 7, "mark": 1, "mark-mask": 3,
          "length-min": 20, "length-max": 1500, "hop-limit-min": 1, "hop-limit-max": 255, "dscp": 46}]
# Refused where the kernel cannot: neither answer is a mistake.
REJECTS = [{"chain": "forward", "action": "reject", "protocol": 6, "reject-with": "tcp-reset"},
           {"chain": "input", "action": "reject", "family": "ipv6", "reject-with": "policy-fail"}]


@case
def survives_mutations():
    modprobe("firewall")
    survives("firewall", NetNs(),
             [("stats-get", {}), ("rule-get", {"id": 7}), ("rule-del", {"id": 7}), ("rule-flush", {}),
              *(("rule-add", {"rule": rule}) for rule in RULES + REJECTS), ("rule-add", {"rule": RULES[0], "before": 7}),
              ("rule-replace", {"rules": RULES}), ("transaction-add", {"rules": RULES}),
              ("transaction-add", {"rules": [RULES[0] | {"packets": 3, "bytes": 1 << 40}]}),
              *((f"transaction-{end}", {"count": count}) for end in ("check", "commit") for count in (0, 1, 4)),
              ("transaction-abort", {})],
             after=[("rule-flush", {})])


main(11)
