// SPDX-License-Identifier: GPL-2.0

#include <linux/etherdevice.h>
#include <linux/netdevice.h>

__kernet_helper void *kernet_helper_netdev_priv(const struct net_device *dev)
{
	return netdev_priv(dev);
}

__kernet_helper void kernet_helper_dev_hold(struct net_device *dev)
{
	dev_hold(dev);
}

__kernet_helper void kernet_helper_dev_put(struct net_device *dev)
{
	dev_put(dev);
}

__kernet_helper struct net *kernet_helper_dev_net(const struct net_device *dev)
{
	return dev_net(dev);
}
