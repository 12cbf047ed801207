# SPDX-License-Identifier: GPL-2.0
"""The kernel's own generator of C from specifications, for those that are not in its tree."""

import shutil

from kernetlib import run_logged, toolchain


def generate(sources, spec, folder, *files):
    """Writes files of C into `folder`: each a list of the generator's words, its name the last."""
    place = folder / "Documentation/netlink/specs"
    place.mkdir(parents=True, exist_ok=True)
    shutil.copy(spec, place)
    for schema in (sources / "Documentation/netlink").glob("*.yaml"):
        shutil.copy(schema, place.parent)
    # By this file the generator knows the root of a kernel tree; it looks for one for ever.
    (folder / "MAINTAINERS").touch()
    for *words, name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        run_logged("ynl_gen_c.py",
                   [toolchain()["PYTHON"], str(sources / "tools/net/ynl/pyynl/ynl_gen_c.py"),
                    "--spec", str(place / spec.name), *words, "-o", name],
                   folder / "generate.log", cwd=folder)
