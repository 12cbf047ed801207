// SPDX-License-Identifier: GPL-2.0
/* C inline functions and macros of connection tracking; see `rust/helpers/helpers.c`. */

#include "../helpers/helper.h"

#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_ecache.h>
#include <net/netfilter/nf_conntrack_zones.h>

__kernet_helper unsigned long kernet_helper_skb_get_nfct(const struct sk_buff *skb)
{
	return skb_get_nfct(skb);
}

__kernet_helper u16 kernet_helper_nf_ct_zone_id(const struct nf_conn *ct, enum ip_conntrack_dir dir)
{
	return nf_ct_zone_id(nf_ct_zone(ct), dir);
}

__kernet_helper void kernet_helper_nf_conntrack_event_cache_mark(struct nf_conn *ct)
{
	nf_conntrack_event_cache(IPCT_MARK, ct);
}
