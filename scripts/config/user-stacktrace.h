/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read before user-mode Linux's stacktrace.c, which asks of each word of a stack whether it is an
 * address of code. KASAN and kmemleak have it do so at each allocation, and the answer takes locks of
 * RCU, which lockdep follows: five sixths of the kernel's time. But save_addr() takes only what lies
 * above a frame pointer, so that nothing else need be asked for it; what prints a stack shows all.
 */
#include <linux/kernel.h>

static void save_addr(void *data, unsigned long address, int reliable);

/* In dump_trace(), whose variables these are. */
#define __kernel_text_address(addr)                                                                  \
	((ops->address != save_addr || (unsigned long)sp == bp + sizeof(long)) &&                    \
	 (__kernel_text_address)(addr))
