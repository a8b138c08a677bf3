/* SPDX-License-Identifier: ISC */
/*
 * Listens on a port and wipes the memory of its environment, as programs do
 * that write their title there: /proc/PID/environ tells nothing any more.
 *
 * forget port
 */
#include <sys/socket.h>

#include <err.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static void
wipe(void)
{
	char *last = environ[0];
	size_t i;

	for (i = 0; environ[i] != NULL; i++)
		last = environ[i] + strlen(environ[i]);
	if (last != NULL)
		memset(environ[0], 0, (size_t)(last - environ[0]));
}

int
main(int argc, char **argv)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (argc != 2)
		errx(2, "usage: forget port");
	any.sin_port = htons((in_port_t)strtoul(argv[1], NULL, 10));
	if (fd == -1 || bind(fd, (struct sockaddr *)&any, sizeof(any)) == -1 ||
	    listen(fd, 1) == -1)
		err(1, "%s", argv[1]);
	wipe();
	printf("ready pid %d\n", (int)getpid());
	fflush(stdout);
	for (;;)
		pause();
}
