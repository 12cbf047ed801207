# SPDX-License-Identifier: GPL-2.0
"""Boots a kernel over the host's own root, runs a command as root, says how it ended.

The machine is virtme-ng's, in QEMU, or user-mode Linux (umlib); the first process is `guest-init`.
The command's output, its errors and its exit status come over virtio ports, the kernel's log goes
to a file.
"""

import contextlib
import ctypes
import importlib.machinery
import importlib.util
import os
import pathlib
import re
import resource
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import umlib
from kernetlib import CACHE, ROOT, Failure, Lock, say, toolchain

# What no log of a good run has. panic_on_warn ends the machine at a warning; the rest of
# these do not. What kmemleak suspects at one scan is no leak yet: guest-tests judges it.
SPLATS = re.compile(
    r"WARNING: (?!.*(?:tainting kernel|speculat))|BUG: |KASAN: |UBSAN: |possible recursive locking|circular locking"
    r"|suspicious RCU usage|inconsistent lock state|unregister_netdevice: waiting|refcount_t: "
    r"|leaked reference|INFO: task .* blocked|rcu:? .*(?:stall|self-detected)"
    r"|sleeping function called|scheduling while atomic|Oops: |general protection fault"
    r"|Kernel panic|ODEBUG: |list_(?:add|del) corruption|rust_kernel: panicked|DEBUG_LOCKS_WARN_ON"
    r"|trying to register non-static key|turning off the locking correctness validator"
    r"|bad unlock balance|held lock freed|Slab .* still|Objects remaining|Invalid wait context"
    r"|workqueue: .* hogged|BUG: workqueue lockup|soft lockup|ref_tracker: .*(?:leaked|users at)")
KEPT_LOGS = 8
# Seconds of silence after which a kernel that is not up is taken for stuck.
STUCK = 120
GUEST_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
KVM = "/dev/kvm"
# Emulated, the kernel takes 6 s.
KVM_TIME_LIMIT = 20


