/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/firewall.yaml */
/* YNL-GEN uapi header */
/* To regenerate run: scripts/ynl-gen-rust */

#ifndef _UAPI_LINUX_FIREWALL_H
#define _UAPI_LINUX_FIREWALL_H

#define FIREWALL_FAMILY_NAME	"firewall"
#define FIREWALL_FAMILY_VERSION	1

/**
 * enum firewall_chain - Where a rule looks at packets.
 * @FIREWALL_CHAIN_INPUT: Packets to this host.
 * @FIREWALL_CHAIN_FORWARD: Packets to other hosts.
 * @FIREWALL_CHAIN_OUTPUT: Packets from this host.
 */
enum firewall_chain {
	FIREWALL_CHAIN_INPUT,
	FIREWALL_CHAIN_FORWARD,
	FIREWALL_CHAIN_OUTPUT,
};

/**
 * enum firewall_action
 * @FIREWALL_ACTION_ACCEPT: Let the packet go on.
 * @FIREWALL_ACTION_DROP: Drop it; a sender of this host gets EPERM.
 * @FIREWALL_ACTION_REJECT: Drop it, and tell the sender, as reject-with says.
 */
enum firewall_action {
	FIREWALL_ACTION_ACCEPT,
	FIREWALL_ACTION_DROP,
	FIREWALL_ACTION_REJECT,
};

/**
 * enum firewall_reject_with - What the sender of a rejected packet is told.
 * @FIREWALL_REJECT_WITH_PORT_UNREACHABLE: By ICMP or ICMPv6, that nobody
 *   listens at the port.
 * @FIREWALL_REJECT_WITH_TCP_RESET: By TCP, that the connection is refused.
 *   Needs the protocol TCP.
 * @FIREWALL_REJECT_WITH_NO_ROUTE: That there is no way to the network (ICMP's
 *   net-unreachable).
 * @FIREWALL_REJECT_WITH_HOST_UNREACHABLE: That there is no way to the host
 *   (ICMPv6's addr-unreachable).
 * @FIREWALL_REJECT_WITH_ADMIN_PROHIBITED: That rules forbid it.
 * @FIREWALL_REJECT_WITH_PROT_UNREACHABLE: That the host does not know the
 *   protocol. Needs the family ipv4.
 * @FIREWALL_REJECT_WITH_NET_PROHIBITED: That rules forbid the network. Needs
 *   the family ipv4.
 * @FIREWALL_REJECT_WITH_HOST_PROHIBITED: That rules forbid the host. Needs the
 *   family ipv4.
 * @FIREWALL_REJECT_WITH_POLICY_FAIL: That rules forbid the source address.
 *   Needs the family ipv6.
 * @FIREWALL_REJECT_WITH_REJECT_ROUTE: That the route is one that rejects.
 *   Needs the family ipv6.
 */
enum firewall_reject_with {
	FIREWALL_REJECT_WITH_PORT_UNREACHABLE,
	FIREWALL_REJECT_WITH_TCP_RESET,
	FIREWALL_REJECT_WITH_NO_ROUTE,
	FIREWALL_REJECT_WITH_HOST_UNREACHABLE,
	FIREWALL_REJECT_WITH_ADMIN_PROHIBITED,
	FIREWALL_REJECT_WITH_PROT_UNREACHABLE,
	FIREWALL_REJECT_WITH_NET_PROHIBITED,
	FIREWALL_REJECT_WITH_HOST_PROHIBITED,
	FIREWALL_REJECT_WITH_POLICY_FAIL,
	FIREWALL_REJECT_WITH_REJECT_ROUTE,
};

enum firewall_family {
	FIREWALL_FAMILY_IPV4,
	FIREWALL_FAMILY_IPV6,
};

/**
 * enum firewall_state - How packets belong to connections.
 * @FIREWALL_STATE_NEW: Of a connection without an answer so far.
 * @FIREWALL_STATE_ESTABLISHED: Of a connection that has had packets in both
 *   directions.
 * @FIREWALL_STATE_RELATED: Begins a connection that another one has announced,
 *   or is an ICMP error about a connection.
 * @FIREWALL_STATE_INVALID: Of no connection, and cannot begin one.
 * @FIREWALL_STATE_UNTRACKED: Of none because a rule says so, or as it is
 *   discovery of ICMPv6.
 */
