# SPDX-License-Identifier: GPL-2.0
"""Writes what a client in Rust needs to know of a specification: where kinds of objects are dumped by
`KIND-get` and told by `KIND-event`, these kinds; of another one, its numbers and names."""

import ynlfamily
from ynltypes import Unsupported

HEAD = """// SPDX-License-Identifier: GPL-2.0

//! The family, as its specification has it: made by scripts/ynl-gen-rust from
//! {name}.

/// What an attribute's value is.
#[derive(Clone, Copy)]
pub(crate) enum Type {{
    Number,
    Text,
    Address,
    Mac,
    Flag,
    Name(&'static [(u64, &'static str)]),
    Nests(&'static [Attribute]),
}}

pub(crate) struct Attribute {{
    pub(crate) number: u16,
    pub(crate) name: &'static str,
    pub(crate) is: Type,
}}

/// A kind of object: the commands of its dump and of its events, and their group.
pub(crate) struct Kind {{
    pub(crate) name: &'static str,
    pub(crate) group: &'static str,
    pub(crate) get: u8,
    pub(crate) event: u8,
    /// Whether a message, not a request alone, names its device.
    pub(crate) names_device: bool,
    pub(crate) attributes: &'static [Attribute],
}}

const fn attribute(number: u16, name: &'static str, is: Type) -> Attribute {{
    Attribute {{ number, name, is }}
}}

pub(crate) const FAMILY: &str = "{family}";
pub(crate) const VERSION: u8 = {version};
"""
PLAIN = """// SPDX-License-Identifier: GPL-2.0

//! The family's numbers, as its specification has them: made by scripts/ynl-gen-rust from
//! {name}.

#![allow(dead_code, reason = "all of the specification")]

pub(crate) const FAMILY: &str = "{family}";
pub(crate) const VERSION: u8 = {version};
"""
NUMBERS = ("u8", "u16", "u32", "u64", "uint")


def constant(name):
    return name.upper().replace("-", "_")


def kind_of(attribute, path):
    """The Rust of an attribute's type."""
    spec = attribute.yaml
    if "enum" in spec:
        return f"Type::Name({constant(spec['enum'])})"
    if spec["type"] in NUMBERS:
        return "Type::Number"
    if spec["type"] == "binary" and spec.get("display-hint") in ("ipv4", "ipv6", "mac"):
        return "Type::Mac" if spec["display-hint"] == "mac" else "Type::Address"
    if spec["type"] == "nest" and spec.get("multi-attr"):
        return f"Type::Nests({constant(spec['nested-attributes'])})"
    if spec["type"] in ("string", "flag"):
        return "Type::Text" if spec["type"] == "string" else "Type::Flag"
    raise Unsupported(f"{path}: attribute {attribute.name}: a client has no use for the type {spec['type']}")


def plain(family, name):
    """The numbers of a family's commands and attributes, and the names of its values."""
    out = [PLAIN.format(name=name, family=family.name, version=family.yaml.get("version", 1))]
    commands = "".join(f"pub(crate) const {constant(one.name)}: u8 = {one.req_value or one.rsp_value};\n"
                       for one in family.msgs.values())
    out.append(f"/// Commands, of requests and events.\npub(crate) mod command {{\n{commands}}}\n")
    for attributes in family.attr_sets.values():
        numbers = "".join(f"pub(crate) const {constant(one.name)}: u16 = {one.value};\n"
                          for one in attributes.attrs.values())
        out.append(f"/// Attributes of the set `{attributes.name}`.\n"
                   f"pub(crate) mod {attributes.name.replace('-', '_')} {{\n{numbers}}}\n")
    names = ""
    for definition in family.consts.values():
        flags = definition["type"] == "flags"
        values = ", ".join(f'({entry.user_value(as_flags=flags)}, "{entry.name}")'
                           for entry in definition.entries.values())
        names += f"pub(crate) const {constant(definition.name)}: &[(u8, &str)] = &[{values}];\n"
    out.append(f"/// Values and what they are called.\npub(crate) mod names {{\n{names}}}\n")
    for group in family.mcast_groups:
        out.append(f'pub(crate) const GROUP_{constant(group)}: &str = "{group}";\n')
    return "\n".join(out)


def text(kernel, path, name):
    family = ynlfamily.load(kernel, path)
    if not any(name.endswith("-event") for name in family.msgs):
        return plain(family, name)
    out = [HEAD.format(name=name, family=family.ident_name, version=family.yaml.get("version", 1))]
    for definition in family.consts.values():
        values = ", ".join(f'({entry.value}, "{entry.name}")' for entry in definition.entries.values())
        out.append(f"const {constant(definition.name)}: &[(u64, &str)] = &[{values}];\n")
    for attributes in family.attr_sets.values():
        lines = "".join(f'    attribute({one.value}, "{one.name}", {kind_of(one, path)}),\n'
                        for one in attributes.attrs.values())
        out.append(f"const {constant(attributes.name)}: &[Attribute] = &[\n{lines}];\n")
    kinds = [operation for operation in family.msgs.values() if operation.name.endswith("-get")]
    lines = ""
    for get in kinds:
        kind = get.name.removesuffix("-get")
        event = family.msgs[f"{kind}-event"]
        told = event.yaml["event"]["attributes"]
        lines += f"""    Kind {{
        name: "{kind}",
        group: "{event.yaml['mcgrp']}",
        get: {get.req_value},
        event: {event.rsp_value},
        names_device: {str('ifindex' in told).lower()},
        attributes: {constant(get.attr_set.name)},
    }},
"""
    devices = {get.attr_set["ifindex"].value for get in kinds}
    if len(devices) != 1:
        raise Unsupported(f"{path}: a client's filter wants one number for `ifindex` of all kinds")
    out.append(f"/// The attribute of all kinds that names a device.\npub(crate) const IFINDEX: u16 = {devices.pop()};\n")
    out.append(f"pub(crate) const KINDS: [Kind; {len(kinds)}] = [\n{lines}];\n")
    return "\n".join(out)
