/* SPDX-License-Identifier: ISC */
/*
 * portlease who: the sockets of a port, an address or a process, the processes
 * that hold them, why, and what to do.
 */
#include "base/clock.h"
#include "base/printable.h"
#include "cmd/getopts.h"
#include "cmd/view.h"
#include "cmd/who_print.h"
#include "kernel/addrlock.h"
#include "kernel/procfs.h"
#include "kernel/sockwatch.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PID_MAX = 1 << 22, PORT_MAX = 65535, MARGIN = 20 /* ms */ };

static bool
parse_number(const char *text, long long max, long long *n)
{
	const char *error;

	*n = strtonum(text, 1, max, &error);
	return error == NULL;
}

static bool
parse_ip(char *text, struct target *t)
{
	char *colon = strchr(text, ':');
	struct in_addr in;
	long long port = 0;

	if (colon != NULL) {
		*colon = '\0';
		if (!parse_number(colon + 1, PORT_MAX, &port))
			return false;
	}
	if (inet_pton(AF_INET, text, &in) != 1)
		return false;
	t->ip = ntohl(in.s_addr);
	t->port = (uint16_t)port;
	t->prefix_len = t->ip == INADDR_ANY ? 0 : 32;
	/* The leased address of a slice stands for all of it. */
	if (port == 0 && (t->ip & POOL_MASK) == POOL_NET &&
	    (t->ip & 0xff) == HOST_LEASED)
		t->prefix_len = 24;
	return port != 0 || t->ip != INADDR_ANY;
}

static bool
parse_target(const char *text, struct target *t)
{
	char copy[64];
	long long n;

	*t = (struct target){ 0 };
	if (strncmp(text, "pid:", 4) == 0) {
		if (!parse_number(text + 4, PID_MAX, &n))
			return false;
		t->pid = (pid_t)n;
		return true;
	}
	if (parse_number(text, PID_MAX, &n)) {
		if (n > PORT_MAX)
			t->pid = (pid_t)n;
		else
			t->port = (uint16_t)n;
		return true;
	}
	return strlcpy(copy, text, sizeof(copy)) < sizeof(copy) &&
	       parse_ip(copy, t);
}

static void
look(struct look *l, const struct target *t)
{
	if (look_at(l, t, view_netns()) == 0)
		return;
	if (t->pid != 0 && (errno == ESRCH || errno == EACCES))
		err(EXIT_PORTLEASE, "who: pid %d", t->pid);
	err(EXIT_PORTLEASE, "who: the sockets cannot be seen");
}

/* Until the first TIME_WAIT is over, which nothing reports, or the end. */
static int
timeout_of(const struct look *l, int64_t end)
{
	int64_t left = end - clock_ms();

	for (size_t i = 0; i < l->n; i++) {
		const struct sockdiag_socket *s = &l->list[i].socket;

		if (s->state == TCP_TIME_WAIT && s->time_wait + MARGIN < left)
			left = s->time_wait + MARGIN;
	}
	return left > 0 ? (int)left : 0;
}

/* Has a socket gone that was asked for, or was a report lost? */
static bool
concerned(int watch, const struct target *t)
{
	struct sockets gone = { 0 };
	bool yes = sockwatch_read(watch, &gone) == -1;

	for (size_t i = 0; i < gone.n && !yes; i++)
		yes = t->port != 0
			  ? gone.list[i].local.port == t->port
			  : t->pid != 0 || sockdiag_within(&gone.list[i].local,
					       t->ip, t->prefix_len);
	sockets_free(&gone);
	return yes;
}

/* pollfds of the watch and, behind it, of all holders; returns how many. */
static nfds_t
descriptors(const struct look *l, int watch, struct pollfd **fds)
{
	size_t room = l->processes.n + 1;
	nfds_t n = 0;

	*fds = calloc(room, sizeof(**fds));
	if (*fds == NULL)
		err(EXIT_PORTLEASE, "who");
	(*fds)[n++] = (struct pollfd){ .fd = watch, .events = POLLIN };
	for (size_t i = 0; i < l->processes.n; i++) {
		const struct process *p = l->processes.list[i];
		int fd = procfs_pidfd(p->pid, p->start);

		if (fd != -1)
			(*fds)[n++] =
			    (struct pollfd){ .fd = fd, .events = POLLIN };
	}
	return n;
}

/* Wait until a holder has ended or a socket is gone, or for the time left. */
static void
wait_for_news(
    const struct look *l, const struct target *t, int watch, int64_t end)
{
	struct pollfd *fds;
	nfds_t n = descriptors(l, watch, &fds);
	bool ended = false;

	while (!ended && poll(fds, n, timeout_of(l, end)) == 1 &&
	       fds[0].revents != 0)
		ended = concerned(watch, t);
	for (nfds_t i = 1; i < n; i++)
		close(fds[i].fd);
	free(fds);
}

/* Subscribe, then look: what goes between is reported. */
static void
look_until_free(struct look *l, const struct target *t, int64_t wait)
{
	int watch = wait > 0 ? sockwatch_open_all() : -1;
	int64_t end = clock_ms() + wait;

	if (wait > 0 && watch == -1)
		err(EXIT_PORTLEASE, "who: --wait");
	look(l, t);
	while (l->held && clock_ms() < end) {
		wait_for_news(l, t, watch, end);
		look_free(l);
		look(l, t);
	}
	if (watch != -1)
		close(watch);
}

/* Where a port has nobody, a process may have been meant. */
static void
hint(const struct look *l, const struct target *t)
{
	struct procfs_stat stat;

	if (l->n == 0 && t->port != 0 && t->prefix_len == 0 &&
	    procfs_stat((pid_t)t->port, &stat) == 0)
		warnx("who: %u is taken for a port; the process is pid:%u",
		    t->port, t->port);
}

/* The operand may stand before, behind and between the options. */
static int
run(struct options *o, char *argv[])
{
	struct target target;
	const char *text = NULL;
	struct look l;
	bool held;

	for (; argv[0] != NULL; argv = getopts(o, &cmd_who, argv)) {
		if (text != NULL)
			errx(EXIT_PORTLEASE, "who: one operand at a time");
		text = argv[0];
	}
	if (text == NULL)
		errx(EXIT_PORTLEASE,
		    "who: give a port, an address or a process");
	if (!parse_target(text, &target))
		errx(EXIT_PORTLEASE,
		    "who: '%s' is not PORT, IP:PORT, IP or pid:PID",
		    printable_copy(text));
	target.everywhere = o->all;
	look_until_free(&l, &target, o->who_wait);
	if (l.n == 0 && target.pid == 0 && look_elsewhere(&l, &target) == -1)
		err(EXIT_PORTLEASE, "who: other network namespaces");
	(o->json ? who_json : who_text)(&l);
	hint(&l, &target);
	held = l.held;
	look_free(&l);
	return held ? 0 : 1;
}

const struct command cmd_who = {
	"who",
	CMD_WHO,
	"who [-aj] [--wait TIME] PORT | IP[:PORT] | pid:PID",
	"holders of a port: since when, why, what to do",
	run,
	NULL,
	OPERANDS_NONE,
};
