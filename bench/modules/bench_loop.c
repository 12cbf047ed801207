// SPDX-License-Identifier: GPL-2.0
/*
 * Does a thing many times inside the kernel and says what it cost. Written to
 * /sys/kernel/debug/kernet_bench:
 *
 *	frame HEX		the Ethernet frame that the next two send
 *	transmit DEVICE COUNT	give it to the driver, as pktgen's start_xmit mode does
 *	receive DEVICE COUNT	have it received, as pktgen's netif_receive mode does
 *	notify DEVICE COUNT	call the device notifiers with NETDEV_GOING_DOWN
 *	acks FD LOSS TOLD COUNT	ACKs for the TCP socket of the writer, as bench_acks.h says
 *	spin COUNT		a loop of two instructions
 *
 * and the file then reads as one number per sample of SAMPLE_SIZE operations: the ticks of
 * the time stamp counter, which under QEMU's -icount are instructions. The device kind
 * `bench_floor` is the least that a driver can be: it frees what it is sent.
 */

#include <linux/debugfs.h>
#include <linux/etherdevice.h>
#include <linux/hex.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/rtnetlink.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include <net/rtnetlink.h>
#include <asm/msr.h>

#include "bench_acks.h"

#define SAMPLE_SIZE	512
#define MAX_SAMPLES	256
/* Packets between two chances for softirqs to run: a NAPI poll's worth and less. */
#define BURST		32
#define MAX_FRAME	1514

static DEFINE_MUTEX(lock);
static u8 frame[MAX_FRAME];
static unsigned int frame_len;
static u64 samples[MAX_SAMPLES];
static unsigned int sample_count;

static struct sk_buff *make_skb(struct net_device *dev)
{
	unsigned int headroom = LL_RESERVED_SPACE(dev) + NET_IP_ALIGN;
	struct sk_buff *skb = alloc_skb(headroom + frame_len, GFP_ATOMIC);

	if (!skb)
		return NULL;
	skb_reserve(skb, headroom);
	skb_put_data(skb, frame, frame_len);
	skb->dev = dev;
	return skb;
}

static int transmit_one(struct net_device *dev)
{
	struct netdev_queue *txq = netdev_get_tx_queue(dev, 0);
	struct sk_buff *skb = make_skb(dev);
	netdev_tx_t status;

	if (!skb)
		return -ENOMEM;
	skb_reset_mac_header(skb);
	skb_set_network_header(skb, ETH_HLEN);
	skb->protocol = eth_hdr(skb)->h_proto;
	HARD_TX_LOCK(dev, txq, smp_processor_id());
	status = netdev_start_xmit(skb, dev, txq, false);
	HARD_TX_UNLOCK(dev, txq);
	return status == NETDEV_TX_OK ? 0 : -EIO;
}

static int receive_one(struct net_device *dev)
{
	struct sk_buff *skb = make_skb(dev);

	if (!skb)
		return -ENOMEM;
	skb->protocol = eth_type_trans(skb, dev);
	netif_receive_skb(skb);
	return 0;
}

static int notify_one(struct net_device *dev)
{
	call_netdevice_notifiers(NETDEV_GOING_DOWN, dev);
	return 0;
}

static int packets(struct net_device *dev, int (*one)(struct net_device *))
{
	int error = 0;

	for (int i = 0; i < SAMPLE_SIZE && !error; i += BURST) {
		local_bh_disable();
		for (int j = 0; j < BURST && !error; j++)
			error = one(dev);
		local_bh_enable();
	}
	return error;
}

static int spin(void)
{
	unsigned long count = SAMPLE_SIZE;

	asm volatile("1: dec %0\n\tjnz 1b" : "+r" (count) : : "cc");
	return 0;
}

static int sample(const char *what, struct net_device *dev)
{
	int error = -EINVAL;
	u64 start = rdtsc_ordered();

	if (!strcmp(what, "transmit")) {
		error = packets(dev, transmit_one);
	} else if (!strcmp(what, "receive")) {
		error = packets(dev, receive_one);
	} else if (!strcmp(what, "acks")) {
		error = packets(dev, ack_one);
	} else if (!strcmp(what, "notify")) {
		error = 0;
		for (int i = 0; i < SAMPLE_SIZE; i++)
			error |= notify_one(dev);
	} else if (!strcmp(what, "spin")) {
		error = spin();
	}
	samples[sample_count++] = rdtsc_ordered() - start;
	return error;
}

