# SPDX-License-Identifier: GPL-2.0
"""What modules implement and list in no `Module::Parts`: rustc says nothing, and no callback is ever called."""

import re

# A trait, and what registers a type that implements it; with its module, if two traits have one name.
PARTS = {
    "CongestionControl": "tcp::Registration<{}>",
    "DeviceNotifier": "notifier::Registration<{}>",
    "Folder": "debugfs::Registration<{}>",
    "ethertype::Handler": "ethertype::Registration<{}>",
    "ipv4::Handler": "ipv4::Registration<{}>",
    "ipv6::Handler": "ipv6::Registration<{}>",
    "Handlers": "rtnl::message::Registration<{}>",
    "Hook": "netfilter::Registration<{}>",
    "Ipv4AddressNotifier": "notifier::Registration<{}, Ipv4Addresses>",
    "Ipv6AddressNotifier": "notifier::Registration<{}, Ipv6Addresses>",
    "Link": "rtnl::Registration<{}, ...>",
    "ModuleState": "module::state::Registration<{}>",
    "Named": "miscdevice::Registration<{}>",
    "Nat": "nat::Registration<{}>",
    "NeighbourNotifier": "notifier::Registration<{}, Neighbours>",
    "NetFile": "proc_fs::NetRegistration<{}>",
    "NetTimer": "timer::NetRegistration<{}>",
    "NetWork": "work::NetRegistration<{}>",
    "Notifier": "fib::Registration<{}>",
    # Of ip, by one of both.
    "ipv4::Offload": "ipv4::OffloadRegistration<{}>",
    "ipv6::Offload": "ipv6::OffloadRegistration<{}>",
    "Operations": "nl_generated::Registration<{}>",
    "RxHandler": "netdev::rx_handler::Registration<{}>",
    "Socket": "netlink::socket::Registration<{}>",
    "Table": "sysctl::Registration<{}>",
    "Timer": "timer::Registration<{}>",
    "Work": "work::Registration<{}>",
}
ARGUMENTS = r"(?:<(?:[^<>]|<[^<>]*>)*>)?"
# `impl path::Trait<...> for path::Type`.
IMPL = re.compile(rf"\bimpl\b\s*(?:{ARGUMENTS}\s*)((?:(?:::)?\w+::)*)(\w+)({ARGUMENTS})\s+for\s+(?:\w+::)*(\w+)")
ROOT = r"(?:::)?(?:(?:kernet|crate|self|super)::)*"


def code(text):
    """Without comments and tests; lines stay where they are."""
    def empty(found):
        return "\n" * found[0].count("\n")
    text = re.sub(r"/\*.*?\*/", empty, re.sub(r"//[^\n]*", "", text), flags=re.S)
    return re.sub(r"#\[(?:[\w:]*kunit_tests\(\w+\)|cfg\(test\))\]\s*mod \w+ \{\n.*?\n\}", empty, text, flags=re.S)


def parts_of(text, path, trait):
    """What a trait is registered by, if it is kernet's and not another's of the same name: one of these."""
    found = [part for name, part in PARTS.items() if name.rpartition("::")[2] == trait]
    if not path:
        # `use kernel::irq::Handler;`
        imported = re.search(rf"\buse (?!kernet|super|crate|nl_generated)\w+::[^;]*\b{trait}\b", text)
        return [] if imported else found
    module = path.removeprefix("::").split("::")[-2]
    return [part for part in found
            if module in {*part.partition("<")[0].split("::"), "ip", "kernet", "kernet_nat", "nl_generated"}]


def listed(text, part, name):
    """Whether `part` of the type `name` is written somewhere: `netfilter::Registration<Filter>`, or what is
    imported of it."""
    path, _, rest = part.partition("<")
    *modules, word = path.split("::")
    start = ROOT + "".join(rf"(?:{step}::)?" for step in modules)
    chain = rest.strip("{}>").strip(", ")
    after = {"": r"(?:,\s*(?:\w+::)*Devices\s*)?", "...": r",[^>]*"}.get(chain, rf",\s*(?:\w+::)*{chain}\s*")
    return re.search(rf"(?<![\w:]){start}{word}<\s*(?:\w+::)*{name}\b{ARGUMENTS}\s*{after},?\s*>", text)


def is_renamed(text, name):
    """Whether parts have names of the module's own, one of which may stand for that of the type."""
    if re.search(r"\b(?:Net|Offload)?Registration as \w+|\btype Parts = [^;]*!", text):
        return True
    # Not indented: those of a trait are no other names.
    for found in re.finditer(r"^(?:pub(?:\([^)]*\))? )?type (\w+)(?:<[^>]*>)? =([^;]*);", text, re.M):
        if found[1] not in ("Registration", "Parts") and ("Registration" in found[2] or
                                           re.fullmatch(rf"\s*(?:\w+::)*{name}\s*", found[2])):
            return True
    return False


def unlisted(files):
    """Of a module's sources, a dictionary of texts: (file, line, what is wrong) for each."""
    texts = {path: code(text) for path, text in files.items()}
    everything = "\n".join(texts.values())
    own = set(re.findall(r"\btrait (\w+)", "\n".join(
        text for path, text in texts.items() if not str(path).endswith("nl_generated.rs"))))
    module = re.search(r"module! *\{[^}]*?\btype: *(?:\w+::)*(\w+)", everything)
    # As the module may write itself.
    everything = re.sub(r"\bSelf\b", module[1], everything) if module else everything
    for path, text in texts.items():
        for found in IMPL.finditer(text):
            where, trait, arguments, name = found.groups()
            parts = parts_of(text, where, trait)
            # ethtool's operations are of a driver, and no part.
            if not parts or trait in own or trait == "Operations" and arguments:
                continue
            if not any(listed(everything, part, name) for part in parts) and not is_renamed(everything, name):
                line = text.count("\n", 0, found.start(2)) + 1
                what = " or ".join(f"`{part.format(name)}`" for part in parts)
                yield path, line, f"`{name}` implements `{trait}` and is not registered: list {what} in `Module::Parts`"


def sources(folder):
    """The files of a module, without those of a program beside it."""
    programs = {path.parent for path in folder.rglob("Cargo.toml")}
    return [path for path in sorted(folder.rglob("*.rs")) if programs.isdisjoint(path.parents)]


def of_tree(root, names=None):
    """The same of all modules of a tree, or of those that `names` has files of: lines to print."""
    modules = [sources(folder) for place in ("samples", "tests/modules")
               for folder in sorted((root / place).glob("*/"))]
    # There each file is one.
    modules += [[path] for path in sorted((root / "bench/modules").glob("*.rs"))]
    for paths in modules:
        files = {str(path.relative_to(root)): path.read_text() for path in paths}
        if names is None or not files.keys().isdisjoint(names):
            for path, line, what in unlisted(files):
                yield f"{path}:{line}: {what}"
