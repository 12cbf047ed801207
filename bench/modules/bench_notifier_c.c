// SPDX-License-Identifier: GPL-2.0
/* A device notifier that counts an event: the C twin of bench_notifier.rs. */

#include <linux/module.h>
#include <linux/netdevice.h>

static unsigned int going_down;
module_param(going_down, uint, 0444);

static int call(struct notifier_block *block, unsigned long event, void *info)
{
	struct net_device *dev = netdev_notifier_info_to_dev(info);

	if (event == NETDEV_GOING_DOWN && READ_ONCE(dev->flags) & IFF_UP)
		WRITE_ONCE(going_down, going_down + 1);
	return NOTIFY_DONE;
}

static struct notifier_block block = {
	.notifier_call = call,
};

static int __init init(void)
{
	return register_netdevice_notifier(&block);
}

static void __exit fini(void)
{
	unregister_netdevice_notifier(&block);
}

module_init(init);
module_exit(fini);
MODULE_DESCRIPTION("Device notifier that counts, in C");
MODULE_LICENSE("GPL");
