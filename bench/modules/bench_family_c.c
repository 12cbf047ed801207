// SPDX-License-Identifier: GPL-2.0
/* A generic netlink family that answers, lists, parses and tells: the C twin of bench_family.rs. */

#include <linux/module.h>
#include <net/genetlink.h>

enum { GET = 1, LIST, PARSE, NOTIFY, NOTHING };
enum { ID = 1, NAME, UP, VALUE, ADDRESS, COUNT, NEST };
#define NESTED 16

static struct genl_family family;

static const struct nla_policy nest_policy[NESTED + 1] = {
	[0] = { .strict_start_type = 1 },
	[1 ... NESTED] = { .type = NLA_U32 },
};

static const struct nla_policy id_policy[ID + 1] = {
	[ID] = { .type = NLA_U32 },
};

static const struct nla_policy count_policy[COUNT + 1] = {
	[COUNT] = { .type = NLA_U32 },
};

static const struct nla_policy parse_policy[NEST + 1] = {
	[NEST] = NLA_POLICY_NESTED(nest_policy),
};

static int fill(struct sk_buff *skb, u32 id)
{
	static const u8 address[6] = { 2, 0, 0, 0, 0, 1 };

	if (nla_put_u32(skb, ID, id) ||
	    nla_put_string(skb, NAME, "an entry") ||
	    nla_put_u8(skb, UP, 1) ||
	    nla_put_uint(skb, VALUE, (u64)id << 32) ||
	    nla_put(skb, ADDRESS, sizeof(address), address))
		return -EMSGSIZE;
	return 0;
}

static int get(struct sk_buff *unused, struct genl_info *info)
{
	struct sk_buff *skb;
	void *header;

	if (GENL_REQ_ATTR_CHECK(info, ID))
		return -EINVAL;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, info, &family, 0, GET);
	if (!header || fill(skb, nla_get_u32(info->attrs[ID]))) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

static int list(struct sk_buff *skb, struct netlink_callback *cb)
{
	const struct genl_info *info = genl_info_dump(cb);
	u32 *next = (u32 *)cb->ctx;
	u32 count;

	if (!info->attrs[COUNT])
		return -EINVAL;
	count = nla_get_u32(info->attrs[COUNT]);
	while (*next < count) {
		void *header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
					   &family, NLM_F_MULTI, LIST);

		if (!header)
			return skb->len;
		if (fill(skb, *next)) {
			genlmsg_cancel(skb, header);
			return skb->len;
		}
		genlmsg_end(skb, header);
		(*next)++;
	}
	return skb->len;
}

static int parse(struct sk_buff *unused, struct genl_info *info)
{
	struct nlattr *tb[NESTED + 1];
	u32 sum = 0;
	int error;

	if (GENL_REQ_ATTR_CHECK(info, NEST))
		return -EINVAL;
	error = nla_parse_nested(tb, NESTED, info->attrs[NEST], nest_policy, info->extack);
	if (error)
		return error;
	for (int i = 1; i <= NESTED; i++)
		if (tb[i])
			sum += nla_get_u32(tb[i]);
	return sum == NESTED * (NESTED + 1) / 2 ? 0 : -ERANGE;
}

static int notify(struct sk_buff *unused, struct genl_info *info)
{
	struct sk_buff *skb;
	void *header;

	if (!genl_has_listeners(&family, genl_info_net(info), 0))
		return 0;
	skb = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	header = genlmsg_put(skb, 0, 0, &family, 0, NOTIFY);
	if (!header || fill(skb, 1)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	genlmsg_multicast_netns(&family, genl_info_net(info), skb, 0, 0, GFP_KERNEL);
	return 0;
}

static int nothing(struct sk_buff *unused, struct genl_info *info)
{
	return 0;
}

static const struct genl_split_ops ops[] = {
	{ .cmd = GET, .doit = get, .policy = id_policy, .maxattr = ID,
	  .flags = GENL_CMD_CAP_DO },
	{ .cmd = LIST, .dumpit = list, .policy = count_policy, .maxattr = COUNT,
	  .flags = GENL_CMD_CAP_DUMP },
	{ .cmd = PARSE, .doit = parse, .policy = parse_policy, .maxattr = NEST,
	  .flags = GENL_CMD_CAP_DO },
	{ .cmd = NOTIFY, .doit = notify, .policy = id_policy, .maxattr = ID,
	  .flags = GENL_CMD_CAP_DO },
	{ .cmd = NOTHING, .doit = nothing, .policy = id_policy, .maxattr = ID,
	  .flags = GENL_CMD_CAP_DO },
};

static const struct genl_multicast_group groups[] = { { .name = "events" } };

static struct genl_family family = {
	.name = "bench_c",
	.version = 1,
	.netnsok = true,
	.parallel_ops = true,
	.split_ops = ops,
	.n_split_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.resv_start_op = 1,
	.module = THIS_MODULE,
};

static int __init init(void)
{
	return genl_register_family(&family);
}

static void __exit fini(void)
{
	genl_unregister_family(&family);
}

module_init(init);
module_exit(fini);
MODULE_DESCRIPTION("Generic netlink family, in C");
MODULE_LICENSE("GPL");
