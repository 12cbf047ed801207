// SPDX-License-Identifier: GPL-2.0
/* Runs functions of tools/testing/selftests/bpf/prog_tests without the rest of test_progs, the build of
 * which compiles several hundred programs: what they call of it, and results in KTAP.
 *
 * TESTS has an X(name) for each function, by the compiler's command line.
 */

#include <stdbool.h>
#include <stdio.h>

#define X(name) void name(void);
TESTS
#undef X

static struct {
	const char *name;
	void (*run)(void);
} tests[] = {
#define X(name) { #name, name },
	TESTS
#undef X
};

static const char *test, *subtest;
static bool failed;
static int count, failures;

/* Says how the part that has begun last went; a test without parts is one itself. */
static void end(void)
{
	char name[128];

	snprintf(name, sizeof(name), "%s%s%s", test, subtest ? "." : "", subtest ? subtest : "");
	for (char *c = name; *c; c++)
		if (*c == ' ')
			*c = '_';
	printf("%s %d test.%s\n", failed ? "not ok" : "ok", ++count, name);
	fflush(stdout);
	failures += failed;
	failed = false;
}

bool test__start_subtest(const char *name)
{
	if (subtest)
		end();
	subtest = name;
	return true;
}

void test__fail(void)
{
	failed = true;
}

int main(void)
{
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		test = tests[i].name;
		subtest = NULL;
		tests[i].run();
		end();
	}
	printf("1..%d\n", count);
	return failures != 0;
}
