/* SPDX-License-Identifier: ISC */
/* One dump of listeners alone: a hundredth of a walk of all sockets. */
#include "ready/listeners.h"
#include "store/recquery.h"

struct looking {
	const struct terms *terms;
	const struct record *record;
	struct portset *up;
};

bool
listeners_counts(const struct terms *t, const struct record *record,
    const struct sockdiag_socket *socket)
{
	struct endpoint at = { socket->laddr, socket->lport, socket->family };

	if (!(t->flags & TERMS_ADOPTED) && slice_contains(t, &at))
		return true;
	return recquery_knows(record, socket->cookie);
}

static int
take(const struct sockdiag_socket *socket, void *arg)
{
	struct looking *l = arg;

	if (listeners_counts(l->terms, l->record, socket))
		portset_add(l->up, socket->lport);
	return 0;
}

int
listeners_find(struct sockdiag *diag, const struct terms *t,
    const struct record *record, struct portset *up)
{
	struct looking l = { t, record, up };

	return sockdiag_tcp_listening(
	    diag, t->leased, terms_prefix(t), take, &l);
}
