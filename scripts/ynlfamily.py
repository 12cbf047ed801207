# SPDX-License-Identifier: GPL-2.0
"""How scripts/ynl-gen-rust writes a family: what the kernel's loader says, as Rust."""

import pathlib
import sys
import tempfile

from ynltypes import Attribute, Unsupported, camel, doc, snake, type_name, upper

HEAD = """// SPDX-License-Identifier: {license}
// Made by scripts/ynl-gen-rust from {source}. Do not edit.

{doc}//! Generic netlink family `{name}`.

#![allow(dead_code, unused_imports)]

use core::marker::PhantomData;
use kernel::prelude::*;
use kernet::{{
    context::Process,
    genl,
    nlattr::{{
        Attr,
        Attrs,
        Be,
        Bitfield32,
        Enum,
        Nest,
        Policies,
        Policy,
        Range,
        SignedRange,
        Table,
        Value,
        View,
        Writer, //
    }}, //
}};

"""


class Message:
    """The attributes of one direction of an operation."""

    def __init__(self, name, attrs, header):
        self.name, self.attrs, self.header = name, attrs, header
        self.key = tuple(attr.name for attr in attrs), attrs[0].set if attrs else None, header


class Writer:
    """Writes one family."""

    def __init__(self, family, source):
        self.family, self.source = family, source
        self.parts = []
        self.requests, self.replies = {}, {}
        self.calls, self.tells = [], []
        family.rust_names = {name: type_name(name) for name in family.consts}
        family.pads = {name: next((attr.name for attr in attrs.attrs.values()
                                   if attr.yaml["type"] == "pad"), None)
                       for name, attrs in family.attr_sets.items()}
        headers = {op.fixed_header for op in family.msgs.values()}
        if len(headers) > 1:
            raise Unsupported(f"{family.name}: operations with different fixed headers")
        self.header = headers.pop() if headers else None
        self.groups = [group["name"] for group in family.mcgrps["list"]]

    def put(self, text):
        self.parts.append(text)

    def text(self):
        family = self.family
        about = doc(family.yaml.get("doc")).replace("///", "//!")
        self.put(HEAD.format(license=family.license, source=self.source, name=family.name,
                             doc=about + "//!\n" if about else ""))
        self.load_operations()
        self.definitions()
        self.numbers()
        self.policies()
        self.views()
        self.builders()
        self.protocol()
        self.operations()
        return "".join(self.parts)

    # What there is

    def attributes(self, set_name, names=None):
        attrs = self.family.attr_sets[set_name]
        return [Attribute(self.family, attrs[name]) for name in (names if names is not None else attrs)]

    def message(self, messages, name, op, names):
        """A message that an operation has; one with the same attributes is the same."""
        known = self.family.attr_sets[op["attribute-set"]] if names else {}
        lost = [attr for attr in names if attr not in known]
        if lost:
            raise Unsupported(f"{self.family.name}: {op.name}: no attribute {lost[0]}")
        attrs = [attr for attr in self.attributes(op["attribute-set"], names) if attr.used] \
            if names else []
        message = Message(type_name(name), attrs, op.fixed_header)
        messages[message.name] = message
        return message

    def load_operations(self):
        family = self.family
        for op in family.ops.values():
            if op.is_async:
                continue
            for mode in ("do", "dump"):
                if mode not in op.yaml:
                    continue
                self.calls.append(Call(self, op, mode))
        self.calls.sort(key=lambda call: (call.command, call.mode == "dump"))
        numbers = [(call.command, call.mode) for call in self.calls]
        if len(set(numbers)) < len(numbers):
            raise Unsupported(f"{family.name}: two operations of one number")
        for op in family.ntfs.values():
            if "event" in op.yaml:
                names = op.yaml["event"].get("attributes", [])
            else:
                of = family.msgs[op.yaml["notify"]]
                mode = of.yaml.get("do") or of.yaml.get("dump") or {}
                names = mode.get("reply", {}).get("attributes", [])
                op.yaml.setdefault("attribute-set", of.yaml["attribute-set"])
            message = self.message(self.replies, op.name, op, names)
            self.tells.append((op, message))

    # Definitions

    def definitions(self):
        family = self.family
        flagged = {attr.yaml["enum"] for attrs in family.attr_sets.values()
                   for attr in attrs.attrs.values() if attr.yaml.get("enum-as-flags")}
        for name, definition in family.consts.items():
            kind, rust = definition["type"], family.rust_names[name]
            about = doc(definition.get("doc") or f"`{name}` of the specification.")
            if kind == "const":
                self.constant(name, definition["value"], about)
            elif kind in ("enum", "flags"):
                if kind == "enum":
                    self.enumeration(rust, definition, about)
                if kind == "flags" or name in flagged:
                    self.flags(rust + ("Flags" if kind == "enum" else ""), definition, about)
            elif kind == "struct":
                self.structure(rust, definition, about)
            else:
                raise Unsupported(f"{family.name}: definition {name}: type {kind}")

    def constant(self, name, value, about):
        if isinstance(value, int):
            kind = "u32" if 0 <= value < 1 << 32 else "u64" if value > 0 else "i64"
            self.put(f"{about}pub(crate) const {upper(name)}: {kind} = {value};\n\n")
        else:
            self.put(f'{about}pub(crate) const {upper(name)}: &CStr = c"{value}";\n\n')

    def enumeration(self, rust, definition, about):
        entries, again, seen = "", "", {}
        for entry in definition.entries.values():
            if entry.value < 0:
                raise Unsupported(f"{self.family.name}: {definition.name}/{entry.name}: "
                                  "a negative number")
            text = doc(entry.doc or f"`{entry.name}`.", "    ")
            if entry.value in seen:
                again += f"{text}pub(crate) const {upper(entry.name)}: Self = " \
                    f"Self::{seen[entry.value]};\n"
                continue
            seen[entry.value] = camel(entry.name)
            entries += f"{text}    {camel(entry.name)} = {entry.value},\n"
        self.put(f"kernet::netlink_enum! {{\n{indent(about)}    pub(crate) enum {rust} {{\n"
                 f"{indent(entries)}    }}\n}}\n\n")
        if again:
            self.put(f"impl {rust} {{\n{again}}}\n\n")

    def flags(self, rust, definition, about):
        entries = ""
        for entry in definition.entries.values():
            text = doc(entry.doc or f"`{entry.name}`.", "    ")
            entries += f"{text}    const {upper(entry.name)} = " \
                f"{entry.user_value(as_flags=True):#x};\n"
        self.put(f"kernet::netlink_flags! {{\n{indent(about)}    pub(crate) struct {rust} {{\n"
                 f"{indent(entries)}    }}\n}}\n\n")

    def structure(self, rust, definition, about):
        fields = ""
        for member in definition.members:
            kind = member.type
            if member.struct:
                kind = self.family.rust_names[member.struct]
            elif kind in ("binary", "pad", "string"):
                if not member.len:
                    raise Unsupported(f"{self.family.name}: {definition.name}/{member.name}: "
                                      "no length")
                kind = f"[u8; {member.len}]"
            elif kind[0] in "us" and kind[1:].isdigit():
                kind = kind.replace("s", "i")
                kind = f"Be<{kind}>" if member.byte_order == "big-endian" else kind
            else:
                raise Unsupported(f"{self.family.name}: {definition.name}/{member.name}: "
                                  f"type {kind}")
            text = doc(member.yaml.get("doc") or f"`{member.name}`.", "        ")
            fields += f"{text}        {snake(member.name)}: {kind},\n"
        self.put(f"kernet::netlink_struct! {{\n{indent(about)}    pub(crate) struct {rust} {{\n"
                 f"{fields}    }}\n}}\n\n")

    def numbers(self):
        self.put("/// The types of the attributes, by their sets.\npub(crate) mod attr {\n")
        for name, attrs in self.family.attr_sets.items():
            if attrs.subset_of:
                continue
            about = doc(attrs.yaml.get("doc") or f"Of `{name}`.", "    ")
            self.put(f"{about}    pub(crate) mod {snake(name)} {{\n")
            for attr in attrs.attrs.values():
                self.put(f"        pub(crate) const {upper(attr.name)}: u16 = {attr.value};\n")
            self.put("    }\n\n")
        self.put("}\n\n")

    # Requests

    def nested(self, direction):
        """The sets that are nested in requests or replies."""
        return [name for name, struct in self.family.pure_nested_structs.items()
                if getattr(struct, direction) and not struct.submsg]

    def policies(self):
        self.put("/// What requests may hold.\nmod policy {\nuse super::*;\n\n")
        ranges, tables, seen = [], [], {}

        def table(name, attrs):
            for attr in attrs:
                if attr.used and attr.range() and attr.range() not in ranges:
                    ranges.append(attr.range())
            size = 1 + max((attr.loaded.value for attr in attrs), default=0)
            # The kernel never looks up type 0.
            rows = "".join(f"({attr.number}, {attr.policy()}),\n" for attr in attrs
                           if attr.used and attr.loaded.value)
            return f"pub(super) static {name}: Table<{size}> = Table::for_family(&[{rows}]);\n\n"

        for name in self.nested("request"):
            tables.append(table(upper(name), self.attributes(name)))
        for call in self.calls:
            call.policy = None
            if not call.allowed:
                continue
            key = call.op["attribute-set"], tuple(sorted(call.allowed))
            if key not in seen:
                seen[key] = upper(f"op-{call.name}")
                order = self.family.attr_sets[key[0]]
                names = [name for name in order if name in call.allowed]
                tables.append(table(seen[key], self.attributes(key[0], names)))
            call.policy = seen[key]
        self.put("".join(ranges) + "\n" + "".join(tables) + "}\n\n")

    def getters(self, name, attrs, about, over, more):
        """A type that shows attributes, which it has as `over`."""
        text = "\n".join(attr.getter() for attr in attrs if attr.used)
        return (f"{about}#[derive(Clone, Copy)]\npub(crate) struct {name}<'a>(pub(super) {over});\n\n"
                f"impl<'a> {name}<'a> {{\n{more}{text}}}\n\n")

    def view(self, name, attrs, about):
        size = 1 + max((attr.loaded.value for attr in attrs), default=0)
        return self.getters(name, attrs, about, f"Nest<'a, {size}>",
                            "/// The attributes, by type.\n"
                            "pub(crate) fn attrs(&self) -> Attrs<'_> { self.0.attrs() }\n\n")

    def request(self, name, attrs, about):
        return (self.getters(name, attrs, about, "Attrs<'a>", "") +
                f"impl View for {name}<'static> {{ type On<'a> = {name}<'a>;\n\n"
                f"fn on(attrs: Attrs<'_>) -> {name}<'_> {{ {name}(attrs) }} }}\n\n"
                f"impl<'a> From<{name}<'a>> for Attrs<'a> {{\n"
                f"fn from(view: {name}<'a>) -> Attrs<'a> {{ view.0 }} }}\n\n")

    def views(self):
        self.put("/// What is nested in requests.\npub(crate) mod view {\nuse super::*;\n\n")
        for name in self.nested("request"):
            self.put(self.view(type_name(name), self.attributes(name), doc(f"Attributes of `{name}`.")))
        self.put("}\n\n/// Requests.\npub(crate) mod request {\nuse super::*;\n\n")
        self.messages(self.requests, self.request, "Attributes of a request")
        self.put("}\n\n")

    def messages(self, messages, write, what):
        first = {}
        for message in messages.values():
            about = doc(f"{what} `{message.name}`.")
            if message.key in first:
                self.put(f"{about}pub(crate) type {message.name}<'a> = "
                         f"{first[message.key]}<'a>;\n\n")
                continue
            first[message.key] = message.name
            self.put(write(message.name, message.attrs, about))

    # Replies and notifications

    def builder(self, name, attrs, about, header=None):
        setters = "\n".join(attr.setter() for attr in attrs if attr.used)
        if header:
            kind = "super::" + self.family.rust_names[header]
            setters = ("/// Sets the family's own header, which is zero before.\n"
                       f"pub(crate) fn header(&mut self, header: {kind}) -> Result<&mut Self> "
                       "{ self.0.set_header(header)?; Ok(self) }\n\n" + setters)
        return (f"{about}pub(crate) struct {name}<'a>(pub(super) Writer<'a>);\n\n"
                f"impl Builder for {name}<'static> {{ type On<'a> = {name}<'a>;\n\n"
                f"fn on(writer: Writer<'_>) -> {name}<'_> {{ {name}(writer) }} }}\n\n"
                f"impl {name}<'_> {{\n{setters}}}\n\n")

    def builders(self):
        uses = "use super::*;\nuse kernet::nlattr::{Array, Builder};\n\n"
        self.put(f"/// What is nested in replies and notifications.\npub(crate) mod build {{\n{uses}")
        for name in self.nested("reply"):
            self.put(self.builder(type_name(name), self.attributes(name),
                                  doc(f"Attributes of `{name}`.")))
        self.put(f"}}\n\n/// Replies and notifications.\npub(crate) mod reply {{\n{uses}")
        self.messages(self.replies,
                      lambda name, attrs, about: self.builder(name, attrs, about, self.header),
                      "Attributes of a message")
        self.put("}\n\n")

    # The family

    def protocol(self):
        family = self.family
        version = family.yaml.get("version", 1)
        # Of groups the kernel knows no capability in the initial namespace.
        flags = {"uns-admin-perm": "net_admin"}
        groups = ""
        for group in family.mcgrps["list"]:
            text = f'genl::McastGroup::new(c"{group["name"]}")'
            wanted = [flags.get(flag) for flag in group.get("flags", [])]
            if None in wanted:
                raise Unsupported(f"{family.name}: group {group['name']}: flags {group['flags']}")
            if wanted:
                fields = "".join(f"{name}: true, " for name in sorted(set(wanted)))
                text = f"genl::McastGroup {{ {fields}..{text} }}"
            groups += text + ","
        size = f"<{family.rust_names[self.header]} as Value>::SIZE" if self.header else ""
        header = f"const HEADER: usize = {size};\n" if self.header else ""
        self.put(f"/// The protocol of the family.\npub(crate) struct Spec;\n\n"
                 f"impl genl::FamilySpec for Spec {{\n"
                 f'const NAME: &\'static CStr = c"{family.name}";\n'
                 f"const VERSION: u32 = {version};\n{header}"
                 f"const GROUPS: &'static [genl::McastGroup] = &[{groups}];\n}}\n\n"
                 "kernet::slot!(Spec: genl::Slot);\n\n")
        if self.groups:
            names = "".join(f"/// `{name}`.\n{camel(name)},\n" for name in self.groups)
            cases = "".join(f"{i} => Some(Self::{camel(name)}),\n"
                            for i, name in enumerate(self.groups))
            self.put(f"/// The multicast groups.\n#[derive(Clone, Copy, Debug, PartialEq, Eq)]\n"
                     f"pub(crate) enum Group {{\n{names}}}\n\nimpl Group {{\n"
                     f"fn from_index(index: usize) -> Option<Self> {{\nmatch index {{\n{cases}"
                     "_ => None,\n}\n}\n}\n\n")
        self.put("/// The multicast groups, as types.\npub(crate) mod group {\nuse super::*;\n\n")
        for i, name in enumerate(self.groups):
            self.put(self.group(camel(name), i, f"`{name}`."))
        if any(self.group_of(op) is None for op, _ in self.tells):
            self.put(self.group("Nobody", "usize::MAX",
                                "Of what is sent to single sockets: cannot be multicast."))
        self.put("}\n\n/// What nobody has asked for.\npub(crate) mod notify {\nuse super::*;\n\n")
        for op, message in self.tells:
            about = doc(op.yaml.get("doc") or f"`{op.name}`.")
            group = self.group_of(op)
            self.put(f"{about}pub(crate) struct {message.name};\n\n"
                     f"impl genl::Notification for {message.name} {{\n"
                     f"type Group = group::{camel(group) if group else 'Nobody'};\n"
                     f"type Builder = reply::{message.name}<'static>;\n\n"
                     f"const COMMAND: u8 = {op.rsp_value};\n}}\n\n")
        self.put("}\n\n")

    def group_of(self, op):
        name = op.yaml.get("mcgrp")
        if name is not None and name not in self.groups:
            raise Unsupported(f"{self.family.name}: {op.name}: no multicast group {name}")
        if name is None and len(self.groups) == 1:
            return self.groups[0]
        return name

    def group(self, name, index, about):
        return (f"/// {about}\npub(crate) struct {name};\n\nimpl genl::Group for {name} {{\n"
                f"type Spec = Spec;\n\nconst INDEX: usize = {index};\n}}\n\n")

    def operations(self):
        family = self.family
        socket = bool(family.kernel_family.get("sock-priv"))
        for call in self.calls:
            self.put(call.aliases())
        self.put("/// What the family does: implemented by who serves it.\n"
                 "pub(crate) trait Operations: Sized + Send + Sync + 'static {\n")
        if socket:
            self.put("/// What is kept for each socket that asks for it.\n"
                     "type Socket: Default + Send + Sync + 'static;\n\n")
        hooks = {call.pre for call in self.calls if call.mode == "do" and call.pre}
        for hook in sorted(hooks):
            self.put(f"/// What `{hook}` lends to operations; dropped after them.\n"
                     f"type {camel(hook)}<'a>;\n\n")
        for call in self.calls:
            if call.mode == "dump":
                self.put(f"/// Where a dump of `{call.op.name}` goes on.\n"
                         f"type {call.state}: Send + 'static;\n\n")
        for hook in sorted(hooks):
            self.put(f"/// Called before the operations that name `{hook}`.\n"
                     f"fn {snake(hook)}<'a>(request: &genl::Request<'a, Server<Self>, "
                     "Attrs<'static>>, process: Process<'_>) "
                     f"-> Result<Self::{camel(hook)}<'a>>;\n\n")
        for call in self.calls:
            self.put(call.methods())
        if self.groups:
            for name, does in (("bind", "begins to listen"), ("unbind", "no longer listens")):
                self.put(f"/// A socket {does} to a group.\n"
                         f"fn {name}(_group: Group, _process: Process<'_>) {{}}\n\n")
        self.put("}\n\n/// The family, served by `T`.\n"
                 "pub(crate) struct Server<T>(PhantomData<fn() -> T>);\n\n"
                 "/// The registration of the family, served by `T`.\n"
                 "pub(crate) type Registration<T> = genl::Registration<Server<T>>;\n\n"
                 "impl<T: Operations> genl::FamilyServer for Server<T> {\ntype Spec = Spec;\n"
                 f"type Socket = {'T::Socket' if socket else '()'};\n\n"
                 "const OPS: &'static [genl::Op<Self>] = &[\n")
        for call in self.calls:
            if call.condition:
                self.put(f"#[cfg(CONFIG_{upper(call.condition)})]\n")
            self.put(f"genl::Op::new_{call.mode}::<op::{call.rust}<T>>(),\n")
        self.put("];\n\n")
        if self.groups:
            for name in ("bind", "unbind"):
                self.put(f"fn {name}(group: usize, process: Process<'_>) {{\n"
                         "if let Some(group) = Group::from_index(group) {\n"
                         f"T::{name}(group, process);\n}}\n}}\n\n")
        self.put("}\n\n/// The operations, as the layer calls them.\nmod op {\nuse super::*;\n\n")
        for call in self.calls:
            self.put(call.implementation())
        self.put("}\n")

    def skeleton(self):
        """An implementation of `Operations` that refuses everything, to begin with. After `text`."""
        types = "".join(f"type {camel(hook)}<'a> = ();\n" for hook in
                        sorted({call.pre for call in self.calls if call.mode == "do" and call.pre}))
        if self.family.kernel_family.get("sock-priv"):
            types += "type Socket = u64;\n"
        methods = "".join(f"fn {snake(hook)}<'a>(_request: &genl::Request<'a, Server<Self>, "
                          "Attrs<'static>>, _process: Process<'_>) -> Result<()> { Ok(()) }\n\n"
                          for hook in sorted({call.pre for call in self.calls
                                              if call.mode == "do" and call.pre}))
        for call in self.calls:
            if call.mode == "dump":
                types += f"type {call.state} = ();\n"
            text = "".join(line + "\n" for line in call.methods().splitlines()
                           if not line.startswith("///"))
            for name in ("request", "lent", "reply", "process", "dump", "entries"):
                text = text.replace(f"({name}: ", f"(_{name}: ").replace(f" {name}: ", f" _{name}: ")
            methods += text.replace(";\n", " { Err(EOPNOTSUPP.into()) }\n")
        return f"impl Operations for Module {{\n{types}\n{methods}}}\n"


