/* SPDX-License-Identifier: ISC */
/*
 * A server with fixed ports and the habits of a large one: its listeners
 * have SO_REUSEADDR and SO_REUSEPORT and no FD_CLOEXEC, so that every child
 * inherits them; a failed bind is only printed; it can take its time over
 * SIGTERM (-t, or with -t -1 until SIGUSR2), which it says, and replaces itself
 * by a detached copy on SIGUSR1.
 *
 * fixedport [-i id] [-x command] [-t ms] [-m marker] [[udp:][address:]port ...]
 *
 * Each -x command is started with the listeners in its hands.  The marker
 * file is written when SIGTERM has been dealt with.  An ignored SIGTERM stays
 * ignored.  Long options are read over, as a server reads over those that are
 * for somebody else.
 */
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <getopt.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	SIGNALS, /* poll slots: a signalfd, a timerfd, then the listeners */
	TIMER,
	LISTENERS,
	SLOTS = 32,
};

struct server {
	const char *id;
	const char *marker; /* NULL: none */
	long
	    flush; /* milliseconds from SIGTERM to the exit; -1: till SIGUSR2 */
	struct pollfd fds[SLOTS];
	nfds_t slots;
	char **argv;
};

static void
slot(struct server *s, int fd)
{
	if (s->slots == SLOTS)
		errx(1, "too many ports");
	s->fds[s->slots++] = (struct pollfd){ .fd = fd, .events = POLLIN };
}

static struct addrinfo *
resolve(const char *where)
{
	static const struct addrinfo hints = {
		.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *ai;
	const char *colon = strrchr(where, ':');
	char host[INET6_ADDRSTRLEN + 2] = "0.0.0.0";
	char *bare = host;
	int rc;

	if (colon != NULL)
		(void)snprintf(host, sizeof(host), "%.*s", (int)(colon - where),
		    where); /* too long: no address */
	if (*bare == '[') {
		bare++;
		bare[strcspn(bare, "]")] = '\0';
	}
	rc = getaddrinfo(bare, colon != NULL ? colon + 1 : where, &hints, &ai);
	if (rc != 0)
		errx(1, "%s: %s", where, gai_strerror(rc));
	return ai;
}

/* A port that cannot be had is a line on stderr and nothing more. */
static void
serve(struct server *s, const char *where)
{
	bool udp = strncmp(where, "udp:", 4) == 0;
	struct addrinfo *ai = resolve(udp ? where + 4 : where);
	int fd, on = 1;

	fd = socket(ai->ai_family, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	if (fd == -1)
		err(1, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1 ||
	    (!udp && listen(fd, 128) == -1)) {
		warn("unable to bind to port %s", where);
		close(fd);
	} else {
		slot(s, fd);
	}
	freeaddrinfo(ai);
}

static void
spawn(const char *command)
{
	char line[4096];
	pid_t pid;

	(void)snprintf(line, sizeof(line), "exec %s", command);
	pid = fork();
	if (pid == -1)
		err(1, "fork");
	if (pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		err(127, "/bin/sh");
	}
	printf("child %d\n", (int)pid);
}

/* The copy starts from the same command line and binds everything anew. */
static void
restart(const struct server *s)
{
	pid_t pid = fork();

	if (pid == -1)
		err(1, "fork");
	if (pid > 0)
		_exit(0);
	setsid();
	closefrom(3);
	execv("/proc/self/exe", s->argv);
	err(127, "/proc/self/exe");
}

static void
finish(const struct server *s)
{
	int fd;

	if (s->marker != NULL) {
		fd = open(s->marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (fd == -1)
			err(1, "%s", s->marker);
		close(fd);
	}
	exit(0);
}

static void
obey(const struct server *s)
{
	struct signalfd_siginfo si;
	struct itimerspec when = { 0 };

	if (read(s->fds[SIGNALS].fd, &si, sizeof(si)) != sizeof(si))
		err(1, "signalfd");
	if (si.ssi_signo == SIGUSR1)
		restart(s);
	if (si.ssi_signo == SIGUSR2)
		finish(s);
	if (s->flush != 0)
		dprintf(1, "flushing\n");
	if (s->flush == -1)
		return;
	when.it_value.tv_sec = s->flush / 1000;
	when.it_value.tv_nsec = s->flush % 1000 * 1000000 + 1;
	timerfd_settime(s->fds[TIMER].fd, 0, &when, NULL);
}

static void
printname(
    char *buf, size_t size, const struct sockaddr_storage *ss, socklen_t len)
{
	char host[INET6_ADDRSTRLEN], port[8];

	if (getnameinfo((const struct sockaddr *)ss, len, host, sizeof(host),
		port, sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		errx(1, "unreadable name");
	(void)snprintf(buf, size, "%s %s", host, port);
}

/* One request, one line about who answers whom. */
static void
answer(const struct server *s, int listener)
{
	struct timeval second = { .tv_sec = 1 };
	struct sockaddr_storage peer, self;
	socklen_t peerlen = sizeof(peer), selflen = sizeof(self);
	char request[1024], there[80], here[80];
	int fd;

	fd =
	    accept4(listener, (struct sockaddr *)&peer, &peerlen, SOCK_CLOEXEC);
	if (fd == -1)
		return; /* the copy, or the client's patience, was faster */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	(void)recv(fd, request, sizeof(request), 0);
	if (getsockname(fd, (struct sockaddr *)&self, &selflen) == -1)
		err(1, "getsockname");
	printname(there, sizeof(there), &peer, peerlen);
	printname(here, sizeof(here), &self, selflen);
	dprintf(fd,
	    "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n"
	    "%s pid %d at %s peer %s\n",
	    s->id, (int)getpid(), here, there);
	close(fd);
}

static void
events(struct server *s)
{
	struct sigaction term;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaction(SIGTERM, NULL, &term);
	if (term.sa_handler != SIG_IGN)
		sigaddset(&set, SIGTERM);
	sigprocmask(SIG_SETMASK, &set, NULL);
	slot(s, signalfd(-1, &set, SFD_CLOEXEC));
	slot(s, timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
}

static void
loop(struct server *s)
{
	nfds_t i;

	for (;;) {
		if (poll(s->fds, s->slots, -1) == -1)
			err(1, "poll");
		if (s->fds[TIMER].revents != 0)
			finish(s);
		if (s->fds[SIGNALS].revents != 0)
			obey(s);
		for (i = LISTENERS; i < s->slots; i++)
			if (s->fds[i].revents != 0)
				answer(s, s->fds[i].fd);
	}
}

int
main(int argc, char **argv)
{
	static const char *const usual[] = { "9925", "9926", "1883", "8883",
		"[::]:9933" };
	struct server s = { .id = "fixedport", .argv = argv };
	const char *commands[8];
	size_t i, n = 0;
	int c;

	opterr = 0;
	events(&s);
	while ((c = getopt(argc, argv, "+i:m:t:x:-:")) != -1) {
		if (c == 'i')
			s.id = optarg;
		else if (c == 'm')
			s.marker = optarg;
		else if (c == 't')
			s.flush = strtol(optarg, NULL, 10);
		else if (c == 'x' && n < sizeof(commands) / sizeof(*commands))
			commands[n++] = optarg;
		else if (c != '-')
			errx(2, "bad option -%c", optopt);
	}
	for (i = 0; optind == argc && i < sizeof(usual) / sizeof(*usual); i++)
		serve(&s, usual[i]);
	for (; optind < argc; optind++)
		serve(&s, argv[optind]);
	for (i = 0; i < n; i++)
		spawn(commands[i]);
	printf("ready pid %d\n", (int)getpid());
	fflush(stdout);
	loop(&s);
}
