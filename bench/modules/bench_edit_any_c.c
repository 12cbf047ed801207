// SPDX-License-Identifier: GPL-2.0
/* A netfilter hook that edits each packet, of either IP and of any transport, as the layer's own edits do:
 * what bench_edit_c.c knows beforehand is looked for here.
 */

#include <linux/dccp.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/dsfield.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>

struct edit {
	struct sk_buff *skb;
	unsigned int network, transport;
	/* Of the transport's checksum; 0 if there is none that is kept right. */
	unsigned int check;
	u8 version, protocol;
	bool has_ports, has_pseudo, is_cut_off;
};

static int find_v4(struct edit *edit, unsigned int *end, bool *has_transport)
{
	struct sk_buff *skb = edit->skb;
	unsigned int len, header_len;
	const struct iphdr *ip;
	struct iphdr buffer;

	ip = skb_header_pointer(skb, edit->network, sizeof(buffer), &buffer);
	if (!ip)
		return -EINVAL;
	header_len = ip->ihl * 4;
	len = ntohs(ip->tot_len);
	if (!len && skb_is_gso(skb))
		len = skb->len - edit->network;
	if (header_len < sizeof(*ip) || len < header_len || len > skb->len - edit->network)
		return -EINVAL;
	edit->protocol = ip->protocol;
	edit->transport = edit->network + header_len;
	*end = edit->network + len;
	*has_transport = !(ip->frag_off & htons(IP_OFFSET));
	return 0;
}

static noinline int find_v6(struct edit *edit, unsigned int *end, bool *has_transport)
{
	struct sk_buff *skb = edit->skb;
	const struct ipv6hdr *ip;
	struct ipv6hdr buffer;
	unsigned int len;
	__be16 fragment;
	int at;

	ip = skb_header_pointer(skb, edit->network, sizeof(buffer), &buffer);
	if (!ip)
		return -EINVAL;
	len = sizeof(*ip) + ntohs(ip->payload_len);
	if (!ip->payload_len && skb_is_gso(skb))
		len = skb->len - edit->network;
	if (len > skb->len - edit->network)
		return -EINVAL;
	edit->protocol = ip->nexthdr;
	at = ipv6_skip_exthdr(skb, edit->network + sizeof(*ip), &edit->protocol, &fragment);
	if (at < 0)
		return -EINVAL;
	edit->transport = at;
	*end = edit->network + len;
	*has_transport = !(fragment & htons(~0x7));
	return 0;
}

static int edit_begin(struct edit *edit, struct sk_buff *skb, unsigned int network)
{
	unsigned int end, writable, check = 0;
	bool has_transport;
	const u8 *first;
	u8 buffer;
	int error;

	*edit = (struct edit) { .skb = skb, .network = network };
	first = skb_header_pointer(skb, network, 1, &buffer);
	if (!first)
		return -EINVAL;
	edit->version = *first >> 4;
	if (edit->version == 4) {
		error = find_v4(edit, &end, &has_transport);
		writable = network + sizeof(struct iphdr);
	} else if (edit->version == 6) {
		error = find_v6(edit, &end, &has_transport);
		writable = network + sizeof(struct ipv6hdr);
	} else {
		error = -EINVAL;
	}
	if (error)
		return error;
	if (has_transport) {
		switch (edit->protocol) {
		case IPPROTO_TCP:
			check = offsetof(struct tcphdr, check);
			edit->has_ports = edit->has_pseudo = true;
			break;
		case IPPROTO_UDP:
		case IPPROTO_UDPLITE:
			check = offsetof(struct udphdr, check);
			edit->has_ports = edit->has_pseudo = true;
			break;
		case IPPROTO_DCCP:
			check = offsetof(struct dccp_hdr, dccph_checksum);
			edit->has_ports = edit->has_pseudo = true;
			break;
		case IPPROTO_ICMP:
			check = offsetof(struct icmphdr, checksum);
			break;
		case IPPROTO_ICMPV6:
			check = offsetof(struct icmp6hdr, icmp6_cksum);
			edit->has_pseudo = true;
			break;
		}
		if (edit->has_ports && end - edit->transport < 4)
			edit->has_ports = false;
		if (edit->has_ports)
			writable = max(writable, edit->transport + 4);
		if (check && end - edit->transport < check + 2)
			edit->is_cut_off = true;
		else if (check)
			edit->check = edit->transport + check;
		if (edit->check)
			writable = max(writable, edit->check + 2);
	}
	if (skb_ensure_writable(skb, writable))
		return -ENOMEM;
	if (edit->check && edit->protocol == IPPROTO_UDP && skb->ip_summed != CHECKSUM_PARTIAL &&
	    !*(__sum16 *)(skb->data + edit->check))
		edit->check = 0;
	return 0;
}

