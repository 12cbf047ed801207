// SPDX-License-Identifier: GPL-2.0
/*
 * A client of firewall and linkwatch by the kernel's C library, tools/net/ynl/lib: says `ok NAME` or
 * `not ok NAME: why`.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ynl.h>

#include "firewall-user.h"
#include "linkwatch-user.h"

#define PATIENCE 20000 /* milliseconds */

static const char *failed;
static char why[600];

#define CHECK(condition, ys)								\
	do {										\
		if (!(condition)) {							\
			snprintf(why, sizeof(why), "line %d: " #condition " (%s)",	\
				 __LINE__, (ys) ? (ys)->err.msg : "");			\
			failed = why;							\
			return;								\
		}									\
	} while (0)

static struct ynl_sock *open_family(const struct ynl_family *family, const char *group)
{
	struct ynl_error error = {};
	struct ynl_sock *ys = ynl_sock_create(family, &error);

	if (!ys || (group && ynl_subscribe(ys, group))) {
		printf("not ok open: %s\n", ys ? ys->err.msg : error.msg);
		exit(1);
	}
	return ys;
}

/* The next notification, or NULL if none comes. */
static struct ynl_ntf_base_type *next(struct ynl_sock *ys)
{
	struct pollfd fd = { .fd = ynl_socket_get_fd(ys), .events = POLLIN };

	while (!ynl_has_ntf(ys))
		if (poll(&fd, 1, PATIENCE) <= 0 || ynl_ntf_check(ys) < 0)
			return NULL;
	return ynl_ntf_dequeue(ys);
}

static void add(struct ynl_sock *ys, __u16 last)
{
	struct firewall_rule_add_req *req = firewall_rule_add_req_alloc();

	firewall_rule_add_req_set_rule_chain(req, FIREWALL_CHAIN_INPUT);
	firewall_rule_add_req_set_rule_action(req, FIREWALL_ACTION_DROP);
	firewall_rule_add_req_set_rule_protocol(req, 17);
	firewall_rule_add_req_set_rule_destination_port_min(req, 7);
	firewall_rule_add_req_set_rule_destination_port_max(req, last);
	struct firewall_rule_add_rsp *rsp = firewall_rule_add(ys, req);

	firewall_rule_add_req_free(req);
	if (rsp)
		firewall_rule_add_rsp_free(rsp);
}

static void rules(void)
{
	struct ynl_sock *ys = open_family(&ynl_firewall_family, "rules");
	struct firewall_rule_add_ntf *told;
	struct firewall_rule_get_list *list;
	struct firewall_rule_del_req *del;
	int count = 0, last = 0;

	for (int n = 0; n < 3; n++) {
		add(ys, 9 + n);
		CHECK(!ys->err.code, ys);
		told = (void *)next(ys);
		CHECK(told && told->cmd == FIREWALL_CMD_RULE_ADD_NTF, ys);
		CHECK(told->obj.rule.destination_port_max == 9 + n, ys);
		ynl_ntf_free((void *)told);
	}
	list = firewall_rule_get_dump(ys);
	CHECK(list, ys);
	ynl_dump_foreach(list, entry) {
		count++;
		last = entry->rule.destination_port_max;
	}
	firewall_rule_get_list_free(list);
	CHECK(count == 3 && last == 11, ys);
	/* A range that ends before it begins: the family says so, in words. */
	add(ys, 6);
	CHECK(ys->err.code == EINVAL && strstr(ys->err.msg, "port"), ys);
	del = firewall_rule_del_req_alloc();
	firewall_rule_del_req_set_id(del, 4000000000u);
	CHECK(firewall_rule_del(ys, del) < 0 && ys->err.code == ENOENT, ys);
	firewall_rule_del_req_free(del);
	ynl_sock_destroy(ys);
}

static void devices(void)
{
	struct ynl_sock *ys = open_family(&ynl_linkwatch_family, "devices");
	static const enum linkwatch_event wanted[] = {
		LINKWATCH_EVENT_REGISTER, LINKWATCH_EVENT_UP, LINKWATCH_EVENT_UNREGISTER,
	};
	struct linkwatch_device_event *told;
	struct linkwatch_device_get_list *list;
	struct linkwatch_device_get_req *req;
	__u64 before = 0;
	int found = 0;

	CHECK(!system("ip link add watched type dummy && ip link set watched up"), ys);
	req = linkwatch_device_get_req_alloc();
	list = linkwatch_device_get_dump(ys, req);
	linkwatch_device_get_req_free(req);
	CHECK(list, ys);
	ynl_dump_foreach(list, device)
		found += !strcmp(device->name, "watched") && device->up;
	linkwatch_device_get_list_free(list);
	CHECK(found == 1, ys);
	CHECK(!system("ip link del watched"), ys);
	for (size_t n = 0; n < sizeof(wanted) / sizeof(*wanted);) {
		told = (void *)next(ys);
		CHECK(told, ys);
		CHECK(told->obj.previous == before || !before, ys);
		before = told->obj.sequence;
		if (!strcmp(told->obj.name, "watched") && told->obj.event == wanted[n])
			n++;
		ynl_ntf_free((void *)told);
	}
	ynl_sock_destroy(ys);
}

int main(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} cases[] = { { "rules", rules }, { "devices", devices } };

	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		failed = NULL;
		cases[n].run();
		if (failed)
			printf("not ok %s: %s\n", cases[n].name, failed);
		else
			printf("ok %s\n", cases[n].name);
		fflush(stdout);
	}
	return 0;
}
