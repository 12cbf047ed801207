// SPDX-License-Identifier: GPL-2.0

#include <linux/timer.h>

__kernet_helper void kernet_helper_timer_setup(struct timer_list *timer,
					       void (*function)(struct timer_list *))
{
	timer_setup(timer, function, 0);
}

/* bindings_helper.h says it again. */
static_assert(TIMER_ENTRY_STATIC == (void *)(0x300 + POISON_POINTER_DELTA));
