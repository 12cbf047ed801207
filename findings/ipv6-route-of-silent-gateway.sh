#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# IPv6 routing (Linux 7.3.4): a host leaves a static route whose gateway does not answer neighbour solicitations, and
# sends by a less specific one, to another network's gateway, without a word: ip6_pol_route() asks for reachable
# gateways (RT6_LOOKUP_F_REACHABLE), and rt6_check_neigh() in net/ipv6/route.c has the look-up go on as if the route
# were not there. IPv4 keeps the route and says that the host cannot be reached. So does IPv6 where
# net.ipv6.conf.all.forwarding is on. On a kernel without CONFIG_IPV6_ROUTER_PREF, which Debian's has, packets that
# are sent while the gateway's address is being asked for leave by the other route, too.
#
# Fails if that changes. Uses a network namespace of its own; needs root, iproute2 and ping. There is nothing to
# install: what it tries is the running kernel.

set -eu

ns=kernet-$$
folder=$(mktemp -d)
trap 'rm -rf "$folder"; ip netns del $ns' EXIT
ip netns add $ns
ip -n $ns link set lo up
in_ns()
{
	ip netns exec $ns "$@"
}
# Nobody answers at either; the default gateway's address is known.
for number in 1 2; do
	ip -n $ns link add l$number type veth peer name p$number
	ip -n $ns link set p$number up
	ip -n $ns addr add 192.0.2.$((number * 64 + 1))/26 dev l$number
	ip -n $ns addr add 2001:db8:$number::1/64 dev l$number nodad
	ip -n $ns link set l$number up
done
ip -n $ns neigh add 2001:db8:2::2 lladdr 02:00:00:00:00:02 dev l2
ip -n $ns neigh add 192.0.2.130 lladdr 02:00:00:00:00:02 dev l2
ip -n $ns -6 route add default via 2001:db8:2::2
ip -n $ns route add default via 192.0.2.130
ip -n $ns -6 route add 2001:db8:9::/64 via 2001:db8:1::2
ip -n $ns route add 198.51.100.0/24 via 192.0.2.66

way()
{
	ip -n $ns route get "$1" | sed -n 's/.* dev \(l[12]\) .*/\1/p'
}
try()
{
	in_ns ping -c 2 -i 1 -W 4 "$1" >"$folder/ping" 2>&1 || true
	unreachable=$(grep -c -i 'unreachable' "$folder/ping" || true)
	echo "$2: sent by $(way "$1"), told that it is unreachable: $([ "$unreachable" -gt 0 ] && echo yes || echo no)"
}

{
	echo "before: $(way 198.51.100.9) $(way 2001:db8:9::9)"
	try 198.51.100.9 "IPv4"
	in_ns ping -c 1 -W 4 2001:db8:9::9 >/dev/null 2>&1 || true
	try 2001:db8:9::9 "IPv6, host"
	in_ns sysctl -qw net.ipv6.conf.all.forwarding=1
	try 2001:db8:9::9 "IPv6, router"
} >"$folder/said"
echo "Linux $(uname -r)"
cat "$folder/said"
cat >"$folder/expected" <<'EXPECTED'
before: l1 l1
IPv4: sent by l1, told that it is unreachable: yes
IPv6, host: sent by l2, told that it is unreachable: no
IPv6, router: sent by l1, told that it is unreachable: yes
EXPECTED
cmp -s "$folder/said" "$folder/expected" || {
	echo "ipv6-route-of-silent-gateway: it is not so any more" >&2
	exit 1
}
