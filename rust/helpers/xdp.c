// SPDX-License-Identifier: GPL-2.0

#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/filter.h>
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <linux/smp.h>
#include <net/page_pool/helpers.h>
#include <net/sock.h>
#include <net/xdp.h>

__kernet_helper u32 kernet_helper_bpf_prog_run_xdp(const struct bpf_prog *prog,
						   struct xdp_buff *xdp)
{
	return bpf_prog_run_xdp(prog, xdp);
}

__kernet_helper bool kernet_helper_bpf_prog_has_frags(const struct bpf_prog *prog)
{
	return prog->aux->xdp_has_frags;
}

__kernet_helper void kernet_helper_bpf_prog_put(struct bpf_prog *prog)
{
	bpf_prog_put(prog);
}

__kernet_helper void kernet_helper_trace_xdp_exception(const struct net_device *dev,
						       const struct bpf_prog *prog, u32 act)
{
	trace_xdp_exception(dev, prog, act);
}

__kernet_helper void kernet_helper_trace_xdp_bulk_tx(const struct net_device *dev, int sent,
						     int drops, int err)
{
	trace_xdp_bulk_tx(dev, sent, drops, err);
}

__kernet_helper void kernet_helper_xdp_set_return_frame_no_direct(void)
{
	xdp_set_return_frame_no_direct();
}

__kernet_helper void kernet_helper_xdp_clear_return_frame_no_direct(void)
{
	xdp_clear_return_frame_no_direct();
}

__kernet_helper unsigned int kernet_helper_xdp_get_frame_len(const struct xdp_frame *frame)
{
	return xdp_get_frame_len(frame);
}

__kernet_helper u32 kernet_helper_xdp_frame_mem_type(const struct xdp_frame *frame)
{
	return frame->mem_type;
}

__kernet_helper void kernet_helper_xdp_rxq_set_mem_type(struct xdp_rxq_info *rxq, u32 type)
{
	rxq->mem.type = type;
}

__kernet_helper void kernet_helper_xdp_convert_frame_to_buff(const struct xdp_frame *frame,
							     struct xdp_buff *xdp)
{
	xdp_convert_frame_to_buff(frame, xdp);
}

__kernet_helper struct xdp_frame *
kernet_helper_xdp_convert_buff_to_frame(struct xdp_buff *xdp)
{
	return xdp_convert_buff_to_frame(xdp);
}

__kernet_helper int kernet_helper_xdp_update_frame_from_buff(const struct xdp_buff *xdp,
							     struct xdp_frame *frame)
{
	return xdp_update_frame_from_buff(xdp, frame);
}

__kernet_helper bool kernet_helper_xdp_buff_has_frags(const struct xdp_buff *xdp)
{
	return xdp_buff_has_frags(xdp);
}

/* The buffer of a packet whose head is a page fragment with room for a skb_shared_info at its end. */
__kernet_helper void kernet_helper_xdp_prepare_buff_of_skb(struct xdp_buff *xdp,
							   struct sk_buff *skb,
							   struct xdp_rxq_info *rxq)
{
	xdp_init_buff(xdp, skb_end_pointer(skb) - skb->head +
			   SKB_DATA_ALIGN(sizeof(struct skb_shared_info)), rxq);
	xdp_prepare_buff(xdp, skb->head, skb_headroom(skb), skb_headlen(skb), true);
}

__kernet_helper unsigned int kernet_helper_skb_nr_frags(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->nr_frags;
}

__kernet_helper void kernet_helper_xdp_buff_take_frags(struct xdp_buff *xdp, struct sk_buff *skb)
{
	skb_shinfo(skb)->xdp_frags_size = skb->data_len;
	xdp_buff_set_frags_flag(xdp);
}

__kernet_helper unsigned int kernet_helper_skb_xdp_frags_size(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->xdp_frags_size;
}

/* The address of a page. */
__kernet_helper void *kernet_helper_page_pool_take(struct page_pool *pool)
{
	unsigned int size = PAGE_SIZE;

	return page_pool_dev_alloc_va(pool, &size);
}

__kernet_helper void kernet_helper_page_pool_give_back(struct page_pool *pool, void *page)
{
	page_pool_put_full_page(pool, virt_to_head_page(page), false);
}

__kernet_helper void kernet_helper_skb_mark_for_recycle(struct sk_buff *skb)
{
	skb_mark_for_recycle(skb);
}

/* Whether its memory is of pools, and there is room for one more fragment, of pages. */
__kernet_helper bool kernet_helper_skb_takes_pool_pages(const struct sk_buff *skb)
{
	return skb->pp_recycle && skb_frags_readable(skb) &&
	       skb_shinfo(skb)->nr_frags < MAX_SKB_FRAGS && !skb_has_frag_list(skb);
}

__kernet_helper void kernet_helper_skb_add_page(struct sk_buff *skb, void *page, int offset,
						unsigned int len)
{
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, virt_to_head_page(page), offset, len,
			PAGE_SIZE);
}

__kernet_helper bool kernet_helper_skb_head_is_page_pool(const struct sk_buff *skb)
{
	return skb->pp_recycle && page_pool_page_is_pp(virt_to_head_page(skb->head));
}

__kernet_helper void kernet_helper_xdp_buff_get_head(const struct xdp_buff *xdp)
{
	get_page(virt_to_page(xdp->data));
}

__kernet_helper void kernet_helper_xdp_buff_get_page_pool_head(const struct xdp_buff *xdp)
{
	page_pool_ref_page(virt_to_head_page(xdp->data));
}

__kernet_helper unsigned int kernet_helper_xdp_buff_nr_frags(const struct xdp_buff *xdp)
{
	return xdp_get_shared_info_from_buff(xdp)->nr_frags;
}

__kernet_helper void kernet_helper_xdp_buff_get_page_pool_frag(const struct xdp_buff *xdp,
							       unsigned int i)
{
	page_pool_ref_netmem(skb_frag_netmem(&xdp_get_shared_info_from_buff(xdp)->frags[i]));
}

__kernet_helper bool kernet_helper_skb_shared(const struct sk_buff *skb)
{
	return skb_shared(skb);
}

__kernet_helper bool kernet_helper_skb_head_is_locked(const struct sk_buff *skb)
{
	return skb_head_is_locked(skb);
}

__kernet_helper void kernet_helper_skb_prepare_for_gro(struct sk_buff *skb)
{
	skb_prepare_for_gro(skb);
}

__kernet_helper void kernet_helper_skb_set_tail_pointer(struct sk_buff *skb, int offset)
{
	skb_set_tail_pointer(skb, offset);
}

__kernet_helper void kernet_helper_skb_metadata_set(struct sk_buff *skb, u8 len)
{
	skb_metadata_set(skb, len);
}

__kernet_helper unsigned int kernet_helper_smp_processor_id(void)
{
	return smp_processor_id();
}

__kernet_helper struct bpf_prog *kernet_helper_netdev_bpf_prog(const struct netdev_bpf *request)
{
	return request->prog;
}

__kernet_helper struct netlink_ext_ack *
kernet_helper_netdev_bpf_extack(const struct netdev_bpf *request)
{
	return request->extack;
}
