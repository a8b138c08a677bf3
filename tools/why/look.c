/* SPDX-License-Identifier: ISC */
/*
 * sock_diag is asked first, with a filter; then /proc, for the few inodes that
 * it named.  Connections that are alike become one: a server has thousands.
 */
#include "why/look.h"
#include "base/fail.h"
#include "kernel/addrlock.h"
#include "why/elsewhere.h"
#include "why/facts.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

/* Sockets that hold a port by themselves, not as the end of a connection. */
static bool
holds_port(const struct sockdiag_socket *s)
{
	return s->state == TCP_LISTEN || s->state == SOCKDIAG_BOUND ||
	       s->protocol == IPPROTO_UDP;
}

static int
compare(const void *a, const void *b)
{
	const struct sockdiag_socket *x = a, *y = b;
	int rc;

	if (x->local.port != y->local.port)
		return x->local.port < y->local.port ? -1 : 1;
	rc = memcmp(&x->local.addr, &y->local.addr, sizeof(x->local.addr));
	if (rc != 0)
		return rc;
	if (holds_port(x) != holds_port(y))
		return holds_port(x) ? -1 : 1;
	if (x->state != y->state)
		return x->state < y->state ? -1 : 1;
	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return (x->cookie > y->cookie) - (x->cookie < y->cookie);
}

/* Wildcards on any port count only where the lease there declares it. */
static bool
wanted(const struct look *look, const struct target *t,
    const struct sockdiag_socket *s)
{
	const struct stored *lease;

	if (s->local.port == ADDRLOCK_PORT && s->state == SOCKDIAG_BOUND &&
	    t->port != ADDRLOCK_PORT)
		return false;
	if (t->port != 0 && s->local.port != t->port)
		return false;
	if (t->prefix_len == 0 ||
	    sockdiag_within(&s->local, t->ip, t->prefix_len))
		return true;
	if (!sockdiag_wildcard(s) || (s->family == AF_INET6 && s->v6only))
		return false;
	lease = leases_at(&look->leases, t->ip);
	return t->port != 0 ||
	       (lease != NULL && terms_declares(&lease->terms, s->local.port));
}

/* The sockets that are asked for, sorted, each once. */
static int
select_sockets(const struct look *look, const struct target *t,
    const struct sockets *all, struct sockets *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < all->n; i++)
		if (wanted(look, t, &all->list[i]) &&
		    sockets_add(out, &all->list[i]) == -1)
			return -1;
	if (out->n > 1)
		qsort(out->list, out->n, sizeof(*out->list), compare);
	for (size_t i = 0; i < out->n; i++)
		if (kept == 0 ||
		    out->list[kept - 1].cookie != out->list[i].cookie)
			out->list[kept++] = out->list[i];
	out->n = kept;
	return 0;
}

/* The programs of the leases at these sockets; returns how many. */
static size_t
find_members(const struct look *look, const struct sockets *all, pid_t *pids,
    size_t room)
{
	struct image image;
	size_t n = 0;

	for (size_t i = 0; i < look->leases.n; i++) {
		const struct stored *lease = &look->leases.list[i];
		size_t k = 0;

		while (k < all->n &&
		       !slice_contains(&lease->terms, &all->list[k].local))
			k++;
		for (size_t m = 0; k < all->n && m < RECORD_IMAGES; m++)
			if (n < room &&
			    recquery_image(lease->record, m, &image))
				pids[n++] = image.pid;
	}
	return n;
}

/* The descriptors of all these sockets, those of peers included. */
static int
find_descriptors(struct look *look, const struct sockets *all, bool everywhere)
{
	static pid_t members[4 * RECORD_IMAGES];
	uint32_t *inodes = calloc(all->n + 1, sizeof(*inodes));
	struct descriptors_search how = {
		.inodes = inodes, .also = members, .everywhere = everywhere
	};
	size_t n = 0;
	int rc;

	if (inodes == NULL)
		return -1;
	how.nalso = find_members(
	    look, all, members, sizeof(members) / sizeof(*members));
	for (size_t i = 0; i < all->n; i++)
		if (all->list[i].inode != 0)
			inodes[n++] = all->list[i].inode;
	descriptors_free(&look->descriptors);
	how.n = n;
	rc = descriptors_find(&how, &look->descriptors);
	free(inodes);
	look->denied = look->descriptors.denied;
	return rc;
}

