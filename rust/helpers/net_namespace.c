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

__kernet_helper struct net *kernet_helper_seq_file_net(struct seq_file *seq)
{
	return seq_file_net(seq);
}
