/* SPDX-License-Identifier: ISC */
/* sock_diag for the sockets, one pass over /proc for their holders. */
#include "cmd/view.h"
#include "base/options.h"
#include "kernel/addrlock.h"
#include "store/records.h"
#include "store/recquery.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>

static bool
of_lease(const struct view *v, const struct sockdiag_socket *s)
{
	const struct terms *t = &v->stored.terms;

	if (s->local.port == ADDRLOCK_PORT && s->state == SOCKDIAG_BOUND)
		return false;
	if (!v->stored.past && recquery_knows(v->stored.record, s->cookie))
		return true;
	return slice_contains(t, &s->local) &&
	       (!(t->flags & TERMS_ADOPTED) ||
		   terms_declares(t, s->local.port));
}

static bool
seen(const struct view *v, const struct sockdiag_socket *s)
{
	for (size_t i = 0; i < v->nsockets; i++)
		if (v->sockets[i].socket.cookie == s->cookie)
			return true;
	return false;
}

/* Add those that are the lease's, each once. */
static void
add_sockets(struct view *v, const struct sockets *all)
{
	v->sockets = calloc(all->n + 1, sizeof(*v->sockets));
	if (v->sockets == NULL)
		v->unseen = ENOMEM;
	for (size_t i = 0; i < all->n && v->sockets != NULL; i++) {
		const struct sockdiag_socket *s = &all->list[i];

		if (s->inode != 0 && of_lease(v, s) && !seen(v, s))
			v->sockets[v->nsockets++] =
			    (struct view_socket){ .socket = *s };
	}
}

static void
find_holders(struct view *v)
{
	size_t n = v->nsockets;
	uint32_t *inodes = calloc(n + 1, sizeof(*inodes));
	struct holder *holders = calloc(n + 1, sizeof(*holders));

	if (inodes != NULL && holders != NULL) {
		for (size_t i = 0; i < n; i++)
			inodes[i] = v->sockets[i].socket.inode;
		holders_find(inodes, holders, n);
		for (size_t i = 0; i < n; i++)
			v->sockets[i].holder = holders[i];
	}
	free(inodes);
	free(holders);
}

void
view_make(struct view *v, struct stored *s, bool holders)
{
	struct sockets all = { 0 };
	struct sockdiag *diag;
	int prefix;

	*v = (struct view){ .stored = *s, .state = lease_state(s) };
	s->record = NULL;
	if (v->stored.record == NULL)
		return;
	prefix = terms_prefix(&s->terms);
	diag = sockdiag_open();
	if (diag == NULL ||
	    sockdiag_tcp_listening(diag, s->ip, prefix, &all) == -1 ||
	    sockdiag_udp(diag, s->ip, prefix, &all) == -1 ||
	    (holders && sockdiag_tcp(diag, s->ip, prefix, &all) == -1))
		v->unseen = errno;
	sockdiag_close(diag);
	add_sockets(v, &all);
	sockets_free(&all);
	if (holders && v->nsockets > 0)
		find_holders(v);
}

void
view_free(struct view *v)
{
	free(v->sockets);
	store_unmap(&v->stored);
}

uint64_t
view_netns(void)
{
	uint64_t netns = lease_netns();

	if (netns == 0)
		err(EXIT_PORTLEASE, "/proc/self/ns/net");
	return netns;
}

bool
view_find(struct stored *s, uint32_t ip, enum store_access access)
{
	return records_find(NULL, s, ip, view_netns(), access);
}
