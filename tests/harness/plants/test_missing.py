# SPDX-License-Identifier: GPL-2.0
"""A test program that ends, as if well, before its last case: the run must fail."""

import os

from selftest import case, main


@case
def reports():
    pass


@case
def plant():
    os._exit(0)


main()
