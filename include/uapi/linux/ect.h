/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/ect.yaml */
/* YNL-GEN uapi header */
/* To regenerate run: scripts/ynl-gen-rust */

#ifndef _UAPI_LINUX_ECT_H
#define _UAPI_LINUX_ECT_H

#define ECT_FAMILY_NAME		"ect"
#define ECT_FAMILY_VERSION	1

enum {
	ECT_A_CONFIG_SERVER = 1,
	ECT_A_CONFIG_ASSISTANCE,

	__ECT_A_CONFIG_MAX,
	ECT_A_CONFIG_MAX = (__ECT_A_CONFIG_MAX - 1)
};

enum {
	ECT_A_STATS_FORWARDED = 1,
	ECT_A_STATS_NOT_SENT,
	ECT_A_STATS_REPLIES,
	ECT_A_STATS_OFF,
	ECT_A_STATS_GROUP,
	ECT_A_STATS_TRUNCATED,
	ECT_A_STATS_MALFORMED,
	ECT_A_STATS_BAD_ADDRESS,
	ECT_A_STATS_LOOPED,
	ECT_A_STATS_NO_MEMORY,

	__ECT_A_STATS_MAX,
	ECT_A_STATS_MAX = (__ECT_A_STATS_MAX - 1)
};

enum {
	ECT_CMD_CONFIG_GET = 1,
	ECT_CMD_CONFIG_SET,
	ECT_CMD_STATS_GET,

	__ECT_CMD_MAX,
	ECT_CMD_MAX = (__ECT_CMD_MAX - 1)
};

#endif /* _UAPI_LINUX_ECT_H */
