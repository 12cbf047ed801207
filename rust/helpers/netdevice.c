// SPDX-License-Identifier: GPL-2.0

#include <linux/etherdevice.h>
#include <linux/netdevice.h>
#include <linux/version.h>
#include <net/gro.h>
#include <net/sch_generic.h>
#include <net/sock.h>

__kernet_helper void *kernet_helper_netdev_priv(const struct net_device *dev)
{
	return netdev_priv(dev);
}

__kernet_helper struct net *kernet_helper_dev_net(const struct net_device *dev)
{
	return dev_net(dev);
}

/* Without the lockdep assertion: the caller has a token of the RCU read side or of RTNL. */
__kernet_helper struct net *kernet_helper_dev_net_lent(const struct net_device *dev)
{
	return read_pnet(&dev->nd_net);
}

__kernet_helper unsigned int kernet_helper_dev_get_flags(const struct net_device *dev)
{
	return READ_ONCE(dev->flags);
}

__kernet_helper unsigned int kernet_helper_dev_get_mtu(const struct net_device *dev)
{
	return READ_ONCE(dev->mtu);
}

__kernet_helper bool kernet_helper_netif_is_any_bridge_port(const struct net_device *dev)
{
	return netif_is_any_bridge_port(dev);
}

__kernet_helper void kernet_helper_eth_hw_addr_random(struct net_device *dev)
{
	eth_hw_addr_random(dev);
}

__kernet_helper bool kernet_helper_is_valid_ether_addr(const u8 *addr)
{
	return is_valid_ether_addr(addr);
}

__kernet_helper bool kernet_helper_netif_carrier_ok(const struct net_device *dev)
{
	return netif_carrier_ok(dev);
}

__kernet_helper void kernet_helper_dev_sw_netstats_tx_add(struct net_device *dev,
							  unsigned int packets, unsigned int len)
{
	dev_sw_netstats_tx_add(dev, packets, len);
}

__kernet_helper void kernet_helper_dev_sw_netstats_rx_add(struct net_device *dev, unsigned int len)
{
	dev_sw_netstats_rx_add(dev, len);
}

__kernet_helper void kernet_helper_dev_core_stats_rx_dropped_inc(struct net_device *dev)
{
	dev_core_stats_rx_dropped_inc(dev);
}

__kernet_helper void kernet_helper_dev_core_stats_tx_dropped_inc(struct net_device *dev)
{
	dev_core_stats_tx_dropped_inc(dev);
}

/* Statistics without a counter per CPU: errors. */

#define KERNET_DEV_STATS_INC(field)						\
	__kernet_helper void kernet_helper_dev_stats_##field##_inc(		\
		struct net_device *dev)						\
	{									\
		DEV_STATS_INC(dev, field);					\
	}

KERNET_DEV_STATS_INC(rx_errors)
KERNET_DEV_STATS_INC(rx_length_errors)
KERNET_DEV_STATS_INC(rx_frame_errors)
KERNET_DEV_STATS_INC(tx_errors)
KERNET_DEV_STATS_INC(tx_carrier_errors)
KERNET_DEV_STATS_INC(tx_aborted_errors)
KERNET_DEV_STATS_INC(collisions)

__kernet_helper void
kernet_helper_netif_napi_add_config(struct net_device *dev, struct napi_struct *napi,
				    int (*poll)(struct napi_struct *, int), int index)
{
	netif_napi_add_config(dev, napi, poll, index);
}

/* Without the grace period of netif_napi_del(): for callers that wait for one themselves. */
__kernet_helper void kernet_helper___netif_napi_del(struct napi_struct *napi)
{
	__netif_napi_del(napi);
}

/* What is shared with a clone cannot be merged. */
__kernet_helper void kernet_helper_napi_receive(struct napi_struct *napi, struct sk_buff *skb)
{
	skb_prepare_for_gro(skb);
	if (skb_shared(skb) || skb_unclone(skb, GFP_ATOMIC))
		netif_receive_skb(skb);
	else
		napi_gro_receive(napi, skb);
}

/* An empty packet for fragments, which becomes the caller's. */
__kernet_helper struct sk_buff *kernet_helper_napi_take_frags(struct napi_struct *napi)
{
	struct sk_buff *skb = napi_get_frags(napi);

	napi->skb = NULL;
	return skb;
}

/* A frame in fragments, which is no shorter than an Ethernet header. */
__kernet_helper void kernet_helper_napi_receive_frags(struct napi_struct *napi, struct sk_buff *skb)
{
	/* Left of another one that was merged meanwhile. */
	if (napi->skb)
		consume_skb(napi->skb);
	napi->skb = skb;
	napi_gro_frags(napi);
}

__kernet_helper struct netdev_queue *
kernet_helper_netdev_get_tx_queue(const struct net_device *dev, unsigned int index)
{
	return netdev_get_tx_queue(dev, index);
}

__kernet_helper bool kernet_helper_qdisc_txq_has_no_queue(const struct netdev_queue *queue)
{
	return qdisc_txq_has_no_queue(queue);
}

__kernet_helper void kernet_helper_netif_tx_stop_queue(struct netdev_queue *queue)
{
	netif_tx_stop_queue(queue);
}

