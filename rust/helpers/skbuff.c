// SPDX-License-Identifier: GPL-2.0

#include <linux/if_vlan.h>
#include <linux/ptr_ring.h>
#include <linux/skbuff.h>
#include <linux/virtio_net.h>
#include <net/sock.h>

__kernet_helper struct sk_buff *kernet_helper_alloc_skb(unsigned int size, gfp_t gfp)
{
	return alloc_skb(size, gfp);
}

__kernet_helper void kernet_helper_kfree_skb_reason(struct sk_buff *skb,
						    enum skb_drop_reason reason)
{
	kfree_skb_reason(skb, reason);
}

__kernet_helper void kernet_helper_consume_skb(struct sk_buff *skb)
{
	consume_skb(skb);
}

__kernet_helper struct sk_buff *kernet_helper_skb_share_check(struct sk_buff *skb, gfp_t gfp)
{
	return skb_share_check(skb, gfp);
}

__kernet_helper int kernet_helper_skb_cloned(const struct sk_buff *skb)
{
	return skb_cloned(skb);
}

__kernet_helper unsigned int kernet_helper_skb_headroom(const struct sk_buff *skb)
{
	return skb_headroom(skb);
}

__kernet_helper int kernet_helper_skb_tailroom(const struct sk_buff *skb)
{
	return skb_tailroom(skb);
}

__kernet_helper void kernet_helper_skb_reserve(struct sk_buff *skb, int len)
{
	skb_reserve(skb, len);
}

__kernet_helper int kernet_helper_skb_cow_head(struct sk_buff *skb, unsigned int headroom)
{
	return skb_cow_head(skb, headroom);
}

__kernet_helper void *kernet_helper_skb_pull_rcsum(struct sk_buff *skb, unsigned int len)
{
	return skb_pull_rcsum(skb, len);
}

__kernet_helper int kernet_helper_pskb_trim_rcsum(struct sk_buff *skb, unsigned int len)
{
	return pskb_trim_rcsum(skb, len);
}

__kernet_helper unsigned char *kernet_helper_skb_network_header(const struct sk_buff *skb)
{
	return skb_network_header(skb);
}

__kernet_helper int kernet_helper_skb_network_offset(const struct sk_buff *skb)
{
	return skb_network_offset(skb);
}

__kernet_helper bool kernet_helper_skb_transport_header_was_set(const struct sk_buff *skb)
{
	return skb_transport_header_was_set(skb);
}

__kernet_helper int kernet_helper_skb_transport_offset(const struct sk_buff *skb)
{
	return skb_transport_offset(skb);
}

__kernet_helper void kernet_helper_skb_reset_network_header(struct sk_buff *skb)
{
	skb_reset_network_header(skb);
}

__kernet_helper void kernet_helper_skb_reset_transport_header(struct sk_buff *skb)
{
	skb_reset_transport_header(skb);
}

__kernet_helper void kernet_helper_skb_set_transport_header(struct sk_buff *skb, int offset)
{
	skb_set_transport_header(skb, offset);
}

__kernet_helper void kernet_helper_skb_reset_mac_header(struct sk_buff *skb)
{
	skb_reset_mac_header(skb);
}

__kernet_helper void kernet_helper_skb_set_network_header(struct sk_buff *skb, int offset)
{
	skb_set_network_header(skb, offset);
}

__kernet_helper int kernet_helper_skb_mac_header_was_set(const struct sk_buff *skb)
{
	return skb_mac_header_was_set(skb);
}

__kernet_helper int kernet_helper_skb_mac_offset(const struct sk_buff *skb)
{
	return skb_mac_offset(skb);
}

__kernet_helper void kernet_helper_skb_orphan(struct sk_buff *skb)
{
	skb_orphan(skb);
}

/* A socket that early demultiplexing has found may be good for a read-side section alone. */
__kernet_helper void kernet_helper_skb_orphan_lent(struct sk_buff *skb)
{
	if (unlikely(skb_sk_is_prefetched(skb)))
		skb_orphan(skb);
}

/* What is not counted, or counted in a namespace that the packet does not hold. */
__kernet_helper void kernet_helper_skb_give_up_lent(struct sk_buff *skb)
{
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb_ext_reset(skb);
	if (unlikely(skb_sk_is_prefetched(skb)))
		skb_orphan(skb);
	skb->dev = NULL;
}

/* What a sender has set, and its queue; a received packet has another meaning for it, or none. */
__kernet_helper void kernet_helper_skb_forget_transmission(struct sk_buff *skb)
{
	skb->encapsulation = 0;
	skb->priority = 0;
	skb_set_queue_mapping(skb, 0);
	skb_clear_hash(skb);
}

__kernet_helper void kernet_helper_skb_forward_csum(struct sk_buff *skb)
{
	skb_forward_csum(skb);
}