static int run(const char *what, const char *name, unsigned int count)
{
	struct net_device *dev = NULL;
	int error = 0;

	if (!count || count > MAX_SAMPLES)
		return -ERANGE;
	if (name) {
		dev = dev_get_by_name(&init_net, name);
		if (!dev)
			return -ENODEV;
		if (!netif_running(dev)) {
			dev_put(dev);
			return -ENETDOWN;
		}
	}
	/* What is on its way out of somewhere else is not ours to pay for. */
	rcu_barrier();
	if (!strcmp(what, "notify"))
		rtnl_lock();
	sample_count = 0;
	while (sample_count < count && !error)
		error = sample(what, dev);
	if (!strcmp(what, "notify"))
		rtnl_unlock();
	dev_put(dev);
	return error;
}

static int command(char *text)
{
	char name[IFNAMSIZ], what[16];
	unsigned int count, loss, told;
	int fd, error;

	if (!strncmp(text, "frame ", 6)) {
		unsigned int len = strlen(text + 6) / 2;

		if (len < ETH_HLEN || len > MAX_FRAME || hex2bin(frame, text + 6, len))
			return -EINVAL;
		frame_len = len;
		return 0;
	}
	if (sscanf(text, "spin %u", &count) == 1)
		return run("spin", NULL, count);
	if (sscanf(text, "acks %d %u %u %u", &fd, &loss, &told, &count) == 4) {
		error = acks_begin(fd, loss, told);
		if (error)
			return error;
		error = run("acks", NULL, count);
		acks_end();
		return error;
	}
	if (sscanf(text, "%15s %15s %u", what, name, &count) == 3)
		return run(what, name, count);
	return -EINVAL;
}

static ssize_t write(struct file *file, const char __user *from, size_t len, loff_t *at)
{
	char *text;
	int error;

	if (len > 2 * MAX_FRAME + 16)
		return -E2BIG;
	text = memdup_user_nul(from, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	mutex_lock(&lock);
	error = command(strim(text));
	mutex_unlock(&lock);
	kfree(text);
	return error ?: len;
}

static int show(struct seq_file *out, void *unused)
{
	mutex_lock(&lock);
	for (unsigned int i = 0; i < sample_count; i++)
		seq_printf(out, "%llu\n", samples[i]);
	mutex_unlock(&lock);
	return 0;
}

static int open(struct inode *inode, struct file *file)
{
	return single_open(file, show, NULL);
}

static const struct file_operations file_ops = {
	.owner = THIS_MODULE,
	.open = open,
	.read = seq_read,
	.write = write,
	.llseek = seq_lseek,
	.release = single_release,
};

static netdev_tx_t floor_xmit(struct sk_buff *skb, struct net_device *dev)
{
	dev_kfree_skb(skb);
	return NETDEV_TX_OK;
}

static const struct net_device_ops floor_ops = {
	.ndo_start_xmit = floor_xmit,
};

static void floor_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->netdev_ops = &floor_ops;
	dev->needs_free_netdev = true;
	dev->flags |= IFF_NOARP;
	dev->priv_flags |= IFF_NO_QUEUE;
	dev->lltx = true;
	eth_hw_addr_random(dev);
}

static struct rtnl_link_ops floor_link = {
	.kind = "bench_floor",
	.setup = floor_setup,
};

static struct dentry *entry;

static int __init init(void)
{
	int error = rtnl_link_register(&floor_link);

	if (!error)
		entry = debugfs_create_file("kernet_bench", 0600, NULL, NULL, &file_ops);
	return error;
}

static void __exit fini(void)
{
	debugfs_remove(entry);
	rtnl_link_unregister(&floor_link);
}

module_init(init);
module_exit(fini);
MODULE_DESCRIPTION("Loops that kernet's benchmarks count");
MODULE_LICENSE("GPL");
