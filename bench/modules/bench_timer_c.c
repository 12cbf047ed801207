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
	timer_shutdown_sync(&timer);
}

module_init(init);
module_exit(fini);
MODULE_DESCRIPTION("Netfilter hook that arms a timer, in C");
MODULE_LICENSE("GPL");
