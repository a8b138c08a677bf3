/* SPDX-License-Identifier: ISC */
/*
 * A server without SO_REUSEADDR that serves one client, its own, and closes
 * the connection first: for a minute nobody can bind its port again.
 *
 * naive port
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	int server = socket(AF_INET, SOCK_STREAM, 0), client, fd;
	char none;

	if (argc != 2)
		errx(2, "usage: naive port");
	in.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(server, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    listen(server, 1) == -1)
		err(1, "port %s", argv[1]);
	client = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(client, (struct sockaddr *)&in, sizeof(in)) == -1)
		err(1, "connect");
	fd = accept(server, NULL, NULL);
	if (fd == -1)
		err(1, "accept");
	close(fd);
	return read(client, &none, 1) != 0;
}
