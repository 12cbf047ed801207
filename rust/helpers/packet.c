// SPDX-License-Identifier: GPL-2.0

#include <linux/netdevice.h>

/* A bit field beside it moves with the configuration. */
__kernet_helper int kernet_helper_dev_ifindex(const struct net_device *dev)
{
	return READ_ONCE(dev->ifindex);
}

__kernet_helper int kernet_helper_dev_hard_header(struct sk_buff *skb, struct net_device *dev,
						  unsigned short type, const void *daddr,
						  const void *saddr, unsigned int len)
{
	return dev_hard_header(skb, dev, type, daddr, saddr, len);
}

__kernet_helper int kernet_helper_dev_queue_xmit(struct sk_buff *skb)
{
	return dev_queue_xmit(skb);
}

__kernet_helper unsigned int kernet_helper_ll_reserved_space(const struct net_device *dev)
{
	return LL_RESERVED_SPACE(dev);
}

__kernet_helper void kernet_helper_dev_core_stats_rx_otherhost_dropped_inc(struct net_device *dev)
{
	dev_core_stats_rx_otherhost_dropped_inc(dev);
}
