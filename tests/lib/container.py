# SPDX-License-Identifier: GPL-2.0
"""A user namespace with a network namespace of its own: its root may do nothing outside of it."""

import ctypes
import os
import pathlib
import pickle
import traceback

from selftest import NetNs, defer

NEWUSER, NEWNET = 0x10000000, 0x40000000


class Container(NetNs):
    """As a NetNs, but `do` runs functions there without any capability elsewhere."""

    def __init__(self):
        self.name = f"c{os.getpid()}-{id(self):x}"[:30]
        self.requests, self.answers = os.pipe(), os.pipe()
        self.child = os.fork()
        if not self.child:
            self.serve()
        os.close(self.requests[0])
        os.close(self.answers[1])
        self.requests, self.answers = open(self.requests[1], "wb"), open(self.answers[0], "rb")
        defer(self.delete)
        failed = pickle.load(self.answers)
        if failed:
            raise OSError(failed, f"unshare: {os.strerror(failed)}")
        for which in "uid", "gid":
            pathlib.Path(f"/proc/{self.child}/{which}_map").write_text("0 0 1")
        pathlib.Path("/run/netns", self.name).symlink_to(f"/proc/{self.child}/ns/net")
        self.run("ip link set lo up")

    def serve(self):
        """What the child does: it answers, until nobody asks any more."""
        os.close(self.requests[1])
        os.close(self.answers[0])
        requests, answers = open(self.requests[0], "rb"), open(self.answers[1], "wb")
        libc = ctypes.CDLL(None, use_errno=True)
        failed = libc.unshare(NEWUSER | NEWNET)
        pickle.dump(ctypes.get_errno() if failed else 0, answers)
        answers.flush()
        while True:
            try:
                function, args, named = pickle.load(requests)
            except EOFError:
                os._exit(0)
            try:
                answer = True, function(*args, **named)
            except Exception as error:
                if not isinstance(error, OSError):
                    traceback.print_exc()
                answer = False, error
            pickle.dump(answer, answers)
            answers.flush()

    def do(self, function, *args, **named):
        """Calls a module's function there: what it returns, or raises, comes back."""
        pickle.dump((function, args, named), self.requests)
        self.requests.flush()
        good, answer = pickle.load(self.answers)
        if not good:
            raise answer
        return answer

    def delete(self):
        if self.child:
            self.requests.close()
            os.waitpid(self.child, 0)
            pathlib.Path("/run/netns", self.name).unlink(missing_ok=True)
            self.child = None
