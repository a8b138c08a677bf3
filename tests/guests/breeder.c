/* SPDX-License-Identifier: ISC */
/*
 * Starts many children from a process that goes on using its sockets: by
 * vfork(2), whose children run inside this process's memory until they exec,
 * and by posix_spawn(3).  Then shows that it still is who it was: binds,
 * connects to itself and prints the names.
 *
 * breeder port children
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *const arguments[] = { (char[]){ "true" }, NULL };
static char *const nothing[] = { NULL };

static void
await(pid_t pid)
{
	int status = -1;

	if (waitpid(pid, &status, 0) != pid || status != 0)
		errx(1, "child %d: status %d", (int)pid, status);
}

static void
by_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execve("/bin/true", arguments, nothing);
		_exit(127);
	}
	await(pid);
}

static void
by_spawn(void)
{
	pid_t pid;

	errno = posix_spawn(&pid, "/bin/true", NULL, NULL, arguments, nothing);
	if (errno != 0)
		err(1, "posix_spawn");
	await(pid);
}

/* A failed exec in a vfork child leaves its parent what it was, too. */
static void
in_vain(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execve("/nowhere/at/all", arguments, nothing);
		_exit(0);
	}
	await(pid);
}

static int
listener(struct sockaddr_in *in)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd == -1 || bind(fd, (struct sockaddr *)in, sizeof(*in)) == -1 ||
	    listen(fd, 1) == -1)
		err(1, "bind");
	return fd;
}

static void
show(const char *what, int fd)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	if (getsockname(fd, (struct sockaddr *)&in, &len) == -1)
		err(1, "getsockname");
	printf("%s %s\n", what, inet_ntoa(in.sin_addr));
}

int
main(int argc, char **argv)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	long children;
	int fd, client;

	if (argc != 3)
		errx(2, "usage: breeder port children");
	in.sin_port = htons((in_port_t)strtoul(argv[1], NULL, 10));
	children = strtol(argv[2], NULL, 10);
	for (long i = 0; i < children; i++) {
		by_vfork();
		if (i % 10 == 0)
			in_vain();
	}
	for (long i = 0; i < children; i++)
		by_spawn();
	fd = listener(&in);
	show("listening at", fd);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(client, (struct sockaddr *)&in, sizeof(in)) == -1)
		err(1, "connect");
	show("client at", client);
	client = accept(fd, NULL, NULL);
	show("accepted at", client);
	printf("ready pid %d\n", (int)getpid());
	fflush(stdout);
	(void)getchar();
	return 0;
}
