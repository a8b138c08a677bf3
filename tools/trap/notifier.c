/* SPDX-License-Identifier: ISC */
/* See seccomp_unotify(2). */
#include "trap/notifier.h"
#include "kernel/procfs.h"
#include "sock/sockops.h"
#include "sock/sockopt.h"
#include "trap/caller.h"
#include "trap/decide.h"
#include "trap/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	int nr;
	const char *name;
} calls[] = {
	[CALL_BIND] = { SYS_bind, "bind" },
	[CALL_CONNECT] = { SYS_connect, "connect" },
	[CALL_LISTEN] = { SYS_listen, "listen" },
};

enum { CALLS = sizeof(calls) / sizeof(*calls) };

static int
explain(struct notifier *n, const char *what)
{
	(void)snprintf(n->why, sizeof(n->why), "%s: %s", what,
	    errno == EBUSY ? "another filter with a listener is "
			     "installed already"
			   : strerror(errno)); /* fits */
	return -1;
}

static int
allocate(struct notifier *n)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == -1)
		return -1;
	n->call_size = sizes.seccomp_notif > sizeof(*n->call)
			   ? sizes.seccomp_notif
			   : sizeof(*n->call);
	n->reply_size = sizes.seccomp_notif_resp > sizeof(*n->reply)
			    ? sizes.seccomp_notif_resp
			    : sizeof(*n->reply);
	n->call = calloc(1, n->call_size);
	n->reply = calloc(1, n->reply_size);
	return n->call == NULL || n->reply == NULL ? -1 : 0;
}

int
notifier_take(struct notifier *n, int channel, pid_t command)
{
	int fd;

	n->listener = filter_receive(channel, &n->killable);
	if (n->listener == -1)
		return explain(n, "the kernel refuses the filter");
	if (allocate(n) == -1)
		return explain(n, "no notifications");
	/* Any descriptor will do, open or not. */
	fd = caller_fetch(command, STDERR_FILENO);
	if (fd == -1 && errno != EBADF)
		return explain(n, "the command's sockets cannot be reached");
	if (fd != -1)
		close(fd);
	return 0;
}

static uint16_t
read_reserved(void)
{
	char text[16];

	if (procfs_read(text, sizeof(text),
		"/proc/sys/net/ipv4/ip_unprivileged_port_start") <= 0)
		(void)strlcpy(text, "1024", sizeof(text)); /* ip(7) */
	text[strcspn(text, "\n")] = '\0';
	return (uint16_t)strtonum(text, 0, UINT16_MAX, NULL);
}

void
notifier_begin(
    struct notifier *n, const struct terms *terms, struct record *record)
{
	n->lease.terms = *terms;
	n->lease.record = record;
	n->lease.self = &n->opener;
	n->root = geteuid() == 0;
	n->reserved = read_reserved();
	(void)procfs_namespace("pid", &n->opener.pidns);
}

/* The kernel lets itself be interrupted while it waits for a lock. */
static int
request(const struct notifier *n, unsigned long what, void *argument)
{
	int rc;

	do {
		rc = ioctl(n->listener, what, argument);
	} while (rc == -1 && errno == EINTR);
	return rc;
}

static bool
valid(const struct notifier *n)
{
	return request(n, SECCOMP_IOCTL_NOTIF_ID_VALID, &n->call->id) == 0;
}

static void
read_name(const struct notifier *n, struct caught_call *c)
{
	const struct seccomp_data *data = &n->call->data;

	c->len = (socklen_t)data->args[2];
	if (c->call != CALL_LISTEN && c->len <= sizeof(c->name))
		c->name_error = caller_read(
		    (pid_t)n->call->pid, data->args[1], &c->name, c->len);
}

/* Fetch the socket, and learn what the answer depends on. */
static int
fetch(const struct notifier *n, struct caught_call *c)
{
	struct procfs_status status;
	pid_t tid = (pid_t)n->call->pid;
	int fd = caller_fetch(tid, c->fd);

	c->socket_error = fd == -1 ? errno : 0;
	c->protocol = fd == -1 ? 0 : sockopt_protocol(fd);
	c->reserved = n->reserved;
	if (n->root && c->call == CALL_BIND)
		c->unprivileged =
		    procfs_status(tid, &status) == 0 && status.euid != 0;
	c->gone = !valid(n);
	return fd;
}

static void
answer(struct notifier *n, int error, uint32_t flags)
{
	memset(n->reply, 0, n->reply_size);
	n->reply->id = n->call->id;
	n->reply->error = -error;
	n->reply->flags = flags;
	/* ENOENT: the caller does not wait any more. */
	(void)request(n, SECCOMP_IOCTL_NOTIF_SEND, n->reply);
}