class Call:
    """An operation in one of its modes."""

    def __init__(self, writer, op, mode):
        self.op, self.mode = op, mode
        family, request, reply = writer.family, op.yaml[mode].get("request"), \
            op.yaml[mode].get("reply")
        both = "do" in op.yaml and "dump" in op.yaml
        self.name = f"{op.name}-dump" if mode == "dump" and both else op.name
        self.rust = type_name(self.name)
        self.command = op.req_value
        self.answer = op.rsp_value if op.rsp_value is not None else op.req_value
        if self.command is None or not 0 <= self.command < 256 or not 0 <= self.answer < 256:
            raise Unsupported(f"{family.name}: {op.name}: its number is no byte")
        names = (request or {}).get("attributes", [])
        self.request = writer.message(writer.requests, self.name, op, names)
        # A `do` may be answered by an acknowledgement alone.
        self.reply = None
        if reply is not None or mode == "dump":
            self.reply = writer.message(writer.replies, self.name, op,
                                        (reply or {}).get("attributes", []))
        self.allowed = self.allow(family, op, names)
        self.pre, self.post = op.yaml[mode].get("pre"), op.yaml[mode].get("post")
        if mode == "do" and self.post and not self.pre:
            raise Unsupported(f"{family.name}: {op.name}: a post hook without a pre hook")
        self.condition = op.yaml.get("config-cond")
        self.method = snake(self.name)
        self.state = camel(op.name + "-dump")
        self.policy = None
        flags = op.yaml.get("flags", [])
        self.access = "Admin" if "admin-perm" in flags else \
            "NamespaceAdmin" if "uns-admin-perm" in flags else None
        self.liberal = ("strict" if mode == "do" else "dump-strict") in \
            op.yaml.get("dont-validate", [])

    @staticmethod
    def allow(family, op, names):
        """The attributes that the policy admits."""
        if family.kernel_policy == "global":
            return family.global_policy
        if family.kernel_policy == "per-op":
            mode = op.yaml.get("do") or op.yaml["dump"]
            return mode.get("request", {}).get("attributes", [])
        return names

    def aliases(self):
        text = (f"/// A request `{self.name}`.\npub(crate) type {self.rust}Request<'a, T> = "
                f"genl::Request<'a, Server<T>, request::{self.rust}<'static>>;\n\n")
        if self.reply:
            kind = "Entries" if self.mode == "dump" else "Reply"
            text += (f"/// The answer to a request `{self.name}`.\n"
                     f"pub(crate) type {self.rust}{kind}<'a> = "
                     f"genl::{kind}<'a, reply::{self.rust}<'static>>;\n\n")
        return text

    def methods(self):
        about = doc(self.op.yaml.get("doc") or f"`{self.op.name}`.")
        request = f"request: &{self.rust}Request<'_, Self>"
        if self.mode == "dump":
            start = snake(f"{self.op.name}-start")
            run = snake(f"{self.op.name}-dump")
            return (f"/// Begins a dump `{self.op.name}`.\n"
                    f"fn {start}({request}, process: Process<'_>) -> Result<Self::{self.state}>;\n\n"
                    f"{about}///\n/// Puts the next entries, and moves `dump` past each.\n"
                    f"fn {run}({request}, dump: &mut Self::{self.state}, "
                    f"entries: &mut {self.rust}Entries<'_>, process: Process<'_>) "
                    "-> Result<(), genl::Full>;\n\n")
        lent = f"lent: Self::{camel(self.pre)}<'_>, " if self.pre else ""
        if self.reply:
            return (f"{about}fn {self.method}({request}, {lent}reply: {self.rust}Reply<'_>, "
                    "process: Process<'_>) -> Result<genl::Replied>;\n\n")
        return f"{about}fn {self.method}({request}, {lent}process: Process<'_>) -> Result;\n\n"

    def constants(self):
        policies = f"Some(policy::{self.policy}.policies())" if self.policy else "None"
        text = f"const COMMAND: u8 = {self.command};\n"
        if self.access:
            text += f"const ACCESS: genl::Access = genl::Access::{self.access};\n"
        text += f"const POLICIES: Option<Policies> = {policies};\n"
        if self.liberal:
            text += "const VALIDATION: genl::Validation = genl::Validation::LIBERAL;\n"
        return text

    def implementation(self):
        head = f"pub(super) struct {self.rust}<T>(PhantomData<fn() -> T>);\n\n"
        request = f"request: &{self.rust}Request<'_, T>"
        reply = f"super::reply::{self.rust}<'static>" if self.reply else "Writer<'static>"
        types = f"type Request = super::request::{self.rust}<'static>;\ntype Reply = {reply};\n"
        if self.mode == "dump":
            answer = f"const REPLY: u8 = {self.answer};\n" if self.answer != self.command else ""
            return (f"{head}impl<T: Operations> genl::Dump<Server<T>> for {self.rust}<T> {{\n"
                    f"{self.constants()}{answer}\n{types}type State = T::{self.state};\n\n"
                    f"fn start({request}, process: Process<'_>) -> Result<T::{self.state}> {{\n"
                    f"T::{snake(self.op.name + '-start')}(request, process)\n}}\n\n"
                    f"fn run({request}, dump: &mut T::{self.state}, "
                    f"entries: &mut {self.rust}Entries<'_>, process: Process<'_>) "
                    "-> Result<(), genl::Full> {\n"
                    f"T::{snake(self.op.name + '-dump')}(request, dump, entries, process)\n}}\n}}\n\n")
        hook = lent = ""
        if self.pre:
            hook = f"let lent = T::{snake(self.pre)}(&request.untyped(), process)?;\n"
            lent = "lent, "
        if self.reply:
            if self.answer != self.command:
                hook += f"let reply = reply.with_command({self.answer});\n"
            body = f"T::{self.method}(request, {lent}reply, process)"
        else:
            body = f"T::{self.method}(request, {lent}process)?;\nOk(reply.ack_only())"
        kind = f"{self.rust}Reply<'_>" if self.reply else "genl::Reply<'_, Writer<'static>>"
        return (f"{head}impl<T: Operations> genl::Do<Server<T>> for {self.rust}<T> {{\n"
                f"{self.constants()}\n{types}\n"
                f"fn run({request}, reply: {kind}, process: Process<'_>) "
                f"-> Result<genl::Replied> {{\n{hook}{body}\n}}\n}}\n\n")


def indent(text):
    return "".join("    " + line + "\n" if line else "\n" for line in text.splitlines())


def load(kernel, path):
    """A specification, by the kernel's own loader and generator."""
    folder = str(kernel / "tools/net/ynl/pyynl")
    if folder not in sys.path:
        sys.path.append(folder)
    import ynl_gen_c
    # The loader looks for the schemas beside the specification: they are the kernel's.
    with tempfile.TemporaryDirectory() as place:
        for schema in (kernel / "Documentation/netlink").glob("*.yaml"):
            pathlib.Path(place, schema.name).symlink_to(schema)
        pathlib.Path(place, "specs").mkdir()
        copy = pathlib.Path(place, "specs", path.name)
        copy.symlink_to(path)
        try:
            family = ynl_gen_c.Family(str(copy), [], None)
        except Exception as error:
            raise Unsupported(f"{path}: {type(error).__name__}: {error}".splitlines()[0]) from error
    if family.proto not in ("genetlink", "genetlink-c", "genetlink-legacy"):
        raise Unsupported(f"{path}: protocol {family.proto}, which is not generic netlink")
    return family
