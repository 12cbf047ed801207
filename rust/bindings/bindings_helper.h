/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Headers for which `bindgen` generates kernet's bindings. What of them is taken
 * is listed in `bindgen_parameters`. Sorted alphabetically.
 */

/* `bindgen` needs enums before they are forward-declared. */
#include <linux/hrtimer_types.h>

#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/etherdevice.h>
#include <linux/ethtool.h>
#include <linux/filter.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_vlan.h>
#include <linux/inet_diag.h>
#include <linux/inetdevice.h>
#include <linux/module.h>
#include <linux/net.h>
#include <linux/netdevice.h>
#include <linux/netfilter.h>
#include <linux/netfilter_arp.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <linux/proc_fs.h>
#include <linux/ptr_ring.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/rtnetlink.h>
#include <linux/seq_file.h>
#include <linux/seq_file_net.h>
#include <linux/skbuff.h>
#include <linux/sock_diag.h>
#include <linux/sysctl.h>
#include <linux/tcp.h>
#include <linux/timer.h>
#include <linux/virtio_net.h>
#include <net/addrconf.h>
#include <net/arp.h>
#include <net/dropreason.h>
#include <net/fib_notifier.h>
#include <net/genetlink.h>
#include <net/gro_cells.h>
#include <net/gso.h>
#include <net/icmp.h>
#include <net/if_inet6.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/ip6_fib.h>
#include <net/ip6_route.h>
#include <net/ip_fib.h>
#include <net/ip_tunnels.h>
#include <net/ndisc.h>
#include <net/neighbour.h>
#include <net/net_namespace.h>
#include <net/netdev_queues.h>
#include <net/netevent.h>
#include <net/netlink.h>
#include <net/netns/generic.h>
#include <net/nexthop.h>
#include <net/page_pool/helpers.h>
#include <net/protocol.h>
#include <net/route.h>
#include <net/rtnetlink.h>
#include <net/tcp.h>
#include <net/xdp.h>
#include <uapi/linux/if_link.h>
#include <uapi/linux/if_tunnel.h>