/*
 * Where the wait is not killable, any signal may take a caller away from an
 * answer, even from one that the kernel has accepted, and the call is made
 * again.  A second connect or listen is as good as the first.  A second bind
 * is refused, although the first one is what it wants: remember those made.
 */
static void
remember(struct notifier *n, const struct caught_call *c, int fd)
{
	if (!n->killable && c->call == CALL_BIND)
		n->made[n->nmade++ % NOTIFIER_MADE] =
		    (struct made){ sockopt_cookie(fd), n->call->pid, c->name,
			    c->len };
}

static bool
was_made(struct notifier *n, const struct caught_call *c, int fd)
{
	uint64_t cookie = sockopt_cookie(fd);

	for (size_t i = 0; i < NOTIFIER_MADE; i++) {
		struct made *made = &n->made[i];

		if (made->cookie == 0 || made->cookie != cookie ||
		    made->thread != n->call->pid || made->len != c->len ||
		    memcmp(&made->name, &c->name, c->len) != 0)
			continue;
		made->cookie = 0;
		return true;
	}
	return false;
}

/* Make the call; 0, or its errno. */
static int
make(struct notifier *n, const struct caught_call *c, int fd)
{
	const struct sockaddr *sa = (const struct sockaddr *)&c->name;
	const struct lease_ctx *a = &n->lease;
	int rc = -1;

	errno = 0;
	if (c->call == CALL_BIND)
		rc = sockops_bind(a, fd, sa, c->len);
	else if (c->call == CALL_LISTEN)
		rc = sockops_listen(a, fd, (int)n->call->data.args[1]);
	else
		rc = sockops_connect(a, fd, sa, c->len);
	return rc == 0 ? 0 : errno;
}

/*
 * The flag belongs to the socket, not to our duplicate: for the moment of a
 * connect its other threads see it, too.
 */
static int
make_at_once(
    struct notifier *n, const struct caught_call *c, int fd, bool *blocking)
{
	int flags = fcntl(fd, F_GETFL), error;

	*blocking = flags != -1 && !(flags & O_NONBLOCK);
	if (!*blocking || c->call != CALL_CONNECT)
		return make(n, c, fd);
	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	error = make(n, c, fd);
	(void)fcntl(fd, F_SETFL, flags);
	return error;
}

static void
make_and_answer(struct notifier *n, const struct caught_call *c, int fd)
{
	bool blocking;
	int error;

	caller_identify((pid_t)n->call->pid, n->lease.record, &n->opener);
	error = make_at_once(n, c, fd, &blocking);
	if (error == EINVAL && c->call == CALL_BIND && was_made(n, c, fd))
		error = 0;
	if (error == 0)
		remember(n, c, fd);
	if (decide_waits(c->call, blocking, error))
		answer(n, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	else
		answer(n, error, 0);
}

static void
explain_refusal(struct notifier *n, const struct caught_call *c)
{
	int error = c->socket_error > 0 ? c->socket_error : c->name_error;
	pid_t pid = (pid_t)n->call->pid;
	char line[160] = "?";

	if (n->reported || error == 0)
		return;
	n->reported = true;
	(void)procfs_cmdline(pid, line, sizeof(line));
	(void)snprintf(n->why, sizeof(n->why),
	    "pid %d (%s) cannot be inspected: %s; its %s was refused", pid,
	    line, strerror(error), calls[c->call].name); /* fits */
}

static void
handle_call(struct notifier *n, enum call which)
{
	struct caught_call c = { .call = which,
		.fd = (int)n->call->data.args[0],
		.socket_error = SOCKET_NOT_FETCHED };
	enum answer verdict;
	int fd = -1, error;

	read_name(n, &c);
	c.gone = c.name_error != 0 && !valid(n);
	verdict = decide_answer(&c, &error);
	if (verdict == ANSWER_FETCH) {
		fd = fetch(n, &c);
		verdict = decide_answer(&c, &error);
	}
	if (verdict == ANSWER_PASS) {
		answer(n, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	} else if (verdict == ANSWER_FAIL) {
		explain_refusal(n, &c);
		answer(n, error, 0);
	} else if (verdict == ANSWER_MAKE) {
		make_and_answer(n, &c, fd);
	}
	if (fd != -1)
		close(fd);
}

bool
notifier_handle(struct notifier *n, short revents)
{
	bool reported = n->reported;
	size_t i = 0;

	if (revents == 0)
		return false;
	if (!(revents & POLLIN)) { /* POLLHUP: no process is left below it */
		close(n->listener);
		n->listener = -1;
		return false;
	}
	memset(n->call, 0, n->call_size);
	if (ioctl(n->listener, SECCOMP_IOCTL_NOTIF_RECV, n->call) == -1)
		return false;
	while (i < CALLS && n->call->data.nr != calls[i].nr)
		i++;
	if (i < CALLS)
		handle_call(n, (enum call)i);
	else
		answer(n, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	return n->reported && !reported;
}