enum firewall_state {
	FIREWALL_STATE_NEW = 1,
	FIREWALL_STATE_ESTABLISHED = 2,
	FIREWALL_STATE_RELATED = 4,
	FIREWALL_STATE_INVALID = 8,
	FIREWALL_STATE_UNTRACKED = 16,
};

/*
 * Control bits of a TCP header.
 */
enum firewall_tcp_flag {
	FIREWALL_TCP_FLAG_FIN = 1,
	FIREWALL_TCP_FLAG_SYN = 2,
	FIREWALL_TCP_FLAG_RST = 4,
	FIREWALL_TCP_FLAG_PSH = 8,
	FIREWALL_TCP_FLAG_ACK = 16,
	FIREWALL_TCP_FLAG_URG = 32,
	FIREWALL_TCP_FLAG_ECE = 64,
	FIREWALL_TCP_FLAG_CWR = 128,
};

enum {
	FIREWALL_A_RULE_ID = 1,
	FIREWALL_A_RULE_PRIORITY,
	FIREWALL_A_RULE_CHAIN,
	FIREWALL_A_RULE_ACTION,
	FIREWALL_A_RULE_FAMILY,
	FIREWALL_A_RULE_PROTOCOL,
	FIREWALL_A_RULE_SOURCE,
	FIREWALL_A_RULE_SOURCE_PREFIX_LEN,
	FIREWALL_A_RULE_DESTINATION,
	FIREWALL_A_RULE_DESTINATION_PREFIX_LEN,
	FIREWALL_A_RULE_SOURCE_PORT_MIN,
	FIREWALL_A_RULE_SOURCE_PORT_MAX,
	FIREWALL_A_RULE_DESTINATION_PORT_MIN,
	FIREWALL_A_RULE_DESTINATION_PORT_MAX,
	FIREWALL_A_RULE_PACKETS,
	FIREWALL_A_RULE_BYTES,
	FIREWALL_A_RULE_STATE,
	FIREWALL_A_RULE_ICMP_TYPE,
	FIREWALL_A_RULE_ICMP_CODE,
	FIREWALL_A_RULE_TCP_FLAGS,
	FIREWALL_A_RULE_TCP_FLAGS_MASK,
	FIREWALL_A_RULE_REJECT_WITH,

	__FIREWALL_A_RULE_MAX,
	FIREWALL_A_RULE_MAX = (__FIREWALL_A_RULE_MAX - 1)
};

enum {
	FIREWALL_A_RULE = 1,
	FIREWALL_A_ID,
	FIREWALL_A_COUNT,
	FIREWALL_A_ACCEPTED,
	FIREWALL_A_DROPPED,
	FIREWALL_A_MALFORMED,
	FIREWALL_A_BEFORE,
	FIREWALL_A_RULES,
	FIREWALL_A_COMPARISONS,
	FIREWALL_A_KEPT,

	__FIREWALL_A_MAX,
	FIREWALL_A_MAX = (__FIREWALL_A_MAX - 1)
};

enum {
	FIREWALL_CMD_RULE_ADD = 1,
	FIREWALL_CMD_RULE_DEL,
	FIREWALL_CMD_RULE_FLUSH,
	FIREWALL_CMD_RULE_GET,
	FIREWALL_CMD_STATS_GET,
	FIREWALL_CMD_RULE_ADD_NTF,
	FIREWALL_CMD_RULE_DEL_NTF,
	FIREWALL_CMD_RULE_FLUSH_NTF,
	FIREWALL_CMD_RULE_REPLACE,
	FIREWALL_CMD_RULE_REPLACE_NTF,
	FIREWALL_CMD_TRANSACTION_ADD,
	FIREWALL_CMD_TRANSACTION_CHECK,
	FIREWALL_CMD_TRANSACTION_COMMIT,
	FIREWALL_CMD_TRANSACTION_ABORT,

	__FIREWALL_CMD_MAX,
	FIREWALL_CMD_MAX = (__FIREWALL_CMD_MAX - 1)
};

#define FIREWALL_MCGRP_RULES	"rules"

#endif /* _UAPI_LINUX_FIREWALL_H */
