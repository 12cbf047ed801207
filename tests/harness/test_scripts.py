# SPDX-License-Identifier: GPL-2.0
"""The scripts on bad ground: each says in a line what is wrong and what to do, and fails."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

from checkout import ROOT, call, fake, refused, scratch, stock  # noqa: E402
from hostcases import Skip, main, test  # noqa: E402
import vmlib  # noqa: E402
from kernetlib import Failure, toolchain  # noqa: E402


@test
def newest_source():
    """By its number, not by its name."""
    newest = vmlib.script("kernel").newest
    assert newest(["linux-source-7.9", "linux-source-7.10", "linux-source-7.3"]) == "linux-source-7.10"


@test
def relative_cache():
    cache = os.path.relpath(os.environ.get("KERNET_CACHE") or pathlib.Path.home() / ".cache/kernet", scratch())
    done = subprocess.run([str(ROOT / "scripts/vm"), "--no-modules", "echo in the machine"],
                          cwd=scratch(), capture_output=True, text=True, env={**os.environ, "KERNET_CACHE": cache})
    assert done.returncode == 0 and done.stdout == "in the machine\n", done.stderr


@test
def unknown_kernel():
    refused(call("modules", "--kernel", "fast"), "KERNEL=fast: there is plain, debug, user, stock and stock-7.2")


@test
def no_setup():
    refused(call("modules", "--kernel", "user", KERNET_CACHE=str(scratch() / "empty")), "run scripts/setup")


@test
def missing_package_without_root():
    path = fake("noroot", id="echo 1000", dpkg_query="exit 1")
    refused(call("setup", path=path, KERNET_CACHE=str(scratch() / "noroot-cache")),
            "run as root: apt-get install .*qemu-system-x86")


@test
def apt_without_network():
    path = fake("noapt", id="echo 0", dpkg_query="exit 1",
                apt_get="echo 'E: Failed to fetch' >&2; exit 100")
    refused(call("setup", path=path, KERNET_CACHE=str(scratch() / "noapt-cache")),
            "apt-get update failed: check the network")


@test
def pip_without_network():
    cache = scratch() / "nopip-cache"
    (cache / "tools/bin").mkdir(parents=True)
    shutil.copy(toolchain()["BINDGEN"], cache / "tools/bin/bindgen")
    refused(call("setup", KERNET_CACHE=str(cache), PIP_INDEX_URL="http://127.0.0.1:9/",
                 PIP_RETRIES="0", PIP_NO_CACHE_DIR="1", PIP_CONFIG_FILE="/dev/null"),
            "pip install virtme-ng failed: check the network")


@test
def two_setups_at_once():
    """The second waits for the first, and finds everything there."""
    cache = scratch() / "twosetups-cache"
    (cache / "tools/bin").mkdir(parents=True)
    (cache / "tools/venv/bin").mkdir(parents=True)
    for program in ("tools/bin/bindgen", "tools/venv/bin/vng"):
        shutil.copy(toolchain()["BINDGEN"], cache / program)
    wait, reached = scratch() / "twosetups-wait", scratch() / "twosetups-reached"
    wait.touch()
    path = fake("twosetups-bin", dpkg_query=f"touch {reached}; while [ -e {wait} ]; do sleep 0.1; done\n"
                                            "echo 'install ok installed'")
    env = {**os.environ, "KERNET_CACHE": str(cache), "PATH": f"{path}:{os.environ['PATH']}"}

    def start():
        return subprocess.Popen([str(ROOT / "scripts/setup")], env=env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    first = start()
    end = time.monotonic() + 60
    while not reached.exists():
        assert time.monotonic() < end and first.poll() is None, "the first did not begin"
        time.sleep(0.05)
    second = start()
    line = second.stderr.readline()
    assert "another run is at it; waiting" in line, line
    assert not (cache / "toolchain.env").exists()
    wait.unlink()
    for process in (first, second):
        _, said = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert (cache / "toolchain.env").is_file()


def empty_cache(name):
    """A cache with the tools' names alone: no kernel's source."""
    cache = scratch() / name
    cache.mkdir()
    real = pathlib.Path(os.environ.get("KERNET_CACHE") or pathlib.Path.home() / ".cache/kernet")
    shutil.copy(real / "toolchain.env", cache)
    return cache


@test
def source_without_network():
    path = fake("nosource", apt_get="case \"$*\" in *indextargets*) echo 'http://127.0.0.1:9/d d';;\n"
                "*) echo 'E: Could not resolve' >&2; exit 100;; esac")
    refused(call("kernel", "plain", path=path, KERNET_CACHE=str(empty_cache("nosource-cache"))),
            "trixie-backports: reading the package lists: failed .*E: Could not resolve")


@test
def no_space():
    if os.getuid():
        raise Skip("only root can mount a small disk")
    script = ('mount -t tmpfs -o size=1m tmpfs "$0" && cp "$1" "$0" && '
              'KERNET_CACHE="$0" exec "$2" plain')
    cache = empty_cache("small")
    done = subprocess.run(["unshare", "-m", "sh", "-c", script, str(cache),
                           toolchain_file(), str(ROOT / "scripts/kernel")],
                          capture_output=True, text=True, env=os.environ)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        raise Skip(done.stderr.strip())
    refused((done.returncode, done.stderr), r"needs 4 GB free, has 0\.0 GB; make room or set KERNET_CACHE")


class Build:
    """A kernel build by scripts/kernel whose make only says what it does, and waits where told."""

    MAKE = """case "$*" in
    *allnoconfig*) for word; do case $word in O=*) O=${word#O=} ;; esac; done
        cp "$O/kernet.config" "$O/.config" ;;
    *bzImage*) echo begin >>"$NOTES"; while [ -e "$NOTES.wait" ]; do sleep 0.1; done; echo end >>"$NOTES" ;;
    esac"""

    def __init__(self, name):
        self.cache = empty_cache(f"{name}-cache")
        self.path = fake(f"{name}-bin", make=self.MAKE)
        self.notes = scratch() / f"{name}-notes"
        self.notes.touch()
        self.wait = scratch() / f"{name}-notes.wait"
        self.wait.touch()
        self.source = scratch() / f"{name}-source"
        (self.source / "rust/kernel").mkdir(parents=True)
        (self.source / "rust/kernel/lib.rs").touch()
        (self.source / "Makefile").write_text("VERSION = 7\nPATCHLEVEL = 3\nSUBLEVEL = 4\n")

    def start(self):
        return subprocess.Popen(
            [str(ROOT / "scripts/kernel"), "plain"], text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # What runs in the background has it ignored.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            env={**os.environ, "KERNET_CACHE": str(self.cache),
                 "KSRC": str(self.source), "NOTES": str(self.notes),
                 "PATH": f"{self.path}:{os.environ['PATH']}"})

    def said(self):
        return self.notes.read_text().split()

    def reach(self, *notes):
        end = time.monotonic() + 60
        while self.said() != list(notes):
            assert time.monotonic() < end, f"the builds came to {self.said()}, not to {notes}"
            time.sleep(0.05)

    def waits(self, process):
        """The process says that it waits for another."""
        line = process.stderr.readline()
        assert "another run is at it; waiting" in line, line


def finishes(process):
    out, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert pathlib.Path(out.strip(), ".kernet-built").is_file(), out


@test
def two_builds_at_once():
    """The kernel is built once, and both get it."""
    build = Build("two")
    first = build.start()
    build.reach("begin")
    second = build.start()
    build.waits(second)
    build.wait.unlink()
    finishes(first)
    finishes(second)
    build.reach("begin", "end")


@test
def interrupted_build():
    """What is interrupted ends with all it has started; the next run begins again."""
    build = Build("interrupted")
    for number in (signal.SIGINT, signal.SIGTERM):
        build.notes.write_text("")
        first = build.start()
        build.reach("begin")
        first.send_signal(number)
        _, said = first.communicate(timeout=60)
        assert first.returncode == 130 and "interrupted" in said, said
    build.wait.unlink()
    time.sleep(0.5)
    build.reach("begin")
    finishes(build.start())
    build.reach("begin", "begin", "end")


@test
def killed_build():
    """A make that has lost its script keeps the folder locked until it ends."""
    build = Build("killed")
    first = build.start()
    build.reach("begin")
    first.kill()
    first.wait()
    second = build.start()
    build.waits(second)
    build.wait.unlink()
    finishes(second)
    build.reach("begin", "end", "begin", "end")


def toolchain_file():
    base = os.environ.get("KERNET_CACHE") or pathlib.Path.home() / ".cache/kernet"
    return str(pathlib.Path(base) / "toolchain.env")


def boot(kernel, command, **options):
    """(what the command said, the outcome)"""
    said = []
    outcome = vmlib.boot(kernel, command, on_output=said.append, on_error=said.append, **options)
    return b"".join(said).decode(), outcome


@test
def kvm_is_asked_once():
    """KVM is used where it boots the kernel; that is found out once, and can be forbidden."""
    count = scratch() / "kvm-count"
    device, vmlib.KVM = vmlib.KVM, os.devnull
    cache, vmlib.CACHE = vmlib.CACHE, scratch() / "kvm-cache"
    before = dict(os.environ)
    os.environ.pop("KERNET_KVM", None)
    try:
        for name, says, boots in (("kvmgood", "VFS: Unable to mount root fs", True),
                                  ("kvmbad", "smp: Bringing up secondary CPUs", False)):
            count.write_text("")
            path = fake(name, qemu_system_x86_64=f"echo asked >>{count}; echo '{says}'")
            (path / "qemu-system-x86-64").rename(path / "qemu-system-x86_64")
            os.environ["PATH"] = f"{path}:{before['PATH']}"
            for _ in range(2):
                assert vmlib.kvm_boots(scratch() / name, 2) is boots, name
            assert count.read_text() == "asked\n", f"{name}: {count.read_text()!r}"
            os.environ["KERNET_KVM"] = "0"
            assert vmlib.kvm_boots(scratch() / name, 2) is False
            del os.environ["KERNET_KVM"]
    finally:
        vmlib.KVM, vmlib.CACHE = device, cache
        os.environ.clear()
        os.environ.update(before)


@test
def machine_gives_status_and_output():
    said, outcome = boot(stock(), "echo to-out; echo to-err >&2; exit 7", timeout=300)
    assert outcome.status == 7, outcome.failure()
    assert "to-out" in said and "to-err" in said, said
    assert outcome.failure() is None, outcome.failure()


@test
def demonstration_that_falls_short():
    """A stage of `make run` that fails is in the table and the verdict, and the status is not 0."""
    kernels = vmlib.script("kernel")
    command = ("mkdir /tmp/bin; printf '#!/bin/sh\\n[ \"$1\" != etherip ] && exec /usr/sbin/modprobe \"$@\"'"
               " >/tmp/bin/modprobe; chmod +x /tmp/bin/modprobe; "
               f"PATH=/tmp/bin:$PATH exec {toolchain()['PYTHON']} scripts/guest-demo")
    said, outcome = boot(stock(), command, timeout=900, modules=vmlib.script("modules").stage(stock()),
                         environment={"KERNET_KSRC": str(kernels.source()), "PYTHONPATH": "tests/lib"})
    assert outcome.status == 1, outcome.failure() or f"status {outcome.status}: {said[-500:]}"
    assert re.search(r"^demonstration .*etherip.* SHORT$", said, re.M), said[-1500:]
    assert re.search(r"^verdict: 1 of \d+ fell short, the first demonstration: all stages$", said, re.M), \
        said[-500:]


@test
def machine_cannot_write_to_the_host():
    path = scratch() / "host-file"
    path.write_text("host")
    _, outcome = boot(stock(), f"echo machine >{path} && grep -q machine {path}", timeout=300)
    assert outcome.status == 0, outcome.failure()
    assert path.read_text() == "host", "the machine has written to the host"


@test
def machine_with_broken_kernel():
    folder = scratch() / "junk/arch/x86/boot"
    folder.mkdir(parents=True)
    (folder / "bzImage").write_bytes(b"junk" * 10000)
    try:
        _, outcome = boot(scratch() / "junk", "true", timeout=8)
        why = outcome.failure()
    except Failure as failure:
        why = str(failure)
    assert why and "\n" not in why, why
    assert re.search("did not boot|QEMU failed", why), why


@test
def machine_that_is_stuck():
    """One whose processors stand still is begun anew, once; with a process it is never stuck."""
    count = scratch() / "stuck-count"
    count.write_text("")
    wrapper = fake("stuck", qemu=f'echo begun >>{count}; [ "$(wc -l <{count})" -gt 1 ] || set -- "$@" -S\n'
                                 'exec /usr/bin/qemu-system-x86_64 "$@"')
    silence, machine, vmlib.STUCK = vmlib.STUCK, vmlib.machine, 15
    vmlib.machine = lambda *asked: [str(wrapper / "qemu"), *machine(*asked)[1:]]
    try:
        said, outcome = boot(stock(), "sleep 20; echo there", timeout=300)
        assert outcome.status == 0 and "there" in said, outcome.failure()
        assert count.read_text() == "begun\n" * 2, count.read_text()
        _, outcome = boot(stock(), "true", timeout=300, qemu=["-S"])
        assert outcome.status is None and "said nothing for 15 s" in outcome.failure(), outcome.failure()
        assert count.read_text() == "begun\n" * 4, count.read_text()
    finally:
        vmlib.STUCK, vmlib.machine = silence, machine


@test
def machine_without_kernel():
    try:
        boot(scratch() / "nokernel", "true", timeout=8)
    except Failure as failure:
        assert "bzImage is missing; run scripts/kernel" in str(failure), failure
    else:
        raise AssertionError("it booted")


@test
def machine_at_its_time_limit():
    _, outcome = boot(stock(), "sleep 1000", timeout=8)
    why = outcome.failure()
    assert outcome.status is None and "stopped at its time limit of 8 s" in why, why


@test
def machine_that_panics():
    _, outcome = boot(stock(), "echo c >/proc/sysrq-trigger; sleep 1000", timeout=300)
    assert not outcome.timed_out, "it ran to its time limit"
    assert "Kernel panic" in outcome.failure(), outcome.failure()


@test
def machine_that_powers_off_early():
    _, outcome = boot(stock(), "busybox poweroff -f", timeout=300)
    assert "ended without an exit status" in outcome.failure(), outcome.failure()


main()
