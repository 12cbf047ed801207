# SPDX-License-Identifier: GPL-2.0
"""The networks that `make bench-tcp` measures, and who sends through them."""

import dataclasses

ALGORITHMS = ("bbr3", "bbr", "cubic")
# Of Ethernet, as netem counts it; of IPv4 and TCP with time stamps.
LINK_HEADER, HEADERS = 14, 52
SECONDS = 25
# Of a flow's first seconds, in which it looks for what the path holds, nothing is counted; of two flows the last ones
# are.
WARM, LAST = 5, 20


@dataclasses.dataclass(frozen=True)
class Run:
    """A path and its flows."""

    name: str
    # Mbit/s, ms, products of both, percent.
    rate: int
    rtt: int
    buffer: float
    loss: float
    # (algorithm, the second in which it begins)
    flows: tuple
    # Percent that overtake what was sent in so many ms before.
    reorder: float = 0
    reorder_ms: int = 0
    mtu: int = 1500
    seconds: int = SECONDS

    def packets(self, seconds):
        """As many as pass the bottleneck in a time, 2 at least."""
        return max(2, round(self.rate * 1e6 * seconds / 8 / (self.mtu + LINK_HEADER)))

    @property
    def buffer_packets(self):
        return self.packets(self.rtt / 1000 * self.buffer)

    @property
    def payload_rate(self):
        """What the bottleneck carries of a sender's bytes, in Mbit/s."""
        return self.rate * (self.mtu - HEADERS) / (self.mtu + LINK_HEADER)

    @property
    def path(self):
        """The path in words."""
        words = [f"{self.rate} Mbit/s", f"{self.rtt} ms", f"buffer {self.buffer:g}"]
        if self.loss:
            words.append(f"loss {self.loss:g} %")
        if self.reorder:
            words.append(f"{self.reorder:g} % reordered")
        return ", ".join(words)


def alone():
    """One flow, by each algorithm: around one path, what is different one after the other, and corners."""
    for rate, rtt, buffer, loss, *reorder in (
            (100, 40, 1, 0), (10, 40, 1, 0), (1000, 40, 1, 0),
            (100, 5, 1, 0), (100, 200, 1, 0),
            (100, 40, 0.1, 0), (100, 40, 10, 0),
            (100, 40, 1, 1), (10, 40, 1, 1), (10, 200, 1, 1), (100, 200, 1, 1), (1000, 40, 1, 1),
            (100, 40, 1, 5), (10, 5, 10, 5),
            (100, 40, 1, 0, 1)):
        for algorithm in ALGORITHMS:
            words = [f"{rate}mbit-{rtt}ms-{buffer:g}bdp-{loss:g}%", *("reordered" for _ in reorder), algorithm]
            yield Run("-".join(words), rate, rtt, buffer, loss, ((algorithm, 0),),
                      *((reorder[0], min(4, rtt // 2)) if reorder else ()),
                      # What one emulated processor can send and receive.
                      mtu=9000 if rate == 1000 else 1500)


def together():
    """Two flows: of one algorithm, and each of the others beside CUBIC, which is there first."""
    for rate, rtt, buffer in ((100, 40, 1), (10, 40, 1), (100, 40, 0.5), (100, 40, 4)):
        for algorithm in ("bbr3", "bbr"):
            yield Run(f"two-{rate}mbit-{rtt}ms-{buffer:g}bdp-{algorithm}", rate, rtt, buffer, 0,
                      ((algorithm, 0), (algorithm, 5)), seconds=40)
            yield Run(f"cubic-{rate}mbit-{rtt}ms-{buffer:g}bdp-{algorithm}", rate, rtt, buffer, 0,
                      (("cubic", 0), (algorithm, 5)), seconds=40)


RUNS = {run.name: run for run in (*alone(), *together())}
TRACES = {f"trace-{algorithm}": Run(f"trace-{algorithm}", 50, 40, 2, 0, ((algorithm, 0),), seconds=16)
          for algorithm in ALGORITHMS}
