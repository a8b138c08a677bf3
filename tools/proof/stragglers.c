/* SPDX-License-Identifier: ISC */
/*
 * sock_diag says which sockets of the lease are open, /proc who holds their
 * inodes, and the record who opened them.
 */
#include "proof/stragglers.h"
#include "base/msg.h"
#include "store/recquery.h"

#include <netinet/tcp.h>
#include <signal.h>
#include <stdarg.h>
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
keep(struct sockets *all, const struct terms *t, const struct record *record)
{
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++)
		if (of_lease(&all->list[i], t, record))
			all->list[n++] = all->list[i];
	all->n = n;
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
	return false;
}

static void
note_one(struct stragglers *s, const struct procfs_stat *p,
    const struct sockets *sockets)
{
	struct straggler *new = &s->list[s->n];

	if (known(s, p))
		return;
	if (s->n == STRAGGLERS) {
		s->more++;
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

	if (n > 0 && diag != NULL) {
		(void)sockdiag_tcp_bound(diag, t->leased, prefix, &all);
		(void)sockdiag_udp(diag, t->leased, prefix, &all);
	}
	keep(&all, t, record);
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

/* Text that grows in a bounded buffer; what does not fit is cut. */
struct text {
	char *at;
	size_t left;
};

static void __attribute__((format(printf, 2, 3)))
append(struct text *t, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->at, t->left, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= t->left)
		n = t->left > 0 ? (int)t->left - 1 : 0;
	t->at += n;
	t->left -= (size_t)n;
}

static void
append_opener(struct text *t, const struct straggler *s, bool known,
    const struct opener *opener)
{
	if (!known)
		append(t, " (unrecorded)");
	else if (opener->pid == s->pid)
		append(t, " (opened by itself)");
	else
		append(t, " (opened by pid %d%s%s)", opener->pid,
		    opener->path[0] ? ", " : "", opener->path);
}

/* The ports, those with the same opener together. */
static void
ports_text(const struct straggler *s, const struct record *record, char *text,
    size_t size)
{
	struct opener openers[STRAGGLER_PORTS] = { 0 };
	bool known[STRAGGLER_PORTS], done[STRAGGLER_PORTS] = { false };
	struct text t = { text, size };

	text[0] = '\0';
	for (size_t i = 0; i < s->nports; i++)
		known[i] =
		    recquery_opener(record, s->ports[i].cookie, &openers[i]);
	for (size_t i = 0; i < s->nports; i++) {
		if (done[i])
			continue;
		append(&t, ", held port %u", s->ports[i].port);
		for (size_t k = i + 1; k < s->nports; k++) {
			if (done[k] || known[k] != known[i] ||
			    openers[k].pid != openers[i].pid)
				continue;
			done[k] = true;
			append(&t, ", %u", s->ports[k].port);
		}
		append_opener(&t, s, known[i], &openers[i]);
	}
}

static void
end_text(const struct straggler *s, char *text, size_t size)
{
	if (s->killed)
		(void)snprintf(text, size, "ended by SIG%s",
		    sigabbrev_np(s->status) ? sigabbrev_np(s->status) : "?");
	else if (s->gone)
		(void)snprintf(text, size, "ended with status %d", s->status);
	else
		/* Not a child of ours, so /proc tells. */
		(void)snprintf(text, size,
		    procfs_alive(s->pid, s->start) ? "not ended" : "ended");
}

void
stragglers_print(
    const struct stragglers *s, struct record *record, const char *ip)
{
	char ports[384], end[48];

	for (size_t i = 0; i < s->n; i++) {
		const struct straggler *one = &s->list[i];

		ports_text(one, record, ports, sizeof(ports));
		end_text(one, end, sizeof(end));
		msg(record, "%s: straggler: pid %d (%s)%s; %s", ip, one->pid,
		    one->line, ports, end);
	}
	if (s->more > 0)
		msg(record, "%s: and %zu more stragglers", ip, s->more);
}
