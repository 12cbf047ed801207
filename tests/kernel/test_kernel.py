#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The kernel's own selftests with vpair: those that are quick and do not depend on how fast the machine
is. All of them, beside veth, are in test_kernel_veth.py."""

from selftest import case, main
from suites import alone


@case
def xdp_redirect():
    alone("bpf/test_xdp_veth")


@case
def statistics():
    alone("drivers/net/stats.py")


@case
def queues():
    alone("drivers/net/queues.py")


@case
def channels():
    alone("drivers/net/ring_reconfig.py")


@case
def napi_id():
    alone("drivers/net/napi_id.py")


main(420)
