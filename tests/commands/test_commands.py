# SPDX-License-Identifier: GPL-2.0
"""The commands that the documentation tells people to run do run.

Each indented block is taken as it stands: lines that begin with `make` are run here, blocks that
begin with another command are run by sh in a test machine.
"""

import functools
import os
import pathlib
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import vmlib  # noqa: E402
from kernetlib import Failure  # noqa: E402

PAGES = ("README.md", "CONTRIBUTING.md", "Documentation/*.md", "samples/*/README.md")
# By `make test KERNEL=plain`: what needs that kernel, and nothing else.
ON_PLAIN = os.environ.get("KERNET_KERNELS") == "plain"
GUEST = ("modprobe", "ip", "ynl", "spec", "ethtool")
# What the documentation leaves to the reader.
PRELUDE = """set -e
ip netns add other
"""


def pages():
    return sorted(str(path.relative_to(ROOT)) for pattern in PAGES for path in ROOT.glob(pattern))


def blocks(page):
    """The indented blocks of a page, as text."""
    found, lines = [], []
    for line in [*(ROOT / page).read_text().splitlines(), "end"]:
        if line.startswith("    ") or lines and not line:
            lines.append(line[4:])
        elif lines:
            found.append("\n".join(lines).strip("\n"))
            lines = []
    return found


def first_word(block):
    return re.match(r"[\w-]*", block)[0]


def host_commands():
    """The documentation's calls of make, each once."""
    found = {}
    for page in pages():
        for block in blocks(page):
            for line in block.splitlines():
                if line.startswith("make"):
                    found.setdefault(shlex.join(shlex.split(line, comments=True)), page)
    return found


def refused(done):
    return f"status {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}"


def terminal(command, said):
    """Runs a command on a terminal on which somebody types: (status, what the terminal showed)."""
    typed = said.encode()
    shown = b""
    end = time.monotonic() + 300

    def read(fd):
        nonlocal typed, shown
        if not select.select([fd], [], [], max(0, end - time.monotonic()))[0]:
            raise TimeoutError(f"nothing more after {shown[-200:]!r}")
        data = os.read(fd, 4096)
        shown += data
        # A prompt, after which the shell may ask the terminal where its cursor is.
        if typed and re.search(rb"[#$] (?:\x1b\[6n)?$", shown):
            os.write(fd, typed)
            typed = b""
        return data
    # pty copies its own stdin too; there is nobody.
    with open(os.devnull) as nobody:
        saved = os.dup(0), os.dup(1)
        os.dup2(nobody.fileno(), 0)
        with tempfile.TemporaryFile() as sink:
            os.dup2(sink.fileno(), 1)
            try:
                status = pty.spawn(command, read)
            finally:
                for number, fd in enumerate(saved):
                    os.dup2(fd, number)
                    os.close(fd)
    return os.waitstatus_to_exitcode(status), shown.decode(errors="replace")


def make(line, folder=ROOT):
    """What is wrong with a call of make; None if nothing."""
    if "/path/to/build" in line:
        line = line.replace("/path/to/build", str(vmlib.script("kernel").kernel("stock")))
    # tests/lint runs that.
    words = [word for word in shlex.split(line) if word != "lint"]
    if words[1:] == ["shell"]:
        status, shown = terminal(["make", "-s", "-C", str(folder), "shell"], "uname -s; exit 3\n")
        # make itself ends with 2 when the shell does with 3.
        return None if status == 2 and "Linux" in shown and "Error 3" in shown else \
            f"status {status}: {shown[-300:]}"
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return refused(done) if done.returncode else None


@functools.cache
def folder_of_copy():
    """Removed at the end."""
    return tempfile.TemporaryDirectory(prefix="kernet-")


def first_module():
    """As the guide prints it, and the README."""
    block = re.search(r"^```rust\n(.*?)^```$", (ROOT / "Documentation/guide.md").read_text(), re.M | re.S)
    return block[1]


@functools.cache
def copy_with_hello():
    """A copy of the checkout with the guide's first module in it, built by who comes first. Of the other
    modules it has the smallest: all are built where they are tested."""
    copy = pathlib.Path(folder_of_copy().name, "kernet")
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("build", ".git", "target"))
    for path in [*copy.glob("samples/*"), *copy.glob("tests/modules/*")]:
        if path.is_dir() and path.name != "sink":
            shutil.rmtree(path)
    for path in copy.glob("Documentation/netlink/specs/*"):
        path.unlink()
    (copy / "samples/hello").mkdir()
    (copy / "samples/hello/hello.rs").write_text(first_module())
    kbuild = (copy / "Kbuild").read_text()
    kbuild = re.sub(r"^samples := .*", "samples := hello sink", kbuild, count=1, flags=re.M)
    (copy / "Kbuild").write_text(re.sub(r"^tests := .*", "tests :=", kbuild, count=1, flags=re.M))
    return copy


