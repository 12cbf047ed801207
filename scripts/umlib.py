# SPDX-License-Identifier: GPL-2.0
"""User-mode Linux: the kernel as a program of the host, in place of QEMU.

It sees the host's files by hostfs. The command's output, its errors and its exit status come
over its terminals 1 to 3, which are pipes; the kernel's log goes to its standard output.
"""

import os
import pathlib
import shutil

from kernetlib import ROOT

# clang puts data of the large code model, in which user-mode Linux is built, into .ldata and
# .lbss, which the kernel's linker script does not know: they would lie outside of what lockdep
# and kmemleak take for the kernel's data. And the return from a signal, in the stub that runs
# the processes, must find the stack as the signal left it, so that no frame pointer may be saved.
LARGE = "-mlarge-data-threshold=2147483647"
KERNEL_WORDS = ("ARCH=um", f"KCFLAGS={LARGE}", f"CFLAGS_REMOVE_um_vdso.o={LARGE} -pg",
                "CFLAGS_stub.o=-fno-pic -fno-stack-protector -fomit-frame-pointer")
STACKTRACE = ROOT / "scripts/config/user-stacktrace.h"
# Modules are loaded further from the kernel than 32 bits reach, and not by a linker.
MODULE_WORDS = ("ARCH=um", "KRUSTFLAGS=-Crelocation-model=static -Ccode-model=large")
SHARED_MEMORY = "/dev/shm"


def kernel_words():
    """make's words for the kernel."""
    return (*KERNEL_WORDS, f"CFLAGS_stacktrace.o=-include {STACKTRACE}")


def identity():
    """What of those words a built kernel depends on."""
    return (*KERNEL_WORDS, STACKTRACE.read_text())


def image(kernel):
    return pathlib.Path(kernel) / "linux"


def is_off(console):
    """Whether the kernel has switched itself off. With seccomp its process may then wait for ever for one
    of those that it has ended."""
    return b"reboot: Power down" in console.read_bytes()[-1000:]


def is_user(kernel):
    """Whether the build folder is one of user-mode Linux."""
    return image(kernel).is_file()


def module_words(kernel):
    """make's words for a module, beside those for any kernel."""
    return MODULE_WORDS if is_user(kernel) else ()


def gigabytes(memory):
    return float(memory.removesuffix("G")) if memory.endswith("G") else float(memory.removesuffix("M")) / 1024


def memory_folder(run, memory):
    """Where the machine's memory is kept, as a file without a name."""
    try:
        room = shutil.disk_usage(SHARED_MEMORY).free / 2**30 > gigabytes(memory)
    except OSError:
        room = False
    return SHARED_MEMORY if room else str(run)


def command(kernel, run, words, *, memory, pipes, terminal):
    """The program and its words: `pipes` are the descriptors of terminals 1 to 3."""
    terminals = [f"con{number}=null,fd:{fd}" for number, fd in enumerate(pipes, 1)]
    return [str(image(kernel)), f"mem={memory}", "seccomp=auto", "noreboot", f"uml_dir={run}/",
            "umid=machine", "earlyprintk", "con=null", f"con0={'fd:0' if terminal else 'null'},fd:1", *terminals, "root=/dev/root",
            "rootfstype=hostfs", "rootflags=/", "ro", "kernet_user=y", *words]


def environment(run, memory):
    return {"PATH": os.environ.get("PATH", ""), "TMPDIR": memory_folder(run, memory)}
