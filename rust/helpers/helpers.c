// SPDX-License-Identifier: GPL-2.0
/*
 * C inline functions and macros of the networking headers, as functions that Rust can
 * call. No logic: each forwards its arguments. With CONFIG_RUST_INLINE_HELPERS they are
 * inlined into the Rust code as bitcode, without it they are exported from kernet.ko.
 *
 * Sorted alphabetically.
 */

#include <linux/compiler_types.h>

#ifdef __BINDGEN__
/* bindgen skips inline functions. */
#define __kernet_helper
#else
/*
 * Always inline: clang and rustc state slightly different builtins and target features
 * for the same target, at which LLVM would refuse to inline.
 */
#define __kernet_helper __always_inline
#endif

#include "inet.c"
#include "net_namespace.c"
#include "netdev_queues.c"
#include "netdevice.c"
#include "netlink.c"
#include "packet.c"
#include "percpu.c"
#include "rcu.c"
#include "skbuff.c"
#include "xdp.c"
