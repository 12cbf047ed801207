#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# bindgen 0.72.1 leaves a member `struct TAG;` without a name (-fms-extensions) out of a union, as if
# it were a declaration. The union is then as large as the others of its members, and all that
# follows in the structure around it is at a wrong place. In a structure the same member becomes
# padding, and nothing is moved. bindgen's layout tests say it; without them, as Linux calls
# bindgen, nobody does. Linux has such unions: `struct ns_common` of 7.2, which is in `struct net`,
# and `socket_lock_t`, whose other member is as small with a lock that lockdep follows.
#
# Fails if that changes. Installs bindgen into a temporary folder; needs cargo, rustc, libclang and a
# C compiler.

set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cargo install --quiet --locked --root "$folder" --version 0.72.1 bindgen-cli

cat >"$folder/types.h" <<'HEADER'
struct pair { long left, right; };
struct with_union { union { struct pair; int one; }; long last; };
struct without_union { struct pair; long last; };
HEADER
cat >"$folder/c.c" <<'PROGRAM'
#include <stddef.h>
#include <stdio.h>
#include "types.h"
int main(void)
{
	printf("C: in a union: last at %zu, in a structure: last at %zu\n",
	       offsetof(struct with_union, last), offsetof(struct without_union, last));
}
PROGRAM
cat >"$folder/rust.rs" <<'PROGRAM'
#[allow(dead_code, non_camel_case_types)]
mod types;
fn main() {
    println!(
        "Rust: in a union: last at {}, in a structure: last at {}",
        std::mem::offset_of!(types::with_union, last),
        std::mem::offset_of!(types::without_union, last)
    );
}
PROGRAM

"$folder/bin/bindgen" --version
"$folder/bin/bindgen" --no-layout-tests "$folder/types.h" -o "$folder/types.rs" -- -fms-extensions \
	2>/dev/null
cc -fms-extensions -w -o "$folder/c" "$folder/c.c"
rustc --edition 2021 -o "$folder/rust" "$folder/rust.rs"
"$folder/c" >"$folder/said"
"$folder/rust" >>"$folder/said"
cat "$folder/said"
cat >"$folder/expected" <<'EXPECTED'
C: in a union: last at 16, in a structure: last at 16
Rust: in a union: last at 8, in a structure: last at 16
EXPECTED
cmp -s "$folder/said" "$folder/expected" || {
	echo "bindgen-unnamed-struct-in-union: it is not so any more" >&2
	exit 1
}
