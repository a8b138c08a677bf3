/* SPDX-License-Identifier: ISC */
/*
 * Makes every socket call that names an end, with good arguments and bad
 * ones, on sockets of every kind, and says what came of it.  See calls.h.
 *
 * calls port port
 */
#include "calls.h"

#include <poll.h>

int bindresvport(int fd, struct sockaddr_in *sin);

/* --- bind ----------------------------------------------------------------- */

static void
bind_once(const struct kind *k, const struct room *name, socklen_t len)
{
	int fd = calls_open(k), rc;

	errno = SENTINEL;
	rc = bind(fd, &name->name.sa, len);
	calls_result(rc);
	if (rc == 0) {
		calls_ends(fd);
		show_v6only(fd);
	}
	calls_end();
	calls_close(fd);
	(void)unlink("s");
}

static void
bind_lengths(const struct kind *k, const struct form *f)
{
	struct room name;

	calls_fill(&name, f);
	for (size_t i = 0; i < LENGTHS; i++) {
		printf("bind %s %s length %ld:", k->name, calls_form(f),
		    lengths[i]);
		bind_once(k, &name, (socklen_t)lengths[i]);
	}
}

/* A name that is not there, or whose end is not. */
static void
bind_bad(const struct kind *k, const struct form *f)
{
	static const socklen_t sizes[] = { 0, 16, 28, 128 };
	struct room name;
	void *bad;
	int fd;

	calls_fill(&name, f);
	for (enum bad b = 0; b < BADS; b++)
		for (size_t i = 0; i < 4; i++) {
			bad = calls_bad(b, 8);
			if (b == BAD_EDGE)
				memcpy(bad, &name.name, 8);
			fd = calls_open(k);
			printf("bind %s %s at %s length %u:", k->name,
			    calls_form(f), bad_names[b], sizes[i]);
			errno = SENTINEL;
			calls_result(bind(fd, bad, sizes[i]));
			calls_end();
			calls_close(fd);
		}
}

static void
bind_twice(const struct kind *k)
{
	struct room one, two;
	int fd = calls_open(k);

	calls_fill(&one, &forms[0]);
	calls_fill(&two, &forms[4]);
	if (k->domain == AF_INET6)
		calls_fill(&one, &forms[1]);
	printf("bind %s twice:", k->name);
	errno = SENTINEL;
	calls_result(bind(fd, &one.name.sa, one.len));
	errno = SENTINEL;
	calls_result(bind(fd, &one.name.sa, one.len));
	errno = SENTINEL;
	calls_result(bind(fd, &two.name.sa, two.len));
	calls_ends(fd);
	calls_end();
	calls_close(fd);
}

static void
binds(const struct kind *k)
{
	struct room name;

	for (size_t i = 0; i < FORMS; i++) {
		calls_fill(&name, &forms[i]);
		printf("bind %s %s:", k->name, calls_form(&forms[i]));
		bind_once(k, &name, name.len);
	}
	for (size_t i = 0; i < FIRST_FORMS; i++)
		bind_lengths(k, &forms[i]);
	bind_bad(k, &forms[0]);
	bind_bad(k, &forms[1]);
	bind_twice(k);
}

/* --- connect -------------------------------------------------------------- */

/* The listener that somebody has connected to, or -1. */
static int
called(void)
{
	struct pollfd fds[SERVERS];

	for (size_t i = 0; i < SERVERS; i++)
		fds[i] = (struct pollfd){ .fd = servers[i], .events = POLLIN };
	if (poll(fds, SERVERS, 1000) <= 0)
		return -1;
	for (size_t i = 0; i < SERVERS; i++)
		if (fds[i].revents & POLLIN)
			return servers[i];
	return -1;
}

