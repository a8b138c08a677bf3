/* SPDX-License-Identifier: ISC */
/* The last section of a run, in the order that proves. */
#include "outcome.h"
#include "ledger.h"
#include "procfs.h"
#include "proof.h"
#include "settle.h"
#include "tenants.h"
#include "tree.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CLIENT_WAIT = 500 /* milliseconds that clients of exec may take */ };

void
outcome_begun(
    const struct outcome *out, const struct options *o, const struct go *go)
{
	if (o->verbose)
		warnx("%s: leased; record %s", out->ip, go->record);
}

/* Those whom `portlease exec` brought are no descendants of ours. */
static size_t
end_clients(struct outcome *out, const struct options *o, const struct claim *c)
{
	const struct record *record = c->stored.record;
	struct tenants t;
	struct procfs_stat st;
	size_t left = 0;

	if (tenants_find(&t, record, c->stored.path, NULL, AMONG_IMAGES) == 0 &&
	    t.n > 0 && tenants_end(&t, 0, CLIENT_WAIT) > 0) {
		for (size_t i = 0; i < t.n; i++)
			if (tenants_proven(&t.list[i]) &&
			    procfs_stat(t.list[i].pid, &st) == 0 &&
			    st.start == t.list[i].start)
				stragglers_note(&out->stragglers, &st, 1,
				    c->diag, &c->terms, record);
		left = tenants_end(&t, o->sig, o->grace);
	}
	tenants_free(&t);
	return left;
}

/* Why SIGKILL did not end this process. */
static void
print_stuck(const char *ip, const struct procfs_stat *p)
{
	struct procfs_status status = { 0 };
	char line[HOLDER_LINE];

	if (procfs_cmdline(p->pid, line, sizeof(line)) == -1)
		(void)strlcpy(line, p->comm, sizeof(line));
	(void)procfs_status(p->pid, &status);
	if (status.tracer != 0)
		warnx("%s: pid %d (%s) cannot be ended: traced by pid %d", ip,
		    p->pid, line, status.tracer);
	else if (status.uid != geteuid() && geteuid() != 0)
		warnx("%s: pid %d (%s) cannot be ended: it is of user %u", ip,
		    p->pid, line, status.uid);
	else
		warnx("%s: pid %d (%s) cannot be ended: state %c", ip, p->pid,
		    line, p->state);
}

static unsigned int
count_stuck(const char *ip)
{
	struct procfs_stat *list;
	ssize_t n = tree_descendants(getpid(), &list);

	for (ssize_t i = 0; i < n; i++)
		print_stuck(ip, &list[i]);
	free(list);
	return n > 0 ? (unsigned int)n : 0;
}

static void
print_left(const struct outcome *out, const struct evidence *e,
    const struct record *record)
{
	char at[SOCKDIAG_ENDPOINT], by[HOLDER_LINE + 32];
	struct opener opener;

	for (size_t i = 0; i < e->nleft; i++) {
		const struct leftover *left = &e->left[i];
		bool known =
		    ledger_opener(record, left->socket.cookie, &opener);

		if (sockdiag_wildcard(&left->socket) && !known)
			continue;
		if (left->holder != 0)
			(void)snprintf(by, sizeof(by), "held by pid %d (%s)",
			    left->holder, left->line);
		else
			(void)strlcpy(
			    by, "held by nobody that can be seen", sizeof(by));
		(void)sockdiag_endpoint(
		    &left->socket.laddr, left->socket.lport, at);
		if (known)
			warnx("%s: %s %s %s; opened by pid %d (%s) with %s",
			    out->ip, at,
			    sockdiag_state_name(left->socket.state), by,
			    opener.pid, opener.path, ledger_call(opener.call));
		else
			warnx("%s: %s %s %s; unrecorded", out->ip, at,
			    sockdiag_state_name(left->socket.state), by);
	}
}

static void
print_uncovered(const struct outcome *out, const struct record *record)
{
	struct image image;

	for (size_t i = 0; i < RECORD_IMAGES; i++)
		if (ledger_image(record, i, &image) &&
		    image.flags & IMAGE_UNCOVERED)
			warnx("%s: uncovered: pid %d (%s) is %s", out->ip,
			    image.pid, image.path,
			    image.flags & IMAGE_STATIC  ? "static"
			    : image.flags & IMAGE_SETID ? "set-uid"
							: "of another "
							  "architecture");
}

static void
report(const struct outcome *out, const struct options *o,
    const struct evidence *e, const struct record *record, bool leaked)
{
	enum verdict verdict = proof_of(e);
	char reason[96];

	if (o->quiet ||
	    (leaked && o->on_leak == ON_LEAK_IGNORE && verdict < VERDICT_HELD))
		return;
	stragglers_print(&out->stragglers, record, out->ip);
	print_uncovered(out, record);
	if (verdict >= VERDICT_HELD)
		print_left(out, e, record);
	proof_reason(e, reason, sizeof(reason));
	if (o->verbose || leaked || verdict >= VERDICT_HELD)
		warnx("%s: %s: %s", out->ip, proof_name(verdict), reason);
}

/* Keep the record for later: all of it or an error, and never the verdict. */
static void
keep_record(const struct options *o, const struct record *record)
{
	const char *data = (const char *)record;
	size_t left = sizeof(*record);
	ssize_t n = 0;
	int fd = open(o->record,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	while (fd != -1 && left > 0 &&
	       ((n = write(fd, data, left)) > 0 || errno == EINTR)) {
		data += n > 0 ? n : 0;
		left -= n > 0 ? (size_t)n : 0;
	}
	if (fd == -1 || left > 0)
		warn("--record %s", o->record);
	if (fd != -1)
		close(fd);
}

static struct ended
end_as(const struct outcome *out, const struct options *o, bool leaked)
{
	if (leaked && o->on_leak == ON_LEAK_FAIL && out->end.sig == 0 &&
	    out->end.status == 0)
		return (struct ended){ EXIT_LEAK, 0 };
	return out->end;
}

struct ended
outcome_conclude(struct outcome *out, const struct options *o, struct claim *c)
{
	const struct record *record = c->stored.record;
	struct evidence e = { 0 };
	enum verdict verdict;
	bool leaked;

	if (out->stuck)
		e.processes = count_stuck(out->ip);
	e.processes += (unsigned int)end_clients(out, o, c);
	verdict = settle(&e, c->diag, &c->terms, record);
	leaked = out->stragglers.n > 0 || verdict == VERDICT_HELD;
	report(out, o, &e, record, leaked);
	if (o->record[0] != '\0')
		keep_record(o, record);
	pool_release(c, verdict == VERDICT_CLEAN || verdict == VERDICT_COOLING,
	    verdict == VERDICT_CLEAN);
	return end_as(out, o, leaked);
}
