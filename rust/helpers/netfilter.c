// SPDX-License-Identifier: GPL-2.0

#include <linux/netfilter_ipv6.h>

#ifdef CONFIG_NETFILTER
__kernet_helper int kernet_helper_nf_ip6_route_me_harder(struct net *net, struct sock *sk,
							 struct sk_buff *skb)
{
	return nf_ip6_route_me_harder(net, sk, skb);
}
#endif
