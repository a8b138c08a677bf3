/* SPDX-License-Identifier: ISC */
/* sock_diag for the sockets, one pass over /proc for those who hold them. */
#include "cmd/view.h"
#include "kernel/addrlock.h"
#include "kernel/procfs.h"
#include "store/recquery.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

static bool
of_lease(const struct view *v, const struct sockdiag_socket *s)
{
	const struct terms *t = &v->stored->terms;

	if (s->local.port == ADDRLOCK_PORT && s->state == SOCKDIAG_BOUND)
		return false;
	if (!v->stored->past && recquery_knows(v->stored->record, s->cookie))
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

/* Keep the lease's own of these, each once. */
static void
take(struct view *v, const struct sockets *all)
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

struct search {
	struct view *view;
	pid_t pid;
};

static int
match(uint32_t inode, int fd, void *arg)
{
	struct search *search = arg;
	struct view *v = search->view;

	(void)fd;
	for (size_t i = 0; i < v->nsockets; i++) {
		struct view_socket *s = &v->sockets[i];

		if (s->socket.inode != inode || s->holder != 0)
			continue;
		s->holder = search->pid;
		(void)procfs_cmdline(search->pid, s->line, sizeof(s->line));
	}
	return 0;
}

static int
search_process(pid_t pid, void *arg)
{
	struct search search = { arg, pid };

	(void)procfs_sockets(pid, match, &search);
	return 0;
}

void
view_make(struct view *v, const struct stored *s, bool holders)
{
	struct sockets all = { 0 };
	struct sockdiag *diag;
	int prefix;

	memset(v, 0, sizeof(*v));
	v->stored = s;
	v->state = lease_state(s);
	if (s->record == NULL)
		return;
	prefix = terms_prefix(&s->terms);
	diag = sockdiag_open();
	if (diag == NULL ||
	    sockdiag_tcp_listening(diag, s->ip, prefix, &all) == -1 ||
	    sockdiag_udp(diag, s->ip, prefix, &all) == -1 ||
	    (holders && sockdiag_tcp(diag, s->ip, prefix, &all) == -1))
		v->unseen = errno;
	sockdiag_close(diag);
	take(v, &all);
	sockets_free(&all);
	if (holders && v->nsockets > 0)
		(void)procfs_each(search_process, v);
}

void
view_free(struct view *v)
{
	free(v->sockets);
	v->sockets = NULL;
}
