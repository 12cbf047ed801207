// SPDX-License-Identifier: GPL-2.0
/* A netfilter hook that edits each packet: the C twin of bench_edit.rs. */

#include <linux/ip.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/skbuff.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/net_namespace.h>

static unsigned int hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	unsigned int len = ip_hdrlen(skb), end = len + sizeof(struct udphdr);
	__be32 source = htonl(0xc0000203);
	struct udphdr *udp;
	struct iphdr *ip;

	if (ip_hdr(skb)->protocol != IPPROTO_UDP || ip_is_fragment(ip_hdr(skb)))
		return NF_ACCEPT;
	if (skb_ensure_writable(skb, end))
		return NF_DROP;
	ip = ip_hdr(skb);
	udp = (struct udphdr *)((u8 *)ip + len);
	ip_decrease_ttl(ip);
	ipv4_change_dsfield(ip, INET_ECN_MASK, 8 << 2);
	if (udp->check) {
		inet_proto_csum_replace4(&udp->check, skb, ip->saddr, source, true);
		inet_proto_csum_replace2(&udp->check, skb, udp->source, htons(7), false);
		if (!udp->check)
			udp->check = CSUM_MANGLED_0;
	}
	csum_replace4(&ip->check, ip->saddr, source);
	ip->saddr = source;
	udp->source = htons(7);
	skb_clear_hash(skb);
	return NF_ACCEPT;
}

#include "bench_hook_c.h"

MODULE_DESCRIPTION("Netfilter hook that edits each packet, in C");
