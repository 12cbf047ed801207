/* SPDX-License-Identifier: GPL-2.0 */
/* Headers for which `bindgen` generates the wing's bindings; see `bindgen_parameters`. */

#include <linux/skbuff.h>
#include <net/ip.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>
