/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	Documentation/netlink/specs/siit.yaml */
/* YNL-GEN uapi header */
/* To regenerate run: scripts/ynl-gen-rust */

#ifndef _UAPI_LINUX_SIIT_H
#define _UAPI_LINUX_SIIT_H

#define SIIT_FAMILY_NAME	"siit"
#define SIIT_FAMILY_VERSION	1

enum {
	SIIT_A_MAPPING_IPV4 = 1,
	SIIT_A_MAPPING_IPV4_LEN,
	SIIT_A_MAPPING_IPV6,
	SIIT_A_MAPPING_IPV6_LEN,

	__SIIT_A_MAPPING_MAX,
	SIIT_A_MAPPING_MAX = (__SIIT_A_MAPPING_MAX - 1)
};

enum {
	SIIT_A_IFINDEX = 1,
	SIIT_A_MAPPING,
	SIIT_A_COUNT,

	__SIIT_A_MAX,
	SIIT_A_MAX = (__SIIT_A_MAX - 1)
};

enum {
	SIIT_CMD_MAPPING_REPLACE = 1,
	SIIT_CMD_MAPPING_ADD,
	SIIT_CMD_MAPPING_DEL,
	SIIT_CMD_MAPPING_GET,

	__SIIT_CMD_MAX,
	SIIT_CMD_MAX = (__SIIT_CMD_MAX - 1)
};

#endif /* _UAPI_LINUX_SIIT_H */