/* Casts and expressions that `bindgen` cannot evaluate. */
const gfp_t RUST_CONST_HELPER_GFP_ATOMIC = GFP_ATOMIC;
const gfp_t RUST_CONST_HELPER_GFP_KERNEL = GFP_KERNEL;
const gfp_t RUST_CONST_HELPER_GFP_KERNEL_ACCOUNT = GFP_KERNEL_ACCOUNT;
/* `bindgen` takes the first definition, userspace's. */
const u32 RUST_CONST_HELPER_HZ = HZ;
/* bindgen takes no pointer, and no number above LONG_MAX. */
const long RUST_CONST_HELPER_TIMER_ENTRY_STATIC = (long)(0x300 + POISON_POINTER_DELTA);
const size_t RUST_CONST_HELPER_NLMSG_DEFAULT_SIZE = NLMSG_DEFAULT_SIZE;
const u16 RUST_CONST_HELPER_RTM_MAX = RTM_MAX;
const u32 RUST_CONST_HELPER_RTNLGRP_MAX = RTNLGRP_MAX;
const u8 RUST_CONST_HELPER_GENL_MCAST_CAP_NET_ADMIN = GENL_MCAST_CAP_NET_ADMIN;
const u8 RUST_CONST_HELPER_GENL_MCAST_CAP_SYS_ADMIN = GENL_MCAST_CAP_SYS_ADMIN;
const u64 RUST_CONST_HELPER_NETIF_F_SG = NETIF_F_SG;
const u64 RUST_CONST_HELPER_NETIF_F_FRAGLIST = NETIF_F_FRAGLIST;
const u64 RUST_CONST_HELPER_NETIF_F_HW_CSUM = NETIF_F_HW_CSUM;
const u64 RUST_CONST_HELPER_NETIF_F_RXCSUM = NETIF_F_RXCSUM;
const u64 RUST_CONST_HELPER_NETIF_F_RXHASH = NETIF_F_RXHASH;
const u64 RUST_CONST_HELPER_NETIF_F_SCTP_CRC = NETIF_F_SCTP_CRC;
const u64 RUST_CONST_HELPER_NETIF_F_HIGHDMA = NETIF_F_HIGHDMA;
const u64 RUST_CONST_HELPER_NETIF_F_GSO_SOFTWARE = NETIF_F_GSO_SOFTWARE;
const u64 RUST_CONST_HELPER_NETIF_F_GSO_ENCAP_ALL = NETIF_F_GSO_ENCAP_ALL;
const u64 RUST_CONST_HELPER_NETIF_F_HW_VLAN_CTAG_TX = NETIF_F_HW_VLAN_CTAG_TX;
const u64 RUST_CONST_HELPER_NETIF_F_HW_VLAN_CTAG_RX = NETIF_F_HW_VLAN_CTAG_RX;
const u64 RUST_CONST_HELPER_NETIF_F_HW_VLAN_CTAG_FILTER = NETIF_F_HW_VLAN_CTAG_FILTER;
const u64 RUST_CONST_HELPER_NETIF_F_HW_VLAN_STAG_FILTER = NETIF_F_HW_VLAN_STAG_FILTER;
const u64 RUST_CONST_HELPER_NETIF_F_HW_VLAN_STAG_TX = NETIF_F_HW_VLAN_STAG_TX;
const u64 RUST_CONST_HELPER_NETIF_F_HW_VLAN_STAG_RX = NETIF_F_HW_VLAN_STAG_RX;
const u64 RUST_CONST_HELPER_NETIF_F_ALL_TSO = NETIF_F_ALL_TSO;
const u64 RUST_CONST_HELPER_NETIF_F_GSO_UDP_L4 = NETIF_F_GSO_UDP_L4;
const u64 RUST_CONST_HELPER_NETIF_F_GRO = NETIF_F_GRO;
const u64 RUST_CONST_HELPER_NETIF_F_GSO_MASK = NETIF_F_GSO_MASK;
const u64 RUST_CONST_HELPER_NETIF_F_IP_CSUM = NETIF_F_IP_CSUM;
const u64 RUST_CONST_HELPER_NETIF_F_IPV6_CSUM = NETIF_F_IPV6_CSUM;
const u64 RUST_CONST_HELPER_NETIF_F_GRO_FRAGLIST = NETIF_F_GRO_FRAGLIST;
const u64 RUST_CONST_HELPER_NETIF_F_GRO_UDP_FWD = NETIF_F_GRO_UDP_FWD;
const u32 RUST_CONST_HELPER_XDP_MAX_LINEAR =
	SKB_WITH_OVERHEAD(PAGE_SIZE - XDP_PACKET_HEADROOM - NET_IP_ALIGN);
const u32 RUST_CONST_HELPER_XDP_MAX_FRAGS = PAGE_SIZE * MAX_SKB_FRAGS;
const size_t RUST_CONST_HELPER_LL_MAX_HEADER = LL_MAX_HEADER;
const unsigned int RUST_CONST_HELPER_NETDEV_FEATURE_BITS = NETDEV_FEATURE_COUNT;
const u32 RUST_CONST_HELPER_ETHTOOL_COALESCE_RX_USECS = ETHTOOL_COALESCE_RX_USECS;
const u32 RUST_CONST_HELPER_ETHTOOL_COALESCE_RX_MAX_FRAMES = ETHTOOL_COALESCE_RX_MAX_FRAMES;
const u32 RUST_CONST_HELPER_ETHTOOL_COALESCE_TX_USECS = ETHTOOL_COALESCE_TX_USECS;
const u32 RUST_CONST_HELPER_ETHTOOL_COALESCE_TX_MAX_FRAMES = ETHTOOL_COALESCE_TX_MAX_FRAMES;
const u32 RUST_CONST_HELPER_TCP_CONG_NON_RESTRICTED = TCP_CONG_NON_RESTRICTED;
const u32 RUST_CONST_HELPER_TCP_CONG_NEEDS_ECN = TCP_CONG_NEEDS_ECN;
const u32 RUST_CONST_HELPER_TCP_GSO_LEGACY_MAX = GSO_LEGACY_MAX_SIZE - 1 - MAX_TCP_HEADER;
const size_t RUST_CONST_HELPER_ICSK_CA_PRIV_SIZE = ICSK_CA_PRIV_SIZE;
