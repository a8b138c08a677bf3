/* SPDX-License-Identifier: ISC */
/*
 * A program without a mistake: what a memory checker says of it is not its
 * own.  Names and messages are where malloc has put them, and have holes that
 * nobody has written.
 *
 * clean port
 */
#include <sys/socket.h>
#include <sys/wait.h>

#include <arpa/inet.h>
#include <err.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGES = 5 };

static void
check(const char *what, long rc)
{
	if (rc == -1)
		err(1, "%s", what);
}

/* All that the program has to write, and nothing more. */
static struct sockaddr *
name(const char *port)
{
	struct sockaddr_in6 *in6 = malloc(sizeof(*in6));

	if (in6 == NULL)
		err(1, "malloc");
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons((in_port_t)strtoul(port, NULL, 10));
	in6->sin6_flowinfo = 0;
	in6->sin6_addr = in6addr_loopback;
	in6->sin6_scope_id = 0;
	return (struct sockaddr *)in6;
}

static void
fill(struct msghdr *m, struct sockaddr *sa, struct iovec *iov)
{
	m->msg_name = sa;
	m->msg_namelen = sizeof(struct sockaddr_in6);
	m->msg_iov = iov;
	m->msg_iovlen = 1;
	m->msg_control = NULL;
	m->msg_controllen = 0;
	m->msg_flags = 0;
}

static void
datagrams(struct sockaddr *sa)
{
	struct mmsghdr *m = malloc(MESSAGES * sizeof(*m));
	struct sockaddr *from = name("0");
	char text[8] = "text";
	struct iovec iov = { text, sizeof(text) };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (m == NULL)
		err(1, "malloc");
	check("bind", bind(fd, sa, sizeof(struct sockaddr_in6)));
	for (size_t i = 0; i < MESSAGES; i++)
		fill(&m[i].msg_hdr, sa, &iov);
	check("sendmmsg", sendmmsg(fd, m, MESSAGES, 0));
	fill(&m[0].msg_hdr, from, &iov);
	check("recvmsg", recvmsg(fd, &m[0].msg_hdr, 0));
	for (size_t i = 0; i < 2; i++)
		fill(&m[i].msg_hdr, from, &iov);
	check("recvmmsg", recvmmsg(fd, m, 2, MSG_DONTWAIT, NULL));
	free(from);
	free(m);
	(void)close(fd);
}

static void
connections(struct sockaddr *sa)
{
	struct sockaddr *peer = name("0");
	socklen_t *len = malloc(sizeof(*len));
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), one, two;

	if (len == NULL)
		err(1, "malloc");
	check("bind", bind(fd, sa, sizeof(struct sockaddr_in6)));
	check("listen", listen(fd, 8));
	two = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	check("connect", connect(two, sa, sizeof(struct sockaddr_in6)));
	*len = sizeof(struct sockaddr_in6);
	one = accept(fd, peer, len);
	check("accept", one);
	*len = sizeof(struct sockaddr_in6);
	check("getsockname", getsockname(one, peer, len));
	*len = sizeof(struct sockaddr_in6);
	check("getpeername", getpeername(two, peer, len));
	free(len);
	free(peer);
	(void)close(one);
	(void)close(two);
	(void)close(fd);
}

/* An environment of its own, from malloc as well. */
static void
children(void)
{
	char *argv[] = { (char[]){ "true" }, NULL };
	char **envp = calloc(2, sizeof(*envp));
	int status;
	pid_t pid;

	if (envp == NULL)
		err(1, "calloc");
	envp[0] = strdup("MARK=1");
	if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, envp) != 0)
		errx(1, "posix_spawn");
	check("waitpid", waitpid(pid, &status, 0));
	pid = fork();
	if (pid == 0) {
		(void)execve("/bin/true", argv, envp);
		_exit(127);
	}
	check("waitpid", waitpid(pid, &status, 0));
	check("system", system("true"));
	free(envp[0]);
	free(envp);
}

int
main(int argc, char **argv)
{
	struct sockaddr *sa;

	if (argc != 2)
		errx(2, "usage: clean port");
	sa = name(argv[1]);
	connections(sa);
	datagrams(sa);
	children();
	free(sa);
	return 0;
}
