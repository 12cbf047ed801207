// SPDX-License-Identifier: GPL-2.0
/* A netfilter hook that accepts: the C twin of bench_hook.rs. */

#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <net/net_namespace.h>

static unsigned int hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	return NF_ACCEPT;
}

#include "bench_hook_c.h"

MODULE_DESCRIPTION("Netfilter hook that accepts, in C");
