#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The package of the modules has all files that they are compiled from."""

import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]

from hostcases import main, test  # noqa: E402

BUILD = ROOT / "build" / pathlib.Path(os.environ["KERNET_KERNEL"]).name


@test
def has_what_the_modules_are_compiled_from():
    """As the compilers have said of a build here (`fixdep`)."""
    packed = set(subprocess.run([str(ROOT / "debian/sources")], cwd=ROOT, check=True, capture_output=True,
                                text=True).stdout.split())
    read = set()
    for path in [*BUILD.glob("rust/**/.*.o.cmd"), *BUILD.glob("samples/**/.*.o.cmd")]:
        read |= set(re.findall(rf"{re.escape(str(ROOT))}/((?:rust|samples)/[\w./-]+\.(?:rs|c|h))(?![\w.])", path.read_text()))
    # What kbuild makes of others is made again.
    read = {name for name in map(os.path.normpath, read) if (ROOT / name).is_file()}
    assert len(read) > 100 and "rust/kernet/lib.rs" in read, f"{BUILD}: {len(read)} files"
    lost = sorted(name for name in read - packed if not name.endswith("_generated.rs") or "nl_generated" in name)
    assert not lost, f"debian/sources lacks {', '.join(lost)}"


main()
