// SPDX-License-Identifier: GPL-2.0
/* C inline functions and macros of NAT; see `rust/helpers/helpers.c`. There are none yet. */

#include "../helpers/helper.h"

#include <net/netfilter/nf_nat.h>
