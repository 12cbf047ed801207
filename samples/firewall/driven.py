# SPDX-License-Identifier: GPL-2.0
"""How tests/genl drives the family: each mode of each operation, and each event."""

RULE = {"id": 7, "chain": "input", "action": "drop", "family": "ipv4", "protocol": 17, "priority": 3,
        "source": "192.0.2.0", "source-prefix-len": 24, "destination": "192.0.2.1",
        "destination-prefix-len": 32, "source-port-min": 1, "source-port-max": 2,
        "destination-port-min": 3, "destination-port-max": 4, "state": ["new"],
        "length-min": 20, "length-max": 1500, "hop-limit-min": 1, "hop-limit-max": 254, "dscp": 46, "mark": 1,
        "mark-mask": 3}
DROP = {"chain": "input", "action": "drop"}
COUNTED = {"rule": {**RULE, "packets": 0, "bytes": 0}}
EMPTY = {"count": 0, "comparisons": 0, "kept": 0}

REQUESTS = [
    ("do", "rule-add", {"rule": RULE}), ("do", "rule-get", {"id": 7}), ("dump", "rule-get", {}),
    ("do", "stats-get", {}), ("do", "rule-del", {"id": 7}), ("do", "rule-replace", {"rules": [DROP]}),
    ("do", "rule-flush", {}),
    # Of sockets of their own, or of two by turns: of the one that adds rules the third ends the transaction.
    ("do", "transaction-add", {"rules": [RULE | {"packets": 3, "bytes": 4}, DROP]}),
    ("do", "transaction-check", {"count": 0}), ("do", "transaction-abort", {}),
    ("do", "transaction-commit", {"count": 0})]
ANSWERS = {
    ("do", "rule-add"): COUNTED, ("do", "rule-get"): COUNTED, ("dump", "rule-get"): [COUNTED],
    ("do", "rule-replace"): {"count": 1}, ("do", "rule-flush"): {"count": 1},
    ("do", "transaction-add"): {"count": 2}, ("do", "transaction-check"): EMPTY,
    ("do", "transaction-commit"): EMPTY, ("do", "transaction-abort"): {"count": 0}}
EVENTS = {
    "rule-add-ntf": lambda ns, family: family.do("rule-add", {"rule": DROP}),
    "rule-del-ntf": lambda ns, family: family.do("rule-del", {
        "id": family.do("rule-add", {"rule": DROP})["rule"]["id"]}),
    "rule-flush-ntf": lambda ns, family: family.do("rule-flush", {}),
    "rule-replace-ntf": lambda ns, family: family.do("rule-replace", {"rules": []})}
