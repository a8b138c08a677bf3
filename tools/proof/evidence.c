/* SPDX-License-Identifier: ISC */
/*
 * A socket touches a lease by its local or its remote end.  Its addresses tell
 * whose it is, or else the record by its cookie; its state tells whether
 * somebody can still use it.
 */
#include "proof/evidence.h"
#include "base/clock.h"
#include "kernel/addrlock.h"
#include "kernel/procfs.h"
#include "store/recquery.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>

struct looking {
	struct evidence *e;
	const struct terms *terms;
	const struct record *record;
};

/* Not exported by netinet/tcp.h; see include/net/tcp_states.h in Linux. */
enum { NEW_SYN_RECV = 12 };

/*
 * States that may outlive their last holder.  In all others an ownerless
 * socket is on its way out, or in flight: somebody may yet get it.
 */
static bool
fades(uint8_t state)
{
	return state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 ||
	       state == TCP_TIME_WAIT || state == TCP_LAST_ACK ||
	       state == TCP_CLOSING || state == TCP_SYN_RECV ||
	       state == NEW_SYN_RECV;
}

static bool
in_lease(const struct looking *l, const struct endpoint *end)
{
	return sockdiag_within(end, l->terms->leased, terms_prefix(l->terms));
}

static bool
recorded(const struct looking *l, const struct sockdiag_socket *s)
{
	return l->record != NULL && recquery_knows(l->record, s->cookie);
}

static bool
is_lock(const struct looking *l, const struct sockdiag_socket *s)
{
	return s->state == SOCKDIAG_BOUND && s->local.port == ADDRLOCK_PORT &&
	       sockdiag_within(
		   &s->local, addrlock_address(l->terms->leased), 32);
}

static bool
kept(const struct evidence *e, const struct sockdiag_socket *s)
{
	for (size_t i = 0; i < e->nleft; i++)
		if (e->left[i].socket.cookie == s->cookie)
			return true;
	return false;
}

/* Where to keep a socket of the lease; NULL: no room. */
static struct leftover *
room_for_held(struct evidence *e)
{
	if (e->nleft < EVIDENCE_LEFT)
		return &e->left[e->nleft++];
	for (size_t i = 0; i < e->nleft; i++)
		if (e->left[i].kind == LEFT_FOREIGN)
			return &e->left[i];
	return NULL;
}

static void
add_held(
    struct evidence *e, const struct sockdiag_socket *s, enum left_kind kind)
{
	struct leftover *left;

	if (kept(e, s))
		return;
	e->held++;
	left = room_for_held(e);
	if (left != NULL)
		*left = (struct leftover){ .socket = *s, .kind = kind };
}

/* Does this stranger's socket explain what that one would? */
static bool
alike(const struct leftover *left, const struct sockdiag_socket *s)
{
	return left->kind == LEFT_FOREIGN &&
	       left->socket.local.port == s->local.port &&
	       left->socket.protocol == s->protocol &&
	       left->socket.v6only == s->v6only;
}

static void
add_foreign(struct evidence *e, const struct sockdiag_socket *s)
{
	for (size_t i = 0; i < e->nleft; i++)
		if (alike(&e->left[i], s))
			return;
	if (e->nleft < EVIDENCE_LEFT)
		e->left[e->nleft++] =
		    (struct leftover){ .socket = *s, .kind = LEFT_FOREIGN };
}

/* A socket whose own end is in the lease. */
static void
add_local(const struct looking *l, const struct sockdiag_socket *s)
{
	bool adopted = l->terms->flags & TERMS_ADOPTED;
	enum left_kind kind = LEFT_LEASE;

	if (is_lock(l, s))
		return;
	if (adopted && l->terms->nports > 0 &&
	    !terms_declares(l->terms, s->local.port)) {
		if (!recorded(l, s))
			return;
		kind = LEFT_RECORD;
	}
	if (s->protocol == IPPROTO_TCP && s->inode == 0 && fades(s->state))
		l->e->fading++;
	else
		add_held(l->e, s, kind);
}

/*
 * A client of the lease has the kernel's source, 127.0.0.1, as a stranger has:
 * the record tells them apart.  The lease's own end of a stranger's connection
 * counts itself.
 */
static void
add_client(const struct looking *l, const struct sockdiag_socket *s)
{
	if (recorded(l, s) && (s->inode != 0 || !fades(s->state)))
		add_held(l->e, s, LEFT_RECORD);
	else
		l->e->fading++;
}

static void
take(const struct looking *l, const struct sockdiag_socket *s)
{
	if (in_lease(l, &s->local)) {
		add_local(l, s);
	} else if (sockdiag_wildcard(s)) {
		if (recorded(l, s))
			add_held(l->e, s, LEFT_RECORD);
		else if (terms_declares(l->terms, s->local.port))
			add_foreign(l->e, s);
	} else if (in_lease(l, &s->remote) && s->protocol == IPPROTO_TCP &&
		   !(l->terms->flags & TERMS_ADOPTED)) {
		add_client(l, s);
	}
}

