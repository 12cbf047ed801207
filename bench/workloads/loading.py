# SPDX-License-Identifier: GPL-2.0
"""What loading a module and unloading it cost. To wait for grace periods costs time as well, which
the clock counts."""

import contextlib
import pathlib
import shutil

from families import PROGRAM
from lib import client, module, workload


def loading(name, *needs, unload=False):
    @contextlib.contextmanager
    def side():
        found = next(pathlib.Path("/lib/modules").rglob(f"{name}.ko"))
        # In memory, so that no disk is waited for.
        path = shutil.copy(found, "/dev/shm")
        with module(*needs):
            yield lambda: [ticks for _, ticks in client(PROGRAM, "load", 8, path)][unload::2]
    return side


@workload("load", "loading a family's module", "module")
def load():
    return (None, {"C twin": loading("bench_family_c")}, loading("bench_family", "kernet"))


@workload("unload", "unloading it, waiting included", "module", "ns")
def unload():
    return (None, {"C twin": loading("bench_family_c", unload=True)},
            loading("bench_family", "kernet", unload=True))
