// SPDX-License-Identifier: GPL-2.0
/*
 * Asks the kernel for the same thing many times and says what it cost: a line
 * `OPERATIONS TICKS` per sample, the ticks of the time stamp counter, which under QEMU's
 * -icount are instructions, those of this program included.
 *
 *	client do SAMPLES HEX			a netlink message, until its answer
 *	client dump SAMPLES HEX ENTRIES		a netlink message, until the end of the dump
 *	client tell SAMPLES HEX GROUP COUNT	as `do`, while COUNT sockets listen to GROUP
 *	client load SAMPLES FILE		load a module and unload it: two lines per sample
 */

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <x86intrin.h>

#define PER_SAMPLE 64

static char message[4096], answer[65536];
static size_t message_len;

static int netlink_socket(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof(any)))
		err(1, "netlink socket");
	return fd;
}

static void parse_message(const char *hex)
{
	for (; hex[0] && hex[1]; hex += 2) {
		unsigned int byte;

		if (message_len == sizeof(message) || sscanf(hex, "%2x", &byte) != 1)
			errx(1, "bad message");
		message[message_len++] = byte;
	}
}

/* Returns the number of messages of the answer, without its end. */
static unsigned int ask(int fd)
{
	unsigned int count = 0;

	if (send(fd, message, message_len, 0) != (ssize_t)message_len)
		err(1, "send");
	for (;;) {
		ssize_t len = recv(fd, answer, sizeof(answer), 0);
		struct nlmsghdr *at = (struct nlmsghdr *)answer;

		if (len < 0)
			err(1, "recv");
		for (; NLMSG_OK(at, len); at = NLMSG_NEXT(at, len)) {
			if (at->nlmsg_type == NLMSG_ERROR || at->nlmsg_type == NLMSG_DONE) {
				errno = -*(int *)NLMSG_DATA(at);
				if (errno)
					err(1, "the kernel answers");
				return count;
			}
			count++;
			if (!(at->nlmsg_flags & NLM_F_MULTI))
				return count;
		}
	}
}

static void loop(unsigned int samples, unsigned int per_sample, unsigned int entries, int listeners[],
		 unsigned int listener_count)
{
	int fd = netlink_socket();

	for (unsigned int i = 0; i < samples; i++) {
		uint64_t start = __rdtsc();

		for (unsigned int j = 0; j < per_sample; j++) {
			unsigned int count = ask(fd);

			if (entries != -1u && count != entries)
				errx(1, "%u entries, not %u", count, entries);
		}
		printf("%u %llu\n", per_sample, (unsigned long long)__rdtsc() - start);
		for (unsigned int j = 0; j < listener_count; j++) {
			unsigned int count = 0;

			while (recv(listeners[j], answer, sizeof(answer), MSG_DONTWAIT) > 0)
				count++;
			if (errno != EAGAIN || count != per_sample)
				errx(1, "a listener was told %u of %u", count, per_sample);
		}
	}
}

static void tell(unsigned int samples, int group, unsigned int count)
{
	int listeners[count + 1];

	for (unsigned int i = 0; i < count; i++) {
		listeners[i] = netlink_socket();
		if (setsockopt(listeners[i], SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group,
			       sizeof(group)))
			err(1, "cannot listen");
	}
	loop(samples, PER_SAMPLE, 0, listeners, count);
}

static void load(unsigned int samples, const char *path)
{
	const char *base = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
	char name[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(base, "."), base);
	if (fd < 0)
		err(1, "%s", path);
	for (unsigned int i = 0; i < samples; i++) {
		uint64_t start = __rdtsc(), loaded;

		if (syscall(SYS_finit_module, fd, "", 0))
			err(1, "loading %s", name);
		loaded = __rdtsc();
		if (syscall(SYS_delete_module, name, O_NONBLOCK))
			err(1, "unloading %s", name);
		printf("1 %llu\n1 %llu\n", (unsigned long long)(loaded - start),
		       (unsigned long long)(__rdtsc() - loaded));
	}
}

int main(int argc, char **argv)
{
	unsigned int samples = argc > 3 ? atoi(argv[2]) : 0;

	if (!samples)
		errx(2, "bad arguments");
	if (argc == 4 && !strcmp(argv[1], "load")) {
		load(samples, argv[3]);
		return 0;
	}
	parse_message(argv[3]);
	if (argc == 4 && !strcmp(argv[1], "do"))
		loop(samples, PER_SAMPLE, -1u, NULL, 0);
	else if (argc == 5 && !strcmp(argv[1], "dump"))
		loop(samples, 1, atoi(argv[4]), NULL, 0);
	else if (argc == 6 && !strcmp(argv[1], "tell"))
		tell(samples, atoi(argv[4]), atoi(argv[5]));
	else
		errx(2, "bad arguments");
	return 0;
}
