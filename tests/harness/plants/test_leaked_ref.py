# SPDX-License-Identifier: GPL-2.0
"""A module that misbehaves (leaked_ref): the run must fail."""

import os

from selftest import case, main, rmmod, run


@case
def plant():
    run(f"insmod {os.environ['KERNET_PLANT']} what=leaked_ref")
    rmmod("plant")


main()
