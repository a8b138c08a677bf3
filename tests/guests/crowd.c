/* SPDX-License-Identifier: ISC */
/*
 * Eight threads that open and close sockets as fast as they can: each binds,
 * listens, connects to itself, accepts, looks at the names and closes all
 * again, with descriptors that the others have just closed.  Prints how many
 * calls succeeded, and how many names were not as asked.
 *
 * crowd MILLISECONDS
 *
 * Built a second time with -fsanitize=thread, as tsan-crowd.
 */
#include <sys/socket.h>

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8 };

struct tally {
	unsigned long binds, connects, accepts, wrong, failed;
};

/* One per thread, and when all shall end; set before they start. */
static struct tally tallies[THREADS];
static long long deadline;

static long long
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static int
open_socket(void)
{
	struct linger reset = { .l_onoff = 1 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	return fd;
}

static void
look(struct tally *t, const struct sockaddr_in *in, in_port_t port)
{
	if (in->sin_addr.s_addr != htonl(INADDR_LOOPBACK) ||
	    (port != 0 && in->sin_port != port))
		t->wrong++;
}

static void
converse(struct tally *t, int listener, const struct sockaddr_in *to)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);
	int client = open_socket(), fd;

	if (connect(client, (const struct sockaddr *)to, sizeof(*to)) == -1) {
		warn("connect");
		t->failed++;
		close(client);
		return;
	}
	t->connects++;
	fd = accept4(listener, (struct sockaddr *)&in, &len, SOCK_CLOEXEC);
	if (fd != -1) {
		t->accepts++;
		look(t, &in, 0);
		len = sizeof(in);
		(void)getpeername(client, (struct sockaddr *)&in, &len);
		look(t, &in, to->sin_port);
		len = sizeof(in);
		(void)getsockname(fd, (struct sockaddr *)&in, &len);
		look(t, &in, to->sin_port);
		close(fd);
	}
	close(client);
}

static void
serve(struct tally *t)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);
	int fd = open_socket();

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) == -1 ||
	    listen(fd, 4) == -1 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) == -1) {
		t->failed++;
	} else {
		t->binds++;
		look(t, &in, 0);
		converse(t, fd, &in);
	}
	close(fd);
}

static void *
work(void *arg)
{
	struct tally *t = arg;

	while (now() < deadline)
		serve(t);
	return NULL;
}

int
main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	struct tally sum = { 0 };

	if (argc != 2)
		errx(125, "crowd MILLISECONDS");
	deadline = now() + strtol(argv[1], NULL, 10);
	for (size_t i = 0; i < THREADS; i++) {
		errno = pthread_create(&threads[i], NULL, work, &tallies[i]);
		if (errno != 0)
			err(1, "pthread_create");
	}
	for (size_t i = 0; i < THREADS; i++) {
		(void)pthread_join(threads[i], NULL);
		sum.binds += tallies[i].binds;
		sum.connects += tallies[i].connects;
		sum.accepts += tallies[i].accepts;
		sum.wrong += tallies[i].wrong;
		sum.failed += tallies[i].failed;
	}
	printf("binds %lu, connects %lu, accepts %lu, wrong %lu, failed %lu\n",
	    sum.binds, sum.connects, sum.accepts, sum.wrong, sum.failed);
	printf("ready pid %d\n", (int)getpid());
	fflush(stdout);
	(void)getchar();
	return sum.wrong + sum.failed > 0;
}
