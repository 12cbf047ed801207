// SPDX-License-Identifier: GPL-2.0

#include <linux/bottom_half.h>
#include <linux/rcupdate.h>

/* Exported, but declared in a header of RCU's own. With one processor there is nothing to hurry. */
#ifdef CONFIG_TINY_RCU
static inline void rcu_expedite_gp(void) { }
static inline void rcu_unexpedite_gp(void) { }
#else
void rcu_expedite_gp(void);
void rcu_unexpedite_gp(void);
#endif

__kernet_helper void kernet_helper_rcu_expedite_gp(void)
{
	rcu_expedite_gp();
}

__kernet_helper void kernet_helper_rcu_unexpedite_gp(void)
{
	rcu_unexpedite_gp();
}

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

/* As far as the kernel keeps account of it: a preemptible one does. */
__kernet_helper bool kernet_helper_may_sleep(void)
{
	return in_task() && !irqs_disabled() && !rcu_preempt_depth() &&
	       (!IS_ENABLED(CONFIG_PREEMPT_COUNT) || !preempt_count());
}
