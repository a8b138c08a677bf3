/* SPDX-License-Identifier: ISC */
/*
 * Asks the server at a host and port for its one line and prints it: what a
 * user's own client would see.  Names are resolved as curl would, every
 * address is tried in turn.
 *
 * client host port
 *
 * Exit status: 0 answered, 1 refused or silent, 2 anything else.
 */
#include <sys/socket.h>

#include <err.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

static int
dial(const char *host, const char *port)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct timeval patience = { .tv_sec = 5 };
	struct addrinfo *list, *ai;
	int fd = -1, rc;

	rc = getaddrinfo(host, port, &hints, &list);
	if (rc != 0)
		errx(2, "%s: %s", host, gai_strerror(rc));
	for (ai = list; ai != NULL; ai = ai->ai_next) {
		fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd == -1)
			continue;
		(void)setsockopt(
		    fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
			break;
		warn("%s port %s", host, port);
		close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	return fd;
}

int
main(int argc, char **argv)
{
	char reply[4096], *body;
	size_t len = 0;
	ssize_t n;
	int fd;

	if (argc != 3)
		errx(2, "usage: client host port");
	fd = dial(argv[1], argv[2]);
	if (fd == -1)
		return 1;
	dprintf(fd, "GET / HTTP/1.0\r\n\r\n");
	while (len < sizeof(reply) - 1) {
		n = recv(fd, reply + len, sizeof(reply) - 1 - len, 0);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	reply[len] = '\0';
	body = strstr(reply, "\r\n\r\n");
	if (body == NULL)
		errx(1, "no answer");
	fputs(body + 4, stdout);
	return 0;
}
