# SPDX-License-Identifier: GPL-2.0
"""What went wrong in a build of modules, as its author has to read it."""

import pathlib
import re
import subprocess

LOST = "rust_build_error"


def compiler_error(text):
    """rustc's or clang's first error, whole; None if neither complains."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if re.match(r"error(\[E\d+\])?: (?!aborting)", line):
            end = next((index for index, other in enumerate(lines[number:], number) if not other.strip()),
                       len(lines))
            return "\n".join(lines[number:end])
        if re.match(r"\S+:\d+:\d+: (fatal )?error: ", line):
            return "\n".join(lines[number:number + 3])
    return None


def losers(path, llvm):
    """The functions of an object file in which a packet is lost, each with a file and a line if the
    object knows them."""
    disassembly = subprocess.run([f"llvm-objdump{llvm}", "-dr", "--no-show-raw-insn", str(path)],
                                 capture_output=True, text=True).stdout
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
    names = subprocess.run([f"llvm-cxxfilt{llvm}", *places], capture_output=True,
                           text=True).stdout.split("\n")
    return [(re.sub(r"::h[0-9a-f]{16}$|\[[0-9a-f]+\]", "", name), source_of(path, function, offset, llvm))
            for name, (function, offset) in zip(names, places.items())]


def source_of(path, function, offset, llvm):
    """FILE:LINE in the module's own sources, of the code that a function has inlined there."""
    if offset is None:
        return None
    said = subprocess.run([f"llvm-symbolizer{llvm}", f"--obj={path}", "--inlines", "--no-demangle",
                           f"0x{offset}"], capture_output=True, text=True).stdout
    for line in said.splitlines():
        found = re.match(r"(/\S+/(?:samples|tests/modules)/\S+\.rs):(\d+)", line)
        if found:
            return f"{found[1]}:{found[2]}"
    return None


def lost_packets(out, text, llvm):
    """A line for each function that loses a packet; none if that is not why the build has failed."""
    for name in re.findall(rf"\"{LOST}\" \[(\S+)\.ko\] undefined", text):
        path = pathlib.Path(out, f"{name}.o")
        found = losers(path, llvm)
        for function, place in found:
            yield (f"{place or f'{name}.rs'}: {function} lets a packet (Skb) go out of scope, perhaps by `?`; "
                   "transmit it, pass it on, or drop it with a reason")
        if not found:
            yield (f"{name}.rs: a packet (Skb) goes out of scope, perhaps by `?`; transmit it, pass it on, or "
                   "drop it with a reason")