__kernet_helper void kernet_helper_skb_clear_tstamp(struct sk_buff *skb)
{
	skb_clear_tstamp(skb);
}

__kernet_helper void kernet_helper_skb_tx_timestamp(struct sk_buff *skb)
{
	skb_tx_timestamp(skb);
}

__kernet_helper int kernet_helper_skb_linearize(struct sk_buff *skb)
{
	return skb_linearize(skb);
}

__kernet_helper int kernet_helper_skb_cow(struct sk_buff *skb, unsigned int headroom)
{
	return skb_cow(skb, headroom);
}

__kernet_helper bool kernet_helper_skb_frags_readable(const struct sk_buff *skb)
{
	return skb_frags_readable(skb);
}

__kernet_helper struct skb_shared_info *kernet_helper_skb_shinfo(const struct sk_buff *skb)
{
	return skb_shinfo(skb);
}

__kernet_helper int kernet_helper_skb_checksum_start_offset(const struct sk_buff *skb)
{
	return skb_checksum_start_offset(skb);
}

__kernet_helper __u32 kernet_helper_skb_get_hash_net(const struct net *net, struct sk_buff *skb)
{
	return skb_get_hash_net(net, skb);
}

__kernet_helper void kernet_helper_skb_postpull_ethernet(struct sk_buff *skb)
{
	skb_postpull_rcsum(skb, eth_hdr(skb), ETH_HLEN);
}

__kernet_helper __u32 kernet_helper_skb_get_hash(struct sk_buff *skb)
{
	return skb_get_hash(skb);
}

__kernet_helper __u32 kernet_helper_skb_get_hash_raw(const struct sk_buff *skb)
{
	return skb_get_hash_raw(skb);
}

__kernet_helper void kernet_helper___skb_set_hash(struct sk_buff *skb, __u32 hash, bool is_sw,
						  bool is_l4)
{
	__skb_set_hash(skb, hash, is_sw, is_l4);
}

__kernet_helper void kernet_helper_skb_record_rx_queue(struct sk_buff *skb, u16 queue)
{
	skb_record_rx_queue(skb, queue);
}

__kernet_helper int kernet_helper_virtio_net_hdr_to_skb(struct sk_buff *skb,
							const struct virtio_net_hdr *header,
							bool little_endian)
{
	return virtio_net_hdr_to_skb(skb, header, little_endian);
}

__kernet_helper void kernet_helper_skb_clear_hash(struct sk_buff *skb)
{
	skb_clear_hash(skb);
}

__kernet_helper ktime_t kernet_helper_skb_tstamp(const struct sk_buff *skb)
{
	return skb_tstamp(skb);
}

__kernet_helper void kernet_helper_skb_set_tstamp(struct sk_buff *skb, ktime_t tstamp)
{
	skb->tstamp = tstamp;
}

__kernet_helper ktime_t kernet_helper_skb_hwtstamp(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->hwtstamps.hwtstamp;
}

__kernet_helper void kernet_helper___net_timestamp(struct sk_buff *skb)
{
	__net_timestamp(skb);
}

__kernet_helper void kernet_helper___vlan_hwaccel_put_tag(struct sk_buff *skb, __be16 protocol,
							  u16 tci)
{
	__vlan_hwaccel_put_tag(skb, protocol, tci);
}

/* Fields in anonymous unions and bit fields, whose Rust path depends on the configuration. */

__kernet_helper u8 kernet_helper_skb_get_pkt_type(const struct sk_buff *skb)
{
	return skb->pkt_type;
}

__kernet_helper __be16 kernet_helper_skb_get_protocol(const struct sk_buff *skb)
{
	return skb->protocol;
}

__kernet_helper void kernet_helper_skb_set_protocol(struct sk_buff *skb, __be16 protocol)
{
	skb->protocol = protocol;
}

__kernet_helper __u32 kernet_helper_skb_get_mark(const struct sk_buff *skb)
{
	return skb->mark;
}

__kernet_helper void kernet_helper_skb_set_mark(struct sk_buff *skb, __u32 mark)
{
	skb->mark = mark;
}

__kernet_helper __u32 kernet_helper_skb_get_priority(const struct sk_buff *skb)
{
	return skb->priority;
}

__kernet_helper void kernet_helper_skb_set_priority(struct sk_buff *skb, __u32 priority)
{
	skb->priority = priority;
}

__kernet_helper bool kernet_helper_skb_l4_hash(const struct sk_buff *skb)
{
	return skb->l4_hash;
}

__kernet_helper __be16 kernet_helper_skb_get_vlan_proto(const struct sk_buff *skb)
{
	return skb->vlan_proto;
}

__kernet_helper u16 kernet_helper_skb_get_vlan_tci(const struct sk_buff *skb)
{
	return skb->vlan_tci;
}

__kernet_helper u8 kernet_helper_skb_get_ip_summed(const struct sk_buff *skb)
{
	return skb->ip_summed;
}

