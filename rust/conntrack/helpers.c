// SPDX-License-Identifier: GPL-2.0
/* C inline functions and macros of connection tracking; see `rust/helpers/helpers.c`. */

#include "../helpers/helper.h"

#include <net/net_namespace.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_ecache.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include <net/netns/generic.h>

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

/* Of a namespace that is being made, the table may be too short yet. */
__kernet_helper void *kernet_helper_net_generic_or_null(const struct net *net, unsigned int id)
{
	struct net_generic *ng;
	void *ptr;

	rcu_read_lock();
	ng = rcu_dereference(net->gen);
	ptr = id < ng->s.len ? ng->ptr[id] : NULL;
	rcu_read_unlock();
	return ptr;
}