static void
show_accepted(void)
{
	int listener = called(), fd;
	struct room r;

	printf(" |");
	if (listener == -1) {
		printf("nobody called");
		return;
	}
	calls_room(&r, sizeof(r.name.ss));
	fd = accept(listener, &r.name.sa, &r.len);
	calls_result_fd(fd);
	calls_written(&r, sizeof(r.name.ss), fd != -1);
	calls_ends(fd);
	show_v6only(fd);
	calls_close(fd);
}

static bool
is_stream(const struct kind *k)
{
	return k->type == SOCK_STREAM && k->domain != AF_UNIX;
}

static bool
is_connected(const struct kind *k, int fd)
{
	struct room r;

	calls_room(&r, sizeof(r.name));
	return is_stream(k) && getpeername(fd, &r.name.sa, &r.len) == 0;
}

static void
connect_once(const struct kind *k, const struct room *name, socklen_t len)
{
	int fd = calls_open(k);

	errno = SENTINEL;
	calls_result(connect(fd, &name->name.sa, len));
	calls_ends(fd);
	show_v6only(fd);
	if (is_connected(k, fd))
		show_accepted();
	calls_end();
	calls_close(fd);
}

static void
connects(const struct world *w, const struct kind *k)
{
	struct room name;

	for (size_t i = 0; i < LOCAL_FORMS; i++) {
		calls_fill(&name, &forms[i]);
		printf("connect in %s %s %s:", w->name, k->name,
		    calls_form(&forms[i]));
		connect_once(k, &name, name.len);
	}
}

static void
connect_lengths(const struct kind *k, const struct form *f)
{
	struct room name;

	calls_fill(&name, f);
	for (size_t i = 0; i < LENGTHS; i++) {
		printf("connect %s %s length %ld:", k->name, calls_form(f),
		    lengths[i]);
		connect_once(k, &name, (socklen_t)lengths[i]);
	}
}

static void
connect_bad(const struct kind *k)
{
	static const socklen_t sizes[] = { 0, 16, 28, 128 };
	int fd;

	for (enum bad b = 0; b < BADS; b++)
		for (size_t i = 0; i < 4; i++) {
			fd = calls_open(k);
			printf("connect %s at %s length %u:", k->name,
			    bad_names[b], sizes[i]);
			errno = SENTINEL;
			calls_result(connect(fd, calls_bad(b, 8), sizes[i]));
			calls_end();
			calls_close(fd);
		}
}

/* Another peer, no peer, and a peer again. */
static void
connect_again(const struct world *w, const struct kind *k,
    const struct form *first, const struct form *second)
{
	struct room one, two, none;
	int fd = calls_open(k);

	calls_fill(&one, first);
	calls_fill(&two, second);
	calls_fill(&none, &(struct form){ AF_UNSPEC, "0.0.0.0", '0' });
	printf("connect in %s %s %s, %s:", w->name, k->name, calls_form(first),
	    calls_form(second));
	errno = SENTINEL;
	calls_result(connect(fd, &one.name.sa, one.len));
	errno = SENTINEL;
	calls_result(connect(fd, &two.name.sa, two.len));
	calls_ends(fd);
	errno = SENTINEL;
	calls_result(connect(fd, &none.name.sa, none.len));
	calls_ends(fd);
	show_v6only(fd);
	errno = SENTINEL;
	calls_result(connect(fd, &two.name.sa, two.len));
	calls_ends(fd);
	calls_end();
	calls_close(fd);
	while (is_stream(k)) { /* who was left waiting by this */
		int listener = -1;

		for (size_t i = 0; i < SERVERS && listener == -1; i++) {
			struct pollfd p = { servers[i], POLLIN, 0 };

			if (poll(&p, 1, 0) == 1 && p.revents & POLLIN)
				listener = servers[i];
		}
		if (listener == -1)
			break;
		calls_close(accept(listener, NULL, NULL));
	}
}

static void
connects_again(const struct world *w, const struct kind *k)
{
	static const size_t some[] = { 0, 1, 4, 16, 9 };

	for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++)
		for (size_t j = 0; j < sizeof(some) / sizeof(*some); j++)
			connect_again(w, k, &forms[some[i]], &forms[some[j]]);
}

