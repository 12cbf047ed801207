# SPDX-License-Identifier: GPL-2.0
"""How scripts/ynl-gen-rust writes an attribute: its policy, its getter, its setter."""

import re

SCALARS = {"u8": "u8", "u16": "u16", "u32": "u32", "u64": "u64",
           "s8": "i8", "s16": "i16", "s32": "i32", "s64": "i64", "uint": "u64", "sint": "i64"}
# What a policy of a type can check together.
CHECKED = {"scalar": [{"min", "max", "range", "full-range", "flags-mask", "sparse"}],
           "string": [{"exact-len"}, {"max-len", "unterminated-ok"}],
           "binary": [{"exact-len"}, {"min-len", "max-len"}],
           # Of the elements.
           "indexed-array": [{"exact-len"}]}
# Methods that a request has beside the getters.
TAKEN = ("attrs", "untyped", "extack", "required", "bad_attr", "error", "net", "portid", "header",
         "socket")
KEYWORDS = """as async await become box break const continue crate do dyn else enum extern false
    final fn for gen if impl in let loop macro match mod move mut override priv pub ref return self
    static struct super trait true try type typeof unsafe unsized use virtual where while yield
    abstract""".split()


class Unsupported(Exception):
    """What of a specification cannot be written in Rust, and where."""


def snake(name):
    name = re.sub(r"\W", "_", name.lower()).strip("_") or "_"
    if name in ("self", "super", "crate"):
        return name + "_"
    if name in KEYWORDS:
        return "r#" + name
    return "_" + name if name[0].isdigit() else name


def method(name):
    name = snake(name)
    return name + "_" if name in TAKEN else name


def upper(name):
    name = re.sub(r"\W", "_", name.upper()).strip("_")
    return "_" + name if name[0].isdigit() else name


def camel(name):
    name = "".join(word[:1].upper() + word[1:].lower() for word in re.split(r"\W|_", name) if word)
    if name == "Self":
        return "Self_"
    return "N" + name if name[0].isdigit() else name


# Types that what is written uses itself.
USED = """Array Attr Attrs Be Bitfield32 Builder CStr Clone Copy Debug Default Enum Eq Err FnOnce From
    Group IntoIterator Iterator Nest None Ok Operations Option PartialEq PhantomData Policies Policy
    Process Range Registration Result Send Server SignedRange Sized Some Sync Table Value View Spec
    Writer""".split()


def type_name(name):
    name = camel(name)
    return name + "Type" if name in USED else name


def doc(text, indent=""):
    """Documentation comments of a text, or of nothing."""
    lines = (text or "").strip().splitlines()
    return "".join(f"{indent}/// {escape(line.strip())}".rstrip() + "\n" for line in lines)


def escape(line):
    return re.sub(r"([\[\]<>])", r"\\\1", line)


