/* SPDX-License-Identifier: ISC */
/*
 * A tiny server that can be told from all others by its second port.
 *
 * tenant [-cdDex] [-b ms] [-l ms] [-t ms] port ...
 *
 * -c leaves a child behind that has the listeners, -d one that is deaf to
 * SIGTERM as well; -D forks and goes on in the child, in a session of its own;
 * -x closes every descriptor then, -e overwrites the environment.  -b binds
 * after so long, with -D in the child; -l is its life, -t what it takes from
 * SIGTERM to the end.
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
#include <string.h>
#include <unistd.h>

extern char **environ;

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
serve_all(char *const ports[])
{
	for (; *ports != NULL; ports++)
		serve(*ports);
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

static void
detach(void)
{
	pid_t pid = fork();

	if (pid == -1)
		err(1, "fork");
	if (pid != 0)
		_exit(0);
	(void)setsid();
}

static void
overwrite_environment(void)
{
	for (char **one = environ; *one != NULL; one++)
		memset(*one, 'x', strlen(*one));
}

static void
linger(int life, int flush)
{
	struct pollfd term = { .events = POLLIN };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	term.fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (poll(&term, 1, life) == 1)
		(void)poll(NULL, 0, flush);
}

struct manner {
	bool child, deaf, daemon, closes, overwrites;
	int late, life, flush;
};

static void
read_options(int argc, char **argv, struct manner *how)
{
	int c;

	while ((c = getopt(argc, argv, "b:cdDel:t:x")) != -1) {
		how->child |= c == 'c' || c == 'd';
		how->deaf |= c == 'd';
		how->daemon |= c == 'D';
		how->overwrites |= c == 'e';
		how->closes |= c == 'x';
		if (c == 'b')
			how->late = atoi(optarg);
		if (c == 'l')
			how->life = atoi(optarg);
		if (c == 't')
			how->flush = atoi(optarg);
	}
}

int
main(int argc, char **argv)
{
	struct manner how = { .life = -1 };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	read_options(argc, argv, &how);
	if (how.late == 0)
		serve_all(&argv[optind]);
	if (how.daemon)
		detach();
	if (how.closes)
		(void)close_range(0, ~0U, 0);
	if (how.overwrites)
		overwrite_environment();
	if (how.late > 0) {
		(void)poll(NULL, 0, how.late);
		serve_all(&argv[optind]);
	}
	if (how.child)
		leave_child(how.deaf);
	linger(how.life, how.flush);
	return 0;
}
