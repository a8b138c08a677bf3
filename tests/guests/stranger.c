/* SPDX-License-Identifier: ISC */
/*
 * Takes a descriptor from whoever connects to a Unix socket (see smuggle),
 * says so, and keeps it.
 *
 * stranger path
 */
#include <sys/socket.h>
#include <sys/un.h>

#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
await(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
	if (fd == -1 ||
	    bind(fd, (struct sockaddr *)&name, sizeof(name)) == -1 ||
	    listen(fd, 1) == -1)
		err(1, "%s", path);
	printf("ready pid %d\n", (int)getpid());
	fflush(stdout);
	return accept(fd, NULL, NULL);
}

int
main(int argc, char **argv)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};

	if (argc != 2)
		errx(2, "usage: stranger path");
	if (recvmsg(await(argv[1]), &msg, 0) != 1 ||
	    CMSG_FIRSTHDR(&msg) == NULL)
		err(1, "recvmsg");
	puts("taken");
	fflush(stdout);
	for (;;)
		pause();
}
