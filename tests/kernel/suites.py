# SPDX-License-Identifier: GPL-2.0
"""Runs the kernel's own selftests of veth and of drivers, on a veth or on a vpair in its place.

They are read from the kernel tree; over that, read-only, is laid what tests/kernel/build compiled.
"""

import contextlib
import fnmatch
import os
import pathlib
import re
import subprocess
import sys

import rtnl
from selftest import NetNs, Skip, defer, modprobe, need, run

HERE = pathlib.Path(__file__).resolve().parent
BUILT = HERE.parents[1] / "build/selftests"
SOURCE = os.environ["KERNET_KSRC"]
TREE = pathlib.Path("/run/kernet-selftests")
TESTS = TREE / "tools/testing/selftests"
LIMIT = float(os.environ.get("KERNET_KERNEL_LIMIT", "1800"))
PEER = 1
IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES = 31, 32
NOTHING = "neither has it"
# Cases that do not pass with veth, by pattern, each with the reason. Some of them pass with vpair.
NOT_WITH_VETH = {
    "net/veth.sh": {},
    "net/udpgro.sh": {},
    "net/udpgro_fwd.sh": {},
    "bpf/test_xdp_veth": {},
    "drivers/net/ping.py": {"test_xdp_offload": NOTHING},
    "drivers/net/stats.py": {
        "check_pause": NOTHING, "check_fec*": NOTHING,
        "pkt_byte_sum": "veth has no statistics of queues", "qstat_by_ifindex": "as that",
        "check_down": "as that", "procfs_downup_hammer": "it wants combined channels"},
    "drivers/net/queues.py": {},
    "drivers/net/napi_id.py": {},
    "drivers/net/napi_threaded.py": {"*": "it wants combined channels"},
    "drivers/net/ring_reconfig.py": {"ringparam": NOTHING, "reconfig_tx_stall": NOTHING},
    "drivers/net/hds.py": {"*": NOTHING},
    "drivers/net/xdp.py": {
        "test_xdp_native_tx_*": "veth does not wake an end that has GRO and no program",
        "test_xdp_native_qstats.*": "veth has no statistics of queues",
        "test_xdp_native_update_mb_to_sb": "it is the other end's MTU that is limited"},
    "drivers/net/gro.py": {"test.hw_*": NOTHING, "test.lro_*": NOTHING,
                            "test_gro_capacity.*": "it wants combined channels, or filters of a card",
                            "test.sw_pppoe*": "the kernel of the tests has no PPPoE"},
}
# Of those, what passes with vpair.
BETTER = {
    "drivers/net/stats.py": {"pkt_byte_sum", "qstat_by_ifindex", "check_down"},
    "drivers/net/xdp.py": {
        *(f"test_xdp_native_tx_{frames}.{ip}" for frames in ("sb", "mb") for ip in ("ipv4", "ipv6")),
        *(f"test_xdp_native_qstats.{verdict}_{ip}" for verdict in ("pass", "drop", "tx")
          for ip in ("ipv4", "ipv6"))},
}
QUEUES = [(IFLA_NUM_TX_QUEUES, rtnl.u32(2)), (IFLA_NUM_RX_QUEUES, rtnl.u32(2))]


def lay_over():
    """Makes TREE: the kernel's, with what is compiled."""
    if not BUILT.is_dir():
        raise Skip("build/selftests is missing; tests/kernel/build makes it")
    TREE.mkdir(exist_ok=True)
    run(f"mount -t overlay -o ro,lowerdir={BUILT}:{SOURCE} kernet {TREE}")
    defer(run, f"umount -l {TREE}")


def of_shell(output):
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


def of_ktap(output):
    """The same of a test in Python, or of tests/kernel/bpf_runner.c. What is skipped, or fails as it
    should, does not pass."""
    lines = re.findall(r"^(ok|not ok) \d+ (\S+)(?: # (.*))?$", output, re.M)
    found = [(name.partition(".")[2], verdict == "ok" and not said.startswith(("SKIP", "XFAIL")),
              said or verdict) for verdict, name, said in lines]
    planned = re.search(r"^1\.\.(\d+)$", output, re.M)
    if planned and len(found) < int(planned[1]):
        found.append(("to the end", False, f"{len(found)} of {planned[1]} cases said"))
    return found


