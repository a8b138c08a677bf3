/* SPDX-License-Identifier: ISC */
/*
 * A tiny server that can be told from all others by its second port.
 *
 * tenant [-c] [-d] [-l ms] [-t ms] port ...
 *
 * -c leaves a child behind that has the listeners, -d one that is deaf to
 * SIGTERM as well; -l is its life, -t what it takes from SIGTERM to the end.
 */
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <err.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
serve(const char *port)
{
	struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	any.sin_port = htons((in_port_t)strtoul(port, NULL, 10));
	if (fd == -1)
		err(1, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) == -1 ||
	    listen(fd, 8) == -1)
		err(1, "%s", port);
}

static void
leave_child(bool deaf)
{
	sigset_t none;

	if (fork() != 0)
		return;
	sigemptyset(&none);
	if (deaf)
		(void)signal(SIGTERM, SIG_IGN);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (;;)
		pause();
}

int
main(int argc, char **argv)
{
	struct pollfd term = { .events = POLLIN };
	bool child = false, deaf = false;
	int c, life = -1, flush = 0;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	while ((c = getopt(argc, argv, "cdl:t:")) != -1) {
		if (c == 'c' || c == 'd')
			child = true;
		if (c == 'd')
			deaf = true;
		if (c == 'l')
			life = atoi(optarg);
		if (c == 't')
			flush = atoi(optarg);
	}
	for (; optind < argc; optind++)
		serve(argv[optind]);
	if (child)
		leave_child(deaf);
	term.fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (poll(&term, 1, life) == 1)
		(void)poll(NULL, 0, flush);
	return 0;
}
