// SPDX-License-Identifier: GPL-2.0

#include <linux/workqueue.h>

__kernet_helper void kernet_helper_init_delayed_work(struct delayed_work *work, work_func_t func)
{
	INIT_DELAYED_WORK(work, func);
}

__kernet_helper bool kernet_helper_queue_delayed_work_unbound(struct delayed_work *work,
							      unsigned long delay)
{
	return queue_delayed_work(system_dfl_wq, work, delay);
}

/*
 * Not one class for lockdep: work of a device is waited for under RTNL, and tries to take it; other
 * work may wait for it.
 */
__kernet_helper void kernet_helper_init_work_process(struct delayed_work *work, work_func_t func)
{
	INIT_DELAYED_WORK(work, func);
}

__kernet_helper void kernet_helper_init_work_under_rtnl(struct delayed_work *work,
							work_func_t func)
{
	INIT_DELAYED_WORK(work, func);
}

__kernet_helper bool kernet_helper_mod_delayed_work_unbound(struct delayed_work *work,
							    unsigned long delay)
{
	return mod_delayed_work(system_dfl_wq, work, delay);
}
