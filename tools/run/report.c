/* SPDX-License-Identifier: ISC */
#include "run/report.h"
#include "base/msg.h"
#include "kernel/procfs.h"
#include "kernel/proctree.h"
#include "store/recquery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Why SIGKILL did not end this process. */
static void
print_stuck(struct record *record, const char *ip, const struct procfs_stat *p)
{
	struct procfs_status status = { 0 };
	char line[HOLDER_LINE];

	if (procfs_cmdline(p->pid, line, sizeof(line)) == -1)
		(void)strlcpy(line, p->comm, sizeof(line));
	(void)procfs_status(p->pid, &status);
	if (status.tracer != 0)
		msg(record, "%s: pid %d (%s) cannot be ended: traced by pid %d",
		    ip, p->pid, line, status.tracer);
	else if (status.uid != geteuid() && geteuid() != 0)
		msg(record, "%s: pid %d (%s) cannot be ended: it is of user %u",
		    ip, p->pid, line, status.uid);
	else
		msg(record, "%s: pid %d (%s) cannot be ended: state %c", ip,
		    p->pid, line, p->state);
}

unsigned int
report_stuck(struct record *record, const char *ip)
{
	struct procfs_stat *list;
	ssize_t n = proctree_descendants(getpid(), &list);

	for (ssize_t i = 0; i < n; i++)
		print_stuck(record, ip, &list[i]);
	free(list);
	return n > 0 ? (unsigned int)n : 0;
}

static void
print_stragglers(const struct report *r)
{
	const struct stragglers *s = r->stragglers;
	char text[STRAGGLER_TEXT];

	for (size_t i = 0; i < s->n; i++) {
		const struct straggler *one = &s->list[i];

		stragglers_text(
		    one, r->record, procfs_alive(one->pid, one->start), text);
		msg(r->record, "%s: %s", r->ip, text);
	}
	if (s->more > 0)
		msg(r->record, "%s: and %zu more stragglers", r->ip, s->more);
}

char *
report_left(const struct leftover *left, char text[static REPORT_LEFT])
{
	char at[TEXT_ENDPOINT],
	    by[HOLDER_LINE + 16] = "nobody that can be seen";

	if (left->holder.pid != 0)
		(void)snprintf(by, sizeof(by), "pid %d (%s)", left->holder.pid,
		    left->holder.line);
	(void)snprintf(text, REPORT_LEFT, "%s %s held by %s",
	    text_endpoint(&left->socket.local, at),
	    sockdiag_state_name(left->socket.state), by);
	return text;
}

/* Those that were never asked to end. */
static void
print_unproven(const struct report *r)
{
	for (size_t i = 0; i < r->members->n; i++) {
		const struct member *m = &r->members->list[i];

		if (!members_proven(m) && procfs_alive(m->pid, m->start))
			msg(r->record,
			    "%s: pid %d (%s) is left alone: only one witness "
			    "says that it is the lease's",
			    r->ip, m->pid, m->line);
	}
}

static void
print_left(const struct report *r, const struct leftover *left)
{
	char text[REPORT_LEFT];
	struct opener opener;

	(void)report_left(left, text);
	if (recquery_opener(r->record, left->socket.cookie, &opener))
		msg(r->record, "%s: %s; opened by pid %d (%s) with %s", r->ip,
		    text, opener.pid, opener.path, recquery_call(opener.call));
	else
		msg(r->record, "%s: %s; unrecorded", r->ip, text);
}

const char *
report_uncovered_by(uint32_t flags)
{
	static const struct {
		uint32_t flag;
		const char *is;
	} reasons[] = {
		{ IMAGE_STATIC, "static" },
		{ IMAGE_SETUID, "set-uid" },
		{ IMAGE_SETGID, "set-gid" },
		{ IMAGE_CAPABLE, "given file capabilities" },
		{ IMAGE_NO_SHIM, "in a root without the shim" },
		{ IMAGE_NO_RECORD, "in a root without the record" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (flags & reasons[i].flag)
			return reasons[i].is;
	return "of another architecture";
}

static void
print_uncovered(const struct report *r)
{
	struct image image;
	size_t n = 0;

	for (size_t i = 0; i < RECORD_IMAGES; i++)
		if (recquery_image(r->record, i, &image) &&
		    image_uncovered(image.flags) && n++ < REPORT_UNCOVERED)
			msg(r->record, "%s: uncovered: pid %d (%s) is %s",
			    r->ip, image.pid, image.path,
			    report_uncovered_by(image.flags));
	if (n > REPORT_UNCOVERED)
		msg(r->record, "%s: uncovered: %zu more", r->ip,
		    n - REPORT_UNCOVERED);
}

static void
print_outside(const struct report *r)
{
	unsigned long long n = atomic_load(&r->record->counts.outside);
	char at[TEXT_ENDPOINT];

	for (size_t i = 0; i < r->outside->n; i++) {
		const struct outsider *one = &r->outside->list[i];

		msg(r->record, "%s: outside: pid %d (%s) %s on %s", r->ip,
		    one->holder.pid, one->holder.line,
		    one->socket.protocol == IPPROTO_TCP ? "listened"
							: "had UDP",
		    text_endpoint(&one->socket.local, at));
	}
	if (r->outside->more > 0)
		msg(r->record, "%s: outside: %zu more", r->ip,
		    r->outside->more);
	if (n > 0)
		msg(r->record,
		    "%s: outside: %llu %s of a declared port on an address "
		    "that is not moved",
		    r->ip, n, n == 1 ? "bind" : "binds");
}

void
report_end(const struct report *r, const struct options *o)
{
	const struct evidence *e = r->evidence;
	bool freed = proof_frees(r->verdict);

	if (o->quiet || (r->leaked && o->on_leak == ON_LEAK_IGNORE && freed))
		return;
	print_stragglers(r);
	if (!e->damaged) {
		print_uncovered(r);
		print_outside(r);
	}
	if (!freed)
		print_unproven(r);
	for (size_t i = 0; i < e->nleft && !freed; i++)
		if (e->left[i].kind != LEFT_FOREIGN)
			print_left(r, &e->left[i]);
	if (o->verbose || r->leaked || !freed)
		msg(r->record, "%s: %s: %s", r->ip, proof_name(r->verdict),
		    r->reason);
}
