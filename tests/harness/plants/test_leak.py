# SPDX-License-Identifier: GPL-2.0
"""A module that misbehaves (leak): the run must fail."""

import os

from selftest import case, main, rmmod, run


@case
def plant():
    run(f"insmod {os.environ['KERNET_PLANT']} what=leak")
    rmmod("plant")


main()
