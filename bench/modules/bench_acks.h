/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an algorithm of congestion control is told of the ACKs of a bulk sender: the calls that
 * tcp_ack() makes, without packets and timers. A path of 40 ms takes one packet in 312 us; each ACK
 * is of two packets, and RTT_ACKS of them are a round trip. A loss is followed by a round of
 * recovery. What the core itself does for algorithms without `cong_control` (the window in recovery,
 * the pacing rate) is not in the figures.
 */

#include <linux/net.h>
#include <net/tcp.h>

#define PER_ACK		2
#define ACK_GAP_US	625
#define RTT_ACKS	64
#define INFLIGHT	(PER_ACK * RTT_ACKS)
/* Until an algorithm has found its rate, and a cycle of probing has begun. */
#define WARM_UP_ACKS	(64 * RTT_ACKS)

static struct {
	struct socket *sock;
	/* One packet is lost in so many ACKs; none if 0. */
	unsigned int loss_every;
	/* Whether the algorithm is told; if not, what is left is the loop's own cost. */
	bool told;
	unsigned int count;
	unsigned int recovery;
} acks;

static void ca_state(struct sock *sk, u8 state)
{
	struct inet_connection_sock *icsk = inet_csk(sk);

	if (acks.told && icsk->icsk_ca_ops->set_state)
		icsk->icsk_ca_ops->set_state(sk, state);
	icsk->icsk_ca_state = state;
}

static void lose_one(struct sock *sk)
{
	struct tcp_sock *tp = tcp_sk(sk);

	tp->lost++;
	if (acks.recovery)
		return;
	acks.recovery = RTT_ACKS;
	if (acks.told)
		tp->snd_ssthresh = inet_csk(sk)->icsk_ca_ops->ssthresh(sk);
	ca_state(sk, TCP_CA_Recovery);
}

static void recovered(struct sock *sk)
{
	if (acks.told)
		tcp_ca_event(sk, CA_EVENT_COMPLETE_CWR);
	ca_state(sk, TCP_CA_Open);
	/* The path is as wide as before: the next loss finds the same window. */
	if (!inet_csk(sk)->icsk_ca_ops->cong_control)
		tcp_snd_cwnd_set(tcp_sk(sk), INFLIGHT);
}

static int ack_one(struct net_device *unused)
{
	struct sock *sk = acks.sock->sk;
	struct tcp_sock *tp = tcp_sk(sk);
	const struct tcp_congestion_ops *ops = inet_csk(sk)->icsk_ca_ops;
	struct ack_sample sample = {
		.pkts_acked = PER_ACK,
		.rtt_us = RTT_ACKS * ACK_GAP_US,
		.in_flight = INFLIGHT,
	};
	struct rate_sample rs = {
		.prior_mstamp = tp->tcp_mstamp - (RTT_ACKS - 1) * ACK_GAP_US,
		.prior_delivered = tp->delivered + PER_ACK - INFLIGHT,
		.delivered = INFLIGHT,
		.interval_us = RTT_ACKS * ACK_GAP_US,
		.rtt_us = RTT_ACKS * ACK_GAP_US,
		.acked_sacked = PER_ACK,
		.prior_in_flight = INFLIGHT,
	};

	tp->tcp_mstamp += ACK_GAP_US;
	tp->tcp_clock_cache += ACK_GAP_US * NSEC_PER_USEC;
	tp->delivered += PER_ACK;
	tp->delivered_mstamp = tp->tcp_mstamp;
	if (acks.loss_every && ++acks.count % acks.loss_every == 0) {
		rs.losses = 1;
		lose_one(sk);
	} else if (acks.recovery && !--acks.recovery) {
		recovered(sk);
	}
	if (!acks.told)
		return 0;
	if (ops->in_ack_event)
		ops->in_ack_event(sk, CA_ACK_SLOWPATH);
	if (ops->pkts_acked)
		ops->pkts_acked(sk, &sample);
	if (ops->cong_control)
		ops->cong_control(sk, tp->snd_una, 0, &rs);
	else if (!tcp_in_cwnd_reduction(sk))
		ops->cong_avoid(sk, tp->snd_una, PER_ACK);
	return 0;
}

/* Takes the socket of a connection that carries nothing, and makes a bulk sender of it. */
static int acks_begin(int fd, unsigned int loss_every, bool told)
{
	struct tcp_sock *tp;
	struct sock *sk;
	int error;

	acks.sock = sockfd_lookup(fd, &error);
	if (!acks.sock)
		return error;
	sk = acks.sock->sk;
	if (!sk_is_tcp(sk) || sk->sk_state != TCP_ESTABLISHED) {
		sockfd_put(acks.sock);
		return -ENOTCONN;
	}
	acks.loss_every = loss_every;
	acks.told = told;
	acks.count = 0;
	acks.recovery = 0;
	lock_sock(sk);
	tp = tcp_sk(sk);
	tcp_mstamp_refresh_inline(tp);
	tp->packets_out = INFLIGHT;
	tp->max_packets_out = INFLIGHT;
	tp->is_cwnd_limited = 1;
	tp->srtt_us = RTT_ACKS * ACK_GAP_US << 3;
	tp->snd_ssthresh = INFLIGHT;
	tcp_snd_cwnd_set(tp, INFLIGHT);
	local_bh_disable();
	for (int i = 0; i < WARM_UP_ACKS; i++)
		ack_one(NULL);
	local_bh_enable();
	return 0;
}

static void acks_end(void)
{
	struct sock *sk = acks.sock->sk;

	if (acks.recovery)
		recovered(sk);
	tcp_sk(sk)->packets_out = 0;
	release_sock(sk);
	sockfd_put(acks.sock);
}
