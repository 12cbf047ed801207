# SPDX-License-Identifier: GPL-2.0
"""The kernel's ynl library on kernet's specifications."""

import os
import pathlib
import sys

KERNEL = os.environ["KERNET_KSRC"]
NETLINK_GENERIC = 16
ROOT = pathlib.Path(__file__).resolve().parents[2]
SPECS = ROOT / "Documentation/netlink/specs"
CONFORM = ROOT / "tests/modules/conform"
KERNEL_SPECS = pathlib.Path(KERNEL, "Documentation/netlink/specs")
sys.path.append(os.path.join(KERNEL, "tools/net/ynl"))

from pyynl import lib  # noqa: E402

NlError = lib.NlError


def forget():
    """Makes the library ask for the families' numbers anew: they change as modules come and go."""
    lib.ynl.GenlProtocol.genl_family_name_to_id = {}


def family(name, ns, specs=SPECS):
    """A family as its specification tells it, with a socket in a namespace.

    `specs` is where that is: among kernet's, CONFORM, or KERNEL_SPECS. They are not validated:
    the generator has done that, and it takes long under emulation.
    """
    forget()
    with ns.enter():
        return lib.YnlFamily(str(pathlib.Path(specs) / f"{name}.yaml"), "")


def encode(family, operation, values, dump=False):
    """The message by which ynl asks for an operation."""
    class Taken(Exception):
        pass

    class Taker:
        def send(self, message, _flags):
            raise Taken(message)
    socket, family.sock = family.sock, Taker()
    try:
        (family.dump if dump else family.do)(operation, values)
    except Taken as taken:
        return taken.args[0]
    finally:
        family.sock = socket
