# SPDX-License-Identifier: GPL-2.0
"""The misbehaving module that the tests of the harness load."""

import umlib
import vmlib
from kernetlib import ROOT, environment, make_arguments, run_logged, toolchain


def plant_for(name):
    """It, built for a kernel."""
    tools = toolchain()
    kernel = vmlib.script("kernel").kernel(name)
    out = ROOT / "build" / f"plant-{kernel.name}"
    out.mkdir(parents=True, exist_ok=True)
    run_logged("plant", ["make", "-C", str(kernel), *make_arguments(tools), *umlib.module_words(kernel),
                         f"M={ROOT}/tests/harness/plant", f"MO={out}", "modules"],
               out / "build.log", env=environment(tools))
    return out / "plant.ko"
