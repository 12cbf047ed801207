# SPDX-License-Identifier: GPL-2.0
"""The scripts on bad ground: each says in a line what is wrong and what to do, and fails."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import vmlib  # noqa: E402
from compilers import Compilers  # noqa: E402
from hostcases import Skip, main, test  # noqa: E402
from kernetlib import Failure, toolchain  # noqa: E402

NEEDED = vmlib.script("modules").NEEDED
SCRATCH = pathlib.Path()


def call(*command, path=None, **variables):
    """Runs a script of the checkout: (status, what it said on stderr)."""
    environment = {**os.environ, **variables}
    environment.pop("KDIR", None) if "KDIR" not in variables else None
    if path:
        environment["PATH"] = f"{path}:{environment['PATH']}"
    done = subprocess.run([str(ROOT / "scripts" / command[0]), *command[1:]], env=environment,
                          capture_output=True, text=True, timeout=300)
    return done.returncode, done.stderr


def refused(found, *wanted):
    """The script has failed, and its last line says each of `wanted`."""
    status, said = found
    lines = said.strip().splitlines()
    assert status != 0, f"status 0; it said {said!r}"
    assert lines, f"status {status} without a word"
    assert "Traceback" not in said, said
    assert len(lines) <= 3, f"{len(lines)} lines: {said!r}"
    for text in wanted:
        assert re.search(text, lines[-1]), f"no {text!r} in {lines[-1]!r}"


def fake(folder, **programs):
    """A folder of programs for PATH: name and shell text."""
    (SCRATCH / folder).mkdir()
    for name, text in programs.items():
        path = SCRATCH / folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
    return SCRATCH / folder


def kernel_folder(name, release="7.3.4", config="", **options):
    """A folder that looks like a kernel's build, of which `options` differ."""
    folder = SCRATCH / name
    (folder / "include/config").mkdir(parents=True)
    (folder / "rust").mkdir()
    for crate in ("core", "kernel"):
        (folder / f"rust/lib{crate}.rmeta").touch()
    (folder / "Makefile").touch()
    (folder / "include/config/kernel.release").write_text(release + "\n")
    version = subprocess.run([toolchain()["RUSTC"], "-V"], capture_output=True, text=True)
    values = {"CC_IS_CLANG": "y", "RUST": "y", **dict.fromkeys(NEEDED, "y"),
              "RUSTC_VERSION_TEXT": f'"{version.stdout.strip()}"', **options}
    (folder / ".config").write_text("".join(f"CONFIG_{option}={value}\n"
                                            for option, value in values.items() if value))
    return str(folder)


@test
def kdir_missing():
    refused(call("modules", KDIR=str(SCRATCH / "nowhere")), "KDIR=.*nowhere: no such folder")


@test
def kdir_no_kernel():
    refused(call("modules", KDIR=str(SCRATCH)), "not the build folder of a built kernel")


@test
def kdir_old():
    refused(call("modules", KDIR=kernel_folder("old", "6.18.1")), r"is 6\.18\.1; kernet needs 7\.2")


@test
def kdir_without_rust():
    refused(call("modules", KDIR=kernel_folder("norust", RUST=None)), "without Rust.*CONFIG_RUST=y")


@test
def kdir_that_lacks_an_option():
    """Those that the README lists."""
    listed = re.findall(r"CONFIG_(\w+)=y", (ROOT / "README.md").read_text().partition("and has\n")[2]
                        .partition("\n\nWith")[0])
    assert listed == ["RUST", *NEEDED], f"the README lists {listed}"
    for option in NEEDED:
        refused(call("modules", KDIR=kernel_folder(f"no{option}", **{option: None})),
                f"lacks what kernet needs; set CONFIG_{option}=y and build")


@test
def newest_source():
    """By its number, not by its name."""
    newest = vmlib.script("kernel").newest
    assert newest(["linux-source-7.9", "linux-source-7.10", "linux-source-7.3"]) == "linux-source-7.10"


def by_gcc(name, **options):
    return kernel_folder(name, **{"CC_IS_CLANG": None, "CC_IS_GCC": "y", **options})


