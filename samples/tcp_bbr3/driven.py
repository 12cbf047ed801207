# SPDX-License-Identifier: GPL-2.0
"""How tests/genl drives the family: each mode of each operation, and each event."""

REQUESTS = [("do", "stats-get", {}), ("dump", "socket-get", {})]
# No socket of the namespace uses it.
ANSWERS = {("do", "stats-get"): {"fallbacks": 0, "sockets": 0}, ("dump", "socket-get"): []}
EVENTS = {}
