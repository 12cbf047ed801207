#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Each family of ours from outside, by its specification alone. Runs in the machine.

A new family, operation or event is an error here until driven.py of its module says how it is
driven.
"""

import contextlib
import ctypes
import errno
import io
import json
import os
import re
import runpy
import sys

import ynl
from nlraw import Socket, attr, nest
from pyynl import cli
from selftest import NetNs, case, defer, equal, loaded, main, modprobe, rmmod, run, wait_until

NEWUSER, NEWNET = 0x10000000, 0x40000000
NOBODY = 65534
FAMILIES = sorted([*(path.stem for path in ynl.SPECS.glob("*.yaml")), "conform"])

VALUES = {"u8": 9, "u16": 700, "u32": 9, "u64": 10 ** 9, "s8": -3, "s16": -30000, "s32": -5, "s64": -99999,
          "uint": 70, "sint": -70, "be16": 258, "be32": 1 << 31, "flag": True, "text": "text",
          "key": "01020304", "long": "00112233", "short": "", "any": "00" * 40,
          "bits": {"value": ["a"], "selector": ["a", "c"]}, "mask": ["b", "c"], "colour": "blue",
          "sparse": "nine", "inner": {"number": 7, "text": "abc", "deep": {"bottom": 5}}, "many": [1, 99],
          "array": [{"number": 7}, {"number": 0}], "plain32": 77, "plain64": 1 << 60,
          "nests": [{"number": 7}, {"text": "x"}]}

# Each mode of each operation, in an order in which all are granted.
REQUESTS = {
    "conform": [
        ("do", "check", VALUES), ("do", "echo", VALUES), ("do", "list", {"u8": 3}),
        ("dump", "list", {"plain32": 3}), ("do", "mine", {"u8": 1}), ("do", "root", {"u8": 1}),
        ("do", "lenient", {"u8": 1, "text": "text"}), ("dump", "lenient", {"u8": 1}),
        ("do", "hooked", {"u8": 1}), ("do", "count", {}), ("do", "bare", {}), ("do", "tell", {"plain32": 5}),
        ("do", "alive", {}), ("do", "object-add", {"id": 7, "count": 3, "data": "0011"}),
        ("dump", "object-get", {"without": 8}), ("do", "object-del", {"id": 7, "count": 3})],
}
# What an answer has to say, where anything can be said beforehand.
ANSWERS = {
    ("conform", "do", "list"): {"u8": 2},
    ("conform", "dump", "list"): [{"plain32": number} for number in range(3)],
    ("conform", "dump", "lenient"): [{"u8": 1}], ("conform", "do", "hooked"): {"plain32": 1},
    ("conform", "dump", "object-get"): [{"id": number, "data": "0011"} for number in (7, 9)],
}
# What makes a family tell of each of its events.
EVENTS = {
    "conform": {"told": lambda ns, family: family.do("tell", {"plain32": 5})},
}

# What makes in the calling thread's namespace what a family's requests name.
PREPARE = {"conform": lambda: None}

# A module's own folder says it, too.
for _path in sorted(ynl.ROOT.glob("samples/*/driven.py")):
    _driven, _name = runpy.run_path(str(_path)), _path.parent.name
    REQUESTS[_name], EVENTS[_name] = _driven["REQUESTS"], _driven["EVENTS"]
    PREPARE[_name] = _driven.get("prepare", lambda: None)
    ANSWERS.update({(_name, *key): value for key, value in _driven["ANSWERS"].items()})


def folder(name):
    return ynl.CONFORM if name == "conform" else ynl.SPECS


def family(name, ns):
    made = ynl.family(name, ns, folder(name))
    defer(made.sock.close)
    return made


def start():
    modprobe(*FAMILIES)
    ns = NetNs()
    with ns.enter():
        for name in FAMILIES:
            PREPARE[name]()
    return ns


def requests(name, made):
    """A family's requests as ynl sends them: (mode, operation, message)."""
    for mode, operation, values in REQUESTS[name]:
        yield mode, made.ops[operation], ynl.encode(made, operation, values, dump=mode == "dump")


def in_child(function):
    """What a function returns in a process of its own, through JSON."""
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(out)
        with open(into, "w") as pipe:
            try:
                json.dump({"said": function()}, pipe)
            except BaseException as error:
                json.dump({"error": f"{type(error).__name__}: {error}"}, pipe)
        os._exit(0)
    os.close(into)
    with open(out) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    answer = json.loads(text)
    assert "error" not in answer, answer["error"]
    return answer["said"]


