/* SPDX-License-Identifier: ISC */
/*
 * A listener that is never where one looks: chains of processes, each of
 * which forks the next, in a session of its own, and exits.  SIGTERM is
 * ignored.
 *
 * storm port chains microseconds
 */
#include <sys/socket.h>

#include <err.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SECONDS = 300 };

static void
hop(useconds_t pause)
{
	time_t end = time(NULL) + SECONDS;

	while (time(NULL) < end) {
		if (fork() > 0)
			_exit(0);
		(void)setsid();
		usleep(pause);
	}
	_exit(0);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	long chains;

	if (argc != 4)
		errx(2, "usage: storm port chains microseconds");
	any.sin_port = htons((in_port_t)strtoul(argv[1], NULL, 10));
	if (fd == -1 || bind(fd, (struct sockaddr *)&any, sizeof(any)) == -1 ||
	    listen(fd, 1) == -1)
		err(1, "%s", argv[1]);
	signal(SIGTERM, SIG_IGN);
	for (chains = strtol(argv[2], NULL, 10); chains > 0; chains--)
		if (fork() == 0)
			hop((useconds_t)strtoul(argv[3], NULL, 10));
	printf("ready pid %d\n", (int)getpid());
	fflush(stdout);
	return 0;
}
