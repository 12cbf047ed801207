// SPDX-License-Identifier: GPL-2.0
/*
 * C inline functions and macros of the networking headers, as functions that Rust can
 * call. No logic: each forwards its arguments. With CONFIG_RUST_INLINE_HELPERS they are
 * inlined into the Rust code as bitcode, without it they are exported from kernet.ko.
 *
 * Sorted alphabetically.
 */

#include "helper.h"

#include "hash.c"
#include "ipv4.c"
#include "ipv6.c"
#include "net_namespace.c"
#include "netdev_queues.c"
#include "netdevice.c"
#include "netfilter.c"
#include "netlink.c"
#include "offload.c"
#include "packet.c"
#include "percpu.c"
#include "rcu.c"
#include "skbuff.c"
#include "spinlock.c"
#include "tcp.c"
#include "timer.c"
#include "workqueue.c"
#include "xdp.c"
