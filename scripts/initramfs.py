# SPDX-License-Identifier: GPL-2.0
"""The first file system of a machine whose kernel has what its root needs as modules.

It loads them, mounts the host's root, and switches to it: guest-init goes on there. It is written here
and not by the system's tools: those take the modules and the files of the host's own kernel.
"""

import pathlib
import shutil
import stat

from kernetlib import Failure

# The host's root by 9p, an overlay over it, and the ports by which the command's output comes back.
NEEDED = ("virtio_pci", "9pnet_virtio", "9p", "overlay", "virtio_console")
INIT = """#!/bin/busybox sh
stop() {
	echo "initramfs: $1" >/dev/console
	exec /bin/busybox poweroff -f
}
/bin/busybox mount -t proc proc /proc || stop "cannot mount /proc"
for word in $(/bin/busybox cat /proc/cmdline); do
	case $word in
	rootflags=*) flags=${word#rootflags=} ;;
	init=*) init=${word#init=} ;;
	esac
done
while read -r module; do
	/bin/busybox insmod "/modules/$module" || stop "cannot load $module"
done </modules/order
/bin/busybox mount -t 9p -o "ro,$flags" /dev/root /root || stop "cannot mount the host's root"
/bin/busybox umount /proc
exec /bin/busybox switch_root -c /dev/console /root "$init"
"""


def name_of(path):
    return pathlib.Path(path).name.partition(".")[0].replace("-", "_")


def loading_order(folder):
    """The files of the modules that are needed, each after those that it needs itself."""
    depends = {}
    for line in (folder / "modules.dep").read_text().splitlines():
        module, _, needs = line.partition(":")
        depends[name_of(module)] = (module, needs.split())
    builtin = {name_of(line) for line in (folder / "modules.builtin").read_text().splitlines()}
    order = []

    def add(name):
        if name not in depends:
            if name not in builtin:
                raise Failure(f"{folder} has no module {name}, which the test machine needs")
            return
        module, needs = depends[name]
        if module not in order:
            for need in needs:
                add(name_of(need))
            order.append(module)
    for name in NEEDED:
        add(name)
    return [folder / module for module in order]


class Archive:
    """A cpio archive as the kernel unpacks it."""

    def __init__(self):
        self.parts, self.number = [], 0

    def add(self, name, mode, data=b"", device=(0, 0)):
        self.number += 1
        raw = name.encode() + b"\0"
        fields = (self.number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(raw), 0)
        self.parts += [b"070701" + b"".join(b"%08X" % field for field in fields) + raw]
        self.pad()
        self.parts += [data]
        self.pad()

    def pad(self):
        self.parts = [b"".join(self.parts)]
        self.parts.append(b"\0" * (-len(self.parts[0]) % 4))

    def bytes(self):
        self.add("TRAILER!!!", 0)
        return b"".join(self.parts)


def make(folder):
    """The archive for the kernel whose modules are in the folder, not compressed, with their index."""
    busybox = shutil.which("busybox", path="/usr/bin:/bin")
    if not busybox:
        raise Failure("busybox is missing; run scripts/setup")
    archive = Archive()
    for name in ("bin", "dev", "modules", "proc", "root"):
        archive.add(name, stat.S_IFDIR | 0o755)
    archive.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    archive.add("bin/busybox", stat.S_IFREG | 0o755, pathlib.Path(busybox).read_bytes())
    archive.add("init", stat.S_IFREG | 0o755, INIT.encode())
    order = loading_order(folder)
    for path in order:
        archive.add(f"modules/{path.name}", stat.S_IFREG | 0o644, path.read_bytes())
    archive.add("modules/order", stat.S_IFREG | 0o644, "".join(f"{path.name}\n" for path in order).encode())
    return archive.bytes()
