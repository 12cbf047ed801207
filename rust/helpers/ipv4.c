// SPDX-License-Identifier: GPL-2.0

#include <linux/icmpv6.h>
#include <linux/if_vlan.h>
#include <linux/inetdevice.h>
#include <linux/ipv6.h>
#include <net/addrconf.h>
#include <net/dst.h>
#include <net/dst_metadata.h>
#include <net/icmp.h>
#include <net/inet_ecn.h>
#include <net/ip_tunnels.h>
#include <net/neighbour.h>
#include <net/route.h>

__kernet_helper struct icmphdr *kernet_helper_icmp_hdr(const struct sk_buff *skb)
{
	return icmp_hdr(skb);
}

__kernet_helper void kernet_helper_icmp_send(struct sk_buff *skb, int type, int code, __be32 info)
{
	icmp_send(skb, type, code, info);
}

__kernet_helper void kernet_helper_icmp_ndo_send(struct sk_buff *skb, int type, int code,
						 __be32 info)
{
	icmp_ndo_send(skb, type, code, info);
}

__kernet_helper void kernet_helper_icmpv6_ndo_send(struct sk_buff *skb, u8 type, u8 code,
						   __u32 info)
{
	icmpv6_ndo_send(skb, type, code, info);
}

__kernet_helper bool kernet_helper_skb_is_gso(const struct sk_buff *skb)
{
	return skb_is_gso(skb);
}

__kernet_helper bool kernet_helper_skb_valid_dst(const struct sk_buff *skb)
{
	return skb_valid_dst(skb);
}

__kernet_helper struct dst_entry *kernet_helper_skb_dst(const struct sk_buff *skb)
{
	return skb_dst(skb);
}

__kernet_helper void kernet_helper_skb_dst_update_pmtu_no_confirm(struct sk_buff *skb, u32 mtu)
{
	skb_dst_update_pmtu_no_confirm(skb, mtu);
}

__kernet_helper u32 kernet_helper_dst_mtu(const struct dst_entry *dst)
{
	return dst_mtu(dst);
}

__kernet_helper struct net_device *kernet_helper_dst_dev(const struct dst_entry *dst)
{
	return dst_dev(dst);
}

__kernet_helper void kernet_helper_dst_link_failure(struct sk_buff *skb)
{
	dst_link_failure(skb);
}

__kernet_helper unsigned short kernet_helper_dst_header_len(const struct dst_entry *dst)
{
	return dst->header_len;
}

/*
 * Whether a route goes through an IPsec policy, which counts it in its namespace, or an encapsulation, which
 * may remember one of IPv6; or is dead from the beginning: that of a policy without a state holds the loopback
 * device, and nothing finds it when that goes.
 */
__kernet_helper bool kernet_helper_dst_is_transformed(const struct dst_entry *dst,
						      const struct net *net)
{
#ifdef CONFIG_XFRM
	if (dst->ops == &net->xfrm.xfrm4_dst_ops || dst->ops == &net->xfrm.xfrm6_dst_ops)
		return true;
#endif
	return dst->lwtstate || READ_ONCE(dst->obsolete) > 0;
}

__kernet_helper struct rtable *kernet_helper_dst_rtable(struct dst_entry *dst)
{
	return dst_rtable(dst);
}

__kernet_helper int kernet_helper_ip4_dst_hoplimit(const struct dst_entry *dst)
{
	return ip4_dst_hoplimit(dst);
}

__kernet_helper struct rtable *kernet_helper_ip_route_output_key(struct net *net,
								 struct flowi4 *flow)
{
	return ip_route_output_key(net, flow);
}

__kernet_helper unsigned int kernet_helper_LL_RESERVED_SPACE(const struct net_device *dev)
{
	return LL_RESERVED_SPACE(dev);
}

__kernet_helper void kernet_helper_ip_tunnel_init_flow(struct flowi4 *flow, int protocol,
						       __be32 daddr, __be32 saddr, __be32 key,
						       __u8 tos, struct net *net, int oif,
						       __u32 mark, __u32 hash, __u8 flags)
{
	ip_tunnel_init_flow(flow, protocol, daddr, saddr, key, tos, net, oif, mark, hash, flags);
}

__kernet_helper int kernet_helper_IP_ECN_set_ce(struct iphdr *iph)
{
	return IP_ECN_set_ce(iph);
}

__kernet_helper int kernet_helper_IP_ECN_set_ect1(struct iphdr *iph)
{
	return IP_ECN_set_ect1(iph);
}

__kernet_helper int kernet_helper_IP6_ECN_set_ce(struct sk_buff *skb, struct ipv6hdr *iph)
{
	return IP6_ECN_set_ce(skb, iph);
}

__kernet_helper int kernet_helper_IP6_ECN_set_ect1(struct sk_buff *skb, struct ipv6hdr *iph)
{
	return IP6_ECN_set_ect1(skb, iph);
}

__kernet_helper struct in_device *kernet_helper___in_dev_get_rtnl(const struct net_device *dev)
{
	return __in_dev_get_rtnl(dev);
}

__kernet_helper struct inet6_dev *kernet_helper___in6_dev_get(const struct net_device *dev)
{
	return __in6_dev_get(dev);
}

__kernet_helper bool kernet_helper_ipv6_mod_enabled(void)
{
	return ipv6_mod_enabled();
}

__kernet_helper void kernet_helper_neigh_read_lock_bh(struct neighbour *neigh)
{
	read_lock_bh(&neigh->lock);
}

__kernet_helper void kernet_helper_neigh_read_unlock_bh(struct neighbour *neigh)
{
	read_unlock_bh(&neigh->lock);
}

__kernet_helper void kernet_helper_neigh_release(struct neighbour *neigh)
{
	neigh_release(neigh);
}
