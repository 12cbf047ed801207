# SPDX-License-Identifier: GPL-2.0
"""A well-behaved module: the run must pass."""

import os

from selftest import case, main, rmmod, run


@case
def plant():
    run(f"insmod {os.environ['KERNET_PLANT']}")
    rmmod("plant")


main()
