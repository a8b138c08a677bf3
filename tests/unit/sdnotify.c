/* SPDX-License-Identifier: ISC */
/* Messages of sd_notify(3), well formed and not, a row each. */
#include "ready/sdnotify.h"

#include <criterion/criterion.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TEXT(text) text, sizeof(text) - 1

static const struct row {
	const char *text;
	size_t len;
	bool good;
	struct sdnotify n;
} rows[] = {
	{ TEXT("READY=1"), true, { .ready = true } },
	{ TEXT("READY=1\n"), true, { .ready = true } },
	{ TEXT("STATUS=loading\nREADY=1"), true,
	    { .ready = true, .status = "loading" } },
	{ TEXT("STATUS=a=b"), true, { .status = "a=b" } },
	{ TEXT("STATUS="), true, { 0 } },
	{ TEXT("STATUS=a\033[2Jb"), true, { .status = "a?[2Jb" } },
	{ TEXT("EXTEND_TIMEOUT_USEC=5000000"), true, { .extend = 5001 } },
	{ TEXT("EXTEND_TIMEOUT_USEC=1"), true, { .extend = 1 } },
	{ TEXT("EXTEND_TIMEOUT_USEC=18446744073709551615"), true,
	    { .extend = INT32_MAX } },
	{ TEXT("MAINPID=4711\nX_OWN=x"), true, { 0 } },
	{ TEXT("BARRIER=1"), true, { 0 } },
	{ TEXT("READY=0"), false, { 0 } },
	{ TEXT("READY=yes"), false, { 0 } },
	{ TEXT("READY"), false, { 0 } },
	{ TEXT("=1"), false, { 0 } },
	{ TEXT(""), false, { 0 } },
	{ TEXT("\n"), false, { 0 } },
	{ TEXT("READY=1\n\nSTATUS=x"), false, { 0 } },
	{ TEXT("READY=1\0"), false, { 0 } },
	{ TEXT("EXTEND_TIMEOUT_USEC=-1"), false, { 0 } },
	{ TEXT("EXTEND_TIMEOUT_USEC=soon"), false, { 0 } },
	{ TEXT("EXTEND_TIMEOUT_USEC="), false, { 0 } },
	{ TEXT("EXTEND_TIMEOUT_USEC=99999999999999999999999"), false, { 0 } },
};

Test(sdnotify, messages_are_taken_whole_or_not_at_all)
{
	struct sdnotify n;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct row *r = &rows[i];

		cr_expect_eq(sdnotify_parse(r->text, r->len, &n), r->good, "%s",
		    r->text);
		if (!r->good)
			continue;
		cr_expect_eq(n.ready, r->n.ready, "%s", r->text);
		cr_expect_eq(n.extend, r->n.extend, "%s", r->text);
		cr_expect_str_eq(n.status, r->n.status);
	}
}

Test(sdnotify, a_message_of_the_greatest_size_and_one_more)
{
	static char text[SDNOTIFY_SIZE + 1];
	struct sdnotify n;

	memset(text, 'x', sizeof(text));
	memcpy(text, "STATUS=", 7);
	cr_expect(sdnotify_parse(text, SDNOTIFY_SIZE, &n));
	cr_expect_eq(strlen(n.status), sizeof(n.status) - 1);
	cr_expect_not(sdnotify_parse(text, SDNOTIFY_SIZE + 1, &n));
}

static int
dial(const char *name)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t len =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(sun.sun_path + 1, name + 1, strlen(name) - 1);
	cr_assert_eq(connect(fd, (struct sockaddr *)&sun, len), 0);
	return fd;
}

Test(sdnotify, messages_come_one_by_one_until_there_is_none)
{
	char name[SDNOTIFY_NAME];
	struct sdnotify n;
	int fd = sdnotify_open(name), client;

	cr_assert_neq(fd, -1);
	cr_expect_eq(name[0], '@');
	cr_expect_eq(sdnotify_read(fd, getpid(), &n), 0);
	client = dial(name);
	cr_expect_eq(send(client, "nonsense", 8, 0), 8);
	cr_expect_eq(send(client, "READY=1", 7, 0), 7);
	cr_expect_eq(sdnotify_read(fd, getpid(), &n), -1);
	cr_expect_eq(sdnotify_read(fd, getpid(), &n), 1);
	cr_expect(n.ready);
	cr_expect_eq(sdnotify_read(fd, getpid(), &n), 0);
	close(client);
	close(fd);
}