def script(name):
    """A script of this folder as a module: its name has no `.py`."""
    loader = importlib.machinery.SourceFileLoader(name, str(ROOT / "scripts" / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


class Outcome:
    """How a machine's run ended. `status` is None if the command did not get to its end; `stuck` says
    that the kernel stopped before its first process."""

    def __init__(self, status, console, seconds, timed_out, stuck=False):
        self.status, self.console, self.seconds, self.timed_out = status, console, seconds, timed_out
        self.stuck = stuck

    def log(self):
        return self.console.read_text(errors="replace").replace("\r", "").splitlines()

    def splat(self):
        """The log's first line that no good run has, or None."""
        return next((line for line in self.log() if SPLATS.search(line)), None)

    def failure(self):
        """Why the machine, not the command, failed: one line, or None if it did not."""
        splat = self.splat()
        if splat:
            return f"the kernel complains: {splat.strip()} (all of it: {self.console})"
        if self.status is not None:
            return None
        if self.stuck:
            how = f"the kernel said nothing for {STUCK} s before its first process"
        elif self.timed_out:
            how = f"the machine was stopped at its time limit of {self.seconds:.0f} s"
        else:
            how = "the machine ended without an exit status"
        last = [line.strip() for line in self.log() if line.strip()]
        return (f"{how}; the kernel's last line: {last[-1] if last else 'none, it did not boot'}"
                f" (all of it: {self.console})")


def kvm_boots(image, cpus):
    """Whether this host's KVM boots the kernel `image`; a /dev/kvm alone does not say so.

    Found out once per boot of the host, by a machine without a root: such a kernel panics in the end.
    """
    wanted = os.environ.get("KERNET_KVM")
    if wanted in ("0", "1"):
        return wanted == "1"
    if not os.access(KVM, os.R_OK | os.W_OK):
        return False
    host = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    known = CACHE / "kvm" / host
    with Lock(CACHE / "lock/kvm", "kvm"):
        found = known.read_text().splitlines() if known.is_file() else []
        for word in ("yes", "no"):
            if f"{image} {cpus} {word}" in found:
                return word == "yes"
        command = ["qemu-system-x86_64", "-machine", "q35,accel=kvm", "-cpu", "host", "-smp", str(cpus),
                   "-m", "512M", "-display", "none", "-nodefaults", "-no-reboot", "-serial", "stdio",
                   "-kernel", str(image), "-append", "console=ttyS0 panic=-1"]
        try:
            said = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True,
                                  timeout=KVM_TIME_LIMIT).stdout
        except (OSError, subprocess.TimeoutExpired):
            said = b""
        boots = b"Unable to mount root fs" in said
        if not found:
            shutil.rmtree(known.parent, ignore_errors=True)
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text("\n".join([*found, f"{image} {cpus} {'yes' if boots else 'no'}"]) + "\n")
    if not boots:
        say(f"vm: {KVM} does not boot the kernel; emulating it")
    return boots


def machine(image, cpus, memory, emulate, one_thread):
    """virtme-ng's QEMU command for this host, without its console, ports and init.

    `one_thread`: processors that are emulated take turns.
    """
    tools = toolchain()
    command = [tools["VNG"], "--dry-run", "--run", str(image), "--skip-modules", "--cpus", str(cpus),
               "--memory", memory, "--user", "root"]
    emulate = emulate or not kvm_boots(image, cpus)
    if emulate:
        command.append("--disable-kvm")
    path = f"{pathlib.Path(tools['VNG']).parent}:{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    found = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PATH": path},
                           stdin=subprocess.DEVNULL)
    line = next((line for line in found.stdout.splitlines() if "qemu-system" in line), None)
    if found.returncode or not line:
        said = (found.stderr or found.stdout).strip().splitlines()
        raise Failure(f"virtme-ng gives no QEMU command: {said[-1] if said else 'it said nothing'}")
    words = shlex.split(line)
    kept = []
    index = 0
    while index < len(words):
        word = words[index]
        value = words[index + 1] if index + 1 < len(words) else ""
        if word in ("-append", "-chardev", "-serial", "-monitor", "-mon", "-kernel", "-echr") or \
                (word == "-device" and value.startswith(("virtio-serial", "virtserialport",
                                                         "virtconsole", "i6300esb"))):
            index += 2
            continue
        kept.append(word)
        index += 1
    return [*kept, "-accel", "tcg,thread=single"] if emulate and one_thread else kept


