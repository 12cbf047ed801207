# SPDX-License-Identifier: GPL-2.0
"""Stands for ethtool's netlink family, without which the kernel here is configured: it says what the
ioctl does, and EOPNOTSUPP to what neither veth nor vpair has.

usage: ethtool_family.py --json -k DEVICE    as ethtool says it
       ethtool_family.py TEST [WORD...]      runs one of the kernel's tests in Python on it
"""

import errno
import json
import pathlib
import re
import runpy
import socket
import subprocess
import sys
import types


def ethtool(*words):
    return subprocess.run(["/usr/sbin/ethtool", *words], check=True, capture_output=True,
                          text=True).stdout


def features(device):
    found = {"ifname": device}
    for name, state, fixed in re.findall(r"^\s*(\S+): (on|off)(.*)$", ethtool("-k", device), re.M):
        wanted = state == "on" if "requested" not in fixed else "requested on" in fixed
        found[name] = {"active": state == "on", "fixed": "fixed" in fixed, "requested": wanted}
    return found


def channels(device):
    """Numbers that are not zero at most, as the family says them."""
    found = {}
    for part, text in zip(("max", "count"), ethtool("-l", device).split("Current hardware settings")):
        for name, number in re.findall(r"^(RX|TX|Combined):\s+(\d+)$", text, re.M):
            found[f"{name.lower()}-{part}"] = int(number)
    return {key: number for key, number in found.items() if found[f"{key.partition('-')[0]}-max"]}


def family(error):
    class Ethtool:
        """`error` is the library's, raised for what it cannot do."""

        def channels_get(self, request):
            return channels(socket.if_indextoname(request["header"]["dev-index"]))

        def channels_set(self, request):
            device = socket.if_indextoname(request["header"]["dev-index"])
            words = [word for key, number in request.items() if key.endswith("-count")
                     for word in (key.removesuffix("-count"), str(number))]
            try:
                ethtool("-L", device, *words)
            except subprocess.CalledProcessError:
                raise error(types.SimpleNamespace(error=-errno.EINVAL, extack={})) from None

        def __getattr__(self, name):
            def answer(*_args, **_named):
                raise error(types.SimpleNamespace(error=-errno.EOPNOTSUPP, extack={}))
            return answer
    return Ethtool


def main():
    if sys.argv[1:3] == ["--json", "-k"]:
        print(json.dumps([features(sys.argv[3])]))
        return
    if sys.argv[1] == "--json":
        sys.exit("netlink error: Operation not supported")
    test = pathlib.Path(sys.argv[1])
    del sys.argv[0]
    sys.path[:0] = [str(test.parent), str(test.parents[2])]
    import net.lib.py as library  # noqa: E402
    library.EthtoolFamily = family(library.NlError)
    runpy.run_path(str(test), run_name="__main__")


main()
