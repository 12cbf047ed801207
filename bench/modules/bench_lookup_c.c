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

static const struct nf_hook_ops ops = {
	.hook = hook,
	.pf = NFPROTO_INET,
	.hooknum = NF_INET_LOCAL_IN,
	.priority = NF_IP_PRI_FILTER,
};

static int __net_init net_init(struct net *net)
{
	return nf_register_net_hook(net, &ops);
}

static void __net_exit net_pre_exit(struct net *net)
{
	nf_unregister_net_hook(net, &ops);
}

static struct pernet_operations pernet = {
	.init = net_init,
	.pre_exit = net_pre_exit,
};

static int __init init(void)
{
	return register_pernet_subsys(&pernet);
}

static void __exit fini(void)
{
	unregister_pernet_subsys(&pernet);
}

module_init(init);
module_exit(fini);
MODULE_DESCRIPTION("Netfilter hook that looks a device up, in C");
MODULE_LICENSE("GPL");
