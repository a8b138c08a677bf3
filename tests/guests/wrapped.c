/* SPDX-License-Identifier: ISC */
/*
 * Makes calls of which another library hides some (lib/seen.c), and says what
 * it has made: that library says what it has seen.
 *
 * wrapped port
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct sockaddr_in in = { .sin_family = AF_INET };

static void
check(const char *what, int rc)
{
	if (rc == -1)
		err(1, "%s", what);
}

static void
accept_some(int listener)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof(peer);

	for (int i = 0; i < 3; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		check(
		    "connect", connect(fd, (struct sockaddr *)&in, sizeof(in)));
	}
	puts("accept");
	check("accept", accept(listener, NULL, NULL));
	puts("accept with a name");
	check("accept", accept(listener, (struct sockaddr *)&peer, &len));
	printf("from %s\n", inet_ntoa(peer.sin_addr));
	puts("accept4");
	check("accept4", accept4(listener, NULL, NULL, SOCK_CLOEXEC));
}

static void
start(const char *what, __typeof__(execv) *call, char *path, char **argv)
{
	pid_t pid;

	puts(what);
	pid = fork();
	if (pid == 0) {
		(void)call(path, argv);
		_exit(127);
	}
	(void)waitpid(pid, NULL, 0);
}

static int
by_execve(const char *path, char *const argv[])
{
	return execve(path, argv, environ);
}

int
main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 2)
		errx(2, "usage: wrapped port");
	(void)setvbuf(stdout, NULL, _IONBF, 0);
	if (strcmp(argv[1], "again") == 0)
		return puts("started") < 0;
	in.sin_port = htons((in_port_t)strtoul(argv[1], NULL, 10));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	check("bind", bind(fd, (struct sockaddr *)&in, sizeof(in)));
	check("listen", listen(fd, 8));
	accept_some(fd);
	argv[1] = (char[]){ "again" };
	start("execv", execv, (char[]){ "/proc/self/exe" }, argv);
	start("execve", by_execve, (char[]){ "/proc/self/exe" }, argv);
	return 0;
}