static void
connect_bound(const struct world *w, const struct kind *k,
    const struct form *source, const struct form *f)
{
	struct room local, name;
	int fd = calls_open(k);

	calls_fill(&local, source);
	calls_fill(&name, f);
	printf("connect in %s %s from %s to %s:", w->name, k->name,
	    calls_form(source), calls_form(f));
	errno = SENTINEL;
	calls_result(bind(fd, &local.name.sa, local.len));
	errno = SENTINEL;
	calls_result(connect(fd, &name.name.sa, name.len));
	calls_ends(fd);
	show_v6only(fd);
	if (is_connected(k, fd))
		show_accepted();
	calls_end();
	calls_close(fd);
}

static void
connects_bound(const struct world *w, const struct kind *k)
{
	static const struct form sources[] = { { AF_INET, "127.0.0.1", '0' },
		{ AF_INET, "0.0.0.0", '0' }, { AF_INET, "127.0.0.9", '0' },
		{ AF_INET6, "::1", '0' }, { AF_INET6, "::", '0' },
		{ AF_INET6, "::ffff:127.0.0.1", '0' } };
	static const size_t some[] = { 0, 1, 4, 9, 21 };

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++)
		for (size_t j = 0; j < sizeof(some) / sizeof(*some); j++)
			if (sources[i].family == k->domain)
				connect_bound(
				    w, k, &sources[i], &forms[some[j]]);
}

static void
connect_later(const struct world *w, const struct kind *k, const struct form *f)
{
	struct room name;
	int fd = calls_open(k), error = -1, rc;
	struct pollfd p = { fd, POLLOUT, 0 };
	socklen_t len = sizeof(error);

	calls_fill(&name, f);
	printf("connect in %s %s %s at once:", w->name, k->name, calls_form(f));
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	errno = SENTINEL;
	rc = connect(fd, &name.name.sa, name.len);
	calls_result(rc);
	printf(" poll %d", poll(&p, 1, 1000));
	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	printf(" error %s", strerrorname_np(error));
	calls_ends(fd);
	errno = SENTINEL;
	printf(" again");
	calls_result(connect(fd, &name.name.sa, name.len));
	if (is_connected(k, fd))
		show_accepted();
	calls_end();
	calls_close(fd);
}

static void
in_world(const struct world *w)
{
	calls_serve(w);
	for (size_t k = 0; k < IP_KINDS; k++) {
		connects(w, &kinds[k]);
		connects_again(w, &kinds[k]);
		connects_bound(w, &kinds[k]);
	}
	for (size_t k = 0; k < TCP_KINDS; k++)
		for (size_t f = 0; f < 2; f++)
			connect_later(w, &kinds[k], &forms[f]);
	calls_leave();
}

/* --- listen --------------------------------------------------------------- */

static void
listen_on(const struct kind *k, const struct form *f, int backlog)
{
	int fd = calls_open(k), rc;
	struct room name;

	printf("listen %s %s backlog %d:", k->name,
	    f != NULL ? calls_form(f) : "unbound", backlog);
	if (f != NULL) {
		calls_fill(&name, f);
		calls_result(bind(fd, &name.name.sa, name.len));
	}
	errno = SENTINEL;
	rc = listen(fd, backlog);
	calls_result(rc);
	calls_ends(fd);
	show_v6only(fd);
	errno = SENTINEL;
	rc = listen(fd, backlog);
	calls_result(rc);
	calls_end();
	calls_close(fd);
	(void)unlink("s");
}

static void
listens(const struct kind *k)
{
	static const int backlogs[] = { 5, 0, -1 };

	for (size_t i = 0; i < 3; i++) {
		listen_on(k, NULL, backlogs[i]);
		listen_on(k, &forms[0], backlogs[i]);
		listen_on(k, &forms[1], backlogs[i]);
		listen_on(k, &forms[2], backlogs[i]);
	}
}

