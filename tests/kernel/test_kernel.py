#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""The kernel's own selftests of veth, with veth and then with vpair in its place.

They are read from the kernel tree (tests/kernel/build). Each of their cases has to pass with vpair
if it passes with veth; what does not pass with veth is said. In veth.sh that is what looks at
`ethtool -l`: the script wants `n/a` for numbers that a driver does not have, Debian's ethtool says 0.
"""

import os
import pathlib
import re
import subprocess
import sys

from selftest import Skip, case, main, modprobe, need

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "build/selftests"
LIMIT = float(os.environ.get("KERNET_KERNEL_LIMIT", "900"))

# Cases of a script that vpair does not pass, each with the reason. One that passes is an error here.
NOT_YET = {}


def cases(output):
    """The cases that a script has said, in order: [(name, passed, what it said)].

    A line is `NAME   ok`, `NAME   fail - WHY` or `NAME   failed`; what a program says comes between
    the name and the verdict, which is then on a line of its own. A name that begins with a dash goes
    on with the one before it. Names that come again are numbered.
    """
    found, title, group, pending, count = [], "", "", "", {}
    for line in output.splitlines():
        line = re.sub(r"udp [rt]x: .*", "", line).strip()
        if line.lower() in ("ipv4", "ipv6"):
            title = f"{line} "
            continue
        text, verdict = re.fullmatch(r"(.*?)(?:(?:^|\s+)(ok|fail\b.*|failed))?", line).groups()
        pending = text or pending
        if not verdict or not pending:
            continue
        if not pending.startswith("- "):
            group = pending.partition(" - ")[0]
        name = title + (f"{group} {pending}" if pending.startswith("- ") else pending)
        name = re.sub(r"\s+", " ", name)
        count[name] = count.get(name, 0) + 1
        if count[name] > 1:
            name = f"{name} ({count[name]})"
        found.append((name, verdict == "ok", verdict))
        pending = ""
    return found


def script(name, kind):
    if not (FOLDER / "net" / name).exists():
        raise Skip("build/selftests is missing; tests/kernel/build makes it")
    environment = {**os.environ, "PATH": f"{HERE}:{os.environ['PATH']}", "KERNET_SWAP": kind,
                   "KERNET_PYTHON": sys.executable}
    # A file, not a pipe: what a script leaves running keeps a pipe open.
    with open(f"/tmp/{name}.{kind}", "w+") as output:
        try:
            status = subprocess.run(["bash", f"./{name}"], cwd=FOLDER / "net", env=environment,
                                    stdout=output, stderr=subprocess.STDOUT,
                                    stdin=subprocess.DEVNULL, timeout=LIMIT).returncode
        except subprocess.TimeoutExpired:
            status = f"none within {LIMIT:.0f} s"
        output.seek(0)
        text = output.read()
    print(f"{name} {kind}: status {status}", text, sep="\n", file=sys.stderr, flush=True)
    return cases(text)


def wrong(name, with_veth, with_vpair):
    """What is not with vpair as it is with veth."""
    said = {title: (passed, how) for title, passed, how in with_vpair}
    not_yet = NOT_YET.get(name, set())
    for title in not_yet - {title for title, _, _ in with_veth}:
        yield f"{title}: listed, but not said with veth"
    for title, passed, _ in with_veth:
        got, how = said.get(title, (False, "not said"))
        if passed and not got and title not in not_yet:
            yield f"{title}: {how}, passes with veth"
        elif got and title in not_yet:
            yield f"{title}: passes, but is listed as one that does not"


def both(name):
    modprobe("veth", "vpair")
    need("ethtool", "nstat")
    with_veth, with_vpair = (script(name, kind) for kind in ("veth", "vpair"))
    assert with_veth, "it has said nothing with veth"
    failing = [f"{title}: {how}" for title, passed, how in with_veth if not passed]
    print(f"{name}: {len(with_veth)} cases, {len(failing)} of them do not pass with veth:",
          *failing, sep="\n  ", file=sys.stderr)
    if list(wrong(name, with_veth, with_vpair)):
        # The programs of some wait for a tenth of a second: what passes in one of two runs passes.
        with_vpair += [result for result in script(name, "vpair") if result[1]]
    found = list(wrong(name, with_veth, with_vpair))
    assert not found, f"{len(found)} of {len(with_veth)}: " + "; ".join(found)


@case
def veth():
    both("veth.sh")


main()