def run_folder():
    """A new folder for a run's files; the oldest of many go."""
    base = CACHE / "run"
    base.mkdir(parents=True, exist_ok=True)
    old = sorted((path for path in base.iterdir() if path.is_dir()),
                 key=lambda path: path.stat().st_mtime)
    for path in old[:-KEPT_LOGS]:
        # A run of another process may still be at it.
        if time.time() - path.stat().st_mtime > 7200:
            shutil.rmtree(path, ignore_errors=True)
    return pathlib.Path(tempfile.mkdtemp(prefix=time.strftime("%H%M%S-"), dir=base))


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def prepare():
    """Of a machine's process. A kernel that is a program must leave no core when it panics."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    die_with_parent()


def boot(kernel, command, *, timeout=300, qemu=(), **options):
    """Runs `command` as `attempt` does, in a second machine if the kernel of the first is stuck.

    An emulated one seldom is, on a host with more to do than it has processors, when it takes its
    clock into use: nothing of what is to be run has begun. One that has complained is not begun anew,
    nor one that has been given input.
    """
    start = time.monotonic()
    first = pathlib.Path(kernel) / "initramfs.cpio"
    options["qemu"] = [*qemu, *(["-initrd", str(first)] if first.is_file() else [])]
    # A distribution's kernel patches its own code while it runs (static keys). Emulated processors in
    # threads of their own may execute what was there before, and meet the breakpoint: "Oops: int3".
    options["one_thread"] = first.is_file()
    outcome = attempt(kernel, command, timeout=timeout, **options)
    if outcome.stuck and not outcome.splat() and options.get("input") is None:
        say(f"vm: {outcome.failure()}; booting it again")
        outcome = attempt(kernel, command, timeout=start + timeout - time.monotonic(), **options)
    return outcome


def is_stuck(console):
    """Whether a kernel says nothing any more, and has not come to its first process."""
    return (time.time() - console.stat().st_mtime > STUCK
            and "as init process" not in console.read_text(errors="replace"))


def attempt(kernel, command, *, modules=None, timeout=300, cpus=None, memory="2G", append=(), qemu=(),
            environment=None, on_output=None, on_error=None, terminal=False, until=None, input=None,
            one_thread=False, started=None):
    """Boots `kernel` (a build folder) and runs `command` with sh in the checkout.

    `modules` is a folder to mount on /lib/modules. Output is given in pieces of bytes to
    `on_output` and `on_error`, by default written to the own ones. `qemu` are more words
    for QEMU, `append` more words for the kernel; the machine is stopped, as at its time
    limit, when the kernel's log has the pattern `until`. `cpus` are 2, of user-mode Linux 1. The
    command's input is empty, or what comes from the file descriptor `input`. `one_thread` is that
    of `machine`. `started` is called with the machine's process. Returns an Outcome.
    """
    user = umlib.is_user(kernel)
    image = umlib.image(kernel) if user else pathlib.Path(kernel) / "arch/x86/boot/bzImage"
    if not image.is_file():
        raise Failure(f"{image} is missing; run scripts/kernel plain (or another)")
    run = run_folder()
    console = run / "console.log"
    console.touch()
    variables = {"KERNET_ROOT": str(ROOT), "KERNET_CACHE": str(CACHE), "HOME": "/root",
                 "KERNET_MODULES": str(modules or ""), "TERM": os.environ.get("TERM", "dumb"),
                 "KERNET_TERMINAL": "y" if terminal else "", "LC_ALL": "C.UTF-8",
                 "PYTHONDONTWRITEBYTECODE": "1", "IP_LIB_DIR": str(script("ip-plugins").build()),
                 "KERNET_PYTHON": toolchain()["PYTHON"], "KERNET_KSRC": str(script("kernel").source_of(kernel)),
                 "PATH": f"{script('programs').build()}:{GUEST_PATH}",
                 **(environment or {})}
    (run / "environment").write_text("".join(
        f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()))
    (run / "command").write_text(command + "\n")

    words = ["panic_on_warn=1", "oops=panic", "kunit.enable=1", f"kernet_run={run}",
             f"init={ROOT}/scripts/guest-init", *append]
    pipes = {name: os.pipe() for name in ("out", "err", "status", *(["console"] if user else []))}
    theirs = []
    if user:
        if qemu:
            raise Failure(f"{image} is no kernel for QEMU, which has been given words: {shlex.join(qemu)}")
        if cpus not in (None, 1):
            raise Failure(f"{image} has one processor, not {cpus}")
        if input is not None:
            spool(input, run / "input", timeout)
        full = umlib.command(kernel, run, words, memory=memory, terminal=terminal,
                             pipes=[pipes[name][1] for name in ("out", "err", "status")])
    else:
        # On a busy host the timer may not have ticked when the kernel looks whether it does, and gives up.
        words.append("no_timer_check")
        full = [*qemu_command(image, words, cpus=cpus or 2, memory=memory, terminal=terminal, console=console,
                              pipes={name: write for name, (_, write) in pipes.items()},
                              one_thread=one_thread, emulate="-icount" in qemu), *qemu]
        if input is not None:
            ours, qemus = socket.socketpair()
            theirs.append(qemus)
            full += ["-chardev", f"socket,id=in,fd={qemus.fileno()}",
                     "-device", "virtserialport,name=kernet.in,chardev=in"]
            # Waits for the machine to take what it has read, and ends with this process.
            threading.Thread(target=pump, args=(input, ours), daemon=True).start()
    (run / "machine").write_text(shlex.join(full) + "\n")

    start = time.monotonic()
    error = tempfile.TemporaryFile()
    said = pipes["console"][1] if user else None if terminal else error
    process = subprocess.Popen(full, stdin=None if terminal else subprocess.DEVNULL,
                               stdout=said, stderr=said if user else error,
                               pass_fds=[*(write for _, write in pipes.values()),
                                         *(end.fileno() for end in theirs)],
                               env=umlib.environment(run, memory) if user else None,
                               preexec_fn=prepare, start_new_session=user or not terminal)
    if started:
        started(process)
    for _, write in pipes.values():
        os.close(write)
    for end in theirs:
        end.close()
    to = {pipes["out"][0]: on_output or to_file(sys.stdout),
          pipes["err"][0]: on_error or to_file(sys.stderr)}
    if user:
        log = open(console, "ab")
        to[pipes["console"][0]] = to_files(log, *([sys.stdout.buffer] if terminal else []))
    status = bytearray()
    to[pipes["status"][0]] = status.extend
    timed_out = stuck = False
    try:
        while to and not stuck:
            left = start + timeout - time.monotonic()
            if left <= 0 or until and re.search(until, console.read_text(errors="replace")):
                timed_out = True
                break
            ready = select.select(list(to), [], [], min(left, 1))[0]
            if user and not ready and umlib.is_off(console):
                break
            for fd in ready:
                data = os.read(fd, 65536)
                if data:
                    to[fd](data)
                else:
                    del to[fd]
            stuck = is_stuck(console)
        if not timed_out and not stuck:
            try:
                process.wait(timeout=1 if user else 10)
            except subprocess.TimeoutExpired:
                pass
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        if user:
            log.close()
        for read, _ in pipes.values():
            os.close(read)
    seconds = time.monotonic() - start
    if process.returncode > 0 and not status and not user:
        error.seek(0)
        said = error.read().decode(errors="replace").strip().splitlines()
        raise Failure(f"QEMU failed: {said[-1] if said else 'it said nothing'}; its command: {run}/machine")
    text = status.decode(errors="replace").strip()
    return Outcome(int(text) if text.isdigit() else None, console, seconds, timed_out, stuck)


def pump(source, sink):
    """Passes on what comes from a file descriptor, and its end."""
    with contextlib.suppress(OSError):
        while data := os.read(source, 65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def spool(source, path, timeout):
    """Copies what comes from a file descriptor to its end: user-mode Linux reads files alone."""
    end = time.monotonic() + timeout
    with open(path, "wb") as file:
        while select.select([source], [], [], max(0, end - time.monotonic()))[0]:
            data = os.read(source, 65536)
            if not data:
                return
            file.write(data)
    raise Failure(f"the input has no end within {timeout:.0f} s, which user-mode Linux waits for")


def qemu_command(image, words, *, cpus, memory, terminal, console, pipes, one_thread, emulate):
    """QEMU's command: `pipes` are the descriptors to which its ports write."""
    # no5lvl: identify_cpu() clears the CPU's features for a moment, in which KASAN takes an
    # address of five levels for a wild one, and then reports nothing ever after.
    # khugepaged copies memory in a read-side section, at the lowest priority: where the host is busy, too, RCU
    # reports it as a stall.
    words = ["console=ttyS0", "no5lvl", "panic=-1", "root=/dev/root", "rootfstype=9p", "ro",
             "raid=noautodetect", "transparent_hugepage=never",
             "rootflags=version=9p2000.L,trans=virtio,access=any,cache=loose,msize=512000", *words]
    ports = ["-device", "virtio-serial-pci"]
    for name, write in pipes.items():
        ports += ["-chardev", f"file,id={name},path=/proc/self/fd/{write}",
                  "-device", f"virtserialport,name=kernet.{name},chardev={name}"]
    serial = ["-chardev", f"stdio,id=console,signal=off,logfile={console}"] if terminal else \
        ["-chardev", f"file,id=console,path={console}"]
    return [*machine(image, cpus, memory, emulate, one_thread), *serial, "-serial", "chardev:console",
            *ports, "-no-reboot", "-monitor", "none", "-kernel", str(image), "-append", " ".join(words)]


def to_files(*files):
    def write(data):
        for file in files:
            file.write(data)
            file.flush()
    return write


def to_file(file):
    return to_files(file.buffer)
