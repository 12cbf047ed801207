// SPDX-License-Identifier: GPL-2.0

#include <linux/icmpv6.h>
#include <net/addrconf.h>
#include <net/dst.h>
#include <net/ip6_tunnel.h>
#include <net/ipv6.h>
#include <net/l3mdev.h>
#include <net/sock.h>

__kernet_helper void kernet_helper_icmpv6_send(struct sk_buff *skb, u8 type, u8 code, __u32 info)
{
	icmpv6_send(skb, type, code, info);
}

__kernet_helper int kernet_helper_l3mdev_master_ifindex_rcu(const struct net_device *dev)
{
	return l3mdev_master_ifindex_rcu(dev);
}

__kernet_helper struct dst_entry *kernet_helper_xfrm6_lookup_route(struct net *net,
								    struct dst_entry *dst,
								    struct flowi6 *fl6)
{
	return xfrm_lookup_route(net, dst, flowi6_to_flowi(fl6), NULL, 0);
}

__kernet_helper kuid_t kernet_helper_net_uid(const struct net *net)
{
	return sock_net_uid(net, NULL);
}

__kernet_helper __be32 kernet_helper_ip6_make_flowlabel(const struct net *net, struct sk_buff *skb,
							__be32 flowlabel, bool autolabel,
							struct flowi6 *fl6)
{
	return ip6_make_flowlabel(net, skb, flowlabel, autolabel, fl6);
}

__kernet_helper void kernet_helper_skb_dst_set(struct sk_buff *skb, struct dst_entry *dst)
{
	skb_dst_set(skb, dst);
}

__kernet_helper void kernet_helper_skb_set_ignore_df(struct sk_buff *skb, bool ignore)
{
	skb->ignore_df = ignore;
}

__kernet_helper void kernet_helper_ip6tunnel_xmit(struct sock *sk, struct sk_buff *skb,
						  struct net_device *dev, u16 ip6cb_flags)
{
	ip6tunnel_xmit(sk, skb, dev, ip6cb_flags);
}
