/* SPDX-License-Identifier: ISC */
/*
 * Makes its socket calls by system call numbers, as Go and static programs
 * do: no preloaded library sees them.  Built twice, as itself and, static, as
 * static-raw.
 *
 * raw serve port [command [arg ...]]   answer every client with a line; the
 *                                      command, if any, is run beside it
 * raw ask port      connect to 127.0.0.1 and show the answer
 * raw late port     serve, once a line was read
 * raw full port     listen with room for one client, and accept on SIGUSR1
 * raw headless port serve from a thread after the first one has exited
 * raw shy port      serve as a process that must not be looked into
 * raw alarmed port  bind again and again under a fast timer
 * raw pace port [libc]  bind and listen again and again, by libc if so
 *                   wanted, and say how long it took
 * raw ring          say why there is no io_uring
 */
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BINDS = 500, PACES = 2000, TICK = 50 /* microseconds */ };

static struct sockaddr_in
name(in_addr_t ip, const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(ip),
		.sin_port = htons((in_port_t)strtoul(port, NULL, 10)) };
}

static int
open_socket(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd == -1)
		err(1, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return fd;
}

static int
bound(const char *port)
{
	struct sockaddr_in any = name(INADDR_ANY, port);
	int fd = open_socket();

	if (syscall(SYS_bind, fd, &any, sizeof(any)) == -1)
		err(1, "bind %s", port);
	return fd;
}

static int
listener(const char *port, int backlog)
{
	int fd = bound(port);
	struct sockaddr_in self;
	socklen_t len = sizeof(self);

	if (syscall(SYS_listen, fd, backlog) == -1)
		err(1, "listen %s", port);
	if (getsockname(fd, (struct sockaddr *)&self, &len) == -1)
		err(1, "getsockname");
	printf("ready pid %d at %s\n", (int)getpid(), inet_ntoa(self.sin_addr));
	fflush(stdout);
	return fd;
}

static void
answer(int fd)
{
	int peer;

	for (;;) {
		peer = accept(fd, NULL, NULL);
		if (peer == -1)
			err(1, "accept");
		dprintf(peer, "answer of pid %d\n", (int)getpid());
		close(peer);
	}
}

static void
serve(char *argv[])
{
	int fd = listener(argv[0], 16);
	pid_t pid = argv[1] != NULL ? fork() : 1;

	if (pid == 0) {
		execvp(argv[1], argv + 1);
		err(127, "%s", argv[1]);
	}
	answer(fd);
}

static void
ask(char *argv[])
{
	struct sockaddr_in local = name(INADDR_LOOPBACK, argv[0]);
	int fd = open_socket();
	char line[128];
	ssize_t n;

	printf("asking pid %d\n", (int)getpid());
	fflush(stdout);
	if (syscall(SYS_connect, fd, &local, sizeof(local)) == -1)
		err(1, "connect %s", argv[0]);
	puts("connected");
	fflush(stdout);
	while ((n = read(fd, line, sizeof(line))) > 0)
		(void)fwrite(line, 1, (size_t)n, stdout);
}

static void
late(char *argv[])
{
	puts("waiting");
	fflush(stdout);
	if (getchar() == EOF)
		err(1, "stdin");
	serve(argv);
}

static void
full(char *argv[])
{
	sigset_t set;
	int fd, sig;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = listener(argv[0], 0);
	(void)sigwait(&set, &sig);
	answer(fd);
}

static void *
serve_in_thread(void *argv)
{
	serve(argv);
	return NULL;
}

static void
headless(char *argv[])
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, serve_in_thread, argv) != 0)
		errx(1, "no thread");
	pthread_exit(NULL);
}

static void
shy(char *argv[])
{
	(void)prctl(PR_SET_DUMPABLE, 0);
	serve(argv);
}

static void
tick(int sig)
{
	(void)sig;
}

static void
alarmed(char *argv[])
{
	struct sigaction sa = { .sa_handler = tick, .sa_flags = SA_RESTART };
	struct itimerval timer = { { 0, TICK }, { 0, TICK } };

	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	for (int i = 0; i < BINDS; i++)
		close(bound(argv[0]));
	puts("all bound");
}

static void
pace(char *argv[])
{
	struct sockaddr_in any = name(INADDR_ANY, argv[0]);
	struct timespec from, to;
	int fd;

	clock_gettime(CLOCK_MONOTONIC, &from);
	for (int i = 0; i < PACES; i++) {
		fd = open_socket();
		if (argv[1] == NULL &&
		    (syscall(SYS_bind, fd, &any, sizeof(any)) == -1 ||
			syscall(SYS_listen, fd, 1) == -1))
			err(1, "%s", argv[0]);
		if (argv[1] != NULL &&
		    (bind(fd, (struct sockaddr *)&any, sizeof(any)) == -1 ||
			listen(fd, 1) == -1))
			err(1, "%s", argv[0]);
		close(fd);
	}
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("%ld ns each\n", ((to.tv_sec - from.tv_sec) * 1000000000 +
				    to.tv_nsec - from.tv_nsec) /
				    PACES);
}

static void
ring(char *argv[])
{
	struct io_uring_params params = { 0 };

	(void)argv;
	if (syscall(SYS_io_uring_setup, 1, &params) == -1)
		printf("no ring: %s\n", strerror(errno));
}

int
main(int argc, char *argv[])
{
	static const struct {
		const char *name;
		void (*run)(char *argv[]);
	} verbs[] = {
		{ "serve", serve },
		{ "ask", ask },
		{ "late", late },
		{ "full", full },
		{ "headless", headless },
		{ "shy", shy },
		{ "alarmed", alarmed },
		{ "pace", pace },
		{ "ring", ring },
	};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (argc > 1 && strcmp(argv[1], verbs[i].name) == 0) {
			verbs[i].run(argv + 2);
			return 0;
		}
	}
	errx(2, "usage: raw verb [port]");
}