static void edit_mangle(struct edit *edit, __sum16 *check)
{
	if (!*check && (edit->protocol == IPPROTO_UDP || edit->protocol == IPPROTO_UDPLITE))
		*check = CSUM_MANGLED_0;
}

static int edit_one_packet(struct edit *edit)
{
	return skb_shinfo(edit->skb)->gso_type & SKB_GSO_FRAGLIST ? -EOPNOTSUPP : 0;
}

static int edit_decrement_hop_limit(struct edit *edit)
{
	u8 *network = edit->skb->data + edit->network;

	if (edit_one_packet(edit))
		return -EOPNOTSUPP;
	if (edit->version == 4) {
		if (((struct iphdr *)network)->ttl > 1)
			ip_decrease_ttl((struct iphdr *)network);
	} else if (((struct ipv6hdr *)network)->hop_limit > 1) {
		((struct ipv6hdr *)network)->hop_limit--;
	}
	return 0;
}

static int edit_set_dscp(struct edit *edit, u8 dscp)
{
	u8 *network = edit->skb->data + edit->network;

	if (edit_one_packet(edit))
		return -EOPNOTSUPP;
	if (edit->version == 4)
		ipv4_change_dsfield((struct iphdr *)network, INET_ECN_MASK, dscp << 2);
	else
		ipv6_change_dsfield((struct ipv6hdr *)network, INET_ECN_MASK, dscp << 2);
	return 0;
}

static int edit_set_source4(struct edit *edit, __be32 source)
{
	struct iphdr *ip = (struct iphdr *)(edit->skb->data + edit->network);
	__sum16 *check = (__sum16 *)(edit->skb->data + edit->check);

	if (edit->version != 4 || (edit->is_cut_off && edit->has_pseudo))
		return -EINVAL;
	if (edit->check && edit->has_pseudo) {
		inet_proto_csum_replace4(check, edit->skb, ip->saddr, source, true);
		edit_mangle(edit, check);
	}
	csum_replace4(&ip->check, ip->saddr, source);
	ip->saddr = source;
	skb_clear_hash(edit->skb);
	return 0;
}

static int edit_set_source_port(struct edit *edit, __be16 port)
{
	__be16 *source = (__be16 *)(edit->skb->data + edit->transport);
	__sum16 *check = (__sum16 *)(edit->skb->data + edit->check);

	if (!edit->has_ports || edit->is_cut_off)
		return -EINVAL;
	if (edit->check) {
		inet_proto_csum_replace2(check, edit->skb, *source, port, false);
		edit_mangle(edit, check);
	}
	*source = port;
	skb_clear_hash(edit->skb);
	return 0;
}

static unsigned int hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	struct edit edit;

	if (edit_begin(&edit, skb, 0) || edit_decrement_hop_limit(&edit) || edit_set_dscp(&edit, 8) ||
	    edit_set_source4(&edit, htonl(0xc0000203)) || edit_set_source_port(&edit, htons(7)))
		return NF_DROP_REASON(skb, SKB_DROP_REASON_NETFILTER_DROP, 0);
	return NF_ACCEPT;
}

#include "bench_hook_c.h"

MODULE_DESCRIPTION("Netfilter hook that edits each packet of any kind, in C");
