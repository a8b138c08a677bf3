/* SPDX-License-Identifier: ISC */
/*
 * Listens on a port and dies with a large core: the port stays taken while
 * the kernel writes.
 *
 * dumper port megabytes
 */
#include <sys/resource.h>
#include <sys/socket.h>

#include <err.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	static const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t size;
	char *heap;

	if (argc != 3)
		errx(2, "usage: dumper port megabytes");
	any.sin_port = htons((in_port_t)strtoul(argv[1], NULL, 10));
	if (fd == -1 || bind(fd, (struct sockaddr *)&any, sizeof(any)) == -1 ||
	    listen(fd, 1) == -1)
		err(1, "%s", argv[1]);
	size = strtoul(argv[2], NULL, 10) << 20;
	heap = malloc(size);
	if (heap == NULL)
		err(1, "malloc");
	memset(heap, 0x5a, size);
	if (setrlimit(RLIMIT_CORE, &all) == -1)
		err(1, "RLIMIT_CORE");
	printf("ready pid %d\n", (int)getpid());
	fflush(stdout);
	raise(SIGQUIT);
	return heap[0];
}
