# SPDX-License-Identifier: GPL-2.0
"""What went wrong in a build of modules, as its author has to read it."""

import pathlib
import re
import subprocess

LOST = "rust_build_error"
# What rustc cannot know of an error: a part of its message, and what to do about it.
ADVICE = (
    (r"missing: .*`USE_VTABLE_ATTR`",
     "write `#[vtable]` above the `impl` and `use kernel::macros::vtable;`; do not add what is missing by hand, or "
     "none of its methods is called"),
    (r"`\*(?:const|mut) .*` cannot be (?:shared|sent) between threads safely",
     "a closure that must not sleep takes neither tokens nor what belongs to a request; borrow what it needs before, "
     "as in `let net = request.net();`"),
    (r"`(?:__LOG_PREFIX|LocalModule)`",
     "declare the module by `kernet::module! { type: ..., name: ..., ... }` in its first file"),
)


def compiler_error(text):
    """rustc's or clang's first error, whole; None if neither complains."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"error(\[E\d+\])?: (?!aborting)", line):
            end = next((index for index, other in enumerate(lines[number:], number) if not other.strip()),
                       len(lines))
            said = "\n".join(lines[number:end])
            return said + "".join(f"\nhelp: {what}" for pattern, what in ADVICE if re.search(pattern, line))
        if re.match(r"\S+:\d+:\d+: (fatal )?error: ", line):
            return "\n".join(lines[number:number + 3])
    return None


def ask(*command):
    """What a program of binutils prints; nothing if it is not there."""
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout
    except OSError:
        return ""


def losers(path):
    """The functions of an object file in which a packet is lost, each with a file and a line if the
    object knows them."""
    disassembly = ask("objdump", "-dr", "--no-show-raw-insn", str(path))
    places, function = {}, None
    for line in disassembly.splitlines():
        found = re.match(r"[0-9a-f]+ <(.*)>:$", line)
        if found:
            function = found[1]
        elif LOST in line and re.search(r"\bR_\w+\s", line) and function:
            offset = re.match(r"\s*([0-9a-f]+):", line)
            places.setdefault(function, offset[1] if offset else None)
    if not places:
        return []
    names = ask("c++filt", *places).splitlines() or places
    return [(re.sub(r"::h[0-9a-f]{16}$|\[[0-9a-f]+\]", "", name), source_of(path, function, offset))
            for name, (function, offset) in zip(names, places.items())]


def source_of(path, function, offset):
    """FILE:LINE in the module's own sources, of the code that a function has inlined there."""
    if offset is None:
        return None
    # Each function is in a section of its own name.
    said = ask("addr2line", "--inlines", f"--section=.text.{function}", "-e", str(path), f"0x{offset}") + \
        ask("addr2line", "--inlines", "-e", str(path), f"0x{offset}")
    for line in said.splitlines():
        found = re.match(r"(/\S+/(?:samples|tests/modules)/\S+\.rs):(\d+)", line)
        if found:
            return f"{found[1]}:{found[2]}"
    return None


def lost_packets(out, text):
    """A line for each place that loses a packet; none if that is not why the build has failed."""
    # As Linux 7.3's modpost says it, and 7.2's.
    for found in re.finditer(rf"(\S+)\.ko: symbol '{LOST}' undefined|\"{LOST}\" \[(\S+)\.ko\] undefined", text):
        name = found[1] or found[2]
        # What is inlined into several functions is one place in the source.
        places = {place or function: f"{place or name + '.rs'}: {function} lets a packet (Skb)"
                  for function, place in reversed(losers(pathlib.Path(out, f"{name}.o")))}
        for what in places.values() or [f"{name}.rs: a packet (Skb) is let"]:
            yield f"{what} go out of scope, perhaps by `?`; transmit it, pass it on, or drop it with a reason"


def of_modules(out, text):
    """What is to be said of a failed build: the compiler's first error whole, or each lost packet."""
    said = compiler_error(text) or "\n".join(lost_packets(out, text))
    return said and f"the build has failed; {out}/build.log has all of it\n{said}"
