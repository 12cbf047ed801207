#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# macvlan (Linux 7.3.4): a macvlan stays when the device below it is moved to another network namespace, but
# that device has forgotten what it receives for it: the core empties its lists of addresses on the way
# (dev_uc_flush() and dev_mc_flush() in __dev_change_net_namespace()), and nobody fills them again. Taking the macvlan
# down and up brings its address back, and not its multicast groups: the lists of the macvlan still
# have them as taken there. With a card that filters, the macvlan is deaf.
#
# Fails if that changes. Uses network namespaces of its own; needs root and iproute2. There is nothing to install:
# what it tries is the running kernel.

set -eu

a=kernet-a-$$ b=kernet-b-$$
folder=$(mktemp -d)
trap 'rm -rf "$folder"; ip netns del $a; ip netns del $b' EXIT
ip netns add $a
ip netns add $b
ip -n $a link add l0 type dummy
ip -n $a link add link l0 name m0 address 02:00:00:00:00:01 type macvlan
ip -n $a link set l0 up
ip -n $a link set m0 up
ip -n $a maddr add 33:33:00:00:12:34 dev m0

# What the device below receives beside its own.
lists()
{
	unicast=no group=no
	bridge -n "$2" fdb show dev l0 | grep -q 02:00:00:00:00:01 && unicast=yes
	ip -n "$2" maddr show dev l0 | grep -q 33:33:00:00:12:34 && group=yes
	echo "$1: the macvlan's address $unicast, its group $group"
}

{
	lists "before" $a
	ip -n $a link set l0 netns $b
	ip -n $b link set l0 up
	lists "after the move" $b
	ip -n $a link set m0 down
	ip -n $a link set m0 up
	lists "after down and up" $b
} >"$folder/said"
echo "Linux $(uname -r)"
cat "$folder/said"
cat >"$folder/expected" <<'EXPECTED'
before: the macvlan's address yes, its group yes
after the move: the macvlan's address no, its group no
after down and up: the macvlan's address yes, its group no
EXPECTED
cmp -s "$folder/said" "$folder/expected" || {
	echo "macvlan-lower-moved: it is not so any more" >&2
	exit 1
}
