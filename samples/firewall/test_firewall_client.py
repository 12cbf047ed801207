#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Selftests of the client `fw`: its language in the kernel and back, what it says, how it ends."""

import os
import pathlib
import pty
import re
import select
import subprocess
import tempfile
import threading

from selftest import NetNs, case, checked, defer, equal, main, modprobe, rmmod, run, wait_until
from topology import A4, MAX_RULES, R4, RULE_FLUSH, Bulk, Firewall, reaches, send, two

RULES = """# What r lets in.
input accept icmp
priority 70000
input accept tcp from 192.0.2.0/24 port 1024-65535 to port 22   # ssh
input drop udp to port 9 id 77

input accept ipv6 protocol 200
forward drop from 2001:db8::/33 to ::/0
output accept from 0.0.0.0/0
input drop
"""
SAVED = """priority 65536
input accept icmp id 1 packets 0 bytes 0
priority 70000
input accept tcp from 192.0.2.0/24 port 1024-65535 to port 22 id 2 packets 0 bytes 0
input drop udp to port 9 id 77 packets 0 bytes 0
input accept ipv6 protocol 200 id 3 packets 0 bytes 0
forward drop from 2001:db8::/33 to ::/0 id 4 packets 0 bytes 0
output accept from 0.0.0.0/0 id 5 packets 0 bytes 0
input drop id 6 packets 0 bytes 0
end 7
"""


def file(text):
    """A file with a text."""
    made = tempfile.NamedTemporaryFile("w", suffix=".fw")
    defer(made.close)
    made.write(text)
    made.flush()
    return made.name


def says(ns, command, status, out="", err="", **options):
    """A command ends with this status, and prints this."""
    done = ns.run(f"fw {command}", check=False, **options)
    equal((done.returncode, done.stdout, done.stderr), (status, out, err), f"what `fw {command}` prints")


def saved(ns):
    return ns.run("fw save").stdout


@case
@checked
def loads_lists_and_saves():
    a, r = two()
    firewall = Firewall(r)
    name = file(RULES)
    checked_ = r.run(f"fw check {name}").stdout
    equal(firewall.dump(), [], "rules after the check")
    says(r, f"load {name}", 0, "7 rules, 7 of them new\n")
    most = firewall.stats()["comparisons"]
    equal(checked_, f"{name}: 7 rules, 7 of them new; a packet is compared with at most {most}\n", "what is checked")
    equal(saved(r), SAVED, "what is saved")
    # The file says nothing of what was counted: that goes on.
    send(a, R4, 9)
    reaches(firewall, {"id": 77}, 1)
    says(r, f"load {name}", 0, "7 rules, 0 of them new\n")
    counted = saved(r)
    equal(counted, SAVED.replace("id 77 packets 0 bytes 0", "id 77 packets 1 bytes 38"), "what is saved")
    # A list is for people, and rules again.
    listed = r.run("fw list").stdout
    assert "input drop udp to port 9  # rule 77, 1 packets, 38 bytes\n" in listed, listed
    says(r, "load -", 0, "7 rules, 0 of them new\n", input=listed)
    equal(saved(r), counted, "what is saved after a list was loaded")
    # Where the text says what was counted, a load passes it over.
    says(r, "load -", 0, "7 rules, 0 of them new\n", input=SAVED)
    equal(saved(r), counted, "what is saved after a saved text was loaded")
    says(r, "load -", 0, "1 rule, 1 of them new\n", input="forward drop\n")
    says(r, "load --empty -", 0, "0 rules, 0 of them new\n", input="# nothing\n")
    says(r, "list", 0)


@case
@checked
def nothing_does_not_delete_all():
    """A program that has failed prints nothing: its rules are not there, and those that are stay."""
    modprobe("firewall")
    ns = NetNs()
    name = file(RULES)
    ns.run(f"fw load {name}")
    before, nothing = saved(ns), file("# nothing\npriority 7\n")

    def refused(command, source, why, **options):
        says(ns, command, 3, "", f"{source}: {why}\n", **options)
        equal(saved(ns), before, "rules")

    no_rule = "there is no rule in it, and all rules would be deleted; say --empty if they are to be"
    no_end = "there is no line `end` in it, with which what `fw save` prints ends: it is not whole"
    for command, why in (("restore", no_end), ("restore -", no_end), ("load -", no_rule)):
        done = ns.run(f"bash -c 'false | fw {command}'", check=False)
        equal((done.returncode, done.stdout, done.stderr), (3, "", f"standard input: {why}\n"), command)
    # Whatever the file is.
    for source in (nothing, "/dev/null", "/proc/self/fd/0"):
        refused(f"load {source}", source, no_rule, input="")
        refused(f"restore {source}", source, no_end, input="")
    for command in (f"load --empty {nothing}", "load --empty -", "load --empty /dev/null"):
        says(ns, command, 0, "0 rules, 0 of them new\n", input="")
        says(ns, "save", 0, "end 0\n")
        ns.run(f"fw load {name}")
    # What was saved of none says that it is whole.
    for command in ("load -", "restore"):
        says(ns, command, 0, "0 rules, 0 of them new\n", input="end 0\n")
        says(ns, "save", 0, "end 0\n")
        ns.run(f"fw load {name}")


