# SPDX-License-Identifier: GPL-2.0
"""What the scripts share: where things are, saying what goes on, failing with one line."""

import fcntl
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What is started in another folder finds it there.
CACHE = pathlib.Path(os.path.abspath(os.environ.get("KERNET_CACHE") or
                                     pathlib.Path.home() / ".cache/kernet"))
os.environ["KERNET_CACHE"] = str(CACHE)
# Words by which a shell tells some other build what to make.
for foreign in ("ARCH", "SUBARCH", "CROSS_COMPILE", "KBUILD_OUTPUT", "KBUILD_EXTMOD", "O", "M", "MO", "CC",
                "LD", "HOSTCC", "KCFLAGS", "CFLAGS", "RUSTFLAGS", "KRUSTFLAGS", "CARGO_BUILD_TARGET",
                "CARGO_TARGET_DIR", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_RUSTFLAGS", "RUSTC_WRAPPER",
                "RUSTC_WORKSPACE_WRAPPER", "KERNELRELEASE", "LOCALVERSION", "KCONFIG_CONFIG", "LLVM", "LLVM_IAS",
                "KCPPFLAGS", "KAFLAGS", "HOSTCFLAGS", "HOSTLDFLAGS", "HOSTRUSTFLAGS", "TESTS",
                # The tests' assertions are not to be left out.
                "PYTHONOPTIMIZE"):
    os.environ.pop(foreign, None)
JOBS = os.cpu_count() or 1
SAMPLES = ("vpair", "firewall", "linkwatch", "etherip", "ect", "sink", "siit", "tcp_bbr3", "tcp_copa")


def wings():
    """The wings, each with the options of the kernel's subsystem that it is for, as Kbuild lists them."""
    found = re.findall(r"^wings \+= (\w+):([\w:]+)$", (ROOT / "Kbuild").read_text(), re.M)
    return {name: options.split(":") for name, options in found}


def wings_of(module):
    """The wings that a module uses, also those that it can do without."""
    found = re.findall(rf"^(?:optional-)?wings-of-{module} := (.*)$", (ROOT / "Kbuild").read_text(), re.M)
    return " ".join(found).split()


class Failure(Exception):
    """One line for the user: what failed, why, what to do."""


def main(function):
    """Runs a script's main function; a Failure becomes one line and exit status 1."""
    name = pathlib.Path(sys.argv[0]).name
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    try:
        check_path("the checkout's", ROOT)
        check_path("KERNET_CACHE's", CACHE)
        status = function()
    except Failure as failure:
        print(f"{name}: {failure}", file=sys.stderr)
        status = 1
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        status = 130
    except BrokenPipeError:
        status = 141
    except OSError as error:
        print(f"{name}: {error.filename or 'system call'}: {error.strerror}", file=sys.stderr)
        status = 1
    sys.exit(status or 0)


def check_path(whose, path):
    """Refuses a path that kbuild, make or QEMU would take for several words."""
    if not re.fullmatch(r"[A-Za-z0-9_/.+@~=-]*", str(path)):
        raise Failure(f"{whose} path is {path}: kbuild and QEMU take none with a space, a colon or the "
                      "like; use another folder")


def interrupt(*_):
    """Ends as Ctrl-C does: what was started is ended too."""
    raise KeyboardInterrupt


def say(text):
    """Progress; what a script was asked for goes to stdout by `print`."""
    print(text, file=sys.stderr, flush=True)


def duration(seconds):
    minutes, seconds = divmod(int(seconds), 60)
    return f"{minutes}m{seconds:02}s" if minutes else f"{seconds}s"


def toolchain():
    """What `scripts/setup` wrote: the programs to use, by make's names for them."""
    path = CACHE / "toolchain.env"
    try:
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        raise Failure(f"{path} is missing; run scripts/setup") from None
    return Tools({name: value.strip("'") for name, _, value in
                  (line.partition("=") for line in lines) if name})


class Tools(dict):
    """The programs by make's names; what `setup run` has left out asks for the rest."""

    def __missing__(self, name):
        raise Failure("the tools for this are not installed; run scripts/setup")


def make_arguments(tools):
    """The toolchain as kbuild wants it on make's command line."""
    names = ("LLVM", "RUSTC", "RUSTDOC", "RUSTFMT", "BINDGEN")
    return [f"{name}={tools[name]}" for name in names] + [f"HOSTRUSTC={tools['RUSTC']}"]


def environment(tools, **extra):
    return {**os.environ, "LIBCLANG_PATH": tools["LIBCLANG_PATH"], **extra}


def need_space(folder, gigabytes):
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free / 1e9
    if free < gigabytes:
        raise Failure(f"{folder}: needs {gigabytes} GB free, has {free:.1f} GB; "
                      "make room or set KERNET_CACHE to another disk")


def run_logged(what, command, log, **options):
    """Runs a long command with its output in a file, and shows that it goes on.

    On a terminal the line is redrawn each second; elsewhere one is written each minute.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    terminal = sys.stderr.isatty()
    next_line = 60
    with open(log, "w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT,
                                   stdin=subprocess.DEVNULL, start_new_session=True,
                                   pass_fds=tuple(Lock.held), **options)
        try:
            while True:
                try:
                    process.wait(timeout=1)
                    break
                except subprocess.TimeoutExpired:
                    pass
                elapsed = time.monotonic() - start
                if not terminal and elapsed < next_line:
                    continue
                next_line += 60
                with open(log, "rb") as written:
                    lines = sum(chunk.count(b"\n") for chunk in iter(lambda: written.read(1 << 20), b""))
                line = f"{what}: {duration(elapsed)}, {lines} lines of log"
                print(f"\r{line}", end="", file=sys.stderr, flush=True) if terminal else say(line)
        except BaseException:
            # A session of its own: make's children end with it.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
    if terminal:
        print("\r\033[K", end="", file=sys.stderr)
    elapsed = time.monotonic() - start
    if process.returncode:
        raise Failure(f"{what}: failed after {duration(elapsed)}: {first_error(log)}; see {log}")
    if elapsed > 5:
        say(f"{what}: done in {duration(elapsed)}")


def first_error(log):
    """The line of a build's log that says what went wrong."""
    lines = log.read_text(errors="replace").splitlines()
    marks = ("error:", "error[", "*** ", "undefined!", "E: ", "No space left")
    for mark in marks:
        for line in lines:
            if mark in line:
                return line.strip()
    return lines[-1].strip() if lines else "it said nothing"


class Lock:
    """One at a time, across processes.

    `run_logged` hands it on to what it starts: when the holder is killed, the lock goes with the
    last of its children.
    """

    held = set()

    def __init__(self, path, what):
        self.path, self.what = path, what

    def __enter__(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = open(self.path, "w")
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{self.what}: another run is at it; waiting")
            fcntl.flock(self.file, fcntl.LOCK_EX)
        Lock.held.add(self.file.fileno())
        return self

    def __exit__(self, *_):
        Lock.held.discard(self.file.fileno())
        self.file.close()
