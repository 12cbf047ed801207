# SPDX-License-Identifier: GPL-2.0
"""What an algorithm of congestion control costs a bulk sender for each ACK: its own part alone, as
bench/modules/bench_acks.h calls it."""

import contextlib
import socket
import struct

from lib import loop, module, workload

# One packet of 200: an ACK is of two.
LOSS = 100


@contextlib.contextmanager
def connection(algorithm):
    """A connection to oneself whose sender uses the algorithm. It carries nothing, and ends by a reset."""
    with socket.create_server(("127.0.0.1", 0)) as server, \
            socket.create_connection(server.getsockname()) as sender:
        receiver, _ = server.accept()
        with receiver:
            sender.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, algorithm.encode())
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            yield sender


def acks(algorithm, loss, *modules, told=True):
    @contextlib.contextmanager
    def side():
        with module(*modules), connection(algorithm) as sender:
            yield lambda: loop(f"acks {sender.fileno()} {loss} {int(told)}")
    return side


def algorithms(loss, ours):
    def sides():
        return (acks("reno", loss, told=False),
                {"bbr": acks("bbr", loss, "tcp_bbr"), "cubic": acks("cubic", loss)},
                acks(ours, loss, "kernet", f"tcp_{ours}"))
    return sides


for name, loss in (("", 0), ("-loss", LOSS)):
    workload(f"bbr3{name}", f"an ACK for bbr3, {'one packet of 200 lost' if loss else 'no loss'}", "ACK")(
        algorithms(loss, "bbr3"))
    workload(f"copa{name}", f"an ACK for copa, {'one packet of 200 lost' if loss else 'no loss'}", "ACK")(
        algorithms(loss, "copa"))