def drivers_pair(kind):
    """A pair of two queues that both ends poll, with packets as on a wire; returns the command that runs a
    program beside one end, what a test has to know of it, and the namespaces."""
    here, there = NetNs(), NetNs()
    with here.enter():
        rtnl.newlink("pa", kind, attrs=QUEUES, peer=(PEER, "pb", there.name, QUEUES))
    for ns, name, host in ((here, "pa", 1), (there, "pb", 2)):
        ns.run(f"ethtool -K {name} gro on tx off tso off; ip -6 addr add 2001:db8::{host}/64 dev {name} nodad")
        ns.up(name, f"192.0.2.{host}/24")
    return ["ip", "netns", "exec", here.name], {
        "NETIF": "pa", "LOCAL_V4": "192.0.2.1", "REMOTE_V4": "192.0.2.2", "LOCAL_V6": "2001:db8::1",
        "REMOTE_V6": "2001:db8::2", "REMOTE_TYPE": "netns", "REMOTE_ARGS": there.name}, (here, there)


def end(ns):
    """Ends what runs in a namespace, and deletes it."""
    for pid in run(["ip", "netns", "pids", ns.name]).stdout.split():
        run(["kill", "-9", pid], check=False)
    ns.delete()


def said_by(name, kind):
    """The cases of a selftest, with a veth or a vpair."""
    path = TESTS / name
    environment = {**os.environ, "PATH": f"{HERE}:{os.environ['PATH']}", "KERNET_SWAP": kind,
                   "KERNET_PYTHON": sys.executable, "PYTHONDONTWRITEBYTECODE": "1"}
    with contextlib.ExitStack() as opened:
        if path.suffix == ".py":
            command, more, namespaces = drivers_pair(kind)
            # With them goes what a run that was cut off has left: its map has the name of the next one's.
            for ns in namespaces:
                opened.callback(end, ns)
            command += [sys.executable, str(path)]
            environment |= more
        else:
            command = ["bash", f"./{path.name}"] if path.suffix else [f"./{path.name}"]
        # A file, not a pipe: what a script leaves running keeps a pipe open.
        output = opened.enter_context(open(f"/tmp/{path.name}.{kind}", "w+"))
        try:
            status = subprocess.run(command, cwd=path.parent, env=environment, stdout=output,
                                    stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                    timeout=LIMIT).returncode
        except subprocess.TimeoutExpired:
            status = f"none within {LIMIT:.0f} s"
        output.seek(0)
        text = output.read()
    print(f"{name} {kind}: status {status}", text, sep="\n", file=sys.stderr, flush=True)
    return of_shell(text) if path.suffix == ".sh" else of_ktap(text)


def listed(name, title):
    return any(fnmatch.fnmatchcase(title, pattern) for pattern in NOT_WITH_VETH[name])


def attempts(name, kind):
    """The cases of two runs at most, by name: [(passed, what was said)]. The programs of some wait for
    a tenth of a second: what passes in one of them passes."""
    found = {}
    for _ in range(2):
        for title, passed, how in said_by(name, kind):
            found[title] = max(found.get(title, (False, how)), (passed, how), key=lambda said: said[0])
        if found and all(passed or listed(name, title) for title, (passed, _) in found.items()):
            break
    assert found, f"it has said nothing with {kind}"
    return found


def alone(name):
    """With vpair: all has to pass but what is listed, and of that what is listed as better."""
    prepare()
    found = attempts(name, "vpair")
    wrong = [f"{title}: {how}" for title, (passed, how) in found.items()
             if not passed and (not listed(name, title) or title in BETTER.get(name, ()))]
    wrong += [f"{title}: not said" for title in BETTER.get(name, set()) - found.keys()]
    assert any(passed for passed, _ in found.values()), "nothing passes"
    assert not wrong, f"{len(wrong)} of {len(found)}: " + "; ".join(wrong)


def both(name):
    """With veth, then with vpair: what passes with the one passes with the other."""
    prepare()
    with_veth, with_vpair = attempts(name, "veth"), attempts(name, "vpair")
    wrong = []
    for title, (passed, how) in with_veth.items():
        got, said = with_vpair.get(title, (False, "not said"))
        if passed and not got:
            wrong.append(f"{title}: {said}, passes with veth")
        if not passed and not listed(name, title):
            wrong.append(f"{title}: {how} with veth, and the reason is not listed")
        if not passed:
            if how != said:
                print(f"{name}: {title}: {how} with veth, {said} with vpair", file=sys.stderr)
            if not got and title in BETTER.get(name, ()):
                wrong.append(f"{title}: {said} with vpair, and listed as better")
    wrong += [f"{pattern}: listed, but all of it passes with veth" for pattern in NOT_WITH_VETH[name]
              if all(passed for title, (passed, _) in with_veth.items()
                     if fnmatch.fnmatchcase(title, pattern))]
    assert not wrong, f"{len(wrong)} of {len(with_veth)}: " + "; ".join(wrong)


def prepare():
    modprobe("veth", "vpair")
    need("ethtool", "nstat", "bpftool", "socat")
    lay_over()
