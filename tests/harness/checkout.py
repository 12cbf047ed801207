# SPDX-License-Identifier: GPL-2.0
"""The scripts of the checkout, as the tests on the host call them."""

import atexit
import functools
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import vmlib  # noqa: E402


@functools.cache
def scratch():
    """A folder that is removed at the end."""
    folder = tempfile.TemporaryDirectory(prefix="kernet-")
    atexit.register(folder.cleanup)
    return pathlib.Path(folder.name)


def call(*command, path=None, **variables):
    """Runs a script of the checkout: (status, what it said on stderr)."""
    environment = {**os.environ, **variables}
    environment.pop("KDIR", None) if "KDIR" not in variables else None
    if path:
        environment["PATH"] = f"{path}:{environment['PATH']}"
    done = subprocess.run([str(ROOT / "scripts" / command[0]), *command[1:]], env=environment,
                          capture_output=True, text=True, timeout=300)
    return done.returncode, done.stderr


def refused(found, *wanted):
    """The script has failed, and its last line says each of `wanted`."""
    status, said = found
    lines = said.strip().splitlines()
    assert status != 0, f"status 0; it said {said!r}"
    assert lines, f"status {status} without a word"
    assert "Traceback" not in said, said
    assert len(lines) <= 3, f"{len(lines)} lines: {said!r}"
    for text in wanted:
        assert re.search(text, lines[-1]), f"no {text!r} in {lines[-1]!r}"


def fake(folder, **programs):
    """A folder of programs for PATH: name and shell text."""
    (scratch() / folder).mkdir()
    for name, text in programs.items():
        path = scratch() / folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    return scratch() / folder


def stock():
    return vmlib.script("kernel").kernel("stock")
