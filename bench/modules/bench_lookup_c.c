// SPDX-License-Identifier: GPL-2.0
/* A netfilter hook that looks a device up: the C twin of bench_lookup.rs. */

#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <net/net_namespace.h>

static unsigned int hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	/* The loopback device, which each namespace has. */
	if (dev_get_by_index_rcu(state->net, 1))
		return NF_ACCEPT;
	return NF_DROP_REASON(skb, SKB_DROP_REASON_NETFILTER_DROP, 0);
}

#include "bench_hook_c.h"

MODULE_DESCRIPTION("Netfilter hook that looks a device up, in C");
