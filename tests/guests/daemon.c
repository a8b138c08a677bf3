/* SPDX-License-Identifier: ISC */
/*
 * Becomes a daemon by forks alone, as daemon(3) does: no exec follows, so that
 * nothing writes an image of it, and lets go of every descriptor.  Says "pid N"
 * and waits for a signal.
 *
 * daemon [-b PORT] [-e] [-n HOPS] [-t]
 *	-b	listen on that port once it is a daemon
 *	-e	overwrite the environment, as setproctitle(3) does
 *	-n	fork so many times more, and live a millisecond between
 *	-t	ignore SIGTERM
 */
#include <arpa/inet.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void
leave(void)
{
	pid_t pid = fork();

	if (pid == -1)
		err(1, "fork");
	if (pid > 0)
		_exit(0);
}

static void
listen_on(const char *port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 1) == -1)
		err(1, "port %s", port);
}

static void
forget_environment(void)
{
	for (char **e = environ; *e != NULL; e++)
		memset(*e, 'x', strlen(*e));
}

static void
hop(int hops)
{
	static const struct timespec moment = { .tv_nsec = 1000000 };

	while (hops-- > 0) {
		(void)nanosleep(&moment, NULL);
		leave();
	}
}

int
main(int argc, char **argv)
{
	const char *port = NULL;
	int c, hops = 0;

	leave();
	setsid();
	leave();
	close(STDIN_FILENO);
	(void)close_range(3, ~0U, 0);
	while ((c = getopt(argc, argv, "b:en:t")) != -1)
		switch (c) {
		case 'b':
			port = optarg;
			break;
		case 'e':
			forget_environment();
			break;
		case 'n':
			hops = atoi(optarg);
			break;
		case 't':
			(void)signal(SIGTERM, SIG_IGN);
			break;
		default:
			return 2;
		}
	hop(hops);
	if (port != NULL)
		listen_on(port);
	close(STDERR_FILENO);
	printf("pid %d\n", getpid());
	(void)fclose(stdout);
	for (;;)
		pause();
}
