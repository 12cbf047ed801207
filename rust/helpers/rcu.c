// SPDX-License-Identifier: GPL-2.0

#include <linux/bottom_half.h>
#include <linux/rcupdate.h>

__kernet_helper void kernet_helper_local_bh_disable(void)
{
	local_bh_disable();
}

__kernet_helper void kernet_helper_local_bh_enable(void)
{
	local_bh_enable();
}

__kernet_helper void kernet_helper_smp_mb(void)
{
	smp_mb();
}
