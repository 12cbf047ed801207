/* SPDX-License-Identifier: GPL-2.0 */
/* Headers for which `bindgen` generates the wing's bindings; see `bindgen_parameters`. */

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>