@case
def a_part_is_not_taken_for_all():
    """Of a text whose end was lost, wherever it is cut."""
    modprobe("firewall")
    ns = NetNs()
    ns.run("fw load -", input=RULES)
    before = saved(ns)
    for cut in (len(before) - 1, len(before) - 3, before.index("end"), before.index("input drop udp"), before.index("77") + 1, 1):
        for command in ("restore", "load -", "check -"):
            done = ns.run(f"fw {command}", check=False, input=before[:cut])
            # Who writes rules writes no end: such a text is whole where a line ends.
            loads = before[cut - 1] == "\n" and command != "restore"
            equal(done.returncode, 0 if loads else 3, f"{command} of {before[:cut]!r}")
            if loads:
                ns.run("fw restore", input=before)
            else:
                assert done.stderr.startswith("standard input:"), done.stderr
            equal(saved(ns), before, "rules")
    for text, why in (("input drop\nend 2\n", "2:1: rules before this end: 1, not 2"),
                      ("input drop", "1:11: the line does not end: what is behind it may be lost"),
                      ("end 0\ninput drop\n", "2:1: this is behind the end"),
                      ("# \u2028\n", "1:3: the character U+2028 is here, which no text has"),
                      ("input\u00a0drop\n",
                       "1:1: `input\u00a0drop` is no chain: a rule begins with input, forward or output")):
        for command in ("load -", "check -", "restore"):
            says(ns, command, 3, "", f"standard input:{why}\n", input=text)
    says(ns, "load -", 0, "2 rules, 2 of them new\n", input="forward drop tcp\r\n\r\nforward drop udp\r\nend 2\r\n")


@case
@checked
def what_was_saved_is_restored():
    """To the letter, whatever is there."""
    a, r = two()
    firewall = Firewall(r)
    r.run("fw load -", input=RULES)
    for _ in range(3):
        send(a, R4, 9)
    reaches(firewall, {"id": 77}, 3)
    before = saved(r)
    for text, new in (("", 7), ("input drop udp to port 9 id 5\noutput accept id 77\n", 6), (RULES, 0)):
        r.run("fw load --empty -", input=text)
        says(r, "restore", 0, f"7 rules, {new} of them new\n", input=before)
        equal(saved(r), before, "what is saved after it was restored")
    send(a, R4, 9)
    reaches(firewall, {"id": 77}, 4)
    says(r, f"restore {file(before)}", 0, "7 rules, 0 of them new\n")
    equal(saved(r), before, "what is saved")
    # A rule of which the text says nothing begins at zero.
    says(r, "restore", 0, "1 rule, 0 of them new\n", input="input drop udp to port 9\nend 1\n")
    equal(saved(r), "priority 65536\ninput drop udp to port 9 id 77 packets 0 bytes 0\nend 1\n", "what is saved")


