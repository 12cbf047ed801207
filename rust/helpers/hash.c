// SPDX-License-Identifier: GPL-2.0

#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/siphash.h>

__kernet_helper u32 kernet_helper_jhash(const void *key, u32 length, u32 initval)
{
	return jhash(key, length, initval);
}

__kernet_helper u32 kernet_helper_jhash2(const u32 *key, u32 length, u32 initval)
{
	return jhash2(key, length, initval);
}

__kernet_helper u64 kernet_helper_siphash(const void *data, size_t length, u64 first, u64 second)
{
	const siphash_key_t key = { .key = { first, second } };

	return siphash(data, length, &key);
}

__kernet_helper u32 kernet_helper_get_random_u32_below(u32 ceiling)
{
	return get_random_u32_below(ceiling);
}
