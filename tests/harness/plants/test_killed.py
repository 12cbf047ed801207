# SPDX-License-Identifier: GPL-2.0
"""The runner itself ends before its verdict: the run must fail."""

import os
import signal

from selftest import case, main


@case
def plant():
    os.kill(os.getppid(), signal.SIGKILL)


main()
