# SPDX-License-Identifier: GPL-2.0
"""A case that fails: the run must fail."""

from selftest import case, equal, main


@case
def plant():
    equal(1, 2, "one")


main()
