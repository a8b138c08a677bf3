/* SPDX-License-Identifier: ISC */
/* Who would not end, what is left and who opened it, what was not covered. */
#include "run/report.h"
#include "base/msg.h"
#include "base/text.h"
#include "kernel/procfs.h"
#include "kernel/proctree.h"
#include "proof/proof.h"
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
print_stragglers(
    const struct stragglers *s, struct record *record, const char *ip)
{
	char text[STRAGGLER_TEXT];

	for (size_t i = 0; i < s->n; i++) {
		const struct straggler *one = &s->list[i];

		stragglers_text(
		    one, record, procfs_alive(one->pid, one->start), text);
		msg(record, "%s: %s", ip, text);
	}
	if (s->more > 0)
		msg(record, "%s: and %zu more stragglers", ip, s->more);
}

static void
print_left(
    const struct outcome *out, const struct evidence *e, struct record *record)
{
	char at[TEXT_ENDPOINT], by[HOLDER_LINE + 32];
	struct opener opener;

	for (size_t i = 0; i < e->nleft; i++) {
		const struct leftover *left = &e->left[i];
		bool known =
		    recquery_opener(record, left->socket.cookie, &opener);

		if (left->kind == LEFT_FOREIGN)
			continue;
		if (left->holder.pid != 0)
			(void)snprintf(by, sizeof(by), "held by pid %d (%s)",
			    left->holder.pid, left->holder.line);
		else
			(void)strlcpy(
			    by, "held by nobody that can be seen", sizeof(by));
		text_endpoint(&left->socket.local, at);
		if (known)
			msg(record,
			    "%s: %s %s %s; opened by pid %d (%s) with %s",
			    out->ip, at,
			    sockdiag_state_name(left->socket.state), by,
			    opener.pid, opener.path,
			    recquery_call(opener.call));
		else
			msg(record, "%s: %s %s %s; unrecorded", out->ip, at,
			    sockdiag_state_name(left->socket.state), by);
	}
}

/* A program that is started again and again need not fill the screen. */
enum { UNCOVERED = 16 };

static void
print_uncovered(const struct outcome *out, struct record *record)
{
	struct image image;
	size_t n = 0;

	for (size_t i = 0; i < RECORD_IMAGES; i++)
		if (recquery_image(record, i, &image) &&
		    image_uncovered(image.flags) && n++ < UNCOVERED)
			msg(record, "%s: uncovered: pid %d (%s) is %s", out->ip,
			    image.pid, image.path,
			    image.flags & IMAGE_STATIC  ? "static"
			    : image.flags & IMAGE_SETID ? "set-uid"
							: "of another "
							  "architecture");
	if (n > UNCOVERED)
		msg(record, "%s: uncovered: %zu more", out->ip, n - UNCOVERED);
}

/* Declared ports on addresses that are not moved. */
static void
print_outside(const struct outcome *out, struct record *record)
{
	unsigned long long n = atomic_load(&record->counts.outside);

	if (n > 0)
		msg(record,
		    "%s: outside: %llu %s of a declared port on an address "
		    "that is not moved",
		    out->ip, n, n == 1 ? "bind" : "binds");
}

void
report_end(const struct outcome *out, const struct options *o,
    const struct evidence *e, struct record *record)
{
	enum verdict verdict = proof_of(e);
	bool leaked = conclude_leaked(out, e);
	char reason[96];

	if (o->quiet ||
	    (leaked && o->on_leak == ON_LEAK_IGNORE && verdict < VERDICT_HELD))
		return;
	print_stragglers(&out->stragglers, record, out->ip);
	if (!e->damaged) {
		print_uncovered(out, record);
		print_outside(out, record);
	}
	if (verdict >= VERDICT_HELD)
		print_left(out, e, record);
	proof_reason(e, reason, sizeof(reason));
	if (o->verbose || leaked || verdict >= VERDICT_HELD)
		msg(record, "%s: %s: %s", out->ip, proof_name(verdict), reason);
}
