// SPDX-License-Identifier: GPL-2.0

#include <linux/hrtimer.h>
#include <linux/netdevice.h>
#include <net/netdev_queues.h>

/* Free places of a ring of `size` packets that the transmit lock's holder fills and a poll empties. */
#define KERNET_ROOM(head, tail, size) ((size) - (READ_ONCE(*(head)) - READ_ONCE(*(tail))))

__kernet_helper bool kernet_helper_netdev_tx_sent(struct netdev_queue *queue, unsigned int bytes)
{
	return __netdev_tx_sent_queue(queue, bytes, netdev_xmit_more());
}

__kernet_helper int kernet_helper_netif_txq_maybe_stop(struct netdev_queue *queue, const u32 *head,
						       const u32 *tail, u32 size, u32 start)
{
	return netif_txq_maybe_stop(queue, KERNET_ROOM(head, tail, size), 1, start);
}

__kernet_helper void kernet_helper_netif_txq_completed_wake(struct netdev_queue *queue,
							    unsigned int packets,
							    unsigned int bytes, const u32 *head,
							    const u32 *tail, u32 size, u32 start)
{
	netif_txq_completed_wake(queue, packets, bytes, KERNET_ROOM(head, tail, size), start);
}

__kernet_helper void kernet_helper_netdev_tx_reset_queue(struct netdev_queue *queue)
{
	netdev_tx_reset_queue(queue);
}

__kernet_helper void kernet_helper_netif_tx_lock_queue(struct netdev_queue *queue)
{
	__netif_tx_lock_bh(queue);
}

__kernet_helper void kernet_helper_netif_tx_unlock_queue(struct netdev_queue *queue)
{
	__netif_tx_unlock_bh(queue);
}

__kernet_helper bool kernet_helper_netif_xmit_stopped(const struct netdev_queue *queue)
{
	return netif_xmit_stopped(queue);
}

__kernet_helper unsigned int kernet_helper_netdev_queue_idle_ms(const struct netdev_queue *queue)
{
	return jiffies_to_msecs(jiffies - READ_ONCE(queue->trans_start));
}

__kernet_helper void kernet_helper_napi_schedule(struct napi_struct *napi)
{
	napi_schedule(napi);
}

__kernet_helper void kernet_helper_hrtimer_start_pinned(struct hrtimer *timer, u64 nanoseconds)
{
	hrtimer_start(timer, ns_to_ktime(nanoseconds), HRTIMER_MODE_REL_PINNED);
}

__kernet_helper int kernet_helper_netif_set_xps_queue(struct net_device *dev,
						      const struct cpumask *mask, u16 index)
{
	return netif_set_xps_queue(dev, mask, index);
}