/* --- accept --------------------------------------------------------------- */

/* A listener of this kind with one connection waiting. */
static int
awaited(const struct kind *k, int *client)
{
	struct room name;
	int fd = calls_open(k);

	calls_fill(&name, &forms[k->domain == AF_INET    ? 0
				 : k->domain == AF_INET6 ? 1
							 : 2]);
	(void)unlink("s");
	(void)bind(fd, &name.name.sa, name.len);
	(void)listen(fd, 4);
	*client = calls_open(k);
	(void)connect(*client, &name.name.sa, name.len);
	return fd;
}

/* sa and len as given; r is where they point to, if they do. */
static void
accept_as(const struct kind *k, struct sockaddr *sa, socklen_t *len,
    struct room *r, int flags)
{
	socklen_t size = r->len;
	int client, fd = awaited(k, &client), rc;

	errno = SENTINEL;
	rc = flags == -1 ? accept(fd, sa, len) : accept4(fd, sa, len, flags);
	calls_result_fd(rc);
	calls_written(r, size, rc != -1 && sa == &r->name.sa && len == &r->len);
	if (rc != -1)
		printf(" cloexec %d", fcntl(rc, F_GETFD));
	calls_close(rc);
	/* A connection whose name could not be told is gone. */
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	errno = SENTINEL;
	rc = accept(fd, NULL, NULL);
	printf(" then");
	calls_result_fd(rc);
	calls_end();
	calls_close(rc);
	calls_close(fd);
	calls_close(client);
	(void)unlink("s");
}

static void
accepts(const struct kind *k)
{
	static const int flags[] = { -1, 0, SOCK_CLOEXEC | SOCK_NONBLOCK,
		0x10 };
	struct room r;

	for (size_t f = 0; f < 4; f++) {
		for (size_t i = 0; i < LENGTHS; i++) {
			printf("accept %s flags %d length %ld:", k->name,
			    flags[f], lengths[i]);
			calls_room(&r, (socklen_t)lengths[i]);
			accept_as(k, &r.name.sa, &r.len, &r, flags[f]);
		}
		for (enum bad b = 0; b < BADS; b++) {
			printf("accept %s flags %d name at %s:", k->name,
			    flags[f], bad_names[b]);
			calls_room(&r, 28);
			accept_as(k, calls_bad(b, 8), &r.len, &r, flags[f]);
			printf("accept %s flags %d length at %s:", k->name,
			    flags[f], bad_names[b]);
			calls_room(&r, 28);
			accept_as(k, &r.name.sa, calls_bad(b, 2), &r, flags[f]);
		}
	}
}

static void
accept_nobody(const struct kind *k)
{
	struct room r;
	int fd = calls_open(k);

	calls_room(&r, sizeof(r.name.ss));
	printf("accept %s not listening:", k->name);
	calls_result_fd(accept(fd, &r.name.sa, &r.len));
	calls_written(&r, 0, false);
	errno = SENTINEL;
	calls_result_fd(accept(fd, NULL, NULL));
	if (fd != NO_FD && listen(fd, 2) == 0) {
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
		calls_room(&r, sizeof(r.name.ss));
		printf(" nobody there");
		calls_result_fd(accept(fd, &r.name.sa, &r.len));
		calls_written(&r, 0, false);
	}
	calls_end();
	calls_close(fd);
}

/* --- getsockname, getpeername --------------------------------------------- */

typedef int namer(int, struct sockaddr *, socklen_t *);

static void
name_lengths(const char *who, const char *call, namer *name, int fd)
{
	struct room r;
	int rc;

	for (size_t i = 0; i < LENGTHS; i++) {
		printf("%s %s length %ld:", call, who, lengths[i]);
		calls_room(&r, (socklen_t)lengths[i]);
		rc = name(fd, &r.name.sa, &r.len);
		calls_result(rc);
		calls_written(&r, (socklen_t)lengths[i], rc == 0);
		calls_end();
	}
}

