// SPDX-License-Identifier: GPL-2.0
/*
 * Misbehaves as it is told, for the tests of the test harness: a run with it must fail.
 */

#include <linux/delay.h>
#include <linux/etherdevice.h>
#include <linux/kmemleak.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

static char *what = "";
module_param(what, charp, 0);
MODULE_PARM_DESC(what, "warn, hang, leaked_ref, lockdep, kasan or leak");

static DEFINE_SPINLOCK(first);
static DEFINE_SPINLOCK(second);

static const struct net_device_ops ops = {};

static void setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &ops;
	dev->needs_free_netdev = true;
}

static int leak_reference(void)
{
	struct net_device *dev;
	int err;

	dev = alloc_netdev(0, "plant%d", NET_NAME_UNKNOWN, setup);
	if (!dev)
		return -ENOMEM;
	err = register_netdev(dev);
	if (err) {
		free_netdev(dev);
		return err;
	}
	dev_hold(dev);
	unregister_netdev(dev);
	return 0;
}

static void lock_both_ways(void)
{
	spin_lock(&first);
	spin_lock(&second);
	spin_unlock(&second);
	spin_unlock(&first);

	spin_lock(&second);
	spin_lock(&first);
	spin_unlock(&first);
	spin_unlock(&second);
}

static int read_beyond(void)
{
	volatile char *bytes = kzalloc(24, GFP_KERNEL);
	int value;

	if (!bytes)
		return -ENOMEM;
	OPTIMIZER_HIDE_VAR(bytes);
	value = bytes[24];
	kfree((void *)bytes);
	return value < -1000;
}

/* More than one: the last may still be in a register or on a dead stack. */
static noinline void leak_memory(void)
{
	int i;

	for (i = 0; i < 20; i++) {
		void *bytes = kmalloc(300, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(bytes);
	}
}

static int __init plant_init(void)
{
	if (!strcmp(what, "warn"))
		WARN(1, "planted\n");
	else if (!strcmp(what, "hang"))
		for (;;)
			msleep(1000);
	else if (!strcmp(what, "leaked_ref"))
		return leak_reference();
	else if (!strcmp(what, "lockdep"))
		lock_both_ways();
	else if (!strcmp(what, "kasan"))
		return read_beyond();
	else if (!strcmp(what, "leak"))
		leak_memory();
	else if (strcmp(what, ""))
		return -EINVAL;
	return 0;
}
module_init(plant_init);

static void __exit plant_exit(void)
{
}
module_exit(plant_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Misbehaves on demand, for the tests of the test harness");