@case
def says_what_is_wrong():
    """With file, line and column; and nothing has changed."""
    modprobe("firewall")
    ns = NetNs()
    ns.run("fw load -", input=RULES)
    before = saved(ns)
    name = file("# A line\ninput drop tcp form 192.0.2.1\ninput drop to port 5\nforward accept from 192.0.2.1/24\n")
    wrong = (f"{name}:2:16: `form` is nothing that a rule can match\n"
             f"{name}:3:20: ports want a protocol that has them: tcp, udp, udplite, sctp or dccp\n"
             f"{name}:4:21: 192.0.2.1/24 has bits behind the prefix: the network is 192.0.2.0/24\n")
    for command in ("check", "load", "restore"):
        says(ns, f"{command} {name}", 3, "", wrong)
    says(ns, "load -", 3, "", "standard input:2:15: an id is at least 1\n",
         input="input drop id 5\ninput drop id 0\n")
    with open(file(""), "wb") as binary:
        binary.write(b"input drop\ninput \xff\xfe\n")
        binary.flush()
        says(ns, f"load {binary.name}", 3, "", f"{binary.name}:2:7: what is here is not UTF-8\n")
    # What would steer the terminal is written out.
    says(ns, "load -", 3, "", "standard input:1:1: the character U+001B is here, which no text has\n", input="\x1b[2J\n")
    says(ns, "load -", 3, "", "standard input:1:1: `\\u{202e}` is no chain: a rule begins with input, forward or output\n",
         input="\u202e\n")
    says(ns, "load -", 3, "", "standard input:1:32: a prefix wants its length behind the /\n",
         input="input accept tcp from 10.0.0.0/\n")
    says(ns, "load /nosuch", 1, "", "fw: /nosuch: No such file or directory (os error 2)\n")
    # What only the kernel knows.
    overlapping = "".join(f"input drop udp from port {n}-{65535 - 3 * n} to port {n * 2}-{65000 - n}\n" for n in range(9000))
    done = ns.run("fw check -", check=False, input=overlapping)
    equal((done.returncode, done.stdout), (3, ""), "status and output")
    assert done.stderr.startswith("standard input: the kernel refuses the rules: rules overlap so much"), done.stderr
    equal(saved(ns), before, "rules")
    for options in ("", "nosuch", "load", "load a b", "list --nosuch", "restore --empty", "monitor --duration soon"):
        done = ns.run(f"fw {options}", check=False)
        equal((done.returncode, done.stdout), (2, ""), options)
        assert "Usage: fw" in done.stderr or done.stderr.startswith("error: "), done.stderr


@case
@checked
def a_hundred_thousand_rules():
    """They come in many messages; it is said how far it is; one more than may be is named by its line."""
    modprobe("firewall")
    ns = NetNs()
    many = "# All of them\n" + "".join(
        f"input accept tcp from 10.{n >> 16}.{n >> 8 & 255}.{n & 255} to port {n % 999 + 1}\n" for n in range(MAX_RULES))
    name = file(many)
    done = ns.run(f"fw load --progress {name}", timeout=300)
    equal(done.stdout, f"{MAX_RULES} rules, {MAX_RULES} of them new\n", "output")
    assert f"load: the kernel puts together {MAX_RULES} rules\n" in done.stderr, done.stderr
    assert f"load: 0 of {MAX_RULES} rules\n" in done.stderr, done.stderr
    before = saved(ns)
    equal(before.count("\n"), MAX_RULES + 2, "lines")
    # At a terminal it is said without being asked for; the line is written over.
    out, terminal = pty.openpty()
    done = subprocess.run(["fw", "check", name], stderr=terminal, stdout=subprocess.PIPE, timeout=300)
    said = os.read(out, 1 << 16).decode()
    os.close(terminal)
    os.close(out)
    equal(done.returncode, 0, "status")
    assert f"\r\x1b[Kcheck: the kernel puts together {MAX_RULES} rules" in said and said.endswith("\r\x1b[K"), said
    late = file(many + "input drop\n")
    says(ns, f"load {late}", 3, "", f"{late}:{MAX_RULES + 2}:1: the kernel refuses: a namespace can have {MAX_RULES} rules\n",
         timeout=300)
    ns.run("fw restore", input=before, timeout=300)
    assert saved(ns) == before, "what is saved is not what was restored"