def guide(line):
    """The guide's first module, as the guide says to try it."""
    if first_module() not in (ROOT / "README.md").read_text():
        return "the README prints another first module than the guide"
    done = subprocess.run(shlex.split(line), cwd=copy_with_hello(), capture_output=True, text=True)
    if done.returncode:
        return refused(done)
    return None if "left is up" in done.stdout else f"the log has no word of it: {done.stdout[-300:]}"


def new():
    """What `make new` makes of each kind builds, and passes its tests, at once."""
    copy = copy_with_hello()
    taken = subprocess.run(["make", "-s", "new", "NAME=dummy", "KIND=driver"], cwd=copy, capture_output=True, text=True)
    if not taken.returncode or "Linux has a module dummy" not in taken.stderr or (copy / "samples/dummy").exists():
        return f"a name that Linux has is taken: {taken.stderr}"
    kinds = ("driver", "hook", "family", "protocol")
    for kind in kinds:
        done = subprocess.run(["make", "-s", "new", f"NAME=my{kind}", f"KIND={kind}"], cwd=copy,
                              capture_output=True, text=True)
        if done.returncode:
            return refused(done)
    done = subprocess.run(["scripts/test", "--kernel", "user", "--machine"], cwd=copy, capture_output=True, text=True,
                          env={**os.environ, "ONLY": ",".join(f"my{kind}" for kind in kinds)})
    passed = {name for name in re.findall(r"^ok \d+ user (\w+) ", done.stdout, re.M) if name.startswith("my")}
    if done.returncode or passed != {f"my{kind}" for kind in kinds}:
        return f"{done.stderr[-300:]} {re.findall('^not ok.*|^# .*Error.*', done.stdout, re.M)}"
    return None if "warnings" not in done.stderr else done.stderr


def beat():
    """The periodic notification, as its page prints it: who listens is notified each second."""
    copy = copy_with_hello()
    shutil.copytree(ROOT / "tests/modules/beat", copy / "samples/beat")
    printed = re.search(r"^```rust\n(.*?)^```$", (ROOT / "Documentation/time.md").read_text(), re.M | re.S)
    (copy / "samples/beat/beat.rs").write_text(printed[1])
    kbuild = (copy / "Kbuild").read_text()
    (copy / "Kbuild").write_text(re.sub(r"^samples := ", "samples := beat ", kbuild, count=1, flags=re.M))
    listen = "modprobe beat && ynl --no-schema --spec samples/beat/beat.yaml --subscribe beats --duration 5 && rmmod beat"
    done = subprocess.run(["scripts/vm", "--kernel", "user", listen], cwd=copy, capture_output=True, text=True)
    counts = [int(count) for count in re.findall(r"'count': (\d+)", done.stdout)]
    if done.returncode or not 3 <= len(counts) <= 6 or counts != list(range(counts[0], counts[0] + len(counts))):
        return f"{counts} in five seconds; {refused(done)}"
    return None


def wing():
    """A folder and a line add a wing, a line has a module use it. One whose subsystem the kernel lacks is
    not built, nor who uses that, which is said."""
    copy = copy_with_hello()
    shutil.copytree(ROOT / "tests/wings/smallest", copy / "rust/smallest")
    kbuild = (copy / "Kbuild").read_text()
    (copy / "Kbuild").write_text(re.sub(
        r"^wings \+= ", "wings += smallest:NET\nwings += absent:KERNET_ABSENT\nwings-of-hello := smallest\n"
        "wings-of-sink := absent\nwings += ", kbuild, count=1, flags=re.M))
    with open(copy / "samples/hello/hello.rs", "a") as hello:
        hello.write("\n#[used]\nstatic LENGTH: fn(&kernet::skb::SkbRef) -> u32 = kernet_smallest::length;\n")
    done = subprocess.run(["scripts/modules"], cwd=copy, capture_output=True, text=True)
    if done.returncode:
        return refused(done)
    extra = next(pathlib.Path(done.stdout.strip()).glob("*/extra"))
    needs = subprocess.run(["modinfo", "-F", "depends", extra / "hello.ko"], capture_output=True,
                           text=True).stdout
    if "kernet_smallest" not in needs:
        return f"hello does not need the wing, but {needs.strip()}"
    left_out = "kernet: sink is left out: the kernel lacks CONFIG_KERNET_ABSENT"
    if left_out not in done.stderr:
        return f"it is not said that sink is left out: {done.stderr}"
    return "sink is built" if (extra / "sink.ko").exists() else None


