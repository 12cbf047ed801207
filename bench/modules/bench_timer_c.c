// SPDX-License-Identifier: GPL-2.0
/* A netfilter hook that arms a timer: the C twin of bench_timer.rs. */

#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/timer.h>
#include <net/net_namespace.h>


static void expired(struct timer_list *timer)
{
}

static DEFINE_TIMER(timer, expired);

static unsigned int hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	mod_timer(&timer, jiffies + HZ);
	return NF_ACCEPT;
}

#define BENCH_HOOK_EXIT timer_shutdown_sync(&timer)
#include "bench_hook_c.h"

MODULE_DESCRIPTION("Netfilter hook that arms a timer, in C");