__kernet_helper u8 kernet_helper_skb_get_csum_level(const struct sk_buff *skb)
{
	return skb->csum_level;
}

__kernet_helper __wsum kernet_helper_skb_get_csum(const struct sk_buff *skb)
{
	return skb->csum;
}

__kernet_helper u16 kernet_helper_skb_get_csum_offset(const struct sk_buff *skb)
{
	return skb->csum_offset;
}

__kernet_helper void kernet_helper_skb_set_csum_none(struct sk_buff *skb)
{
	skb->ip_summed = CHECKSUM_NONE;
}

__kernet_helper void kernet_helper_skb_set_csum_unnecessary(struct sk_buff *skb, u8 level)
{
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->csum_level = level;
}

__kernet_helper void kernet_helper_skb_set_csum_complete(struct sk_buff *skb, __wsum sum)
{
	skb->ip_summed = CHECKSUM_COMPLETE;
	skb->csum = sum;
}

__kernet_helper struct net_device *kernet_helper_skb_get_dev(const struct sk_buff *skb)
{
	return skb->dev;
}

__kernet_helper int kernet_helper_ptr_ring_init(struct ptr_ring *ring, int size, gfp_t gfp)
{
	return ptr_ring_init(ring, size, gfp);
}

__kernet_helper void kernet_helper_ptr_ring_cleanup(struct ptr_ring *ring, void (*destroy)(void *))
{
	ptr_ring_cleanup(ring, destroy);
}

__kernet_helper int kernet_helper_ptr_ring_produce(struct ptr_ring *ring, void *ptr)
{
	return ptr_ring_produce(ring, ptr);
}

__kernet_helper int kernet_helper___ptr_ring_produce(struct ptr_ring *ring, void *ptr)
{
	return __ptr_ring_produce(ring, ptr);
}

__kernet_helper void kernet_helper_ptr_ring_lock_producer(struct ptr_ring *ring)
{
	spin_lock(&ring->producer_lock);
}

__kernet_helper void kernet_helper_ptr_ring_unlock_producer(struct ptr_ring *ring)
{
	spin_unlock(&ring->producer_lock);
}

__kernet_helper void *kernet_helper___ptr_ring_consume(struct ptr_ring *ring)
{
	return __ptr_ring_consume(ring);
}

__kernet_helper bool kernet_helper___ptr_ring_empty(struct ptr_ring *ring)
{
	return __ptr_ring_empty(ring);
}

__kernet_helper bool kernet_helper_skb_destructor_is_sock_wfree(const struct sk_buff *skb)
{
	return skb->destructor == sock_wfree;
}

__kernet_helper void kernet_helper_skb_metadata_clear(struct sk_buff *skb)
{
	skb_metadata_clear(skb);
}

/*
 * The last of the places that are noted from the buffer's start on, when skb_cow() has put so many
 * bytes there.
 */
__kernet_helper u32 kernet_helper_skb_last_place_after_growth(const struct sk_buff *skb, u32 bytes)
{
	u16 last = skb->network_header;

	if (skb_mac_header_was_set(skb))
		last = max(last, skb->mac_header);
	if (skb->encapsulation) {
		last = max(last, skb->inner_mac_header);
		last = max(last, skb->inner_network_header);
		last = max(last, skb->inner_transport_header);
	}
	/* One that was not set is moved along with the others, and may be anywhere then. */
	if (skb->head + skb->transport_header <= skb_tail_pointer(skb))
		last = max(last, skb->transport_header);
	if (skb->ip_summed == CHECKSUM_PARTIAL)
		last = max(last, skb->csum_start);
	return last + ALIGN(bytes, NET_SKB_PAD);
}

/* Back to where the link header begins. */
__kernet_helper void kernet_helper_skb_push_mac(struct sk_buff *skb)
{
	unsigned int len = skb->data - skb_mac_header(skb);

	__skb_push(skb, len);
	skb_postpush_rcsum(skb, skb->data, len);
}

/* An Ethernet frame, whose headers a driver finds where they are. */
__kernet_helper void kernet_helper_skb_settle_frame(struct sk_buff *skb)
{
	int network = skb_network_offset(skb);

	if (unlikely(network < ETH_HLEN || network > skb->len))
		skb_set_network_header(skb, ETH_HLEN);
	if (unlikely(!skb->protocol))
		skb->protocol = skb_eth_hdr(skb)->h_proto;
}

/* A packet whose data begins with the network header: as the core leaves one that it receives. */
__kernet_helper void kernet_helper_skb_reset_received(struct sk_buff *skb)
{
	skb_reset_network_header(skb);
	if (!skb_transport_header_was_set(skb))
		skb_reset_transport_header(skb);
	skb_reset_mac_len(skb);
}

__kernet_helper void kernet_helper_skb_set_pkt_type(struct sk_buff *skb, u8 type)
{
	skb->pkt_type = type;
}