static void
name_bad(const char *who, const char *call, namer *name, int fd)
{
	struct room r;
	void *bad;

	for (enum bad b = 0; b < BADS; b++) {
		printf("%s %s name at %s:", call, who, bad_names[b]);
		bad = calls_bad(b, 8);
		calls_room(&r, 28);
		calls_result(name(fd, bad, &r.len));
		calls_written(&r, 0, false);
		printf(" no room");
		calls_room(&r, 0);
		calls_result(name(fd, bad, &r.len));
		calls_written(&r, 0, false);
		calls_end();
		printf("%s %s length at %s:", call, who, bad_names[b]);
		bad = calls_bad(b, 2);
		calls_room(&r, 28);
		calls_result(name(fd, &r.name.sa, bad));
		calls_written(&r, 0, false);
		calls_end();
	}
}

static void
name_all(const char *who, int fd)
{
	name_lengths(who, "getsockname", getsockname, fd);
	name_lengths(who, "getpeername", getpeername, fd);
	name_bad(who, "getsockname", getsockname, fd);
	name_bad(who, "getpeername", getpeername, fd);
}

static void
names(const struct kind *k)
{
	char who[64];
	int fd = calls_open(k), client;

	(void)snprintf(who, sizeof(who), "%s fresh", k->name);
	name_all(who, fd);
	calls_close(fd);
	if (k->domain == -1 || k->domain == 0)
		return;
	fd = awaited(k, &client);
	(void)snprintf(who, sizeof(who), "%s server", k->name);
	name_all(who, fd);
	(void)snprintf(who, sizeof(who), "%s client", k->name);
	name_all(who, client);
	calls_close(fd);
	calls_close(client);
	(void)unlink("s");
}

/* --- options -------------------------------------------------------------- */

static const struct option {
	const char *name;
	int level;
	int option;
} options[] = {
	{ "V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY },
	{ "DOMAIN", SOL_SOCKET, SO_DOMAIN },
	{ "TYPE", SOL_SOCKET, SO_TYPE },
	{ "PROTOCOL", SOL_SOCKET, SO_PROTOCOL },
	{ "ACCEPTCONN", SOL_SOCKET, SO_ACCEPTCONN },
	{ "REUSEADDR", SOL_SOCKET, SO_REUSEADDR },
	{ "REUSEPORT", SOL_SOCKET, SO_REUSEPORT },
	{ "ERROR", SOL_SOCKET, SO_ERROR },
	{ "FREEBIND", IPPROTO_IP, 15 },
	{ "NO_PORT", IPPROTO_IP, 24 },
	{ "unknown", IPPROTO_IPV6, 9999 },
	{ "unknown level", 12345, IPV6_V6ONLY },
};

static void
option_show(const char *who, int fd)
{
	int value;
	socklen_t len;

	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
		value = -1;
		len = sizeof(value);
		printf("option %s %s:", who, options[i].name);
		errno = SENTINEL;
		calls_result(getsockopt(
		    fd, options[i].level, options[i].option, &value, &len));
		printf(" %d len %u", value, len);
		calls_end();
	}
}

static void
option_get(const char *who, int fd)
{
	struct room r;
	int rc;

	for (size_t i = 0; i < LENGTHS; i++) {
		printf("getsockopt %s V6ONLY length %ld:", who, lengths[i]);
		calls_room(&r, (socklen_t)lengths[i]);
		rc = getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &r.name, &r.len);
		calls_result(rc);
		calls_written(&r, (socklen_t)lengths[i], rc == 0);
		calls_end();
	}
	for (enum bad b = 0; b < BADS; b++) {
		printf("getsockopt %s V6ONLY at %s:", who, bad_names[b]);
		calls_room(&r, 4);
		calls_result(getsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, calls_bad(b, 2), &r.len));
		calls_written(&r, 0, false);
		calls_room(&r, 4);
		calls_result(getsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &r.name, calls_bad(b, 2)));
		calls_written(&r, 0, false);
		calls_end();
	}
}

