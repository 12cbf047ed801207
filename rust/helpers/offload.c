// SPDX-License-Identifier: GPL-2.0

#include <linux/etherdevice.h>
#include <net/gro.h>
#include <net/gso.h>

__kernet_helper unsigned int kernet_helper_skb_gro_offset(const struct sk_buff *skb)
{
	return skb_gro_offset(skb);
}

/*
 * Of a packet without a linear part, the header is where its first fragment is: in a page that a
 * process may have mapped and writes to. All that is decided is decided by the copy, which the
 * compiler must not leave out and read the page again.
 */
__kernet_helper bool kernet_helper_skb_gro_copy_header(struct sk_buff *skb, void *to,
						       unsigned int len, unsigned int offset)
{
	const void *header = skb_gro_header(skb, offset + len, offset);

	if (!header)
		return false;
	memcpy(to, header, len);
	barrier();
	return true;
}

__kernet_helper void kernet_helper_skb_gro_pull(struct sk_buff *skb, unsigned int len)
{
	skb_gro_pull(skb, len);
}

__kernet_helper void kernet_helper_skb_gro_postpull_rcsum(struct sk_buff *skb, const void *start,
							  unsigned int len)
{
	skb_gro_postpull_rcsum(skb, start, len);
}

__kernet_helper void kernet_helper_skb_gro_flush_final(struct sk_buff *skb, struct sk_buff *pp,
						       int flush)
{
	skb_gro_flush_final(skb, pp, flush);
}

__kernet_helper struct sk_buff *kernet_helper_call_eth_gro_receive(struct list_head *head,
								   struct sk_buff *skb)
{
	return call_gro_receive(eth_gro_receive, head, skb);
}

__kernet_helper bool kernet_helper_napi_gro_cb_same_flow(const struct sk_buff *skb)
{
	return NAPI_GRO_CB(skb)->same_flow;
}

__kernet_helper void kernet_helper_napi_gro_cb_clear_same_flow(struct sk_buff *skb)
{
	NAPI_GRO_CB(skb)->same_flow = 0;
}

__kernet_helper bool kernet_helper_napi_gro_cb_encap_mark(const struct sk_buff *skb)
{
	return NAPI_GRO_CB(skb)->encap_mark;
}

__kernet_helper void kernet_helper_napi_gro_cb_set_encap_mark(struct sk_buff *skb)
{
	NAPI_GRO_CB(skb)->encap_mark = 1;
}

__kernet_helper bool kernet_helper_napi_gro_cb_is_fou(const struct sk_buff *skb)
{
	return NAPI_GRO_CB(skb)->is_fou;
}

__kernet_helper u16 kernet_helper_napi_gro_cb_proto(const struct sk_buff *skb)
{
	return NAPI_GRO_CB(skb)->proto;
}

__kernet_helper struct sk_buff *kernet_helper_skb_of_list(struct list_head *list)
{
	return list_entry(list, struct sk_buff, list);
}

__kernet_helper void kernet_helper_skb_gso_error_unwind(struct sk_buff *skb, __be16 protocol,
							int pulled_hlen, u16 mac_offset, int mac_len)
{
	skb_gso_error_unwind(skb, protocol, pulled_hlen, mac_offset, mac_len);
}

__kernet_helper struct sk_buff *kernet_helper_skb_next(const struct sk_buff *skb)
{
	return skb->next;
}

__kernet_helper void kernet_helper_skb_mark_not_on_list(struct sk_buff *skb)
{
	skb_mark_not_on_list(skb);
}

__kernet_helper bool kernet_helper_skb_encapsulation(const struct sk_buff *skb)
{
	return skb->encapsulation;
}

__kernet_helper void kernet_helper_skb_set_encapsulation(struct sk_buff *skb, bool on)
{
	skb->encapsulation = on;
}

__kernet_helper u16 kernet_helper_skb_mac_place(const struct sk_buff *skb)
{
	return skb->mac_header;
}

__kernet_helper u16 kernet_helper_skb_get_mac_len(const struct sk_buff *skb)
{
	return skb->mac_len;
}

__kernet_helper void kernet_helper_skb_set_mac_len(struct sk_buff *skb, u16 len)
{
	skb->mac_len = len;
}

__kernet_helper int kernet_helper_skb_inner_mac_offset(const struct sk_buff *skb)
{
	return skb_inner_mac_header(skb) - skb->data;
}

__kernet_helper void kernet_helper_skb_set_inner_mac_header(struct sk_buff *skb, int offset)
{
	skb_set_inner_mac_header(skb, offset);
}

__kernet_helper void kernet_helper_skb_reset_inner_headers(struct sk_buff *skb)
{
	skb_reset_inner_headers(skb);
}

__kernet_helper void kernet_helper_skb_set_inner_protocol(struct sk_buff *skb, __be16 protocol)
{
	skb_set_inner_protocol(skb, protocol);
}

__kernet_helper void kernet_helper___skb_push(struct sk_buff *skb, unsigned int len)
{
	__skb_push(skb, len);
}

__kernet_helper void kernet_helper___skb_pull(struct sk_buff *skb, unsigned int len)
{
	__skb_pull(skb, len);
}

__kernet_helper bool kernet_helper_pskb_may_pull(struct sk_buff *skb, unsigned int len)
{
	return pskb_may_pull(skb, len);
}
