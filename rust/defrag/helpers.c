// SPDX-License-Identifier: GPL-2.0
/* C inline functions and macros of reassembly; see `rust/helpers/helpers.c`. */

#include "../helpers/helper.h"

#include <linux/ipv6.h>
#include <net/ip.h>

/* What the layers of IP keep with a packet while they have it. */
__kernet_helper void kernet_helper_skb_clear_ipcb(struct sk_buff *skb)
{
	memset(IPCB(skb), 0, sizeof(*IPCB(skb)));
}

__kernet_helper void kernet_helper_skb_clear_ip6cb(struct sk_buff *skb)
{
	memset(IP6CB(skb), 0, sizeof(*IP6CB(skb)));
}