@case
def tells_what_happens():
    modprobe("firewall")
    ns = NetNs()
    firewall = Firewall(ns)
    heard = ns.popen("fw monitor", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    # It listens when it hears of a flush.
    wait_until(lambda: firewall.flush() == 0 and select.select([heard.stdout], [], [], 0.1)[0], 20, "a first event")
    line = heard.stdout.readline()
    equal(line, "flush: all rules are gone, 0\n", "the first line")
    first = firewall.add("input", "drop", source=A4)
    firewall.family.do("rule-add", {"rule": {"chain": "output", "action": "accept"}, "before": first["id"]})
    firewall.delete(first["id"])
    ns.run("fw load -", input="input drop\n")
    firewall.flush()
    lines = []
    while len(lines) < 5:
        line = heard.stdout.readline()
        # Those of the beginning are of no rules.
        lines += [line] * (line != "flush: all rules are gone, 0\n")
    equal(lines, [f"add with priority 65536: input drop from {A4} id 1\n", "add before rule 1: output accept id 2\n",
                  f"delete: input drop from {A4}  # rule 1, 0 packets, 0 bytes\n",
                  "replace: there are other rules now, 1\n", "flush: all rules are gone, 1\n"], "lines")
    rmmod("firewall")
    equal((heard.communicate(timeout=30)[1], heard.returncode), ("fw: the module was unloaded\n", 1), "end")
    modprobe("firewall")
    says(ns, "monitor --duration 0.1", 0)


@case
def tells_what_was_counted():
    a, r = two()
    r.run("fw load -", input="input drop udp to port 9\n")
    before = Firewall(r).stats()
    send(a, R4, 9)
    wait_until(lambda: Firewall(r).stats()["dropped"] == before["dropped"] + 1, 20, "a dropped packet")
    done = dict(line.split(": ") for line in r.run("fw stats").stdout.splitlines())
    equal({name: int(done[name]) for name in ("rules", "dropped packets", "malformed packets", "comparisons at most")},
          {"rules": 1, "dropped packets": before["dropped"] + 1, "malformed packets": 0, "comparisons at most": 1}, "stats")
    assert int(done["accepted packets"]) >= before["accepted"], done


@case
def ends_when_nobody_reads():
    modprobe("firewall")
    ns = NetNs()
    ns.run("fw load -", input="".join(f"input drop tcp to port {n}\n" for n in range(20000)), timeout=120)
    done = ns.run("bash -c 'fw list | head -n 1; echo ${PIPESTATUS[0]}'", timeout=60)
    equal((done.stdout.splitlines()[1:], done.stderr), (["141"], ""), "status and errors")


@case
def what_is_done_is_done():
    """Where nothing can be printed after a commit the status still says that it is done."""
    modprobe("firewall")
    ns = NetNs()
    done = "fw: it is done: 1 rule, 1 of them new; but standard output takes it not\n"
    for rule, out, why in (("input drop tcp", ">/dev/full", "fw: standard output: No space left on device (os error 28)\n"),
                           ("input drop udp", ">&3", "")):
        text = f"exec 3> >(:); wait $!; echo {rule} | fw load - {out}; echo $?"
        said = ns.run(["bash", "-c", text + " >&2"], check=False)
        equal(said.stderr, f"{done}{why}0\n", out)
        equal(saved(ns).splitlines()[1].split(" id ")[0], rule, "rule")
    said = ns.run("bash -c 'fw check /dev/null >/dev/full; echo $?'", check=False)
    equal((said.stdout, said.stderr), ("1\n", "fw: standard output: No space left on device (os error 28)\n"), "of a check")


@case
def listens_no_longer_than_asked():
    """Though events come all the time."""
    modprobe("firewall")
    ns = NetNs()
    bulk, over = Bulk(ns), threading.Event()

    def flood():
        while not over.is_set():
            bulk.socket.ask(RULE_FLUSH)
    flooding = threading.Thread(target=flood, daemon=True)
    defer(flooding.join)
    defer(over.set)
    flooding.start()
    heard = ns.run("fw monitor --duration 1", timeout=30).stdout
    assert flooding.is_alive(), "there was no flood any more"
    assert heard.count("flush: ") > 100, f"{heard.count('flush: ')} events"


@case
def the_manuals_examples_run():
    """As fw(8) prints them: a file, and commands for it."""
    modprobe("firewall")
    manual = pathlib.Path(__file__).resolve().parents[2] / "debian/man/fw.8"
    examples = re.search(r"^\.SH EXAMPLES\n\.nf\n# (\S+)\n(.*?)\n\n(.*?)\n\.fi$", manual.read_text(), re.M | re.S)
    name, rules, commands = examples.groups()
    run("ip netns add web")
    defer(run, "ip netns delete web")
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, name).write_text(rules + "\n")
        ns = NetNs()
        done = ns.run(["bash", "-ec", f"cd {folder}\n{commands}"])
    count = len(rules.splitlines())
    assert f"{count} rules, {count} of them new; a packet is" in done.stdout, done.stdout
    equal(saved(ns).count("input "), count, "rules")


@case
def says_why_not():
    modprobe("firewall")
    ns = NetNs()
    refusal = "fw: not permitted: needs CAP_NET_ADMIN in the network namespace, as root has\n"
    for command in ("list", "save", "stats", "monitor"):
        done = ns.run(["setpriv", "--reuid=65534", "--clear-groups", "--inh-caps=-all", "fw", command], check=False)
        equal((done.returncode, done.stdout, done.stderr), (1, "", refusal), command)
    rmmod("firewall")
    # Else the kernel would load it.
    modprobe_path = pathlib.Path("/proc/sys/kernel/modprobe")
    defer(modprobe_path.write_text, modprobe_path.read_text())
    modprobe_path.write_text("/bin/false")
    done = run("fw list", check=False)
    equal((done.returncode, done.stderr),
          (1, "fw: the kernel has no family firewall; load the module: modprobe firewall\n"), "error")


main(30)
