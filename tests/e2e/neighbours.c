/* SPDX-License-Identifier: ISC */
/*
 * Several state directories on one pool of addresses.  What one of them
 * remembers of a slice says nothing of the others: the kernel is asked.
 */
#include "lost.h"
#include "story.h"

#include "base/parse.h"
#include "claim/pool.h"
#include "store/history.h"
#include "store/lease.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

STORIES(neighbours);

/* Behind the boot id there is a word a slice: 1 is CLEAN, long ago. */
enum { WORDS = 64 };

/* Make our state directory remember this slice, and no other, as free. */
static void
prefer(const char *ip)
{
	const uint64_t clean = 1;
	uint32_t address = ntohl(inet_addr(ip));
	struct statedir dir;
	char name[48];
	int fd;

	cr_assert_eq(statedir_open(&dir), 0);
	history_close(history_open(&dir, lease_netns()));
	(void)snprintf(name, sizeof(name), "history-%llu",
	    (unsigned long long)lease_netns());
	fd = openat(dir.fd, name, O_WRONLY | O_CLOEXEC);
	cr_assert_eq(pwrite(fd, &clean, sizeof(clean),
			 (off_t)(WORDS + sizeof(clean) * pool_slice(address))),
	    (ssize_t)sizeof(clean));
	close(fd);
	close(dir.fd);
}

/* The address that the next lease gets. */
static const char *
leased_next(void)
{
	struct run *r = RUN(
	    PORTLEASE, "run", "-p", "9926", "sh", "-c", "echo $PORTLEASE_IP");

	cr_assert_eq(r->status, 0, "%s", r->err);
	r->out[strcspn(r->out, "\n")] = '\0';
	return r->out;
}

static void
expect_avoided(const char *ip)
{
	prefer(ip);
	cr_expect_str_neq(leased_next(), ip);
}

static void
expect_taken(const char *ip)
{
	prefer(ip);
	cr_expect_str_eq(leased_next(), ip);
}

Test(neighbours, an_orphan_that_holds_udp_alone_keeps_its_slice)
{
	const char *ip;
	pid_t pid;

	setenv("PORTLEASE_DIR", story_path("neighbour"), 1);
	pid = LOST(ip, "sh", "-c",
	    "exec " GUEST("fixedport") " udp:$PORTLEASE_IP:9927");
	setenv("PORTLEASE_DIR", story_state(), 1);
	expect_avoided(ip);
	story_signal_pid(pid, SIGKILL);
	story_gone(pid);
	expect_taken(ip);
}

static int
tcp(struct sockaddr_in *sin)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)sin, sizeof(*sin)), 0);
	return fd;
}

/* Both ends are in the slice; no listener is left. */
Test(neighbours, a_connection_keeps_its_slice)
{
	const char *ip = strdup(leased_next());
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_addr.s_addr = inet_addr(ip) },
			   at = sin;
	socklen_t len = sizeof(at);
	int listener = tcp(&sin), client = tcp(&sin), server;

	cr_assert_eq(listen(listener, 1), 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&at, &len), 0);
	cr_assert_eq(connect(client, (struct sockaddr *)&at, len), 0);
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	expect_avoided(ip);
	close(client);
	close(server);
}
