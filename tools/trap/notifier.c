/* SPDX-License-Identifier: ISC */
/*
 * See seccomp_unotify(2).  Whatever was read of the process counts only when
 * the notification is still valid afterwards: its pid may be another's.
 */
#include "trap/notifier.h"
#include "base/fault.h"
#include "base/msg.h"
#include "base/text.h"
#include "kernel/procfs.h"
#include "sock/sockops.h"
#include "sock/sockopt.h"
#include "store/recquery.h"
#include "trap/decide.h"
#include "trap/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Linux 6.9: a descriptor of a thread; it is O_EXCL. */
#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* What the calls are called, and what their numbers are. */
static const struct {
	int nr;
	const char *name;
} calls[] = {
	[DECIDE_BIND] = { SYS_bind, "bind" },
	[DECIDE_CONNECT] = { SYS_connect, "connect" },
	[DECIDE_LISTEN] = { SYS_listen, "listen" },
};

enum { CALLS = sizeof(calls) / sizeof(*calls) };

/* What the stub tells, beside the listener. */
struct laid {
	int error; /* 0: the net lies */
	bool steady; /* see filter_install */
};

/* Room for one descriptor in a message. */
union control {
	char buf[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

void
notifier_install(int channel)
{
	struct laid laid = { 0 };
	int fd = fault("stub.trap") == -1 ? -1 : filter_install(&laid.steady);
	union control u = { 0 };
	struct iovec iov = { &laid, sizeof(laid) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	laid.error = fd == -1 ? errno : 0;
	if (fd != -1) {
		msg.msg_control = u.buf;
		msg.msg_controllen = sizeof(u.buf);
		u.align.cmsg_level = SOL_SOCKET;
		u.align.cmsg_type = SCM_RIGHTS;
		u.align.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&u.align), &fd, sizeof(fd));
	}
	(void)sendmsg(channel, &msg, MSG_NOSIGNAL); /* or the monitor is gone */
	if (fd != -1)
		close(fd);
}

/* What the stub sent: the listener; -1 with errno. */
static int
receive(int channel, bool *steady)
{
	struct laid laid = { .error = ECONNRESET };
	union control u = { 0 };
	struct iovec iov = { &laid, sizeof(laid) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = u.buf,
		.msg_controllen = sizeof(u.buf) };
	ssize_t n = recvmsg(channel, &msg, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	int fd = -1;

	if (c != NULL && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	if (fd == -1 && n != -1)
		errno = laid.error != 0 ? laid.error : EMFILE;
	*steady = laid.steady;
	return fd;
}

/* A thread that does not lead its process has no pidfd before Linux 6.9. */
static int
open_process(pid_t tid)
{
	struct procfs_status status;
	long fd = syscall(SYS_pidfd_open, tid, PIDFD_THREAD);

	if (fd == -1 && errno == EINVAL)
		fd = syscall(SYS_pidfd_open, tid, 0);
	if (fd == -1 && (errno == EINVAL || errno == ENOENT) &&
	    procfs_status(tid, &status) == 0)
		fd = syscall(SYS_pidfd_open, status.tgid, 0);
	return (int)fd;
}

/* A duplicate of what the thread has open as fd; -1 with errno. */
static int
fetch(pid_t tid, int fd)
{
	int process = open_process(tid), copy, keep;

	if (process == -1)
		return -1;
	copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	keep = errno;
	close(process);
	errno = keep;
	return copy;
}

static int
refuse(struct notifier *t, const char *what)
{
	(void)snprintf(t->why, sizeof(t->why), "%s: %s", what,
	    errno == EBUSY ? "there is another net already"
			   : strerror(errno)); /* fits */
	return -1;
}

static int
make_room(struct notifier *t)
{
	struct seccomp_notif_sizes sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == -1)
		return -1;
	t->call_size = sizes.seccomp_notif > sizeof(*t->call)
			   ? sizes.seccomp_notif
			   : sizeof(*t->call);
	t->reply_size = sizes.seccomp_notif_resp > sizeof(*t->reply)
			    ? sizes.seccomp_notif_resp
			    : sizeof(*t->reply);
	t->call = calloc(1, t->call_size);
	t->reply = calloc(1, t->reply_size);
	return t->call == NULL || t->reply == NULL ? -1 : 0;
}

int
notifier_take(struct notifier *t, int channel, pid_t command)
{
	int fd;

	t->listener = receive(channel, &t->steady);
	if (t->listener == -1)
		return refuse(t, "the kernel refuses the filter");
	if (make_room(t) == -1)
		return refuse(t, "no notifications");
	/* Any descriptor will do, be it open or not. */
	fd = fetch(command, STDERR_FILENO);
	if (fd == -1 && errno != EBADF)
		return refuse(t, "the command's sockets cannot be reached");
	if (fd != -1)
		close(fd);
	return 0;
}

static uint16_t
read_reserved(void)
{
	char text[16] = "";
	int fd = open("/proc/sys/net/ipv4/ip_unprivileged_port_start",
	    O_RDONLY | O_CLOEXEC);

	if (fd == -1 || read(fd, text, sizeof(text) - 1) <= 0)
		(void)strlcpy(text, "1024", sizeof(text)); /* ip(7) */
	if (fd != -1)
		close(fd);
	text[strcspn(text, "\n")] = '\0';
	return (uint16_t)strtonum(text, 0, UINT16_MAX, NULL);
}

void
notifier_begin(
    struct notifier *t, const struct terms *terms, struct record *record)
{
	t->lease.terms = *terms;
	t->lease.record = record;
	t->lease.self = &t->opener;
	t->root = geteuid() == 0;
	t->reserved = read_reserved();
	(void)procfs_namespace("pid", &t->pidns);
}

int
notifier_fd(const struct notifier *t)
{
	return t->listener;
}

static bool
valid(const struct notifier *t)
{
	return ioctl(t->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &t->call->id) ==
	       0;
}

static void
read_name(const struct notifier *t, struct decide *call)
{
	const struct seccomp_data *data = &t->call->data;
	struct iovec here = { &call->name, 0 };
	struct iovec there = { .iov_base = (void *)(uintptr_t)data->args[1] };
	ssize_t n;

	call->len = (socklen_t)data->args[2];
	if (call->call == DECIDE_LISTEN || call->len > sizeof(call->name))
		return;
	here.iov_len = there.iov_len = call->len;
	n = process_vm_readv((pid_t)t->call->pid, &here, 1, &there, 1, 0);
	if (n != (ssize_t)call->len)
		call->name_error = n == -1 ? errno : EFAULT;
}

/* Fetch the socket, and learn what the answer depends on. */
static int
look(const struct notifier *t, struct decide *call)
{
	struct procfs_status status;
	int fd = fetch((pid_t)t->call->pid, call->fd);

	call->socket_error = fd == -1 ? errno : 0;
	call->protocol = fd == -1 ? 0 : sockopt_protocol(fd);
	call->reserved = t->reserved;
	if (t->root && call->call == DECIDE_BIND)
		call->lesser =
		    procfs_status((pid_t)t->call->pid, &status) == 0 &&
		    status.euid != 0;
	call->gone = !valid(t);
	return fd;
}

static void
name_image(pid_t tid, char path[static IMAGE_PATH])
{
	char link[40], full[PATH_MAX];
	size_t len, room = IMAGE_PATH - 1;
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/%d/exe", tid); /* fits */
	n = readlink(link, full, sizeof(full) - 1);
	len = n > 0 ? (size_t)n : 0;
	memset(path, 0, IMAGE_PATH);
	memcpy(path, full + (len > room ? len - room : 0),
	    len > room ? room : len);
}

/* The slot of an image that is there already; RECORD_IMAGES nowhere. */
static uint16_t
find_image(const struct record *r, const struct image *wanted)
{
	struct image image;

	for (size_t i = 0; i < RECORD_IMAGES; i++) {
		size_t n = ((size_t)wanted->pid + i) % RECORD_IMAGES;

		if (r->images[n].pid == wanted->pid &&
		    recquery_image(r, n, &image) &&
		    image.start == wanted->start &&
		    strcmp(image.path, wanted->path) == 0)
			return (uint16_t)n;
	}
	return RECORD_IMAGES;
}

/* Who makes the call, for the notes; the image is written when it is new. */
static void
identify(struct notifier *t)
{
	struct image image = { .flags = IMAGE_TRAPPED, .pidns = t->pidns };
	pid_t tid = (pid_t)t->call->pid;
	struct procfs_status status = { .tgid = tid };
	struct procfs_stat stat = { 0 };

	(void)procfs_status(tid, &status);
	(void)procfs_stat(status.tgid, &stat);
	image.pid = status.tgid;
	image.start = stat.start;
	name_image(tid, image.path);
	t->opener.start = image.start;
	t->opener.pidns = image.pidns;
	t->opener.image = find_image(t->lease.record, &image);
	if (t->opener.image == RECORD_IMAGES)
		t->opener.image = record_image(t->lease.record, &image);
	atomic_store(&t->opener.pid, image.pid);
}

static void
answer(struct notifier *t, int error, uint32_t flags)
{
	memset(t->reply, 0, t->reply_size);
	t->reply->id = t->call->id;
	t->reply->error = -error;
	t->reply->flags = flags;
	/* ENOENT: nobody waits for it any more. */
	(void)ioctl(t->listener, SECCOMP_IOCTL_NOTIF_SEND, t->reply);
}

/*
 * Where the net is not steady, any signal may take a caller away from an
 * answer, even from one that the kernel has accepted, and the call is made
 * again.  A second connect or listen is as good as the first.  A second bind
 * is refused, although the first one is what it wants: remember those made.
 */
static void
remember(struct notifier *t, const struct decide *call, int fd)
{
	if (!t->steady && call->call == DECIDE_BIND)
		t->made[t->nmade++ % NOTIFIER_MADE] =
		    (struct made){ sockopt_cookie(fd), t->call->pid, call->name,
			    call->len };
}

static bool
was_made(struct notifier *t, const struct decide *call, int fd)
{
	uint64_t cookie = sockopt_cookie(fd);

	for (size_t i = 0; i < NOTIFIER_MADE; i++) {
		struct made *made = &t->made[i];

		if (made->cookie == 0 || made->cookie != cookie ||
		    made->thread != t->call->pid || made->len != call->len ||
		    memcmp(&made->name, &call->name, call->len) != 0)
			continue;
		made->cookie = 0;
		return true;
	}
	return false;
}

/* Make the call; 0, or its errno. */
static int
make(struct notifier *t, const struct decide *call, int fd)
{
	const struct sockaddr *sa = (const struct sockaddr *)&call->name;
	const struct lease_ctx *a = &t->lease;
	int rc = -1;

	errno = 0;
	if (call->call == DECIDE_BIND)
		rc = sockops_bind(a, fd, sa, call->len);
	else if (call->call == DECIDE_LISTEN)
		rc = sockops_listen(a, fd, (int)t->call->data.args[1]);
	else
		rc = sockops_connect(a, fd, sa, call->len);
	return rc == 0 ? 0 : errno;
}

/*
 * The flag belongs to the socket, not to our duplicate: for the moment of a
 * connect its other threads see it, too.
 */
static int
make_at_once(
    struct notifier *t, const struct decide *call, int fd, bool *blocking)
{
	int flags = fcntl(fd, F_GETFL), error;

	*blocking = flags != -1 && !(flags & O_NONBLOCK);
	if (!*blocking || call->call != DECIDE_CONNECT)
		return make(t, call, fd);
	(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	error = make(t, call, fd);
	(void)fcntl(fd, F_SETFL, flags);
	return error;
}

static void
move(struct notifier *t, const struct decide *call, int fd)
{
	bool blocking;
	int error;

	identify(t);
	error = make_at_once(t, call, fd, &blocking);
	if (error == EINVAL && call->call == DECIDE_BIND &&
	    was_made(t, call, fd))
		error = 0;
	if (error == 0)
		remember(t, call, fd);
	if (decide_waits(call->call, blocking, error))
		answer(t, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	else
		answer(t, error, 0);
}

/* One line a lease. */
static void
say_hidden(struct notifier *t, const struct decide *call)
{
	int error =
	    call->socket_error > 0 ? call->socket_error : call->name_error;
	pid_t pid = (pid_t)t->call->pid;
	char ip[16], line[160] = "?";

	if (t->said)
		return;
	t->said = true;
	text_address(t->lease.terms.leased, ip);
	(void)procfs_cmdline(pid, line, sizeof(line));
	msg(t->lease.record,
	    "%s: pid %d (%s) cannot be looked into: %s; its %s was refused", ip,
	    pid, line, strerror(error), calls[call->call].name);
}

static void
fail(struct notifier *t, const struct decide *call, int error)
{
	if (call->socket_error > 0 || call->name_error != 0)
		say_hidden(t, call);
	answer(t, error, 0);
}

static void
attend(struct notifier *t, enum decide_call which)
{
	struct decide call = { .call = which,
		.fd = (int)t->call->data.args[0],
		.socket_error = DECIDE_UNASKED };
	enum answer verdict;
	int fd = -1, error;

	read_name(t, &call);
	call.gone = call.name_error != 0 && !valid(t);
	verdict = decide_answer(&call, &error);
	if (verdict == ANSWER_LOOK) {
		fd = look(t, &call);
		verdict = decide_answer(&call, &error);
	}
	if (verdict == ANSWER_PASS)
		answer(t, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	else if (verdict == ANSWER_FAIL)
		fail(t, &call, error);
	else if (verdict == ANSWER_MOVE)
		move(t, &call, fd);
	if (fd != -1)
		close(fd);
}

void
notifier_handle(struct notifier *t, short revents)
{
	if (revents == 0)
		return;
	if (!(revents & POLLIN)) { /* POLLHUP: nobody is left in it */
		close(t->listener);
		t->listener = -1;
		return;
	}
	memset(t->call, 0, t->call_size);
	if (ioctl(t->listener, SECCOMP_IOCTL_NOTIF_RECV, t->call) == -1)
		return;
	for (size_t i = 0; i < CALLS; i++) {
		if (t->call->data.nr == calls[i].nr) {
			attend(t, (enum decide_call)i);
			return;
		}
	}
	answer(t, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}
