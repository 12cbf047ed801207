# SPDX-License-Identifier: GPL-2.0
"""What modules implement and list in no `Module::Parts`: rustc says nothing, and no callback is ever called."""

import re

# A trait, and the part that registers a type which implements it.
PARTS = {
    "CongestionControl": "tcp::Registration<{}>",
    "DeviceNotifier": "notifier::Registration<{}>",
    "Folder": "debugfs::Registration<{}>",
    "Handler": "ethertype::Registration<{}>",
    "Handlers": "rtnl::message::Registration<{}>",
    "Hook": "netfilter::Registration<{}>",
    "Ipv4AddressNotifier": "notifier::Registration<{}, Ipv4Addresses>",
    "Ipv6AddressNotifier": "notifier::Registration<{}, Ipv6Addresses>",
    "Link": "rtnl::Registration<{}, ...>",
    "ModuleState": "module::state::Registration<{}>",
    "Named": "miscdevice::Registration<{}>",
    "NeighbourNotifier": "notifier::Registration<{}, Neighbours>",
    "NetFile": "proc_fs::NetRegistration<{}>",
    "NetTimer": "timer::NetRegistration<{}>",
    "NetWork": "work::NetRegistration<{}>",
    "Notifier": "fib::Registration<{}>",
    "Operations": "nl_generated::Registration<{}>",
    "Protocol": "ipv4::Registration<{}>",
    "RxHandler": "rx_handler::Registration<{}>",
    "Socket": "netlink::socket::Registration<{}>",
    "Table": "sysctl::Registration<{}>",
    "Timer": "timer::Registration<{}>",
    "Work": "work::Registration<{}>",
}
# `impl Trait<...> for Type`.
IMPL = re.compile(r"^ *impl\b *(?:<[^{]*?> *)?(?:\w+::)*(\w+)(<[^;\n]*?>)? for (?:\w+::)*(\w+)", re.M)


def code(text):
    """Without comments; lines stay where they are."""
    return re.sub(r"//[^\n]*", "", text)


def listed(text, part, name):
    """Whether `part` of the type `name` is written somewhere: `netfilter::Registration<Filter>`, or what is
    imported of it."""
    path, _, rest = part.partition("<")
    *modules, word = path.split("::")
    start = "".join(rf"(?:{step}::)?" for step in modules)
    chain = re.escape(rest.split(",")[1].strip(" >")) if rest.count(",") and "..." not in rest else None
    after = rf",\s*(?:\w+::)*{chain}\s*>" if chain else r"\s*,\s*[^>]" if "..." in rest else r"\s*>"
    return re.search(rf"(?<![\w:]){start}{word}<\s*(?:\w+::)*{name}\b{after}", text)


def unlisted(files):
    """Of a module's sources, a dictionary of texts: (file, line, what is wrong) for each."""
    texts = {path: code(text) for path, text in files.items()}
    everything = "\n".join(texts.values())
    own = set(re.findall(r"\btrait (\w+)", "\n".join(
        text for path, text in texts.items() if not str(path).endswith("nl_generated.rs"))))
    module = re.search(r"module! *\{[^}]*?\btype: *(\w+)", everything)
    # As the module may write itself.
    everything = re.sub(r"\bSelf\b", module[1], everything) if module else everything
    for path, text in texts.items():
        for found in IMPL.finditer(text):
            trait, arguments, name = found.groups()
            part = PARTS.get(trait)
            # ethtool's operations are of a driver, and no part.
            if not part or trait in own or trait == "Operations" and arguments:
                continue
            if not listed(everything, part, name):
                line = text.count("\n", 0, found.start(1)) + 1
                yield path, line, (f"`{name}` implements `{trait}` and is not registered: list "
                                   f"`{part.format(name)}` in `Module::Parts`")


def of_tree(root, names=None):
    """The same of all modules of a tree, or of those that `names` has files of: lines to print."""
    modules = [sorted(folder.rglob("*.rs")) for place in ("samples", "tests/modules")
               for folder in sorted((root / place).glob("*/"))]
    # There each file is one.
    modules += [[path] for path in sorted((root / "bench/modules").glob("*.rs"))]
    for paths in modules:
        files = {str(path.relative_to(root)): path.read_text() for path in paths}
        if names is None or not files.keys().isdisjoint(names):
            for path, line, what in unlisted(files):
                yield f"{path}:{line}: {what}"
