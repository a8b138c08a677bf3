/* SPDX-License-Identifier: ISC */
/*
 * A server that takes its time before it listens, in one of these ways, each
 * of which may be given more than once:
 *
 *	-c MS    uses a processor for so many milliseconds
 *	-r FILE  reads it, a small piece at a time, as from a slow disk
 *	-m WORDS sends them to $NOTIFY_SOCKET, as sd_notify(3) would
 *	-k PORT  connects to 127.0.0.1 there, and waits until that answers
 *	-f PORT  takes the port and lets its queue run full, so that nobody
 *	         who connects is answered
 *
 * slowboot [option ...] [port ...]
 *
 * Then it listens on the ports, on 127.0.0.1 or, behind a colon, on ::1, says
 * "ready" and sleeps for ever.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in
local(const char *port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_port = htons((in_port_t)strtol(port, NULL, 10)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void
compute(const char *ms)
{
	clock_t end = clock() + strtol(ms, NULL, 10) * (CLOCKS_PER_SEC / 1000);

	while (clock() < end)
		;
}

static void
read_slowly(const char *path)
{
	static const struct timespec seek = { 0, 20000000 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char piece[512];

	if (fd == -1)
		err(1, "%s", path);
	while (read(fd, piece, sizeof(piece)) > 0)
		(void)nanosleep(&seek, NULL);
	close(fd);
}

static void
notify(const char *words)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len;

	if (name == NULL || strlen(name) >= sizeof(sun.sun_path))
		errx(1, "no NOTIFY_SOCKET");
	len =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	memcpy(sun.sun_path, name, strlen(name));
	if (sun.sun_path[0] == '@')
		sun.sun_path[0] = '\0';
	if (sendto(fd, words, strlen(words), 0, (struct sockaddr *)&sun, len) ==
	    -1)
		err(1, "%s", name);
	close(fd);
}

static void
dial(const char *port)
{
	struct sockaddr_in sin = local(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		err(1, "connect to port %s", port);
}

/* A queue of length 0 holds one; all others are not even refused. */
static void
fill(const char *port)
{
	struct sockaddr_in sin = local(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1 ||
	    listen(fd, 0) == -1)
		err(1, "port %s", port);
	dial(port);
}

static void
serve(const char *port)
{
	struct sockaddr_in sin = local(port);
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int on = 1, fd, rc;

	fd = socket(
	    *port == ':' ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	six.sin6_port = htons((in_port_t)strtol(port + 1, NULL, 10));
	rc = *port == ':' ? bind(fd, (struct sockaddr *)&six, sizeof(six))
			  : bind(fd, (struct sockaddr *)&sin, sizeof(sin));
	if (rc == -1 || listen(fd, 8) == -1)
		err(1, "port %s", port);
}

int
main(int argc, char **argv)
{
	static void (*const ways[128])(const char *) = { ['c'] = compute,
		['r'] = read_slowly,
		['m'] = notify,
		['k'] = dial,
		['f'] = fill };
	int c;

	while ((c = getopt(argc, argv, "+c:r:m:k:f:")) != -1) {
		if (c == '?')
			return 2;
		ways[c](optarg);
	}
	for (; optind < argc; optind++)
		serve(argv[optind]);
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}
