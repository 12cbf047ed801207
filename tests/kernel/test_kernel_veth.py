#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The kernel's own selftests with veth, and then with vpair in its place. Each of their cases has to
pass with vpair if it passes with veth; what does not pass with veth is listed in suites.py. They depend
on how fast the machine is, so that `make test` leaves them out."""

from selftest import case, main
from suites import both


@case
def veth():
    both("net/veth.sh")


@case
def udpgro():
    both("net/udpgro.sh")


@case
def udpgro_fwd():
    both("net/udpgro_fwd.sh")


@case
def xdp_redirect():
    both("bpf/test_xdp_veth")


@case
def ping():
    both("drivers/net/ping.py")


@case
def stats():
    both("drivers/net/stats.py")


@case
def queues():
    both("drivers/net/queues.py")


@case
def napi_id():
    both("drivers/net/napi_id.py")


@case
def napi_threaded():
    both("drivers/net/napi_threaded.py")


@case
def ring_reconfig():
    both("drivers/net/ring_reconfig.py")


@case
def hds():
    both("drivers/net/hds.py")


@case
def xdp():
    both("drivers/net/xdp.py")


@case
def gro():
    both("drivers/net/gro.py")


main()