static void
option_set(const char *who, int fd)
{
	static const int values[] = { 1, 0, 2, -1, 0 };

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		printf("setsockopt %s V6ONLY %d:", who, values[i]);
		errno = SENTINEL;
		calls_result(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY,
		    &values[i], sizeof(values[i])));
		show_v6only(fd);
		calls_end();
	}
	for (size_t i = 0; i < LENGTHS; i++) {
		if (lengths[i] > 28 && lengths[i] < 0x7fffffff)
			continue;
		printf("setsockopt %s V6ONLY length %ld:", who, lengths[i]);
		errno = SENTINEL;
		calls_result(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY,
		    (char[32]){ 1 }, (socklen_t)lengths[i]));
		show_v6only(fd);
		calls_end();
	}
	for (enum bad b = 0; b < BADS; b++) {
		printf("setsockopt %s V6ONLY at %s:", who, bad_names[b]);
		errno = SENTINEL;
		calls_result(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY,
		    calls_bad(b, 2), sizeof(int)));
		calls_end();
	}
}

static void
option_all(const char *kind, const char *state, int fd)
{
	char who[64];

	(void)snprintf(who, sizeof(who), "%s %s", kind, state);
	option_show(who, fd);
	option_get(who, fd);
	option_set(who, fd);
}

static void
option_kinds(const struct kind *k)
{
	struct room name;
	int fd = calls_open(k), client, rc;

	option_all(k->name, "fresh", fd);
	calls_close(fd);
	if ((k->domain != AF_INET && k->domain != AF_INET6) ||
	    k->type == SOCK_RAW) /* which hears what others are told */
		return;
	fd = awaited(k, &client);
	option_all(k->name, "server", fd);
	option_all(k->name, "client", client);
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	rc = accept(fd, NULL, NULL);
	if (rc != -1)
		option_all(k->name, "accepted", rc);
	calls_close(rc);
	calls_close(fd);
	calls_close(client);
	fd = calls_open(k);
	calls_fill(&name, &forms[k->domain == AF_INET ? 6 : 18]);
	(void)bind(fd, &name.name.sa, name.len);
	option_all(k->name, "wildcard", fd);
	calls_close(fd);
}

/* --- bindresvport --------------------------------------------------------- */

static void
resvport(const struct kind *k, const struct form *f)
{
	struct room name;
	int fd = calls_open(k), rc;

	printf(
	    "bindresvport %s %s:", k->name, f != NULL ? calls_form(f) : "null");
	if (f != NULL)
		calls_fill(&name, f);
	errno = SENTINEL;
	rc = bindresvport(fd, f != NULL ? &name.name.in : NULL);
	calls_result(rc);
	if (f != NULL && rc == 0)
		show_name(&name.name, sizeof(name.name.in));
	calls_ends(fd);
	calls_end();
	calls_close(fd);
}

static void
resvports(const struct kind *k)
{
	resvport(k, NULL);
	resvport(k, &forms[0]);
	resvport(k, &forms[1]);
	resvport(k, &forms[6]);
}

int
main(int argc, char **argv)
{
	calls_begin(argc, argv);
	for (size_t k = 0; k < KINDS; k++) {
		binds(&kinds[k]);
		listens(&kinds[k]);
		connect_lengths(&kinds[k], &forms[0]);
		connect_lengths(&kinds[k], &forms[1]);
		connect_bad(&kinds[k]);
		accept_nobody(&kinds[k]);
		names(&kinds[k]);
		option_kinds(&kinds[k]);
		resvports(&kinds[k]);
		if (kinds[k].type == SOCK_STREAM ||
		    kinds[k].type == SOCK_SEQPACKET)
			accepts(&kinds[k]);
	}
	for (size_t w = 0; w < WORLDS; w++)
		in_world(&worlds[w]);
	return 0;
}