__kernet_helper void kernet_helper_netif_tx_wake_stopped_queue(struct netdev_queue *queue)
{
	smp_rmb(); /* after the queue's bit was set: netif_tx_stop_queue() */
	if (netif_tx_queue_stopped(queue)) {
		txq_trans_cond_update(queue);
		netif_tx_wake_queue(queue);
	}
}

__kernet_helper netdev_features_t kernet_helper_dev_get_features(const struct net_device *dev)
{
	return READ_ONCE(dev->features);
}

__kernet_helper unsigned int kernet_helper_dev_real_num_rx_queues(const struct net_device *dev)
{
	return READ_ONCE(dev->real_num_rx_queues);
}

__kernet_helper unsigned int kernet_helper_dev_real_num_tx_queues(const struct net_device *dev)
{
	return READ_ONCE(dev->real_num_tx_queues);
}

__kernet_helper void kernet_helper_dev_set_needed_headroom(struct net_device *dev,
							   unsigned short bytes)
{
	WRITE_ONCE(dev->needed_headroom, bytes);
}

__kernet_helper void kernet_helper_dev_fetch_tstats(struct rtnl_link_stats64 *stats,
						    const struct net_device *dev)
{
	dev_fetch_sw_netstats(stats, dev->tstats);
}

__kernet_helper unsigned int kernet_helper_num_possible_cpus(void)
{
	return num_possible_cpus();
}

/*
 * A device that is unregistered because of another one, of namespace `net`: with
 * CONFIG_DEBUG_NET_SMALL_RTNL it is left to its own namespace, once.
 */
__kernet_helper void kernet_helper_unregister_netdevice_queue_net(struct net *net,
								  struct net_device *dev,
								  struct list_head *head)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0)
#ifdef CONFIG_DEBUG_NET_SMALL_RTNL
	if (!net_eq(dev_net(dev), net) && !list_empty(&dev->unreg_list_net))
		return;
#endif
	unregister_netdevice_queue_net(net, dev, head);
#else
	unregister_netdevice_queue(dev, head);
#endif
}

/* Fields in bit fields and anonymous groups. */

__kernet_helper void kernet_helper_dev_set_priv_flags(struct net_device *dev, unsigned int flags)
{
	dev->priv_flags |= flags;
}

__kernet_helper void kernet_helper_dev_clear_priv_flags(struct net_device *dev, unsigned int flags)
{
	dev->priv_flags &= ~flags;
}

__kernet_helper void kernet_helper_dev_set_lltx(struct net_device *dev)
{
	dev->lltx = true;
}

__kernet_helper void kernet_helper_dev_set_netns_immutable(struct net_device *dev)
{
	dev->netns_immutable = true;
}

__kernet_helper void kernet_helper_dev_set_tstats(struct net_device *dev)
{
	dev->pcpu_stat_type = NETDEV_PCPU_STAT_TSTATS;
}

__kernet_helper void kernet_helper_skb_set_dev(struct sk_buff *skb, struct net_device *dev)
{
	skb->dev = dev;
}

__kernet_helper void kernet_helper_dev_set_mtu_raw(struct net_device *dev, unsigned int mtu)
{
	WRITE_ONCE(dev->mtu, mtu);
}

__kernet_helper struct net_device *kernet_helper_netdev_find_from(struct net *net,
								  unsigned long ifindex)
{
	return xa_find(&net->dev_by_index, &ifindex, ULONG_MAX, XA_PRESENT);
}

/* Registered, and not on its way to another namespace. Under RTNL, where neither changes. */
__kernet_helper bool kernet_helper_netdev_is_settled(const struct net_device *dev)
{
	return dev->reg_state == NETREG_REGISTERED && !dev->moving_ns;
}

__kernet_helper void kernet_helper_netdev_hold(struct net_device *dev, netdevice_tracker *tracker,
					       gfp_t gfp)
{
	netdev_hold(dev, tracker, gfp);
}

__kernet_helper void kernet_helper_netdev_put(struct net_device *dev, netdevice_tracker *tracker)
{
	netdev_put(dev, tracker);
}

/* What of a lower device decides how packets for it are made. */
__kernet_helper void kernet_helper_dev_inherit(struct net_device *dev,
					       const struct net_device *lower,
					       unsigned short max_headroom)
{
	netdev_features_t software = NETIF_F_SG | NETIF_F_HW_CSUM | NETIF_F_GSO_SOFTWARE |
				     NETIF_F_GSO_ENCAP_ALL;

	netif_inherit_tso_max(dev, lower);
	WRITE_ONCE(dev->needed_headroom, min(lower->needed_headroom, max_headroom));
	WRITE_ONCE(dev->needed_tailroom, lower->needed_tailroom);
	dev->vlan_features = dev->features & (lower->vlan_features | software);
}

__kernet_helper void kernet_helper_netif_addr_lock_bh(struct net_device *dev)
{
	netif_addr_lock_bh(dev);
}

__kernet_helper void kernet_helper_netif_addr_unlock_bh(struct net_device *dev)
{
	netif_addr_unlock_bh(dev);
}
