#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The kernel's own selftests with vpair: those that are quick and do not depend on how fast the machine
is. All of them, beside veth, are in test_kernel_veth.py."""

from selftest import case, emulated, main
from suites import alone


@case
@emulated
def xdp_redirect():
    alone("bpf/test_xdp_veth")


@case
@emulated
def statistics():
    alone("drivers/net/stats.py")


@case
@emulated
def queues():
    alone("drivers/net/queues.py")


@case
@emulated
def channels():
    alone("drivers/net/ring_reconfig.py")


@case
@emulated
def napi_id():
    alone("drivers/net/napi_id.py")


main(420)
