# SPDX-License-Identifier: GPL-2.0
"""Messages of generic netlink families."""

import socket
import struct

from rtnl import NLA_F_NESTED, NLM_F_ACK, NLM_F_REQUEST, NLMSG_ERROR, attribute, parse

NLM_F_DUMP = 0x300
GENL_ID_CTRL, CTRL_CMD_GETFAMILY = 16, 3
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_MCAST_GROUPS = 1, 2, 7
CTRL_ATTR_MCAST_GRP_ID = 2


def nest(kind, payload):
    return attribute(kind | NLA_F_NESTED, payload)


def message(family, flags, command, payload):
    return struct.pack("=IHHIIBBH", 20 + len(payload), family, NLM_F_REQUEST | flags, 1, 0,
                       command, 1, 0) + payload


class Family:
    """A registered family, and a socket to ask it by."""

    def __init__(self, name):
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)
        self.socket.bind((0, 0))
        self.id = GENL_ID_CTRL
        answer = self.ask(CTRL_CMD_GETFAMILY, attribute(CTRL_ATTR_FAMILY_NAME, name.encode() + b"\0"))
        self.id = struct.unpack("=H", answer[CTRL_ATTR_FAMILY_ID])[0]
        # One group at most: nests that are numbered from 1.
        groups = parse(answer.get(CTRL_ATTR_MCAST_GROUPS, b"")).get(1, b"")
        self.group = int.from_bytes(parse(groups).get(CTRL_ATTR_MCAST_GRP_ID, b""), "little")

    def message(self, command, payload=b"", flags=0):
        return message(self.id, flags, command, payload)

    def ask(self, command, payload=b""):
        """Asks, and returns the attributes of the answer; OSError if it is an error."""
        self.socket.send(self.message(command, payload, NLM_F_ACK))
        found = {}
        while True:
            data = self.socket.recv(65536)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind == NLMSG_ERROR:
                    error = -struct.unpack_from("=i", data, 16)[0]
                    if error:
                        raise OSError(error, f"generic netlink family {self.id}, command {command}")
                    return found
                found = parse(data[20:length])
                data = data[length + -length % 4:]
