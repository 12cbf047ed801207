# SPDX-License-Identifier: GPL-2.0
"""The misbehaving module that the tests of the harness load."""

import vmlib
from kernetlib import ROOT, run_logged, toolchain


def plant_for(name):
    """It, built for a kernel."""
    tools = toolchain()
    kernel = vmlib.script("kernel").kernel(name)
    out = ROOT / "build" / f"plant-{kernel.name}"
    out.mkdir(parents=True, exist_ok=True)
    modules = vmlib.script("modules")
    run_logged("plant", modules.kbuild(kernel, ROOT / "tests/harness/plant", out, tools, "modules"),
               out / "build.log", env=modules.make_environment(kernel, tools))
    return out / "plant.ko"
