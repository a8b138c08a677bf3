/* SPDX-License-Identifier: ISC */
/*
 * Listens on a port and waits in vfork(2) for a child that never goes on: in
 * state D, where a signal that ends it is all that reaches it.
 *
 * vforked port
 */
#include <sys/socket.h>

#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 2)
		errx(2, "usage: vforked port");
	any.sin_port = htons((in_port_t)strtoul(argv[1], NULL, 10));
	if (fd == -1 || bind(fd, (struct sockaddr *)&any, sizeof(any)) == -1 ||
	    listen(fd, 1) == -1)
		err(1, "%s", argv[1]);
	printf("ready pid %d\n", (int)getpid());
	fflush(stdout);
	if (vfork() == 0) {
		(void)close_range(0, ~0U, 0);
		for (;;)
			pause();
	}
	return 0;
}
