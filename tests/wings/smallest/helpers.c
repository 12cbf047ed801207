// SPDX-License-Identifier: GPL-2.0

#include "../helpers/helper.h"

#include <linux/skbuff.h>

__kernet_helper unsigned int kernet_helper_length(const struct sk_buff *skb)
{
	return skb->len;
}
