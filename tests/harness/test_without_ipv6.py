#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The modules on a kernel that was booted with `ipv6.disable=1`: it has no tables of IPv6."""

import os
import pathlib
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import vmlib  # noqa: E402
from hostcases import Skip, main, test  # noqa: E402

SCRIPT = """set -e
modprobe -a etherip vpair linkwatch firewall siit ect
ip link add a0 type vpair peer name a1
ip addr add 192.0.2.1/24 dev a0
ip link set a0 up
ip link set a1 up
ip link add t4 type etherip local 192.0.2.1 remote 192.0.2.2
ip link set t4 up
for local in 2001:db8::1 ::; do
    if ip link add t6 type etherip local $local remote 2001:db8::2 2>/tmp/said; then echo made; fi
    cat /tmp/said
done
linkwatch --duration 0 >/dev/null
ip link del t4
rmmod etherip
echo done
"""


@test
def tunnels_over_ipv6_are_refused():
    if "user" not in os.environ.get("KERNET_KERNELS", "user").split():
        raise Skip("for the user kernel")
    kernel, said = vmlib.script("kernel").kernel("user"), []
    outcome = vmlib.boot(kernel, SCRIPT, modules=vmlib.script("modules").stage(kernel), timeout=300,
                         append=["ipv6.disable=1"], on_output=said.append, on_error=said.append)
    text = b"".join(said).decode(errors="replace")
    assert outcome.failure() is None and outcome.status == 0, f"{outcome.failure()}; {text[-300:]}"
    assert text.count("Operation not supported") == 2 and "made" not in text and text.endswith("done\n"), text[-300:]


main()
