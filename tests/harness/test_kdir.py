# SPDX-License-Identifier: GPL-2.0
"""What a kernel to build for has to be: each fault is said in a line, and what to do."""

import os
import pathlib
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True

from checkout import ROOT, call, fake, refused, scratch, stock  # noqa: E402
from hostcases import main, test  # noqa: E402
import vmlib  # noqa: E402
from compilers import Compilers  # noqa: E402
from kernetlib import Failure, toolchain  # noqa: E402

NEEDED = vmlib.script("modules").NEEDED


def kernel_folder(name, release="7.3.4", config="", **options):
    """A folder that looks like a kernel's build, of which `options` differ."""
    folder = scratch() / name
    (folder / "include/config").mkdir(parents=True)
    (folder / "rust").mkdir()
    for crate in ("core", "kernel"):
        (folder / f"rust/lib{crate}.rmeta").touch()
    (folder / "Makefile").touch()
    (folder / "include/config/kernel.release").write_text(release + "\n")
    version = subprocess.run([toolchain()["RUSTC"], "-V"], capture_output=True, text=True)
    values = {"CC_IS_CLANG": "y", "RUST": "y", **dict.fromkeys(NEEDED, "y"),
              "RUSTC_VERSION_TEXT": f'"{version.stdout.strip()}"', **options}
    (folder / ".config").write_text("".join(f"CONFIG_{option}={value}\n"
                                            for option, value in values.items() if value))
    return str(folder)


@test
def kdir_missing():
    refused(call("modules", KDIR=str(scratch() / "nowhere")), "KDIR=.*nowhere: no such folder")


@test
def kdir_no_kernel():
    refused(call("modules", KDIR=str(scratch())), "not the build folder of a built kernel")


@test
def kdir_old():
    refused(call("modules", KDIR=kernel_folder("old", "6.18.1")), r"is 6\.18\.1; kernet needs 7\.2")


@test
def kdir_without_rust():
    refused(call("modules", KDIR=kernel_folder("norust", RUST=None)), "without Rust.*CONFIG_RUST=y")


@test
def kdir_that_lacks_an_option():
    """Those that the README lists."""
    listed = re.findall(r"CONFIG_(\w+)=y", (ROOT / "README.md").read_text().partition("and has\n")[2]
                        .partition("\n\nWith")[0])
    assert listed == ["RUST", *NEEDED], f"the README lists {listed}"
    for option in NEEDED:
        refused(call("modules", KDIR=kernel_folder(f"no{option}", **{option: None})),
                f"lacks what kernet needs; set CONFIG_{option}=y and build")


def by_gcc(name, **options):
    return kernel_folder(name, **{"CC_IS_CLANG": None, "CC_IS_GCC": "y", **options})


@test
def kdir_by_a_missing_gcc():
    text = '"x86_64-linux-gnu-gcc-99 (Debian 99.1.0-1) 99.1.0"'
    refused(call("modules", KDIR=by_gcc("gcc", CC_VERSION_TEXT=text), RUSTC=toolchain()["RUSTC"],
                 BINDGEN=toolchain()["BINDGEN"]),
            "missing packages; run as root: apt-get install --no-install-recommends gcc-99$")


@test
def kdir_by_gcc_and_another_rustc():
    other = '"rustc 1.85.0 (4d91de4e4 2025-02-17)"'
    version = subprocess.run(["gcc", "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    refused(call("modules", KDIR=by_gcc("gccrustc", CC_VERSION_TEXT=f'"{version}"', RUSTC_VERSION_TEXT=other),
                 RUSTC=toolchain()["RUSTC"], BINDGEN=toolchain()["BINDGEN"]),
            r"built by rustc 1\.85\.0 .*, \S+ is rustc 1\..*set RUSTC")


@test
def kdir_with_metadata_of_another_rustc():
    """As rustc writes them: the compiler stands behind the mark of the format."""
    for release, makes_it_right in (("7.3.4", "build the kernel there, with its modules"),
                                    ("7.3.4+deb13-amd64", r"make metadata KERNEL=7\.3\.4\+deb13-amd64")):
        folder = kernel_folder(f"rmeta{release}", release)
        pathlib.Path(folder, "rust/libkernel.rmeta").write_bytes(
            b"rust\0\0\0\x09" + bytes(8) + b"$rustc 1.84.0 (9fc6b4312 2025-01-07)\xc1\0")
        refused(call("modules", KDIR=folder), r"are of rustc 1\.84\.0 .*, the kernel was built by rustc 1\.",
                makes_it_right)


@test
def kdir_of_another_configuration():
    """Of what was built, that is; an option that is not set is in .config alone."""
    folder = pathlib.Path(kernel_folder("configured"))
    config = (folder / ".config").read_text()
    (folder / "include/config/auto.conf").write_text(config + "CONFIG_TEXT=text\n")
    (folder / ".config").write_text(config + "# CONFIG_SMP is not set\n" + 'CONFIG_NONE=""\nCONFIG_TEXT="text"\n')
    status, said = call("modules", KDIR=str(folder), BINDGEN="/nowhere/bindgen")
    assert "another configuration" not in said, said
    (folder / ".config").write_text(config + "CONFIG_SMP=y\nCONFIG_TEXT=text\n")
    refused(call("modules", KDIR=str(folder)), "of another configuration than .config, in CONFIG_SMP first")


