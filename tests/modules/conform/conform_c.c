// SPDX-License-Identifier: GPL-2.0
/* The family of conform.yaml in C, as far as its refusals go: what conform.ko is compared with. */

#include <linux/module.h>

#include "conform_gen.h"

#define ACCEPT(name)									\
	int conform_nl_##name##_doit(struct sk_buff *skb, struct genl_info *info)	\
	{										\
		return 0;								\
	}

#define EMPTY(name)									\
	int conform_nl_##name##_dumpit(struct sk_buff *skb, struct netlink_callback *cb)	\
	{										\
		return 0;								\
	}

ACCEPT(check)
ACCEPT(echo)
ACCEPT(list)
EMPTY(list)
ACCEPT(mine)
ACCEPT(root)
ACCEPT(lenient)
EMPTY(lenient)
ACCEPT(hooked)
ACCEPT(count)
ACCEPT(bare)
ACCEPT(tell)
ACCEPT(alive)
ACCEPT(object_add)
ACCEPT(object_del)
EMPTY(object_get)

int conform_pre(const struct genl_split_ops *ops, struct sk_buff *skb, struct genl_info *info)
{
	return 0;
}

void conform_post(const struct genl_split_ops *ops, struct sk_buff *skb, struct genl_info *info)
{
}

static const struct genl_multicast_group groups[] = {
	{ .name = "events" },
	{ .name = "guarded", .flags = GENL_MCAST_CAP_NET_ADMIN },
};

static struct genl_family family = {
	.name		= "conform",
	.version	= 1,
	.netnsok	= true,
	.parallel_ops	= true,
	.resv_start_op	= CONFORM_CMD_LENIENT + 1,
	.module		= THIS_MODULE,
	.split_ops	= conform_nl_ops,
	.n_split_ops	= ARRAY_SIZE(conform_nl_ops),
	.mcgrps		= groups,
	.n_mcgrps	= ARRAY_SIZE(groups),
};

static int __init conform_init(void)
{
	return genl_register_family(&family);
}
module_init(conform_init);

static void __exit conform_exit(void)
{
	genl_unregister_family(&family);
}
module_exit(conform_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Generic netlink family of the tests, in C");
