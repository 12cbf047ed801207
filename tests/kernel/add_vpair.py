# SPDX-License-Identifier: GPL-2.0
"""Does what `ip [-n NAMESPACE] link add ... type veth ...` says, with a vpair in veth's place.

The names that the kernel gives are veth's, as the scripts that run this expect.
"""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
sys.dont_write_bytecode = True

import rtnl  # noqa: E402

PEER = 1


def end(words):
    """The name and the namespace of an end of the pair."""
    name, namespace = "veth%d", None
    while words:
        word = words.pop(0)
        if word in ("name", "dev") and words:
            name = words.pop(0)
        elif word == "netns" and words:
            namespace = words.pop(0)
        elif name == "veth%d":
            name = word
        else:
            sys.exit(f"add_vpair: {word!r} is not understood")
    return name, namespace


def main():
    words = sys.argv[1:]
    if words and words[0] in ("-n", "-netns"):
        os.execv("/usr/sbin/ip", ["ip", "netns", "exec", words[1], sys.executable, __file__,
                                  *words[2:]])
    at = words.index("type")
    if words[:2] != ["link", "add"] or words[at + 1] != "veth":
        sys.exit(f"add_vpair: not understood: {' '.join(words)}")
    name, namespace = end(words[2:at])
    peer = words[at + 2:]
    if peer and peer.pop(0) != "peer":
        sys.exit(f"add_vpair: not understood: {' '.join(words)}")
    if namespace:
        sys.exit("add_vpair: netns of the device itself is not understood")
    try:
        rtnl.newlink(name, "vpair", peer=(PEER, *end(peer)))
    except OSError as error:
        sys.exit(f"RTNETLINK answers: {error}")


main()