@test
def kdir_by_a_missing_gcc():
    text = '"x86_64-linux-gnu-gcc-99 (Debian 99.1.0-1) 99.1.0"'
    refused(call("modules", KDIR=by_gcc("gcc", CC_VERSION_TEXT=text), RUSTC=toolchain()["RUSTC"],
                 BINDGEN=toolchain()["BINDGEN"]),
            "missing packages; run as root: apt-get install --no-install-recommends gcc-99$")


@test
def kdir_by_gcc_and_another_rustc():
    other = '"rustc 1.85.0 (4d91de4e4 2025-02-17)"'
    version = subprocess.run(["gcc", "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    refused(call("modules", KDIR=by_gcc("gccrustc", CC_VERSION_TEXT=f'"{version}"', RUSTC_VERSION_TEXT=other),
                 RUSTC=toolchain()["RUSTC"], BINDGEN=toolchain()["BINDGEN"]),
            r"built by rustc 1\.85\.0 .*, \S+ is rustc 1\..*set RUSTC")


@test
def kdir_with_metadata_of_another_rustc():
    """As rustc writes them: the compiler stands behind the mark of the format."""
    for release, makes_it_right in (("7.3.4", "build the kernel there, with its modules"),
                                    ("7.3.4+deb13-amd64", r"make metadata KERNEL=7\.3\.4\+deb13-amd64")):
        folder = kernel_folder(f"rmeta{release}", release)
        pathlib.Path(folder, "rust/libkernel.rmeta").write_bytes(
            b"rust\0\0\0\x09" + bytes(8) + b"$rustc 1.84.0 (9fc6b4312 2025-01-07)\xc1\0")
        refused(call("modules", KDIR=folder), r"are of rustc 1\.84\.0 .*, the kernel was built by rustc 1\.",
                makes_it_right)


@test
def kdir_of_another_configuration():
    """Of what was built, that is; an option that is not set is in .config alone."""
    folder = pathlib.Path(kernel_folder("configured"))
    config = (folder / ".config").read_text()
    (folder / "include/config/auto.conf").write_text(config + "CONFIG_TEXT=text\n")
    (folder / ".config").write_text(config + "# CONFIG_SMP is not set\n" + 'CONFIG_NONE=""\nCONFIG_TEXT="text"\n')
    status, said = call("modules", KDIR=str(folder), BINDGEN="/nowhere/bindgen")
    assert "another configuration" not in said, said
    (folder / ".config").write_text(config + "CONFIG_SMP=y\nCONFIG_TEXT=text\n")
    refused(call("modules", KDIR=str(folder)), "of another configuration than .config, in CONFIG_SMP first")


@test
def kdir_of_another_kernel():
    """The crates' symbols are not those that the kernel exports."""
    folder = pathlib.Path(kernel_folder("symbols"))
    for crate, symbol in (("core", "_RNvC4core3one"), ("kernel", "_RNvC6kernel3two")):
        subprocess.run(["gcc", "-xc", "-c", "-o", folder / f"rust/{crate}.o", "-"], check=True, text=True,
                       input=f"int {symbol};")
    line = "0x00000000\t{}\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"
    (folder / "Module.symvers").write_text(line.format("_RNvC4core3one"))
    refused(call("modules", KDIR=str(folder)), "of another kernel than Module.symvers, which has no _RNvC6kernel3two")


@test
def kdir_in_a_path_with_a_space():
    refused(call("modules", KDIR=kernel_folder("a kernel")), "KDIR's path is .*a kernel: .* space")


@test
def checkout_in_a_path_with_a_space():
    """Or a colon, or what else make, kbuild or QEMU take for the end of a word."""
    for name in ("a checkout", "a:checkout", "a,checkout", "a$checkout"):
        copy = SCRATCH / name
        shutil.copytree(ROOT / "scripts", copy / "scripts")
        shutil.copy(ROOT / "Makefile", copy)
        for words in (["make", "-s"], ["make", "-s", "run"], ["scripts/vm", "true"]):
            done = subprocess.run(words, cwd=copy, capture_output=True, text=True)
            lines = [line for line in done.stderr.splitlines() if not re.match(r"make(\[\d+\])?: ", line)]
            assert done.returncode and len(lines) == 1 and "space, a colon" in lines[0], (words, done.stderr)


