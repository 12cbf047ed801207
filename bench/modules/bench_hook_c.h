/* SPDX-License-Identifier: GPL-2.0 */
/* The rest of a module in C whose hook() is called for each packet for this host. Included behind it; a module
 * that has more to end defines BENCH_HOOK_EXIT before.
 */

#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <net/net_namespace.h>

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
#ifdef BENCH_HOOK_EXIT
	BENCH_HOOK_EXIT;
#endif
}

module_init(init);
module_exit(fini);
MODULE_LICENSE("GPL");
