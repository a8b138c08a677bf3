/* SPDX-License-Identifier: ISC */
/*
 * sock_diag shows the open sockets of the lease, /proc the processes that hold
 * them, and the record those that opened them.
 */
#include "proof/stragglers.h"
#include "base/grow.h"
#include "lease/strbuf.h"
#include "store/recquery.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Does it hold a port of the lease: listeners, bound and UDP sockets? */
static bool
of_lease(const struct sockdiag_socket *s, const struct terms *t,
    const struct record *record)
{
	if (s->inode == 0 ||
	    (s->protocol == IPPROTO_TCP && s->state != TCP_LISTEN &&
		s->state != SOCKDIAG_BOUND))
		return false;
	return slice_contains(t, &s->local) ||
	       recquery_knows(record, s->cookie);
}

static void
add_port(struct straggler *s, const struct sockdiag_socket *socket)
{
	size_t i = 0;

	while (i < s->nports && s->ports[i].port < socket->local.port)
		i++;
	if (s->nports == STRAGGLER_PORTS ||
	    (i < s->nports && s->ports[i].port == socket->local.port))
		return;
	memmove(&s->ports[i + 1], &s->ports[i],
	    (s->nports - i) * sizeof(s->ports[0]));
	s->ports[i] = (struct held_port){ socket->local.port, socket->cookie };
	s->nports++;
}

static void
add_ports(struct straggler *s, const struct sockets *all)
{
	uint32_t *held;
	ssize_t n = procfs_sockets(s->pid, &held);

	for (ssize_t i = 0; i < n; i++)
		for (size_t j = 0; j < all->n; j++)
			if (all->list[j].inode == held[i])
				add_port(s, &all->list[j]);
	free(held);
}

static bool
known(const struct stragglers *s, const struct procfs_stat *p)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->list[i].pid == p->pid && s->list[i].start == p->start)
			return true;
	for (size_t i = 0; i < s->more; i++)
		if (s->others[i].pid == p->pid &&
		    s->others[i].start == p->start)
			return true;
	return false;
}

/* It is only counted; without memory it is not. */
static void
note_other(struct stragglers *s, const struct procfs_stat *p)
{
	struct straggler_id *all = grow(s->others, s->more, sizeof(*all));

	if (all == NULL)
		return;
	s->others = all;
	all[s->more++] = (struct straggler_id){ p->pid, p->start };
}

static void
note_one(struct stragglers *s, const struct procfs_stat *p,
    const struct sockets *sockets)
{
	struct straggler *new = &s->list[s->n];

	if (known(s, p))
		return;
	if (s->n == STRAGGLERS) {
		note_other(s, p);
		return;
	}
	*new = (struct straggler){ .pid = p->pid, .start = p->start };
	if (procfs_cmdline(p->pid, new->line, sizeof(new->line)) == -1)
		(void)snprintf(new->line, sizeof(new->line), "[%s]", p->comm);
	add_ports(new, sockets);
	s->n++;
}

void
stragglers_note(struct stragglers *s, const struct procfs_stat *list, size_t n,
    struct sockdiag *diag, const struct terms *t, const struct record *record)
{
	struct sockets all = { 0 };
	int prefix = terms_prefix(t);
	size_t kept = 0;

	if (n > 0 && diag != NULL) {
		(void)sockdiag_tcp_bound(diag, t->leased, prefix, &all);
		(void)sockdiag_udp(diag, t->leased, prefix, &all);
	}
	for (size_t i = 0; i < all.n; i++)
		if (of_lease(&all.list[i], t, record))
			all.list[kept++] = all.list[i];
	all.n = kept;
	for (size_t i = 0; i < n; i++)
		note_one(s, &list[i], &all);
	sockets_free(&all);
}

void
stragglers_reaped(struct stragglers *s, pid_t pid, bool killed, int status)
{
	for (size_t i = 0; i < s->n; i++) {
		if (s->list[i].pid == pid) {
			s->list[i].gone = true;
			s->list[i].killed = killed;
			s->list[i].status = status;
		}
	}
}

static void
add_opener(struct strbuf *t, const struct straggler *s, bool known,
    const struct opener *opener)
{
	if (!known) {
		strbuf_add(t, " (unrecorded)");
	} else if (opener->pid == s->pid) {
		strbuf_add(t, " (opened by itself)");
	} else {
		strbuf_add(t, " (opened by pid ");
		strbuf_number(t, (uint32_t)opener->pid, 10);
		strbuf_add(t, opener->path[0] ? ", " : "");
		strbuf_add(t, opener->path);
		strbuf_add(t, ")");
	}
}

/* The ports, those with the same opener together. */
static void
ports_text(const struct straggler *s, const struct record *record, char *text,
    size_t size)
{
	struct opener openers[STRAGGLER_PORTS] = { 0 };
	bool known[STRAGGLER_PORTS], done[STRAGGLER_PORTS] = { false };
	struct strbuf t = strbuf_in(text, size);

	for (size_t i = 0; i < s->nports; i++)
		known[i] =
		    recquery_opener(record, s->ports[i].cookie, &openers[i]);
	for (size_t i = 0; i < s->nports; i++) {
		if (done[i])
			continue;
		strbuf_add(&t, ", held port ");
		strbuf_number(&t, s->ports[i].port, 10);
		for (size_t k = i + 1; k < s->nports; k++) {
			if (done[k] || known[k] != known[i] ||
			    openers[k].pid != openers[i].pid)
				continue;
			done[k] = true;
			strbuf_add(&t, ", ");
			strbuf_number(&t, s->ports[k].port, 10);
		}
		add_opener(&t, s, known[i], &openers[i]);
	}
	(void)strbuf_end(&t); /* cut: for people */
}

static void
end_text(const struct straggler *s, bool lives, char *text, size_t size)
{
	if (s->killed)
		(void)snprintf(text, size, "ended by SIG%s",
		    sigabbrev_np(s->status) ? sigabbrev_np(s->status) : "?");
	else if (s->gone)
		(void)snprintf(text, size, "ended with status %d", s->status);
	else
		(void)strlcpy(text, lives ? "not ended" : "ended", size);
}

void
stragglers_text(const struct straggler *s, const struct record *record,
    bool lives, char text[static STRAGGLER_TEXT])
{
	char ports[384], end[48];

	ports_text(s, record, ports, sizeof(ports));
	end_text(s, lives, end, sizeof(end));
	(void)snprintf(text, STRAGGLER_TEXT, "straggler: pid %d (%s)%s; %s",
	    s->pid, s->line, ports, end);
}
