# SPDX-License-Identifier: GPL-2.0
"""A machine of user-mode Linux ends as one in QEMU does, whatever happens in it, and leaves nothing behind."""

import os
import pathlib
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import vmlib  # noqa: E402
from hostcases import Skip, main, test  # noqa: E402
from planting import plant_for  # noqa: E402


def boot(kernel, command, **options):
    """(what the command said, the outcome)"""
    said = []
    outcome = vmlib.boot(kernel, command, on_output=said.append, on_error=said.append, **options)
    return b"".join(said).decode(), outcome


def user():
    """The build folder of user-mode Linux."""
    if "user" not in os.environ.get("KERNET_KERNELS", "user").split():
        raise Skip("for the user kernel")
    return vmlib.script("kernel").kernel("user")


def of_machine(mark):
    """The processes that are, or run in, a machine of user-mode Linux whose command has `mark`."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            session = path.joinpath("stat").read_text().rpartition(") ")[2].split()[3]
            leader = pathlib.Path("/proc", session, "cmdline").read_bytes().decode(errors="replace")
            own = path.joinpath("cmdline").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if (mark in leader or mark in own) and int(path.name) != os.getpid():
            found.append(int(path.name))
    return found


@test
def gives_status_and_output():
    said, outcome = boot(user(), "echo to-out; echo to-err >&2; test -t 1 && echo terminal; exit 7", timeout=300)
    assert outcome.status == 7, outcome.failure()
    assert "to-out" in said and "to-err" in said and "terminal" not in said, said
    assert outcome.failure() is None, outcome.failure()


@test
def gives_much_output():
    """All of it, and as it was."""
    said, outcome = boot(user(), "seq 200000; echo 'a\tb' >&2", timeout=300)
    assert outcome.status == 0, outcome.failure()
    assert said.replace("a\tb\n", "") == "".join(f"{n}\n" for n in range(1, 200001)), said[-100:]


@test
def cannot_write_to_the_host():
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write("host")
        file.flush()
        _, outcome = boot(user(), f"echo machine >{file.name} && grep -q machine {file.name}", timeout=300)
        assert outcome.status == 0, outcome.failure()
        assert pathlib.Path(file.name).read_text() == "host", "the machine has written to the host"


@test
def at_its_time_limit():
    """It is gone with all its processes, and so is its memory."""
    before = set(os.listdir("/dev/shm"))
    processes = []
    _, outcome = boot(user(), "sleep 1000 & sleep 1000", timeout=30, started=processes.append)
    why = outcome.failure()
    assert outcome.status is None and "stopped at its time limit of 30 s" in why, why
    left = of_machine(str(outcome.console.parent))
    assert not left, f"processes {left} are left"
    assert set(os.listdir("/dev/shm")) <= before, "files are left in /dev/shm"


@test
def that_panics():
    _, outcome = boot(user(), f"insmod {plant_for('user')} what=warn; sleep 1000",
                      timeout=300)
    assert not outcome.timed_out, "it ran to its time limit"
    assert "WARNING: " in outcome.failure(), outcome.failure()
    assert "Kernel panic" in "\n".join(outcome.log()), outcome.log()[-5:]
    assert not of_machine(str(outcome.console.parent))


@test
def that_powers_off_early():
    _, outcome = boot(user(), "busybox poweroff -f", timeout=300)
    assert "ended without an exit status" in outcome.failure(), outcome.failure()


@test
def dies_with_its_parent():
    user()
    mark = f"kernet_mark={os.getpid()}"
    process = subprocess.Popen([str(ROOT / "scripts/vm"), "--kernel", "user", "--no-modules", "--append", mark,
                                "echo up; sleep 1000 & sleep 1000"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "up\n"
    assert len(of_machine(mark)) > 2, of_machine(mark)
    process.kill()
    process.wait()
    end = time.monotonic() + 20
    while of_machine(mark):
        assert time.monotonic() < end, f"{of_machine(mark)} outlive who began them"
        time.sleep(0.1)


main()
