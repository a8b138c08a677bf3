/* SPDX-License-Identifier: ISC */
/*
 * Hands a listening socket to a stranger: binds a port, sends the listener in
 * an SCM_RIGHTS message to a Unix socket, and exits.  Until the stranger reads
 * the message, no process holds the listener, and yet it listens.
 *
 * smuggle port path
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
listener(const char *port)
{
	struct sockaddr_in any = {
		.sin_family = AF_INET,
		.sin_port = htons((in_port_t)strtoul(port, NULL, 10)),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd == -1 || bind(fd, (struct sockaddr *)&any, sizeof(any)) == -1 ||
	    listen(fd, 1) == -1)
		err(1, "%s", port);
	return fd;
}

static int
stranger(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	if (fd == -1 ||
	    connect(fd, (struct sockaddr *)&name, sizeof(name)) == -1)
		err(1, "%s", path);
	return fd;
}

static void
hand(int to, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (char[]){ 'x' }, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(to, &msg, 0) == -1)
		err(1, "sendmsg");
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		errx(2, "usage: smuggle port path");
	hand(stranger(argv[2]), listener(argv[1]));
	return 0;
}
