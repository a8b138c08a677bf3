/* SPDX-License-Identifier: ISC */
/*
 * An abstract name needs no directory that a program of another user could
 * reach, and nobody has to remove it; what it lacks in permissions, the
 * sender's credentials make good, unix(7).
 */
#include "ready/sdnotify.h"
#include "base/printable.h"
#include "kernel/procfs.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool
take_ready(struct sdnotify *n, const char *value)
{
	n->ready = strcmp(value, "1") == 0;
	return n->ready;
}

static bool
take_extend(struct sdnotify *n, const char *value)
{
	char *end;
	unsigned long long usec;

	if (!isdigit((unsigned char)*value))
		return false;
	errno = 0;
	usec = strtoull(value, &end, 10);
	if (*end != '\0' || errno != 0)
		return false;
	n->extend =
	    usec / 1000 > INT32_MAX ? INT32_MAX : (int64_t)(usec / 1000) + 1;
	return true;
}

static bool
take_status(struct sdnotify *n, const char *value)
{
	(void)strlcpy(n->status, value, sizeof(n->status)); /* for people */
	printable_line(n->status);
	return true;
}

static const struct {
	const char *name;
	bool (*take)(struct sdnotify *, const char *value);
} names[] = {
	{ "READY", take_ready },
	{ "STATUS", take_status },
	{ "EXTEND_TIMEOUT_USEC", take_extend },
};

static bool
take_line(struct sdnotify *n, char *line)
{
	char *value = strchr(line, '=');

	if (value == NULL || value == line)
		return false;
	*value++ = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(line, names[i].name) == 0)
			return names[i].take(n, value);
	return true;
}

bool
sdnotify_parse(const char *text, size_t len, struct sdnotify *n)
{
	char copy[SDNOTIFY_SIZE + 1], *at = copy, *line;

	memset(n, 0, sizeof(*n));
	if (len == 0 || len > SDNOTIFY_SIZE || memchr(text, '\0', len) != NULL)
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (copy[len - 1] == '\n')
		copy[len - 1] = '\0';
	while ((line = strsep(&at, "\n")) != NULL)
		if (!take_line(n, line))
			return false;
	return true;
}

int
sdnotify_open(char name[static SDNOTIFY_NAME])
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	uint64_t random[2];
	socklen_t len;
	int on = 1;

	if (fd == -1 || getrandom(random, sizeof(random), 0) != sizeof(random))
		return -1;
	len =
	    (socklen_t)snprintf(name, SDNOTIFY_NAME, "@portlease/%016jx%016jx",
		(uintmax_t)random[0], (uintmax_t)random[1]);
	memcpy(sun.sun_path + 1, name + 1, len - 1);
	len += (socklen_t)offsetof(struct sockaddr_un, sun_path);
	if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0 &&
	    bind(fd, (struct sockaddr *)&sun, len) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Is it, or was it, one of ours?  Who sent and ended at once has no parent. */
static bool
ours(const struct ucred *from, pid_t root)
{
	struct procfs_stat st = { .ppid = from->pid };

	if (from->uid == geteuid())
		return true;
	for (int depth = 0; depth < 64 && st.ppid > 1; depth++) {
		if (st.ppid == root)
			return true;
		if (procfs_stat(st.ppid, &st) == -1)
			return false;
	}
	return false;
}

static bool
credentials(struct msghdr *msg, struct ucred *from)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
	     c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SCM_CREDENTIALS) {
			memcpy(from, CMSG_DATA(c), sizeof(*from));
			return true;
		}
	}
	return false;
}

/* There is room for credentials alone: descriptors are closed at once. */
int
sdnotify_read(int fd, pid_t root, struct sdnotify *n)
{
	char text[SDNOTIFY_SIZE];
	union {
		char room[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { text, sizeof(text) };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct ucred from;
	ssize_t len = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (len == -1)
		return errno == EAGAIN || errno == EINTR ? 0 : -1;
	if (msg.msg_flags & MSG_TRUNC || !credentials(&msg, &from) ||
	    !ours(&from, root))
		return -1;
	return sdnotify_parse(text, (size_t)len, n) ? 1 : -1;
}
