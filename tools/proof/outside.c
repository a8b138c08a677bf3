/* SPDX-License-Identifier: ISC */
/*
 * The kernel's listeners first, which is cheap: mostly there is none outside,
 * and no process is looked at.
 */
#include "proof/outside.h"
#include "kernel/proctree.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
is_outside(const struct terms *t, const struct sockdiag_socket *s)
{
	return s->inode != 0 && s->remote.port == 0 &&
	       terms_declares(t, s->local.port) &&
	       !sockdiag_within(&s->local, t->leased, terms_prefix(t));
}

/* Keep those that are outside. */
static void
list_outside(struct sockets *all, struct sockdiag *diag, const struct terms *t)
{
	size_t n = 0;

	(void)sockdiag_tcp_listening(diag, 0, 0, all);
	(void)sockdiag_udp(diag, 0, 0, all);
	for (size_t i = 0; i < all->n; i++)
		if (is_outside(t, &all->list[i]))
			all->list[n++] = all->list[i];
	all->n = n;
}

static void
add(struct outside *o, const struct sockdiag_socket *s, pid_t pid)
{
	struct outsider *new;

	for (size_t i = 0; i < o->n; i++)
		if (o->list[i].socket.cookie == s->cookie)
			return;
	if (o->n == OUTSIDE) {
		o->more++;
		return;
	}
	new = &o->list[o->n++];
	*new = (struct outsider){ .socket = *s, .holder.pid = pid };
	if (procfs_cmdline(pid, new->holder.line, HOLDER_LINE) == -1)
		new->holder.line[0] = '\0';
}

static void
note_one(struct outside *o, const struct sockets *all, pid_t pid)
{
	uint32_t *inodes;
	ssize_t n = procfs_sockets(pid, &inodes);

	for (ssize_t i = 0; i < n; i++)
		for (size_t k = 0; k < all->n; k++)
			if (all->list[k].inode == inodes[i])
				add(o, &all->list[k], pid);
	free(inodes);
}

void
outside_note(struct outside *o, struct sockdiag *diag, const struct terms *t,
    const struct procfs_stat *list, size_t n)
{
	struct sockets all = { 0 };

	if (diag == NULL || n == 0)
		return;
	list_outside(&all, diag, t);
	for (size_t i = 0; i < n && all.n > 0; i++)
		note_one(o, &all, list[i].pid);
	sockets_free(&all);
}

void
outside_note_tree(
    struct outside *o, struct sockdiag *diag, const struct terms *t)
{
	struct procfs_stat *list;
	ssize_t n = proctree_descendants(getpid(), &list);

	outside_note(o, diag, t, list, n > 0 ? (size_t)n : 0);
	free(list);
}