class Attribute:
    """An attribute of a set, as the kernel's generator has loaded it."""

    def __init__(self, family, loaded):
        self.family, self.loaded = family, loaded
        self.yaml = loaded.yaml
        self.base = getattr(loaded, "base_type", loaded)
        self.checks = self.base.checks
        self.name, self.type = loaded.name, self.yaml["type"]
        self.set = loaded.attr_set.subset_of or loaded.attr_set.name
        self.multi = bool(self.yaml.get("multi-attr"))
        self.number = f"super::attr::{snake(self.set)}::{upper(self.name)}"
        self.big_endian = self.yaml.get("byte-order") == "big-endian"
        self.sub = self.yaml.get("sub-type")

    def unsupported(self, what):
        raise Unsupported(f"{self.family.name}: attribute {self.set}/{self.name}: {what}")

    @property
    def used(self):
        return self.type not in ("unused", "pad")

    @property
    def bits(self):
        """Whether the attribute holds flags of an enumeration."""
        enum = self.yaml.get("enum")
        return bool(enum) and (bool(self.yaml.get("enum-as-flags"))
                               or self.family.consts[enum]["type"] == "flags")

    def enum(self):
        """The Rust type of the values, if the specification names them."""
        name = self.yaml.get("enum")
        if not name:
            return None
        definition = self.family.consts[name]
        suffix = "Flags" if self.bits and definition["type"] == "enum" else ""
        return "super::" + self.family.rust_names[name] + suffix

    def structure(self):
        name = self.yaml["struct"]
        if name not in self.family.rust_names:
            self.unsupported(f"no structure {name}")
        return "super::" + self.family.rust_names[name]

    def nested(self, module):
        """The Rust type of the nested attributes in a module; None if nobody says what they are."""
        name = self.yaml.get("nested-attributes")
        return f"super::{module}::{type_name(name)}" if name else None

    def limit(self, check, default=None):
        """The number that a check names; by a constant's name it may be with the prefix of C."""
        value = self.checks.get(check, default)
        for name, constant in self.family.consts.items():
            if constant["type"] == "const" and \
                    value in (name, constant.get("name-prefix", "") + name):
                return constant["value"]
        return self.base.get_limit(check, default)

    def length(self):
        return self.limit("exact-len") if "exact-len" in self.checks else None

    # Policies

    def policy(self):
        """The policy, as the kernel's generator would write it in C; none that checks less than is asked."""
        kind = "scalar" if self.type in SCALARS else self.type
        wanted = set(self.checks)
        if not any(wanted <= together for together in CHECKED.get(kind, [set()])):
            self.unsupported(f"no policy of a {self.type} checks {' and '.join(sorted(wanted))}")
        if self.type == "flag":
            return "Policy::FLAG"
        if self.type in SCALARS:
            return self.scalar_policy()
        if self.type == "string":
            return self.string_policy()
        if self.type == "binary":
            if "min-len" in self.checks and "max-len" in self.checks:
                return f"Policy::between({self.limit('min-len')}, {self.limit('max-len')})"
            for check, name in (("exact-len", "exact"), ("min-len", "min_len"),
                                ("max-len", "max_len")):
                if check in self.checks:
                    return f"Policy::{name}({self.limit(check)})"
            return "Policy::BINARY"
        if self.type == "bitfield32":
            mask = self.family.consts[self.yaml["enum"]].get_mask(as_flags=True)
            return f"Policy::bitfield32({mask:#x})"
        nested = self.yaml.get("nested-attributes")
        table = f"{upper(nested)}.policies()" if nested else None
        if self.type == "nest":
            return f"Policy::nested({table})" if table else "Policy::NEST"
        if self.type == "indexed-array" and self.sub == "nest" or \
                self.type == "nest-type-value" and len(self.yaml.get("type-value", [])) == 1:
            return f"Policy::nested_array({table})" if table else "Policy::NEST"
        if self.type in ("indexed-array", "nest-type-value"):
            return "Policy::NEST"
        return self.unsupported(f"type {self.type}")

    def scalar_policy(self):
        name = self.type.upper()
        if self.big_endian and self.type in ("u16", "u32"):
            name = "BE" + self.type[1:]
        policy = f"Policy::{name}"
        if "flags-mask" in self.checks or self.bits:
            if self.bits:
                mask = self.family.consts[self.yaml["enum"]].get_mask(as_flags=True)
            else:
                mask = (1 << len(self.family.consts[self.checks["flags-mask"]]["entries"])) - 1
            # The kernel compares 32 bits.
            return f"{policy}.mask({mask:#x})" if mask < 1 << 32 else policy
        low, high = self.limit("min"), self.limit("max")
        if "full-range" in self.checks:
            sign = "_signed" if self.type.startswith("s") else ""
            return f"{policy}.within{sign}(&{self.range_name()})"
        if low is not None and high is not None:
            return f"{policy}.range({low}, {high})"
        if low is not None:
            return f"{policy}.min({low})"
        if high is not None:
            return f"{policy}.max({high})"
        if "sparse" in self.checks:
            return f"{policy}.one_of::<{self.enum()}>()"
        return policy

    def range_name(self):
        return f"{upper(self.set)}_{upper(self.name)}_RANGE"

    def range(self):
        """The static that a policy with wide bounds points to; None if it needs none."""
        if self.type not in SCALARS or "full-range" not in self.checks or \
                "flags-mask" in self.checks or self.bits:
            return None
        bits = {"int": 64}.get(self.type[1:]) or int(re.sub(r"\D", "", self.type))
        signed = self.type.startswith("s")
        low = self.limit("min", -(1 << bits - 1) if signed else 0)
        high = self.limit("max", (1 << bits - signed) - 1)
        kind = "SignedRange" if signed else "Range"
        return f"static {self.range_name()}: {kind} = {kind}::new({low}, {high});\n"

    def string_policy(self):
        if "exact-len" in self.checks:
            return f"Policy::exact({self.limit('exact-len')})"
        longest = self.limit("max-len")
        if self.checks.get("unterminated-ok"):
            return f"Policy::unterminated({longest or 0})"
        return f"Policy::string({longest})" if longest else "Policy::STRING"

    # Getters

    def read(self):
        """The Rust type of one value, and what makes an `Option` of it of an `attr`."""
        if self.type in SCALARS:
            return self.read_scalar()
        if self.type == "string":
            return "&'a [u8]", "Some(attr.string())"
        if self.type == "bitfield32":
            return "Bitfield32", "attr.value()"
        if self.type == "binary":
            if "struct" in self.yaml:
                return self.structure(), "attr.value()"
            if self.length():
                return f"[u8; {self.length()}]", "attr.value()"
            if self.sub in SCALARS:
                kind = f"impl Iterator<Item = {SCALARS[self.sub]}> + Clone + 'a"
                return kind, "Some(attr.values())"
            return "&'a [u8]", "Some(attr.bytes())"
        if self.type == "nest":
            nested = self.nested("view")
            if not nested:
                return "Attrs<'a>", "Some(attr.attrs())"
            return f"{nested}<'a>", f"Some({nested}(attr.nest()))"
        return "Attr<'a>", "Some(attr)"

    def read_scalar(self):
        kind = SCALARS[self.type]
        enum = self.enum()
        if self.big_endian:
            read = f"attr.be::<{kind}>()"
            if not enum:
                return kind, read
            make = f"{enum}::from_bits(raw.into())" if self.bits else \
                f"{enum}::from_raw(raw.into())"
            return enum, f"{read}.{'map' if self.bits else 'and_then'}(|raw| {make})"
        if enum and self.bits:
            return enum, f"attr.number().map({enum}::from_bits)"
        if enum:
            return enum, "attr.one_of()"
        return kind, f"attr.{self.type}()" if self.type in ("uint", "sint") else "attr.value()"

    def element(self):
        """As `read`, for an element of an array of attributes."""
        if self.sub == "nest":
            nested = self.nested("view")
            return f"{nested}<'a>", f"{nested}(attr.nest())", False
        if self.sub in SCALARS:
            enum = self.enum()
            if enum and not self.bits:
                return enum, "attr.one_of()?", True
            return SCALARS[self.sub], "attr.value()?", True
        if self.sub == "binary" and self.length():
            return f"[u8; {self.length()}]", "attr.value()?", True
        return "Attr<'a>", "attr", False

    def getter(self):
        text = doc(self.yaml.get("doc") or f"Attribute `{self.name}`.", "    ")
        head = f"    pub(crate) fn {method(self.name)}(&self)"
        if self.type == "flag":
            return f"{text}{head} -> bool {{ self.0.flag({self.number}) }}\n"
        if self.type == "indexed-array":
            kind, make, fails = self.element()
            body = f"Some((attr.r#type(), {make}))" if fails else f"(attr.r#type(), {make})"
            way = "filter_map" if fails else "map"
            return (f"{text}    ///\n    /// Each with its index.\n"
                    f"{head} -> impl Iterator<Item = (u16, {kind})> + Clone + 'a {{\n"
                    f"self.0.all({self.number}).flat_map(|attr| attr.attrs().iter())"
                    f".{way}(|attr| {body}) }}\n")
        kind, make = self.read()
        if self.multi:
            if kind.startswith("impl"):
                self.unsupported("several arrays")
            way = "filter_map"
            if make.startswith("Some("):
                way, make = "map", make.removeprefix("Some(").removesuffix(")")
            return (f"{text}{head} -> impl Iterator<Item = {kind}> + Clone + 'a {{\n"
                    f"self.0.all({self.number}).{way}(|attr| {make}) }}\n")
        return (f"{text}{head} -> Option<{kind}> {{\n"
                f"let attr = self.0.get({self.number})?; {make} }}\n")

    # Setters

    def write(self, number):
        """The parameter of a setter, and the statement that puts it."""
        if self.type == "flag":
            return "", f"self.0.put_flag({number})"
        if self.type in SCALARS:
            return self.write_scalar(number)
        if self.type == "string":
            return "value: &[u8]", f"self.0.put_string({number}, value)"
        if self.type == "bitfield32":
            return "value: Bitfield32", f"self.0.put_value({number}, value)"
        if self.type == "binary":
            if "struct" in self.yaml:
                return f"value: {self.structure()}", self.put(number, "value", wide=True)
            if self.length():
                return f"value: &[u8; {self.length()}]", f"self.0.put({number}, value)"
            if self.sub in SCALARS:
                return f"values: &[{SCALARS[self.sub]}]", f"self.0.put_values({number}, values)"
            return "value: &[u8]", f"self.0.put({number}, value)"
        nested = self.nested("build")
        if self.type == "nest":
            if not nested:
                return "fill: impl FnOnce(&mut Writer<'_>) -> Result", \
                    f"self.0.nest({number}, fill)"
            return (f"fill: impl FnOnce(&mut {nested}<'_>) -> Result",
                    f"self.0.build::<{nested}<'static>>({number}, fill)")
        return self.write_array(number, nested)

    def write_array(self, number, nested):
        levels = len(self.yaml.get("type-value", [])) if self.type == "nest-type-value" else 1
        if self.sub in SCALARS:
            kind, put = f"(u16, {SCALARS[self.sub]})", "put_value"
            enum = self.enum()
            if enum and not self.bits:
                kind = f"(u16, {enum})"
                return (f"values: impl IntoIterator<Item = {kind}>",
                        f"self.0.nest({number}, |nest| {{ for (index, value) in values {{ "
                        f"nest.put_value(index, value.raw() as {SCALARS[self.sub]})?; }} Ok(()) }})")
        elif self.sub == "binary":
            kind, put = "(u16, &'v [u8])", "put"
        elif nested and levels:
            inner, last = f"{nested}<'static>", ""
            for _ in range(levels):
                last, inner = inner, f"Array<'static, {inner}>"
            return (f"fill: impl FnOnce(&mut Array<'_, {last}>) -> Result",
                    f"self.0.build::<{inner}>({number}, fill)")
        else:
            self.unsupported(f"an array of {self.sub or 'nothing known'}")
        return (f"values: impl IntoIterator<Item = {kind}>",
                f"self.0.nest({number}, |nest| {{ for (index, value) in values {{ "
                f"nest.{put}(index, value)?; }} Ok(()) }})")

    def put(self, number, value, wide):
        """Puts a value; one of 64 bits aligned, if its set has an attribute to pad with."""
        pad = self.family.pads.get(self.set)
        if wide and pad:
            return f"self.0.put_64bit({number}, {value}, " \
                f"super::attr::{snake(self.set)}::{upper(pad)})"
        return f"self.0.put_value({number}, {value})"

    def write_scalar(self, number):
        kind, enum = SCALARS[self.type], self.enum()
        value, parameter = "value", kind
        if enum:
            parameter = enum
            value = "value.bits()" if self.bits else "value.raw()"
            if self.type not in ("uint", "u64"):
                value += f" as {kind}"
        if self.big_endian:
            value = f"Be({value})"
        if self.type in ("uint", "sint") and not self.big_endian:
            return f"value: {parameter}", f"self.0.put_{self.type}({number}, {value})"
        return f"value: {parameter}", self.put(number, value, self.type in ("u64", "s64"))

    def setter(self):
        text = doc(self.yaml.get("doc") or f"Attribute `{self.name}`.", "    ")
        if self.multi:
            text += "    ///\n    /// One of several.\n"
        parameter, statement = self.write(self.number)
        lifetime = "<'v>" if "'v" in parameter else ""
        return (f"{text}    pub(crate) fn {snake(self.name)}{lifetime}(&mut self, {parameter}) "
                f"-> Result<&mut Self> {{ {statement}?; Ok(self) }}\n")