static pid_t
first_holder(const struct look *look, const struct sockdiag_socket *s)
{
	size_t n;
	const struct descriptor *d = facts_holders(look, s->inode, &n);

	return n > 0 ? d->pid : 0;
}

/* A connection like one that is in the list already. */
static struct found *
alike(struct look *look, const struct sockdiag_socket *s)
{
	for (size_t i = look->n; i-- > 0 && !holds_port(s);) {
		struct found *f = &look->list[i];

		if (!endpoint_same(&f->socket.local, &s->local))
			break;
		if (f->socket.state == s->state &&
		    first_holder(look, &f->socket) == first_holder(look, s))
			return f;
	}
	return NULL;
}

/* Does it keep others from the port, or has a process a part in it? */
static bool
held(const struct found *f)
{
	enum blocks blocks = f->holders[0].facts.blocks;

	if (f->holders[0].facts.elsewhere)
		return false;
	return f->socket.inode != 0 ||
	       (f->socket.state == TCP_TIME_WAIT && blocks != BLOCKS_NOBODY &&
		   blocks != BLOCKS_UNTRIED);
}

/* Make the list of what was found of the sockets that are asked for. */
static int
make_list(struct look *look, const struct sockets *chosen,
    const struct sockets *all, bool elsewhere)
{
	struct found *list =
	    reallocarray(look->list, look->n + chosen->n + 1, sizeof(*list));

	if (list == NULL)
		return -1;
	look->list = list;
	for (size_t i = 0; i < chosen->n; i++) {
		struct found *f = alike(look, &chosen->list[i]);

		if (f != NULL) {
			f->count++;
			continue;
		}
		f = &look->list[look->n];
		*f = (struct found){ .socket = chosen->list[i], .count = 1 };
		if (facts_find(look, f, all, elsewhere) == -1)
			return -1;
		look->n++;
		look->held |= held(f);
	}
	return 0;
}

static int
finish(struct look *look, const struct target *t, const struct sockets *all,
    bool elsewhere)
{
	struct sockets chosen = { 0 };
	int rc = select_sockets(look, t, all, &chosen);

	if (rc == 0 && (chosen.n > 0 || !elsewhere))
		rc = find_descriptors(look, all, t->everywhere);
	if (rc == 0)
		rc = make_list(look, &chosen, all, elsewhere);
	sockets_free(&chosen);
	return rc;
}

/* Keep those that this process holds. */
static int
keep_held(struct sockets *all, pid_t pid)
{
	struct descriptors own;
	size_t kept = 0;

	if (descriptors_of(pid, &own) == -1)
		return -1;
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < own.n; k++)
			if (own.list[k].inode == all->list[i].inode) {
				all->list[kept++] = all->list[i];
				break;
			}
	all->n = kept;
	descriptors_free(&own);
	return 0;
}

int
look_at(struct look *look, const struct target *t, uint64_t netns)
{
	struct sockdiag *diag = sockdiag_open();
	struct sockets all = { 0 };
	int rc = -1;

	*look = (struct look){ 0 };
	if (diag != NULL && leases_read(&look->leases, netns) == 0 &&
	    sockdiag_at(diag, t->ip, t->prefix_len, t->port, &all) == 0 &&
	    (t->pid == 0 || keep_held(&all, t->pid) == 0))
		rc = finish(look, t, &all, false);
	sockdiag_close(diag);
	sockets_free(&all);
	return rc;
}

int
look_elsewhere(struct look *look, const struct target *t)
{
	struct sockets all = { 0 };
	int rc = elsewhere_sockets(t, &all);

	if (rc == 0 && all.n > 0)
		rc = finish(look, t, &all, true);
	sockets_free(&all);
	return rc;
}

void
look_free(struct look *look)
{
	for (size_t i = 0; i < look->n; i++)
		free(look->list[i].holders);
	free(look->list);
	leases_free(&look->leases);
	descriptors_free(&look->descriptors);
	processes_free(&look->processes);
	*look = (struct look){ 0 };
}