def command(name, *words):
    """Runs the kernel's ynl command line, as its file does; what it prints goes to stdout."""
    sys.argv = ["ynl", "--no-schema", "--spec", str(folder(name) / f"{name}.yaml"), "--output-json", *words]
    try:
        cli.main()
    except SystemExit as end:
        return end.code or 0
    return 0


def asked(ns, name, mode, operation, values):
    """What the command line says of an operation: (status, its output)."""
    def ask():
        with contextlib.redirect_stdout(io.StringIO()) as said, ns.enter():
            status = command(name, f"--{mode}", operation, "--json", json.dumps(values))
        return status, said.getvalue()
    return in_child(ask)


@case
def are_driven_by_the_ynl_command():
    """Each operation, in each of its modes."""
    ns = start()
    for name in FAMILIES:
        made = family(name, ns)
        wanted = {(mode, operation.name) for operation in made.ops.values() for mode in ("do", "dump")
                  if mode in operation.yaml}
        equal({(mode, operation) for mode, operation, _ in REQUESTS[name]}, wanted, f"what is asked of {name}")
        for mode, operation, values in REQUESTS[name]:
            status, said = asked(ns, name, mode, operation, values)
            equal(status, 0, f"status of {name} {operation}: {said}")
            answer = json.loads(said)
            expected = ANSWERS.get((name, mode, operation))
            if expected is not None:
                equal(answer, expected, f"answer of {name} {mode} {operation}")
            reply = "reply" in made.ops[operation].yaml[mode]
            assert not reply or answer or mode == "dump", f"{name} {operation}: {said}"


@case
def tell_the_ynl_command():
    """Of each event, and what its message says is in the specification."""
    ns = start()
    for name in FAMILIES:
        made = family(name, ns)
        events = {message.name: message for message in made.msgs.values()
                  if "event" in message.yaml or "notify" in message.yaml}
        equal(set(EVENTS[name]), set(events), f"events of {name}")
        for group in made.mcast_groups:
            heard = listener(ns, name, group)
            for event, message in events.items():
                if message.yaml["mcgrp"] != group:
                    continue

                def told():
                    EVENTS[name][event](ns, made)
                    return next((line for line in heard() if line["name"] == event), None)
                found = wait_until(told, 60, f"{event} of {name}")
                assert found["msg"], found
        unheard = {message.yaml["mcgrp"] for message in events.values()} - set(made.mcast_groups)
        equal(unheard, set(), "events of no group")


def listener(ns, name, group):
    """A process of the command line that listens to a group; what it has printed, each time."""
    out, into = os.pipe()
    pid = os.fork()
    if not pid:
        sys.stdout = open(into, "w", buffering=1)
        with ns.enter():
            command(name, "--subscribe", group)
        os._exit(1)
    os.close(into)

    def end():
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(out)
    defer(end)
    os.set_blocking(out, False)
    text = b""

    def heard():
        nonlocal text
        with contextlib.suppress(BlockingIOError):
            while data := os.read(out, 1 << 16):
                text += data
        return [json.loads(line) for line in text.split(b"\n")[:-1]]
    return heard


WIDTHS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64, "uint": 64, "s8": 8, "s16": 16, "s32": 32, "s64": 64, "sint": 64}


