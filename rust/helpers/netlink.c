// SPDX-License-Identifier: GPL-2.0

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched/signal.h>
#include <net/genetlink.h>
#include <net/netlink.h>

__kernet_helper struct nlattr *kernet_helper_nla_nest_start(struct sk_buff *skb, int type)
{
	return nla_nest_start(skb, type);
}

__kernet_helper int kernet_helper_nla_nest_end_safe(struct sk_buff *skb, struct nlattr *start)
{
	return nla_nest_end_safe(skb, start);
}

__kernet_helper void kernet_helper_nla_nest_cancel(struct sk_buff *skb, struct nlattr *start)
{
	nla_nest_cancel(skb, start);
}

__kernet_helper int kernet_helper_nla_parse_nested(struct nlattr *tb[], int maxtype,
						   const struct nlattr *nla,
						   const struct nla_policy *policy,
						   struct netlink_ext_ack *extack)
{
	return nla_parse_nested(tb, maxtype, nla, policy, extack);
}

__kernet_helper int kernet_helper_nlmsg_parse(const struct nlmsghdr *nlh, int hdrlen,
					      struct nlattr *tb[], int maxtype,
					      const struct nla_policy *policy,
					      struct netlink_ext_ack *extack)
{
	return nlmsg_parse(nlh, hdrlen, tb, maxtype, policy, extack);
}

__kernet_helper struct nlmsghdr *kernet_helper_nlmsg_put(struct sk_buff *skb, u32 portid, u32 seq,
							 int type, int payload, int flags)
{
	return nlmsg_put(skb, portid, seq, type, payload, flags);
}

__kernet_helper void kernet_helper_nlmsg_end(struct sk_buff *skb, struct nlmsghdr *nlh)
{
	nlmsg_end(skb, nlh);
}

__kernet_helper void kernet_helper_nlmsg_cancel(struct sk_buff *skb, struct nlmsghdr *nlh)
{
	nlmsg_cancel(skb, nlh);
}

__kernet_helper int kernet_helper_nlmsg_unicast(struct sock *sk, struct sk_buff *skb, u32 portid)
{
	return nlmsg_unicast(sk, skb, portid);
}

__kernet_helper int kernet_helper_nlmsg_multicast(struct sock *sk, struct sk_buff *skb, u32 portid,
						  unsigned int group, gfp_t flags)
{
	return nlmsg_multicast(sk, skb, portid, group, flags);
}

__kernet_helper void kernet_helper_nl_dump_check_consistent(struct netlink_callback *cb,
							    struct nlmsghdr *nlh)
{
	nl_dump_check_consistent(cb, nlh);
}

__kernet_helper bool kernet_helper_rtnl_notify_needed(const struct net *net, u16 nlflags, u32 group)
{
	return rtnl_notify_needed(net, nlflags, group);
}

__kernet_helper struct net *kernet_helper_sock_net(const struct sock *sk)
{
	return sock_net(sk);
}

__kernet_helper struct sock *kernet_helper_skb_sk(const struct sk_buff *skb)
{
	return skb->sk;
}

__kernet_helper void kernet_helper_sock_hold(struct sock *sk)
{
	sock_hold(sk);
}

__kernet_helper void kernet_helper_sock_put(struct sock *sk)
{
	sock_put(sk);
}

__kernet_helper bool kernet_helper_sock_dead(const struct sock *sk)
{
	return sock_flag(sk, SOCK_DEAD);
}

__kernet_helper struct sk_buff *kernet_helper_nlmsg_new(size_t payload, gfp_t flags)
{
	return nlmsg_new(payload, flags);
}

__kernet_helper void kernet_helper_nlmsg_free(struct sk_buff *skb)
{
	nlmsg_free(skb);
}

__kernet_helper int kernet_helper_genlmsg_unicast(struct net *net, struct sk_buff *skb, u32 portid)
{
	return genlmsg_unicast(net, skb, portid);
}

__kernet_helper int kernet_helper_genlmsg_multicast_netns(const struct genl_family *family,
							  struct net *net, struct sk_buff *skb,
							  u32 portid, unsigned int group,
							  gfp_t flags)
{
	return genlmsg_multicast_netns(family, net, skb, portid, group, flags);
}

__kernet_helper int kernet_helper_genl_has_listeners(const struct genl_family *family,
						     struct net *net, unsigned int group)
{
	return genl_has_listeners(family, net, group);
}

__kernet_helper int kernet_helper_genl_set_err(const struct genl_family *family, struct net *net,
					       u32 portid, u32 group, int code)
{
	return genl_set_err(family, net, portid, group, code);
}

__kernet_helper struct net *kernet_helper_genl_info_net(const struct genl_info *info)
{
	return genl_info_net(info);
}

__kernet_helper const struct genl_dumpit_info *kernet_helper_genl_dumpit_info(
	struct netlink_callback *cb)
{
	return genl_dumpit_info(cb);
}

__kernet_helper int kernet_helper_cond_resched(void)
{
	return cond_resched();
}

__kernet_helper bool kernet_helper_current_has_fatal_signal(void)
{
	return fatal_signal_pending(current);
}
