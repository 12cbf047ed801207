// SPDX-License-Identifier: GPL-2.0

#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>

#ifdef CONFIG_NETFILTER
/* What an IPsec tunnel sends may have a socket of another family, which the core does not expect. */
__kernet_helper int kernet_helper_nf_ip6_route_me_harder(struct net *net, struct sock *sk,
							 struct sk_buff *skb)
{
	if (sk && READ_ONCE(sk->sk_family) != AF_INET6)
		sk = NULL;
	return nf_ip6_route_me_harder(net, sk, skb);
}

__kernet_helper int kernet_helper_ip_route_me_harder(struct net *net, struct sock *sk,
						     struct sk_buff *skb, unsigned int addr_type)
{
	if (sk && READ_ONCE(sk->sk_family) != AF_INET && READ_ONCE(sk->sk_family) != AF_INET6)
		sk = NULL;
	return ip_route_me_harder(net, sk, skb, addr_type);
}
#endif
