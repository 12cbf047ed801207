// SPDX-License-Identifier: GPL-2.0

#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp.h>

__kernet_helper unsigned int kernet_helper_tcp_packets_in_flight(const struct tcp_sock *tp)
{
	return tcp_packets_in_flight(tp);
}

__kernet_helper void kernet_helper_tcp_snd_cwnd_set(struct tcp_sock *tp, u32 val)
{
	tcp_snd_cwnd_set(tp, val);
}

__kernet_helper u8 kernet_helper_icsk_ca_state(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ca_state;
}

__kernet_helper bool kernet_helper_icsk_ca_initialized(const struct sock *sk)
{
	return inet_csk(sk)->icsk_ca_initialized;
}

/* Between connect() and the SYN, in which a route may give the socket an algorithm. */
__kernet_helper bool kernet_helper_tcp_has_not_sent_syn(const struct sock *sk)
{
	return sk->sk_state == TCP_SYN_SENT && !tcp_sk(sk)->packets_out;
}

__kernet_helper bool kernet_helper_tcp_is_cwnd_limited(const struct sock *sk)
{
	return tcp_is_cwnd_limited(sk);
}

__kernet_helper u32 kernet_helper_tcp_min_rtt(const struct tcp_sock *tp)
{
	return tcp_min_rtt(tp);
}

__kernet_helper bool kernet_helper_tcp_is_sack(const struct tcp_sock *tp)
{
	return tcp_is_sack(tp);
}

__kernet_helper u32 kernet_helper_tcp_jiffies32(void)
{
	return tcp_jiffies32;
}

__kernet_helper bool kernet_helper_sk_net_refcnt(const struct sock *sk)
{
	return sk->sk_net_refcnt;
}

__kernet_helper u16 kernet_helper_sk_family(const struct sock *sk)
{
	return sk->sk_family;
}

__kernet_helper __be32 kernet_helper_sk_rcv_saddr(const struct sock *sk)
{
	return sk->sk_rcv_saddr;
}

__kernet_helper __be32 kernet_helper_sk_daddr(const struct sock *sk)
{
	return sk->sk_daddr;
}

__kernet_helper const struct in6_addr *kernet_helper_sk_v6_rcv_saddr(const struct sock *sk)
{
	return &sk->sk_v6_rcv_saddr;
}

__kernet_helper const struct in6_addr *kernet_helper_sk_v6_daddr(const struct sock *sk)
{
	return &sk->sk_v6_daddr;
}
__kernet_helper u16 kernet_helper_sk_num(const struct sock *sk)
{
	return sk->sk_num;
}

__kernet_helper __be16 kernet_helper_sk_dport(const struct sock *sk)
{
	return sk->sk_dport;
}
