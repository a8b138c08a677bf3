/* SPDX-License-Identifier: ISC */
#include "why/facts.h"
#include "base/text.h"
#include "kernel/addrlock.h"
#include "kernel/procfs.h"
#include "why/descent.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct descriptor *
facts_holders(const struct look *look, uint32_t inode, size_t *n)
{
	const struct descriptors *d = &look->descriptors;
	size_t low = 0, high = d->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (d->list[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < d->n && d->list[high].inode == inode; high++)
		continue;
	*n = inode == 0 ? 0 : high - low;
	return d->list + low;
}

static bool
is_peer(const struct sockdiag_socket *a, const struct sockdiag_socket *b)
{
	return a->protocol == b->protocol &&
	       endpoint_same(&a->local, &b->remote) &&
	       endpoint_same(&a->remote, &b->local);
}

/* The other end of a connection, and the process that has it. */
static void
name_peer(struct look *look, const struct sockdiag_socket *s,
    const struct sockets *all, struct facts *facts)
{
	char end[TEXT_ENDPOINT];
	const struct process *p;
	size_t n;

	(void)strlcpy(
	    facts->peer, text_endpoint(&s->remote, end), sizeof(facts->peer));
	for (size_t i = 0; i < all->n; i++) {
		const struct descriptor *d;

		if (all->list[i].inode == 0 || !is_peer(s, &all->list[i]))
			continue;
		d = facts_holders(look, all->list[i].inode, &n);
		p = n > 0 ? processes_get(&look->processes, d->pid) : NULL;
		if (p != NULL)
			(void)snprintf(facts->peer, sizeof(facts->peer),
			    "%s of pid %d (%s)", end, p->pid, p->line);
		return;
	}
}

/*
 * A bind says which binds a TIME_WAIT keeps from the port.  It is tried only
 * where nothing else has the port.
 */
static enum blocks
try_port(const struct sockdiag_socket *s, const struct sockets *all)
{
	uint32_t ip = endpoint_ip4(&s->local);

	if (!IN6_IS_ADDR_V4MAPPED(&s->local.addr))
		return BLOCKS_UNTRIED;
	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].inode != 0 &&
		    all->list[i].local.port == s->local.port)
			return BLOCKS_UNTRIED;
	if (addrlock_probe(ip, s->local.port, SOCK_STREAM, false) == 0)
		return BLOCKS_NOBODY;
	if (errno != EADDRINUSE)
		return BLOCKS_UNTRIED;
	return addrlock_probe(ip, s->local.port, SOCK_STREAM, true) == 0
		   ? BLOCKS_SOME
		   : BLOCKS_ALL;
}

static bool
shares(const struct sockdiag_socket *a, const struct sockdiag_socket *b)
{
	return a->cookie != b->cookie && a->state == TCP_LISTEN &&
	       b->state == TCP_LISTEN && a->family == b->family &&
	       endpoint_same(&a->local, &b->local);
}

/* Two TCP sockets listen at one end only where both have SO_REUSEPORT. */
static void
count_sharers(struct look *look, const struct found *f,
    const struct sockets *all, struct facts *facts)
{
	size_t n, own;
	const struct descriptor *d = facts_holders(look, f->socket.inode, &own);

	if (f->socket.state != TCP_LISTEN)
		return;
	for (size_t i = 0; i < all->n; i++) {
		const struct descriptor *other;
		bool friend;

		if (!shares(&f->socket, &all->list[i]))
			continue;
		other = facts_holders(look, all->list[i].inode, &n);
		friend =
		    f->lease != NULL
			? leases_of(&look->leases, &all->list[i]) == f->lease
			: own > 0 && n > 0 &&
			      descent_kin(look, d->pid, other->pid);
		facts->sharers++;
		facts->strangers += !friend;
	}
}

static void
of_socket(struct look *look, const struct found *f, const struct sockets *all,
    bool elsewhere, struct facts *facts)
{
	const struct sockdiag_socket *s = &f->socket;

	*facts = (struct facts){
		.state = s->state,
		.left = s->time_wait,
		.elsewhere = elsewhere,
		.owner = s->uid,
		.wildcard = f->lease == NULL && s->state == TCP_LISTEN &&
			    sockdiag_wildcard(s) && look->leases.n > 0,
		.hidden = look->denied > 0,
		.rings = look->descriptors.rings > 0,
	};
	if (s->remote.port != 0)
		name_peer(look, s, all, facts);
	if (s->state == TCP_TIME_WAIT && !elsewhere)
		facts->blocks = try_port(s, all);
	count_sharers(look, f, all, facts);
}

static void
of_process(struct look *look, const struct found *f, struct holding *h)
{
	const struct process *p = h->process;
	struct facts *facts = &h->facts;

	facts->pid = p->pid;
	facts->process_state = p->state;
	facts->tracer = p->tracer;
	facts->headless = p->headless;
	facts->dumping = p->dumping;
	facts->ignores = p->ignores;
	facts->left_session = process_left_session(
	    p, f->lease != NULL ? f->lease->record->identity.monitor : 0);
	descent_find(look, f, h);
}

/* Is the descriptor closed by exec?  1 or 0; -1 when that cannot be seen. */
static int
closed_by_exec(const struct descriptor *d)
{
	char text[512];
	const char *flags;

	if (procfs_read(
		text, sizeof(text), "/proc/%d/fdinfo/%d", d->pid, d->fd) < 0)
		return -1;
	flags = procfs_parse_value(text, "flags:");
	if (flags == NULL)
		return -1;
	return (strtoul(flags, NULL, 8) & O_CLOEXEC) != 0; /* octal: proc(5) */
}

int
facts_find(struct look *look, struct found *f, const struct sockets *all,
    bool elsewhere)
{
	const struct descriptor *d;
	struct facts facts;
	size_t n;

	f->lease = elsewhere ? NULL : leases_of(&look->leases, &f->socket);
	f->opened = f->lease != NULL && recquery_opener(f->lease->record,
					    f->socket.cookie, &f->opener);
	of_socket(look, f, all, elsewhere, &facts);
	d = facts_holders(look, f->socket.inode, &n);
	f->nholders = n > 0 ? n : 1;
	f->holders = calloc(f->nholders, sizeof(*f->holders));
	if (f->holders == NULL)
		return -1;
	f->holders[0] = (struct holding){ .fd = -1, .cloexec = -1 };
	for (size_t i = 0; i < f->nholders; i++) {
		struct holding *h = &f->holders[i];

		h->facts = facts;
		if (n > 0) {
			h->fd = d[i].fd;
			h->cloexec = closed_by_exec(&d[i]);
			h->process = processes_get(&look->processes, d[i].pid);
			if (h->process == NULL)
				return -1;
			of_process(look, f, h);
		}
		h->nwhys = rules_of(&h->facts, h->whys);
	}
	return 0;
}
