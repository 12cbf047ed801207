// SPDX-License-Identifier: GPL-2.0

#include <linux/seq_file_net.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

__kernet_helper int kernet_helper_check_net(const struct net *net)
{
	return check_net(net);
}

__kernet_helper struct net *kernet_helper_maybe_get_net(struct net *net)
{
	return maybe_get_net(net);
}

__kernet_helper void kernet_helper_put_net(struct net *net)
{
	put_net(net);
}

__kernet_helper void *kernet_helper_net_generic(const struct net *net, unsigned int id)
{
	return net_generic(net, id);
}

/* Of a namespace that is being made, the table may be too short yet. */
__kernet_helper void *kernet_helper_net_generic_or_null(const struct net *net, unsigned int id)
{
	struct net_generic *ng;
	void *ptr;

	rcu_read_lock();
	ng = rcu_dereference(net->gen);
	ptr = id < ng->s.len ? ng->ptr[id] : NULL;
	rcu_read_unlock();
	return ptr;
}

__kernet_helper struct net *kernet_helper_seq_file_net(struct seq_file *seq)
{
	return seq_file_net(seq);
}
