// SPDX-License-Identifier: GPL-2.0

#include <linux/bottom_half.h>
#include <linux/rcupdate.h>

__kernet_helper void kernet_helper_rcu_read_lock(void)
{
	rcu_read_lock();
}

__kernet_helper void kernet_helper_rcu_read_unlock(void)
{
	rcu_read_unlock();
}

__kernet_helper void kernet_helper_local_bh_disable(void)
{
	local_bh_disable();
}

__kernet_helper void kernet_helper_local_bh_enable(void)
{
	local_bh_enable();
}
