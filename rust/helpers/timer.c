// SPDX-License-Identifier: GPL-2.0

#include <linux/timer.h>

__kernet_helper void kernet_helper_timer_setup(struct timer_list *timer,
					       void (*function)(struct timer_list *))
{
	timer_setup(timer, function, 0);
}