class Wanted:
    """What the specification of a family says its policies are."""

    def __init__(self, made):
        self.made = made
        self.constants = {entry["name"]: entry["value"] for entry in made.yaml.get("definitions", ())
                          if entry["type"] == "const"}

    def of_request(self, operation, mode):
        """Of an operation: {attribute: policy}."""
        names = operation.yaml[mode].get("request", {}).get("attributes", ())
        return self.of_set(operation.yaml["attribute-set"], names)

    def of_set(self, name, names=None):
        attributes = self.made.attr_sets[name].attrs
        found = {each: self.of(attributes[each].yaml) for each in names or
                 (attributes if names is None else ())}
        return {each: policy for each, policy in found.items() if policy}

    def checks(self, yaml):
        return {check: self.constants.get(limit, limit) for check, limit in yaml.get("checks", {}).items()}

    def enum(self, yaml):
        return self.made.consts[yaml["enum"]] if "enum" in yaml else None

    def of(self, yaml):
        """Of an attribute; None if the kernel does not show it."""
        kind, checks, enum = yaml["type"], self.checks(yaml), self.enum(yaml)
        if kind in ("unused", "pad") or yaml.get("byte-order") == "big-endian":
            return None
        if kind in ("nest", "indexed-array"):
            return {"type": "nested" if kind == "nest" else "nested-array",
                    "policy": self.of_set(yaml["nested-attributes"])}
        if kind == "bitfield32":
            return {"type": kind, "bitfield32-mask": enum.get_mask(as_flags=True)}
        if kind in WIDTHS:
            return {"type": kind, **self.limits(kind, checks, enum)}
        if kind == "string":
            text = "string" if checks.get("unterminated-ok") else "nul-string"
            return {"type": text, **({"max-length": checks["max-len"]} if "max-len" in checks else {})}
        if kind == "binary" and "exact-len" in checks:
            return {"type": kind, "min-length": checks["exact-len"], "max-length": checks["exact-len"]}
        assert kind in ("binary", "flag"), yaml
        return {"type": kind}

    def limits(self, kind, checks, enum):
        low, high = (0, (1 << WIDTHS[kind]) - 1) if kind[0] == "u" else \
            (-(1 << WIDTHS[kind] - 1), (1 << WIDTHS[kind] - 1) - 1)
        if enum and enum.type == "flags":
            return {"mask": enum.get_mask(as_flags=True)}
        if enum:
            values = sorted(enum.entries_by_val)
            if values != list(range(values[0], values[-1] + 1)):
                # A function checks these.
                return {}
            low, high = values[0], values[-1]
        return {"min-value": checks.get("min", low), "max-value": checks.get("max", high)}

    def unseen(self, yaml):
        """Of what the kernel checks and does not show: (a value that is granted, one that is not)."""
        kind, checks, enum = yaml["type"], self.checks(yaml), self.enum(yaml)
        if kind == "binary" and "max-len" in checks:
            yield bytes(checks["max-len"]), bytes(checks["max-len"] + 1)
        elif kind == "binary" and "min-len" in checks:
            yield bytes(checks["min-len"]), bytes(checks["min-len"] - 1)
        elif yaml.get("byte-order") == "big-endian" and kind in WIDTHS:
            size = WIDTHS[kind] // 8
            for check, step in (("min", -1), ("max", 1)):
                if check in checks:
                    yield checks[check].to_bytes(size, "big"), (checks[check] + step).to_bytes(size, "big")
        elif enum and enum.type == "enum" and not self.limits(kind, checks, enum):
            size, values = WIDTHS[kind] // 8, set(enum.entries_by_val)
            for value in values:
                for wrong in {value - 1, value + 1} - values - {-1}:
                    yield value.to_bytes(size, sys.byteorder), wrong.to_bytes(size, sys.byteorder)


def equivalent(policy):
    """A policy as the library tells it, without what is not of the specification."""
    return {name: {key: equivalent(value) if key == "policy" else
                   value.replace("_", "-") if key == "type" else value for key, value in entry.items()}
            for name, entry in policy.items()}


@case
def have_the_policies_of_their_specifications():
    """Every attribute of every request: type, range, mask, length, what is nested."""
    ns = start()
    compared = 0
    for name in FAMILIES:
        made = family(name, ns)
        wanted = Wanted(made)
        for operation in made.ops.values():
            for mode in ("do", "dump"):
                if mode not in operation.yaml:
                    continue
                with ns.enter():
                    have = made.get_policy(operation.name, mode)
                assert have is not None, f"{name} {operation.name} {mode} admits anything"
                equal(equivalent(have.to_dict()), wanted.of_request(operation, mode),
                      f"policy of {name} {operation.name} {mode}")
                compared += len(have)
    assert compared > 60, compared


