// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>

/* A bit field beside it moves with the configuration. */
__kernet_helper int kernet_helper_dev_ifindex(const struct net_device *dev)
{
	return READ_ONCE(dev->ifindex);
}
