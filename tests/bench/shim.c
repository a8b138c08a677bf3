/* SPDX-License-Identifier: ISC */
/*
 * What a hooked call costs: the same work with libc's own calls and with the
 * shim's, in turns, in one process inside a lease.  Prints the median of each
 * and the median of the ratios.
 *
 * portlease run -p 20926 -- shim [ROUNDS]
 */
#include <sys/socket.h>

#include <dlfcn.h>
#include <err.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, HOSTS = 4, ROUNDS = 101, ROUNDS_MAX = 10001 };
enum { DECLARED = 20926, OTHER = 20927 };

struct calls {
	int (*bind)(int, const struct sockaddr *, socklen_t);
	int (*listen)(int, int);
	int (*connect)(int, const struct sockaddr *, socklen_t);
	int (*accept4)(int, struct sockaddr *, socklen_t *, int);
	int (*getsockname)(int, struct sockaddr *, socklen_t *);
	int (*getpeername)(int, struct sockaddr *, socklen_t *);
	ssize_t (*sendto)(
	    int, const void *, size_t, int, const struct sockaddr *, socklen_t);
	ssize_t (*recvfrom)(
	    int, void *, size_t, int, struct sockaddr *, socklen_t *);
};

/* POSIX lets dlsym return functions; ISO C wants a copy, not a cast. */
static void
find(void *handle, const char *name, void *call)
{
	void *found = dlsym(handle, name);

	if (found == NULL)
		errx(1, "%s: %s", name, dlerror());
	memcpy(call, &found, sizeof(found));
}

static struct calls
calls_in(void *handle)
{
	struct calls c;

	find(handle, "bind", &c.bind);
	find(handle, "listen", &c.listen);
	find(handle, "connect", &c.connect);
	find(handle, "accept4", &c.accept4);
	find(handle, "getsockname", &c.getsockname);
	find(handle, "getpeername", &c.getpeername);
	find(handle, "sendto", &c.sendto);
	find(handle, "recvfrom", &c.recvfrom);
	return c;
}

static double
now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* Time that a batch has taken, up to now. */
static double total, since;

static void
start(void)
{
	since = now();
}

static void
stop(void)
{
	total += now() - since;
}

static int
open_socket(int type)
{
	struct linger reset = { .l_onoff = 1 };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd == -1)
		err(1, "socket");
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	return fd;
}

static const struct sockaddr *
localhost(struct sockaddr_in *in)
{
	*in = (struct sockaddr_in){ .sin_family = AF_INET };
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return (struct sockaddr *)in;
}

/* Four at a time, each on an address of its own. */
static void
bind_some(const struct calls *c)
{
	struct sockaddr_in in;
	const struct sockaddr *sa = localhost(&in);
	uint32_t home = ntohl(in.sin_addr.s_addr);
	int fds[HOSTS];

	in.sin_port = htons(DECLARED);
	for (size_t i = 0; i < HOSTS; i++)
		fds[i] = open_socket(SOCK_STREAM);
	start();
	for (uint32_t i = 0; i < HOSTS; i++) {
		in.sin_addr.s_addr = htonl(home + i);
		if (c->bind(fds[i], sa, sizeof(in)) == -1 ||
		    c->listen(fds[i], 1) == -1)
			err(1, "bind");
	}
	stop();
	for (size_t i = 0; i < HOSTS; i++)
		close(fds[i]);
}

static void
bind_listen(const struct calls *c)
{
	for (size_t i = 0; i < BATCH; i += HOSTS)
		bind_some(c);
}

static void
bind_fixed(const struct calls *c)
{
	struct sockaddr_in in;
	const struct sockaddr *sa = localhost(&in);

	in.sin_port = htons(DECLARED);
	start();
	for (size_t i = 0; i < BATCH; i++) {
		int fd = open_socket(SOCK_STREAM);

		if (c->bind(fd, sa, sizeof(in)) == -1 || c->listen(fd, 1) == -1)
			err(1, "bind");
		close(fd);
	}
	stop();
}

/* A listener with this many clients waiting, all by the same calls. */
struct meeting {
	int listener;
	struct sockaddr_in at;
	int clients[BATCH];
	int accepted[BATCH];
};

static void
meet(const struct calls *c, struct meeting *m)
{
	socklen_t len = sizeof(m->at);

	m->listener = open_socket(SOCK_STREAM);
	if (c->bind(m->listener, localhost(&m->at), len) == -1 ||
	    c->listen(m->listener, BATCH) == -1 ||
	    c->getsockname(m->listener, (struct sockaddr *)&m->at, &len) == -1)
		err(1, "listen");
	for (size_t i = 0; i < BATCH; i++) {
		m->clients[i] = open_socket(SOCK_STREAM);
		if (c->connect(m->clients[i], (struct sockaddr *)&m->at,
			sizeof(m->at)) == -1)
			err(1, "connect");
	}
}

static void
welcome(const struct calls *c, struct meeting *m, bool named)
{
	struct sockaddr_in in;
	socklen_t len;

	for (size_t i = 0; i < BATCH; i++) {
		len = sizeof(in);
		m->accepted[i] = c->accept4(m->listener,
		    named ? (struct sockaddr *)&in : NULL, named ? &len : NULL,
		    SOCK_CLOEXEC);
		if (m->accepted[i] == -1)
			err(1, "accept");
	}
}

static void
part(struct meeting *m)
{
	for (size_t i = 0; i < BATCH; i++) {
		close(m->clients[i]);
		close(m->accepted[i]);
	}
	close(m->listener);
}