@test
def foreign_words_in_the_environment():
    """What a shell says for another build decides nothing here."""
    done = subprocess.run([str(ROOT / "scripts/modules"), "--kernel", "stock"], capture_output=True, text=True,
                          env={**os.environ, "ARCH": "arm64", "CROSS_COMPILE": "aarch64-linux-gnu-",
                               "KBUILD_OUTPUT": "/nowhere", "CC": "false", "RUSTFLAGS": "-Znothing",
                               "LLVM": "1", "KAFLAGS": "-Wnothing", "RUSTC_WRAPPER": "false", "TESTS": "y"})
    assert done.returncode == 0, done.stderr
    said = stock().name
    assert said in done.stdout, done.stdout


@test
def relative_cache():
    cache = os.path.relpath(os.environ.get("KERNET_CACHE") or pathlib.Path.home() / ".cache/kernet", SCRATCH)
    done = subprocess.run([str(ROOT / "scripts/vm"), "--no-modules", "echo in the machine"],
                          cwd=SCRATCH, capture_output=True, text=True, env={**os.environ, "KERNET_CACHE": cache})
    assert done.returncode == 0 and done.stdout == "in the machine\n", done.stderr


@test
def clean_of_kbuild():
    """What DKMS calls; it reads no configuration."""
    copy = SCRATCH / "cleaned"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("build", ".git", "target"))
    made = [copy / name for name in ("rust/libkernet.rmeta", "rust/bindings/bindings_generated.rs",
                                     "rust/kernet/exports_generated.h", "rust/kernet/lib.o", "samples/sink/sink.ko")]
    for path in made:
        path.touch()
    done = subprocess.run(["make", "-C", str(stock()), f"M={copy}", f"LLVM={toolchain()['LLVM']}", "clean"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    left = [path.name for path in made if path.exists()]
    assert not left, f"{left} are left"


@test
def metadata_that_cannot_be():
    metadata = str(ROOT / "scripts/metadata")
    for release, why in (("6.18.1+deb13-amd64", r"is 6\.18\.1\+deb13-amd64; kernet needs 7\.2 or later"),
                         ("seven", "no release of a kernel")):
        refused(call("metadata", release), why)
    assert os.access(metadata, os.X_OK)


@test
def metadata_of_a_lost_option():
    """The error names the tool whose lack has lost it."""
    check = vmlib.script("metadata").check_config
    config = "CONFIG_RUST=y\nCONFIG_DEBUG_INFO_BTF=y\nCONFIG_SCHED_CLASS_EXT=y\n# CONFIG_A is not set\n"
    check("7.3.4", config + "CONFIG_CC_VERSION_TEXT=1\n", config + "CONFIG_CC_VERSION_TEXT=2\n")
    for lost, tool in (("CONFIG_DEBUG_INFO_BTF=y\nCONFIG_SCHED_CLASS_EXT=y\n", "CONFIG_DEBUG_INFO_BTF=y .*pahole"),
                       ("CONFIG_SCHED_CLASS_EXT=y\n", "CONFIG_SCHED_CLASS_EXT=y .*pahole"),
                       ("CONFIG_RUST=y\n", "CONFIG_RUST=y .*rustc, rust-src or bindgen")):
        for have in (config.replace(lost, ""), config.replace(lost, lost.replace("=y", " is not set").replace(
                "CONFIG", "# CONFIG"))):
            try:
                check("7.3.4", config, have)
            except Failure as failure:
                assert re.search(tool, str(failure)) and "\n" not in str(failure), failure
            else:
                raise AssertionError(f"{lost!r} may be lost")


@test
def private_root_that_cannot_be_entered():
    """As in a chroot whose root is no mount point. No compiler is said to be missing."""
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{fake('propagation', unshare='echo unshare: Invalid argument >&2; exit 1')}:{path}"
    try:
        said = Compilers("gcc-14", SCRATCH).ask("rustc", "-V")
    except Failure as failure:
        assert re.search(r"cannot be entered: unshare: Invalid argument; it needs .*mount point", str(failure)), failure
    else:
        raise AssertionError(f"{said!r} is an answer")
    finally:
        os.environ["PATH"] = path


@test
def kdir_by_another_rustc():
    other = '"rustc 1.85.0 (4d91de4e4 2025-02-17)"'
    refused(call("modules", KDIR=kernel_folder("rustc", RUSTC_VERSION_TEXT=other)),
            r"built by rustc 1\.85\.0 .*, \S+ is rustc 1\.", "set RUSTC")


@test
def kdir_half_built():
    folder = kernel_folder("half")
    pathlib.Path(folder, "rust/libkernel.rmeta").unlink()
    refused(call("modules", KDIR=folder), r"libkernel\.rmeta is missing; build the kernel")


@test
def unknown_kernel():
    refused(call("modules", "--kernel", "fast"), "KERNEL=fast: there is plain, debug, user, stock and stock-7.2")


@test
def no_setup():
    refused(call("modules", "--kernel", "user", KERNET_CACHE=str(SCRATCH / "empty")), "run scripts/setup")


@test
def missing_package_without_root():
    path = fake("noroot", id="echo 1000", dpkg_query="exit 1")
    refused(call("setup", path=path, KERNET_CACHE=str(SCRATCH / "noroot-cache")),
            "run as root: apt-get install .*qemu-system-x86")


@test
def apt_without_network():
    path = fake("noapt", id="echo 0", dpkg_query="exit 1",
                apt_get="echo 'E: Failed to fetch' >&2; exit 100")
    refused(call("setup", path=path, KERNET_CACHE=str(SCRATCH / "noapt-cache")),
            "apt-get update failed: check the network")


@test
def pip_without_network():
    cache = SCRATCH / "nopip-cache"
    (cache / "tools/bin").mkdir(parents=True)
    shutil.copy(toolchain()["BINDGEN"], cache / "tools/bin/bindgen")
    refused(call("setup", KERNET_CACHE=str(cache), PIP_INDEX_URL="http://127.0.0.1:9/",
                 PIP_RETRIES="0", PIP_NO_CACHE_DIR="1", PIP_CONFIG_FILE="/dev/null"),
            "pip install virtme-ng failed: check the network")


@test
def two_setups_at_once():
    """The second waits for the first, and finds everything there."""
    cache = SCRATCH / "twosetups-cache"
    (cache / "tools/bin").mkdir(parents=True)
    (cache / "tools/venv/bin").mkdir(parents=True)
    for program in ("tools/bin/bindgen", "tools/venv/bin/vng"):
        shutil.copy(toolchain()["BINDGEN"], cache / program)
    wait, reached = SCRATCH / "twosetups-wait", SCRATCH / "twosetups-reached"
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
    cache = SCRATCH / name
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
        self.notes = SCRATCH / f"{name}-notes"
        self.notes.touch()
        self.wait = SCRATCH / f"{name}-notes.wait"
        self.wait.touch()
        self.source = SCRATCH / f"{name}-source"
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


def stock():
    return vmlib.script("kernel").kernel("stock")


@test
def kvm_is_asked_once():
    """KVM is used where it boots the kernel; that is found out once, and can be forbidden."""
    count = SCRATCH / "kvm-count"
    device, vmlib.KVM = vmlib.KVM, os.devnull
    cache, vmlib.CACHE = vmlib.CACHE, SCRATCH / "kvm-cache"
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
                assert vmlib.kvm_boots(SCRATCH / name, 2) is boots, name
            assert count.read_text() == "asked\n", f"{name}: {count.read_text()!r}"
            os.environ["KERNET_KVM"] = "0"
            assert vmlib.kvm_boots(SCRATCH / name, 2) is False
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
    path = SCRATCH / "host-file"
    path.write_text("host")
    _, outcome = boot(stock(), f"echo machine >{path} && grep -q machine {path}", timeout=300)
    assert outcome.status == 0, outcome.failure()
    assert path.read_text() == "host", "the machine has written to the host"


@test
def machine_with_broken_kernel():
    folder = SCRATCH / "junk/arch/x86/boot"
    folder.mkdir(parents=True)
    (folder / "bzImage").write_bytes(b"junk" * 10000)
    try:
        _, outcome = boot(SCRATCH / "junk", "true", timeout=8)
        why = outcome.failure()
    except Failure as failure:
        why = str(failure)
    assert why and "\n" not in why, why
    assert re.search("did not boot|QEMU failed", why), why


@test
def machine_that_is_stuck():
    """One whose processors stand still is begun anew, once; with a process it is never stuck."""
    count = SCRATCH / "stuck-count"
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
        boot(SCRATCH / "nokernel", "true", timeout=8)
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


with tempfile.TemporaryDirectory(prefix="kernet-") as scratch:
    SCRATCH = pathlib.Path(scratch)
    main()