void
evidence_sockets(struct evidence *e, struct sockdiag *diag,
    const struct terms *t, const struct record *record)
{
	const struct looking l = { e, t, record };
	struct sockets all = { 0 };
	int prefix = terms_prefix(t);

	if (diag == NULL) {
		e->sockets_unseen = errno != 0 ? errno : EPERM;
		return;
	}
	if (sockdiag_tcp_wide(diag, t->leased, prefix, &all) == -1 ||
	    sockdiag_udp(diag, t->leased, prefix, &all) == -1)
		e->sockets_unseen = errno;
	for (size_t i = 0; i < all.n; i++)
		take(&l, &all.list[i]);
	sockets_free(&all);
}

/* Does a stranger's wildcard socket explain why this port is refused? */
static bool
blocked(struct evidence *e, uint16_t port, uint8_t protocol)
{
	for (size_t i = 0; i < e->nleft; i++) {
		const struct sockdiag_socket *s = &e->left[i].socket;

		if (e->left[i].kind == LEFT_FOREIGN && s->local.port == port &&
		    s->protocol == protocol && !s->v6only)
			return e->left[i].blocks = true;
	}
	return false;
}

/*
 * The TIME_WAITs of a server that did not set SO_REUSEADDR refuse its port to
 * every later bind (inet_csk_bind_conflict in the kernel).
 */
static bool
in_time_wait(
    struct evidence *e, struct sockdiag *diag, uint32_t ip, uint16_t port)
{
	struct sockets all = { 0 };
	int64_t now = clock_ms();
	bool waits = false;

	if (diag != NULL)
		(void)sockdiag_tcp(diag, ip, 32, &all);
	for (size_t i = 0; i < all.n; i++) {
		const struct sockdiag_socket *s = &all.list[i];

		if (s->state != TCP_TIME_WAIT || s->local.port != port ||
		    !sockdiag_within(&s->local, ip, 32))
			continue;
		waits = true;
		if (e->waits_until < now + s->time_wait)
			e->waits_until = now + s->time_wait;
	}
	sockets_free(&all);
	return waits;
}

/*
 * A bind with SO_REUSEADDR tells COOLING from HELD.  Not for UDP: that has no
 * TIME_WAIT, and the bind would share the port with its holder.
 */
static void
refused(struct evidence *e, struct sockdiag *diag, uint32_t ip, uint16_t port,
    int type)
{
	bool tcp = type == SOCK_STREAM;
	bool cooling = tcp && addrlock_probe(ip, port, type, true) == 0;
	bool waiting = tcp && !cooling && in_time_wait(e, diag, ip, port);

	e->port = port;
	if (waiting)
		e->ports_waiting++;
	if (cooling || waiting)
		e->ports_cooling++;
	else
		e->ports_held++;
}

static void
try_port(struct evidence *e, struct sockdiag *diag, uint32_t ip, uint16_t port,
    int type)
{
	uint8_t protocol = type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP;

	if (addrlock_probe(ip, port, type, false) == 0)
		return;
	if (procfs_starved(errno))
		e->sockets_unseen = errno;
	if (errno == EADDRINUSE && !blocked(e, port, protocol))
		refused(e, diag, ip, port, type);
}

static void
try_ports(struct evidence *e, struct sockdiag *diag, const struct terms *t)
{
	e->ports_held = e->ports_cooling = e->ports_waiting = e->port = 0;
	e->waits_until = 0;
	for (uint32_t i = 0; i < t->nports; i++) {
		for (uint32_t p = t->ports[i].first; p <= t->ports[i].last;
		     p++) {
			try_port(e, diag, t->leased, (uint16_t)p, SOCK_STREAM);
			try_port(e, diag, t->leased, (uint16_t)p, SOCK_DGRAM);
		}
	}
}

static bool
unexplained(const struct evidence *e)
{
	return e->ports_held > 0 || (e->ports_cooling > 0 && e->fading == 0);
}

void
evidence_all(struct evidence *e, struct sockdiag *diag, const struct terms *t,
    const struct record *record)
{
	evidence_sockets(e, diag, t, record);
	if (e->held > 0)
		return;
	try_ports(e, NULL, t);
	if (!unexplained(e) || diag == NULL)
		return;
	try_ports(e, diag, t);
}

const struct leftover *
evidence_held(const struct evidence *e)
{
	for (size_t i = 0; i < e->nleft; i++)
		if (e->left[i].kind != LEFT_FOREIGN)
			return &e->left[i];
	return NULL;
}

void
evidence_holders(struct evidence *e)
{
	uint32_t inodes[EVIDENCE_LEFT];
	struct holder holders[EVIDENCE_LEFT];

	for (size_t i = 0; i < e->nleft; i++)
		inodes[i] = e->left[i].socket.inode;
	holders_find(inodes, holders, e->nleft);
	for (size_t i = 0; i < e->nleft; i++)
		e->left[i].holder = holders[i];
}
