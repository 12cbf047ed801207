# SPDX-License-Identifier: GPL-2.0
"""A module that misbehaves (hang): the run must fail."""

import os

from selftest import case, main, rmmod, run


@case
def plant():
    run(f"insmod {os.environ['KERNET_PLANT']} what=hang")
    rmmod("plant")


main()
