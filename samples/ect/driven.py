# SPDX-License-Identifier: GPL-2.0
"""How tests/genl drives the family: each mode of each operation, and each event."""

REQUESTS = [("do", "config-set", {"server": 1, "assistance": 1}), ("do", "config-get", {}),
            ("do", "stats-get", {})]
ANSWERS = {("do", "config-get"): {"server": 1, "assistance": 1}}
EVENTS = {}
