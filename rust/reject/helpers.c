// SPDX-License-Identifier: GPL-2.0
/* C inline functions and macros of rejection; see `rust/helpers/helpers.c`. */

#include "../helpers/helper.h"

#include <linux/skbuff.h>

__kernet_helper bool kernet_helper_skb_has_dev(const struct sk_buff *skb)
{
	return skb->dev;
}