@case
def check_what_the_kernel_does_not_show():
    """Lengths, big-endian numbers and sparse enums: what is just outside is refused, there."""
    ns = start()
    probed = 0
    for name in FAMILIES:
        made = family(name, ns)
        with ns.enter():
            sock = Socket(made.yaml["name"])
        wanted = Wanted(made)

        def attributes(set_name, names, around):
            """Each attribute, with what makes of its payload the attributes of a message."""
            for each in names:
                spec = made.attr_sets[set_name][each]
                yield spec, lambda payload, number=spec.value: around(attr(number, payload))
                if spec.type == "nest":
                    inner = spec.yaml["nested-attributes"]
                    yield from attributes(inner, made.attr_sets[inner].attrs,
                                          lambda data, number=spec.value: around(nest(number, data)))
        for operation in made.ops.values():
            for mode in ("do", "dump"):
                names = operation.yaml.get(mode, {}).get("request", {}).get("attributes", ())
                # What old families check otherwise is compared with C's in guest_conform.py.
                if "strict" in operation.yaml.get("dont-validate", ()):
                    continue
                for spec, message in attributes(operation.yaml["attribute-set"], names, lambda data: data):
                    for good, bad in wanted.unseen(spec.yaml):
                        flags = 4 if mode == "do" else 0x300
                        answers = [sock.ask(operation.req_value, message(data), flags) for data in (good, bad)]
                        what = f"{name} {operation.name} {spec.name}: {good} {bad}: {answers}"
                        good_said, bad_said = (said if isinstance(said, dict) else {} for said in answers)
                        assert bad_said.get("errno") in (errno.ERANGE, errno.EINVAL) and \
                            "offset" in bad_said and bad_said != good_said, what
                        assert good_said.get("policy") is None, what
                        probed += 1
        sock.close()
    assert probed > 10, probed


@case
def are_shown_by_genl():
    """`genl ctrl`: families, operations, groups, policies.

    It shows no flags of a family whose version is 1: those are asked for by the kernel's own
    specification of its controller.
    """
    ns = start()
    listed = run(["genl", "ctrl", "list"]).stdout
    controller = ynl.family("nlctrl", ns, ynl.KERNEL_SPECS)
    defer(controller.sock.close)
    for name in FAMILIES:
        made = family(name, ns)
        called = made.yaml["name"]
        shown = run(["genl", "ctrl", "get", "name", called]).stdout
        assert shown.strip() in listed, f"{called} in {listed}"
        assert f"Name: {called}\n" in shown, shown
        flags = {operation.req_value: flags_of(operation) for operation in made.ops.values()}
        equal({int(number, 16) for number in re.findall(r"#\d+:\s+ID-0x(\w+)\s*\n", shown)}, set(flags),
              f"operations of {name}")
        equal(set(re.findall(r"ID-0x\w+\s+name: (\S+)", shown)), set(made.mcast_groups),
              f"groups of {name}")
        told = controller.do("getfamily", {"family-name": called})
        # An array's element is of its own number.
        operations = [operation for element in told["ops"] for operation in element.values()]
        equal({operation["id"]: operation["flags"] for operation in operations}, flags, f"flags of {name}")
        policies_by_genl(name, made)


def flags_of(operation):
    """What the kernel says of an operation."""
    said = {"cmd-cap-haspol", *operation.yaml.get("flags", ())}
    # All have a policy, if only one that admits nothing.
    return said | {f"cmd-cap-{mode}" for mode in ("do", "dump") if mode in operation.yaml}


def policies_by_genl(name, made):
    shown = run(["genl", "ctrl", "policy", "name", made.yaml["name"]]).stdout
    tables, starts = {}, {}
    for number, modes in re.findall(r"op (\d+) policies:(.*)", shown):
        for mode, index in re.findall(r"(do|dump)=(\d+)", modes):
            starts[int(number), mode] = int(index)
    for index, number, said in re.findall(r"policy\[(\d+)\]:attr\[(\d+)\]: type=(.*)", shown):
        tables.setdefault(int(index), {})[int(number)] = said

    def compare(set_name, policy, index, where):
        table = tables.get(index, {})
        numbers = {made.attr_sets[set_name][each].value: (each, entry) for each, entry in policy.items()}
        equal(set(table), set(numbers), f"attributes that genl shows of {where}")
        for number, (each, entry) in numbers.items():
            said, place = table[number], f"{where} {each}: {table[number]}"
            kind = said.split()[0]
            # As old as Debian 12's, it does not know two types.
            assert kind == entry["type"].upper().replace("-", "_") or \
                kind == "unknown" and entry["type"] in ("uint", "sint"), place
            bounds = re.search(r"range:\[(-?\d+),(-?\d+)\]", said)
            equal(bounds and [int(bounds[1]), int(bounds[2])],
                  [entry["min-value"], entry["max-value"]] if "min-value" in entry else None, place)
            for key, words in (("min-length", "min len"), ("max-length", "max len")):
                length = re.search(rf"{words}:(\d+)", said)
                equal(length and int(length[1]), entry.get(key), f"{words} of {place}")
            if "policy" in entry:
                inner = re.search(r"policy:(\d+) maxattr:(\d+)", said)
                compare(made.attr_sets[set_name][each].yaml["nested-attributes"], entry["policy"],
                        int(inner[1]), place)
    for operation in made.ops.values():
        for mode in ("do", "dump"):
            if mode in operation.yaml:
                compare(operation.yaml["attribute-set"], Wanted(made).of_request(operation, mode),
                        starts[operation.req_value, mode], f"{name} {operation.name} {mode}")


