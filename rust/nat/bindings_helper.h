/* SPDX-License-Identifier: GPL-2.0 */
/* Headers for which `bindgen` generates the wing's bindings; see `bindgen_parameters`. */

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_nat.h>
#include <net/netfilter/nf_nat_masquerade.h>
#include <net/netfilter/nf_nat_redirect.h>
