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
	struct endpoint local = { s->laddr, s->lport, s->family };

	if (s->lport == ADDRLOCK_PORT && s->state == SOCKDIAG_BOUND)
		return false;
	if (!v->stored->past && recquery_knows(v->stored->record, s->cookie))
		return true;
	return slice_contains(t, &local) &&
	       (!(t->flags & TERMS_ADOPTED) || terms_declares(t, s->lport));
}

static int
take(const struct sockdiag_socket *s, void *arg)
{
	struct view *v = arg;
	struct view_socket *list;

	for (size_t i = 0; i < v->nsockets; i++)
		if (v->sockets[i].socket.cookie == s->cookie)
			return 0;
	if (s->inode == 0 || !of_lease(v, s))
		return 0;
	list = reallocarray(v->sockets, v->nsockets + 1, sizeof(*list));
	if (list == NULL)
		return -1;
	v->sockets = list;
	v->sockets[v->nsockets++] = (struct view_socket){ .socket = *s };
	return 0;
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
	    sockdiag_tcp_listening(diag, s->ip, prefix, take, v) == -1 ||
	    sockdiag_udp(diag, s->ip, prefix, take, v) == -1 ||
	    (holders && sockdiag_tcp_slice(diag, s->ip, prefix, take, v) == -1))
		v->unseen = errno;
	sockdiag_close(diag);
	if (holders && v->nsockets > 0)
		(void)procfs_each(search_process, v);
}

void
view_free(struct view *v)
{
	free(v->sockets);
	v->sockets = NULL;
}
