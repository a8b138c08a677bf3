/* SPDX-License-Identifier: ISC */
/*
 * The socket has an abstract name: that needs no directory, and nothing has to
 * be removed.  It has no permissions; the credentials of the sender are checked
 * instead, unix(7).
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
parse_extend(const char *value, int64_t *ms)
{
	char *end;
	unsigned long long usec;

	if (!isdigit((unsigned char)*value))
		return false;
	errno = 0;
	usec = strtoull(value, &end, 10);
	if (*end != '\0' || errno != 0)
		return false;
	*ms = usec / 1000 > INT32_MAX ? INT32_MAX : (int64_t)(usec / 1000) + 1;
	return true;
}

static bool
parse_line(struct sdnotify *n, char *line)
{
	char *value = strchr(line, '=');

	if (value == NULL || value == line)
		return false;
	*value++ = '\0';
	if (strcmp(line, "EXTEND_TIMEOUT_USEC") == 0)
		return parse_extend(value, &n->extend);
	if (strcmp(line, "READY") == 0) {
		n->ready = strcmp(value, "1") == 0;
		return n->ready;
	}
	if (strcmp(line, "STATUS") == 0) {
		(void)strlcpy(n->status, value, sizeof(n->status)); /* cut */
		printable_line(n->status);
	}
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
		if (!parse_line(n, line))
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

/*
 * Does the sender belong to our user, or descend from root?  A sender of
 * another user that has already exited cannot be traced to a parent.
 */
static bool
is_ours(const struct ucred *from, pid_t root)
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
get_credentials(struct msghdr *msg, struct ucred *from)
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

/* The control buffer holds credentials alone: the kernel closes descriptors. */
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
	if (msg.msg_flags & MSG_TRUNC || !get_credentials(&msg, &from) ||
	    !is_ours(&from, root))
		return -1;
	return sdnotify_parse(text, (size_t)len, n) ? 1 : -1;
}