def errors():
    """make says where a packet is lost, what the compiler says first, whole, and which part is missing."""
    copy = copy_with_hello()
    source = copy / "samples/sink/sink.rs"
    text = source.read_text()
    line = text[:text.index("skb.consume(softirq);")].count("\n") + 1
    for change, wanted in (
            ("if skb.len() > 5 { skb.consume(softirq) }", rf"sink\.rs:(?!{line}:)\d+: .*(start_xmit|transmit) lets a packet"),
            ("skb.consumed(softirq);", rf"(?s)error\[E0599\]: .*sink\.rs:{line}:.*a method `consume`")):
        parts = re.sub(r"type Parts = .*;", "type Parts = ();", text)
        source.write_text(parts.replace("skb.consume(softirq);", change))
        done = subprocess.run(["scripts/modules"], cwd=copy, capture_output=True, text=True)
        source.write_text(text)
        if not done.returncode or not re.search(wanted, done.stderr):
            return f"{change}: {done.stderr}"
        if "`Device` implements `Link` and is not registered" not in done.stderr:
            return f"{change}: the part that is missing is not named: {done.stderr}"
    return None


def piped():
    """What is piped in reaches the command, or is said not to."""
    for words, shown, warned in ([], "", True), (["INPUT=1"], "piped", False):
        done = subprocess.run(["make", "-s", "vm", "KERNEL=user", "CMD=cat", *words], cwd=ROOT, input="piped\n",
                              capture_output=True, text=True)
        if done.returncode or done.stdout.strip() != shown or ("not given" in done.stderr) != warned:
            return f"{words}: it shows {done.stdout!r}; {refused(done)}"
    with open(ROOT / "README.md") as readme:
        done = subprocess.run(["scripts/vm", "--kernel", "user", "true"], cwd=ROOT, stdin=readme,
                              capture_output=True, text=True)
    return None if "not given" in done.stderr else f"of a file nothing is said: {done.stderr}"


def packages():
    """What the page for operators has is tried by `make test-packages`, which takes a quarter of an hour."""
    try:
        vmlib.script("test-packages").commands()
    except Failure as failure:
        return str(failure)
    return None


def on_host():
    for line, page in host_commands().items():
        words = shlex.split(line)
        name = f"{page}:{'_'.join(words)[:60]}".replace(" ", "_")
        if words[1:2] in (["test"], ["new"]) or words[1:] in (["bench"], ["bench-tcp"], ["test-packages"]):
            # This is a part of the first, and `new` tries the second; the others take a quarter of an hour and more.
            continue
        if ("bench" in words) != ON_PLAIN:
            continue
        yield name, (lambda line=line: guide(line)) if "hello" in line else (lambda line=line: make(line))
    if ON_PLAIN:
        return
    yield "Documentation/guide.md:errors", errors
    yield "Documentation/guide.md:new", new
    yield "Documentation/time.md:beat", beat
    yield "README.md:piped", piped
    yield "Documentation/wings.md:smallest", wing
    yield "Documentation/operators.md:packages", packages


def guest_blocks():
    """The blocks for a machine: (name, text)."""
    return [(f"{page}:{number}", block) for page in pages() for number, block in enumerate(blocks(page))
            if first_word(block) in GUEST]


def in_machine():
    """Runs all blocks for a machine in one: (name, what is wrong) for each."""
    found = guest_blocks()
    with tempfile.TemporaryDirectory(prefix="kernet-") as folder:
        script = []
        for index, (_, block) in enumerate(found):
            path = pathlib.Path(folder, f"{index}")
            path.write_text(block + "\n")
            script.append(f'echo "begin {index}"; (set -e; . {path}) 2>&1; echo "status {index} $?"; set +e')
        said = []
        kernels = vmlib.script("kernel")
        kernel = kernels.kernel("stock")
        outcome = vmlib.boot(kernel, PRELUDE + "set +e\n" + "\n".join(script),
                             modules=vmlib.script("modules").stage(kernel), timeout=600,
                             on_output=said.append, on_error=said.append)
    text = b"".join(said).decode(errors="replace")
    failure = outcome.failure()
    for index, (name, _) in enumerate(found):
        status = re.search(rf"^status {index} (\d+)$", text, re.M)
        part = text.partition(f"begin {index}\n")[2].partition(f"\nstatus {index} ")[0]
        yield name, failure or (None if status and status[1] == "0" else
                                f"status {status and status[1]}: {part[-300:]}")


def main():
    wanted = sys.argv[1:]

    def say(name, wrong):
        wrong = wrong and " ".join(wrong.split())
        print(f"not ok {name}: {wrong}" if wrong else f"ok {name}", flush=True)
    here = [(name, function) for name, function in on_host()
            if not wanted or any(word in name for word in wanted)]
    there = not ON_PLAIN and (not wanted or "machine" in wanted)
    print(f"1..{len(here) + (len(guest_blocks()) if there else 0)}", flush=True)
    for name, function in here:
        say(name, function())
    if there:
        for name, wrong in in_machine():
            say(name, wrong)


if __name__ == "__main__":
    main()