@test
def kdir_of_another_kernel():
    """The crates' symbols are not those that the kernel exports."""
    folder = pathlib.Path(kernel_folder("symbols"))
    for crate, symbol in (("core", "_RNvC4core3one"), ("kernel", "_RNvC6kernel3two")):
        subprocess.run(["gcc", "-xc", "-c", "-o", folder / f"rust/{crate}.o", "-"], check=True, text=True,
                       input=f"int {symbol};")
    line = "0x00000000\t{}\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"
    (folder / "Module.symvers").write_text(line.format("_RNvC4core3one"))
    refused(call("modules", KDIR=str(folder)), "of another kernel than Module.symvers, which has no _RNvC6kernel3two")


@test
def kdir_in_a_path_with_a_space():
    refused(call("modules", KDIR=kernel_folder("a kernel")), "KDIR's path is .*a kernel: .* space")


@test
def checkout_in_a_path_with_a_space():
    """Or a colon, or what else make, kbuild or QEMU take for the end of a word."""
    for name in ("a checkout", "a:checkout", "a,checkout", "a$checkout"):
        copy = scratch() / name
        shutil.copytree(ROOT / "scripts", copy / "scripts")
        shutil.copy(ROOT / "Makefile", copy)
        for words in (["make", "-s"], ["make", "-s", "run"], ["scripts/vm", "true"]):
            done = subprocess.run(words, cwd=copy, capture_output=True, text=True)
            lines = [line for line in done.stderr.splitlines() if not re.match(r"make(\[\d+\])?: ", line)]
            assert done.returncode and len(lines) == 1 and "space, a colon" in lines[0], (words, done.stderr)


@test
def foreign_words_in_the_environment():
    """What a shell says for another build decides nothing here."""
    done = subprocess.run([str(ROOT / "scripts/modules"), "--kernel", "stock"], capture_output=True, text=True,
                          env={**os.environ, "ARCH": "arm64", "CROSS_COMPILE": "aarch64-linux-gnu-",
                               "KBUILD_OUTPUT": "/nowhere", "CC": "false", "RUSTFLAGS": "-Znothing",
                               "LLVM": "1", "KAFLAGS": "-Wnothing", "RUSTC_WRAPPER": "false", "TESTS": "y"})
    assert done.returncode == 0, done.stderr
    said = stock().name
    assert said in done.stdout, done.stdout


@test
def clean_of_kbuild():
    """What DKMS calls; it reads no configuration."""
    copy = scratch() / "cleaned"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("build", ".git", "target"))
    made = [copy / name for name in ("rust/libkernet.rmeta", "rust/bindings/bindings_generated.rs",
                                     "rust/kernet/exports_generated.h", "rust/kernet/lib.o", "samples/sink/sink.ko")]
    for path in made:
        path.touch()
    done = subprocess.run(["make", "-C", str(stock()), f"M={copy}", f"LLVM={toolchain()['LLVM']}", "clean"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    left = [path.name for path in made if path.exists()]
    assert not left, f"{left} are left"


@test
def metadata_that_cannot_be():
    metadata = str(ROOT / "scripts/metadata")
    for release, why in (("6.18.1+deb13-amd64", r"is 6\.18\.1\+deb13-amd64; kernet needs 7\.2 or later"),
                         ("seven", "no release of a kernel")):
        refused(call("metadata", release), why)
    assert os.access(metadata, os.X_OK)


@test
def metadata_of_a_lost_option():
    """The error names the tool whose lack has lost it."""
    check = vmlib.script("metadata").check_config
    config = "CONFIG_RUST=y\nCONFIG_DEBUG_INFO_BTF=y\nCONFIG_SCHED_CLASS_EXT=y\n# CONFIG_A is not set\n"
    check("7.3.4", config + "CONFIG_CC_VERSION_TEXT=1\n", config + "CONFIG_CC_VERSION_TEXT=2\n")
    for lost, tool in (("CONFIG_DEBUG_INFO_BTF=y\nCONFIG_SCHED_CLASS_EXT=y\n", "CONFIG_DEBUG_INFO_BTF=y .*pahole"),
                       ("CONFIG_SCHED_CLASS_EXT=y\n", "CONFIG_SCHED_CLASS_EXT=y .*pahole"),
                       ("CONFIG_RUST=y\n", "CONFIG_RUST=y .*rustc, rust-src or bindgen")):
        for have in (config.replace(lost, ""), config.replace(lost, lost.replace("=y", " is not set").replace(
                "CONFIG", "# CONFIG"))):
            try:
                check("7.3.4", config, have)
            except Failure as failure:
                assert re.search(tool, str(failure)) and "\n" not in str(failure), failure
            else:
                raise AssertionError(f"{lost!r} may be lost")


@test
def private_root_that_cannot_be_entered():
    """As in a chroot whose root is no mount point. No compiler is said to be missing."""
    path = os.environ["PATH"]
    os.environ["PATH"] = f"{fake('propagation', unshare='echo unshare: Invalid argument >&2; exit 1')}:{path}"
    try:
        said = Compilers("gcc-14", scratch()).ask("rustc", "-V")
    except Failure as failure:
        assert re.search(r"cannot be entered: unshare: Invalid argument; it needs .*mount point", str(failure)), failure
    else:
        raise AssertionError(f"{said!r} is an answer")
    finally:
        os.environ["PATH"] = path


@test
def kdir_by_another_rustc():
    other = '"rustc 1.85.0 (4d91de4e4 2025-02-17)"'
    refused(call("modules", KDIR=kernel_folder("rustc", RUSTC_VERSION_TEXT=other)),
            r"built by rustc 1\.85\.0 .*, \S+ is rustc 1\.", "set RUSTC")


@test
def kdir_half_built():
    folder = kernel_folder("half")
    pathlib.Path(folder, "rust/libkernel.rmeta").unlink()
    refused(call("modules", KDIR=folder), r"libkernel\.rmeta is missing; build the kernel")


main()
