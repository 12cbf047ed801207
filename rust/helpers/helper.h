/* SPDX-License-Identifier: GPL-2.0 */
/* What marks a helper, of kernet's and of its wings'. */
#ifndef _KERNET_HELPER_H
#define _KERNET_HELPER_H

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

#endif /* _KERNET_HELPER_H */