def granted(message):
    """The errno that answers a message on a socket of the calling thread's namespace, or 0."""
    with contextlib.closing(Socket()) as sock:
        return sock.pass_on(message)


def as_nobody(message):
    os.setresuid(NOBODY, NOBODY, NOBODY)
    return granted(message)


def unshare(flags):
    if ctypes.CDLL(None, use_errno=True).unshare(flags):
        raise OSError(ctypes.get_errno(), "unshare")


def as_root_of_users(message):
    """With all capabilities in a user namespace, but in the network namespace of another."""
    unshare(NEWUSER)
    return granted(message)


@case
def ask_for_the_privileges_of_their_specifications():
    """Nobody, the root of a user namespace, and that with a network namespace of its own."""
    ns = start()
    flagged = 0
    for name in FAMILIES:
        made = family(name, ns)
        prepared = list(requests(name, made))

        def alone():
            os.setresuid(NOBODY, NOBODY, NOBODY)
            unshare(NEWUSER | NEWNET)
            PREPARE[name]()
            return [granted(message) for _, _, message in prepared]
        in_its_own = in_child(alone)
        for (mode, operation, message), owned in zip(prepared, in_its_own):
            flags = set(operation.yaml.get("flags", ()))
            what = f"{name} {operation.name} {mode}"
            refused = errno.EPERM if flags & {"admin-perm", "uns-admin-perm"} else 0
            with ns.enter():
                equal(in_child(lambda: as_nobody(message)), refused, f"errno of {what} for nobody")
                equal(in_child(lambda: as_root_of_users(message)), refused,
                      f"errno of {what} for the root of a user namespace")
                if refused:
                    equal(granted(message), 0, f"errno of {what} for root")
                    flagged += 1
            equal(owned, errno.EPERM if "admin-perm" in flags else 0,
                  f"errno of {what} for the root of a network namespace")
    assert flagged > 6, flagged


@case
def are_unloaded_under_their_listeners():
    """Sockets that have asked, and listen to every group, live on: the family goes, comes, and serves them."""
    ns = start()
    for name in FAMILIES:
        made = family(name, ns)
        called, socks = made.yaml["name"], []
        for _ in range(20):
            with ns.enter():
                sock = Socket(called)
            defer(sock.close)
            for group in sock.resolve(called)[1].values():
                sock.join(group)
            socks.append(sock)
        messages = [message for _, _, message in requests(name, made)]
        for turn in range(3):
            for sock, message in zip(socks, messages * 20):
                equal(sock.pass_on(message), 0, f"errno of a request of {name}")
            rmmod(name)
            equal(loaded(name), False, "loaded")
            for sock in socks:
                equal(sock.pass_on(messages[0]), errno.ENOENT, "errno of a family that is gone")
            run(["modprobe", name])
            with ns.enter():
                PREPARE[name]()
            made = family(name, ns)
            messages = [message for _, _, message in requests(name, made)]
            for number, message in enumerate(messages):
                equal(socks[number % 2].pass_on(message), 0, f"errno of request {number} of {name}")
            for sock in socks[:2]:
                family_id, groups = sock.resolve(called)
                equal(set(groups), set(made.mcast_groups), "groups")
                for number in groups.values():
                    sock.join(number)
            for event, make in EVENTS[name].items():
                make(ns, made)
                number = made.msgs[event].rsp_value
                for sock in socks[:2]:
                    wait_until(lambda: sock.hears(family_id, number), 20, f"{event} after {name} has come again")


main()