static void
accept_nameless(const struct calls *c)
{
	struct meeting m;

	meet(c, &m);
	start();
	welcome(c, &m, false);
	stop();
	part(&m);
}

static void
accept_named(const struct calls *c)
{
	struct meeting m;

	meet(c, &m);
	start();
	welcome(c, &m, true);
	stop();
	part(&m);
}

static void
cycle(const struct calls *c, in_port_t port)
{
	struct sockaddr_in in;
	const struct sockaddr *sa = localhost(&in);
	int listener = open_socket(SOCK_STREAM), fd, client;

	in.sin_port = htons(port);
	if (c->bind(listener, sa, sizeof(in)) == -1 ||
	    c->listen(listener, 4) == -1)
		err(1, "listen");
	start();
	for (size_t i = 0; i < BATCH; i++) {
		client = open_socket(SOCK_STREAM);
		if (c->connect(client, sa, sizeof(in)) == -1)
			err(1, "connect");
		fd = c->accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		close(client);
		close(fd);
	}
	stop();
	close(listener);
}

static void
cycle_declared(const struct calls *c)
{
	cycle(c, DECLARED);
}

static void
cycle_other(const struct calls *c)
{
	cycle(c, OTHER);
}

static void
names_of(const struct calls *c, bool server, bool peer)
{
	struct meeting m;
	struct sockaddr_in in;
	socklen_t len;

	meet(c, &m);
	welcome(c, &m, false);
	start();
	for (size_t i = 0; i < BATCH; i++) {
		int fd = server ? m.accepted[i] : m.clients[i];

		len = sizeof(in);
		if ((peer ? c->getpeername : c->getsockname)(
			fd, (struct sockaddr *)&in, &len) == -1)
			err(1, "name");
	}
	stop();
	part(&m);
}

static void
sockname_client(const struct calls *c)
{
	names_of(c, false, false);
}

static void
sockname_server(const struct calls *c)
{
	names_of(c, true, false);
}

static void
peername_client(const struct calls *c)
{
	names_of(c, false, true);
}

static void
peername_server(const struct calls *c)
{
	names_of(c, true, true);
}

static void
datagrams(const struct calls *c, in_port_t port, bool named)
{
	int to = open_socket(SOCK_DGRAM), from = open_socket(SOCK_DGRAM);
	struct sockaddr_in in;
	const struct sockaddr *sa = localhost(&in);
	char byte = 'x';

	in.sin_port = htons(port);
	if (c->bind(to, sa, sizeof(in)) == -1 ||
	    (!named && c->connect(from, sa, sizeof(in)) == -1))
		err(1, "datagrams");
	start();
	for (size_t i = 0; i < BATCH; i++) {
		if (c->sendto(from, &byte, 1, 0, named ? sa : NULL,
			named ? sizeof(in) : 0) == -1)
			err(1, "sendto");
		if (c->recvfrom(to, &byte, 1, 0, NULL, NULL) != 1)
			err(1, "recvfrom");
	}
	stop();
	close(to);
	close(from);
}

static void
datagrams_nameless(const struct calls *c)
{
	datagrams(c, DECLARED, false);
}

static void
datagrams_named(const struct calls *c)
{
	datagrams(c, DECLARED, true);
}

static void
datagrams_other(const struct calls *c)
{
	datagrams(c, OTHER, true);
}

static const struct work {
	const char *name;
	void (*batch)(const struct calls *);
} works[] = {
	{ "bind + listen", bind_listen },
	{ "socket + bind + listen + close", bind_fixed },
	{ "accept4 without a name", accept_nameless },
	{ "accept4 with a name", accept_named },
	{ "connect + accept + close", cycle_declared },
	{ "the same, port not declared", cycle_other },
	{ "getsockname of a client", sockname_client },
	{ "getsockname of an accepted socket", sockname_server },
	{ "getpeername of a client", peername_client },
	{ "getpeername of an accepted socket", peername_server },
	{ "sendto + recvfrom without names", datagrams_nameless },
	{ "sendto with a name + recvfrom", datagrams_named },
	{ "the same, port not declared", datagrams_other },
};

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

static double
measure(const struct work *w, const struct calls *c)
{
	total = 0;
	w->batch(c);
	return total / BATCH;
}

static void
compete(const struct work *w, const struct calls *native,
    const struct calls *shimmed, size_t rounds)
{
	static double n[ROUNDS_MAX], s[ROUNDS_MAX], ratio[ROUNDS_MAX];

	(void)measure(w, native);
	(void)measure(w, shimmed);
	for (size_t i = 0; i < rounds; i++) {
		n[i] = measure(w, native);
		s[i] = measure(w, shimmed);
		ratio[i] = s[i] / n[i];
	}
	printf("%-36s %8.0f %8.0f %7.2f\n", w->name, median(n, rounds),
	    median(s, rounds), median(ratio, rounds));
}

int
main(int argc, char **argv)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW | RTLD_NOLOAD);
	struct calls native, shimmed;
	long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS;

	if (libc == NULL)
		errx(1, "%s", dlerror());
	if (rounds < 1 || rounds > ROUNDS_MAX)
		errx(2, "usage: shim [1-%d]", ROUNDS_MAX);
	native = calls_in(libc);
	shimmed = calls_in(RTLD_DEFAULT);
	if (native.bind == shimmed.bind)
		errx(1, "no shim: start it with portlease run");
	printf("%-36s %8s %8s %7s\n", "nanoseconds each", "native", "leased",
	    "ratio");
	for (size_t i = 0; i < sizeof(works) / sizeof(*works); i++)
		compete(&works[i], &native, &shimmed, (size_t)rounds);
	return 0;
}
