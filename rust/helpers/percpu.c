// SPDX-License-Identifier: GPL-2.0

#include <linux/cpumask.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/u64_stats_sync.h>

__kernet_helper struct pcpu_lstats __percpu *kernet_helper_alloc_pcpu_lstats(gfp_t gfp)
{
	return __netdev_alloc_pcpu_stats(struct pcpu_lstats, gfp);
}

__kernet_helper struct pcpu_lstats *
kernet_helper_get_cpu_pcpu_lstats(struct pcpu_lstats __percpu *stats)
{
	return get_cpu_ptr(stats);
}

__kernet_helper void kernet_helper_put_cpu_pcpu_lstats(struct pcpu_lstats __percpu *stats)
{
	put_cpu_ptr(stats);
}

__kernet_helper struct pcpu_lstats *
kernet_helper_per_cpu_pcpu_lstats(struct pcpu_lstats __percpu *stats, int cpu)
{
	return per_cpu_ptr(stats, cpu);
}

__kernet_helper int kernet_helper_cpumask_next_possible(int cpu)
{
	return cpumask_next(cpu, cpu_possible_mask);
}

__kernet_helper unsigned int kernet_helper_get_nr_cpu_ids(void)
{
	return nr_cpu_ids;
}

__kernet_helper unsigned long
kernet_helper_u64_stats_update_begin_irqsave(struct u64_stats_sync *syncp)
{
	return u64_stats_update_begin_irqsave(syncp);
}

__kernet_helper void
kernet_helper_u64_stats_update_end_irqrestore(struct u64_stats_sync *syncp, unsigned long flags)
{
	u64_stats_update_end_irqrestore(syncp, flags);
}

__kernet_helper unsigned int
kernet_helper_u64_stats_fetch_begin(const struct u64_stats_sync *syncp)
{
	return u64_stats_fetch_begin(syncp);
}

__kernet_helper bool
kernet_helper_u64_stats_fetch_retry(const struct u64_stats_sync *syncp, unsigned int start)
{
	return u64_stats_fetch_retry(syncp, start);
}

__kernet_helper void kernet_helper_u64_stats_inc(u64_stats_t *counter)
{
	u64_stats_inc(counter);
}

__kernet_helper void kernet_helper_u64_stats_add(u64_stats_t *counter, unsigned long value)
{
	/* x86's local_add() takes a constant for an immediate, even one of more than 32 bits. */
	OPTIMIZER_HIDE_VAR(value);
	u64_stats_add(counter, value);
}

__kernet_helper u64 kernet_helper_u64_stats_read(const u64_stats_t *counter)
{
	return u64_stats_read(counter);
}
