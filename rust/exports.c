// SPDX-License-Identifier: GPL-2.0
/*
 * Exports the crate's symbols (and its helpers, where these are not inlined) to the
 * modules that use it. The list is made from the object by kbuild; Rust's v0 mangling gives
 * names that are C identifiers.
 */

#include <linux/export.h>

#define EXPORT_SYMBOL_RUST_GPL(sym)	\
	extern int sym;			\
	EXPORT_SYMBOL_GPL(sym)

#include "exports_generated.h"
