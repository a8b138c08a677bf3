/* SPDX-License-Identifier: ISC */
/* One dump of listeners alone: a hundredth of a walk of all sockets. */
#include "ready/listeners.h"
#include "store/recquery.h"

bool
listeners_counts(const struct terms *t, const struct record *record,
    const struct sockdiag_socket *socket)
{
	if (!(t->flags & TERMS_ADOPTED) && slice_contains(t, &socket->local))
		return true;
	return recquery_knows(record, socket->cookie);
}

int
listeners_find(struct sockdiag *diag, const struct terms *t,
    const struct record *record, struct portset *up)
{
	struct sockets all = { 0 };
	int rc = sockdiag_tcp_listening(diag, t->leased, terms_prefix(t), &all);

	for (size_t i = 0; i < all.n; i++)
		if (listeners_counts(t, record, &all.list[i]))
			portset_add(up, all.list[i].local.port);
	sockets_free(&all);
	return rc;
}
