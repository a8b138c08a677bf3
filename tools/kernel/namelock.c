/* SPDX-License-Identifier: ISC */
#include "kernel/namelock.h"
#include "base/fail.h"
#include "sock/bypass.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	HIGH = 200, /* above every other descriptor of a monitor */
	WATCHERS = 128
};

/* An abstract address starts with a NUL, and ends with its length. */
static socklen_t
address(const char *name, struct sockaddr_un *un)
{
	int n;

	*un = (struct sockaddr_un){ .sun_family = AF_UNIX };
	n = snprintf(un->sun_path + 1, sizeof(un->sun_path) - 1,
	    "portlease/%u/%s", geteuid(), name); /* fits: name.h */
	return (socklen_t)offsetof(struct sockaddr_un, sun_path) + 1 +
	       (socklen_t)n;
}

static int
stream(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

int
namelock_take(const char *name)
{
	struct sockaddr_un un;
	socklen_t len = address(name, &un);
	int fd = stream(), high;

	if (fd == -1)
		return -1;
	if (bypass_bind(fd, (struct sockaddr *)&un, len) == -1 ||
	    bypass_listen(fd, WATCHERS) == -1)
		return close_quietly(fd);
	high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH);
	if (high == -1)
		return fd;
	close(fd);
	return high;
}

int
namelock_watch(const char *name, pid_t *pid, uid_t *user)
{
	struct sockaddr_un un;
	socklen_t len = address(name, &un), size = sizeof(struct ucred);
	struct ucred peer;
	int fd = stream();

	if (fd == -1)
		return -1;
	if (bypass_connect(fd, (struct sockaddr *)&un, len) == -1 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == -1)
		return close_quietly(fd);
	*pid = peer.pid;
	*user = peer.uid;
	return fd;
}
