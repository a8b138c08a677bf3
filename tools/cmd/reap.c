/* SPDX-License-Identifier: ISC */
/* portlease reap: finish what a lost monitor left. */
#include "base/clock.h"
#include "base/printable.h"
#include "base/text.h"
#include "cmd/getopts.h"
#include "cmd/view.h"
#include "kernel/addrlock.h"
#include "proof/teardown.h"
#include "run/report.h"
#include "store/records.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* Milliseconds beyond the grace that another reaper may take. */
enum { PATIENCE = 5000 };

struct reap {
	const struct options *o;
	uint32_t ip; /* 0: all */
	unsigned int found; /* records that matched */
	unsigned int left; /* records that were not freed */
	bool failed; /* a record could not be removed */
};

static void
print_members(const char *ip, const struct teardown *out, bool dry_run)
{
	for (size_t i = 0; i < out->asked.n; i++)
		printf("%s: pid %d (%s) was asked to end\n", ip,
		    out->asked.list[i].pid, out->asked.list[i].line);
	for (size_t i = 0; i < out->left.n; i++) {
		const struct member *m = &out->left.list[i];

		if (!members_proven(m))
			printf("%s: pid %d (%s) left alone: only one witness "
			       "says it is the lease's\n",
			    ip, m->pid, m->line);
		else if (dry_run)
			printf("%s: pid %d (%s) would be ended\n", ip, m->pid,
			    m->line);
	}
}

static void
report(const struct reap *r, const char *ip, const struct teardown *out)
{
	char reason[96], text[REPORT_LEFT];

	if (r->o->quiet)
		return;
	print_members(ip, out, r->o->dry_run);
	for (size_t i = 0; i < out->evidence.nleft; i++)
		if (out->evidence.left[i].kind != LEFT_FOREIGN)
			printf("%s: %s\n", ip,
			    report_left(&out->evidence.left[i], text));
	proof_reason(&out->evidence, reason, sizeof(reason));
	printf("%s: %s: %s\n", ip, proof_name(out->verdict), reason);
}

/* Were we started by a new lease?  Then nobody reads our output (orphans.h). */
static bool
unattended(const struct reap *r)
{
	return r->o->all && r->o->quiet;
}

/*
 * The lock of the address, as a descriptor; -1 with errno and its holder.
 * Another reaper that has it does what we would do, so wait for it; but
 * unattended reapers would queue up, and do not wait.
 */
static int
take_lock(const struct reap *r, const struct stored *s, struct holder *holder)
{
	bool waits = !s->live && !unattended(r) && !r->o->dry_run;

	*holder = (struct holder){ 0 };
	return addrlock_wait(
	    s->ip, waits ? clock_ms() + r->o->grace + PATIENCE : 0, holder);
}

static void
report_holder(const char *ip, const struct holder *holder)
{
	if (holder->pid != 0)
		warnx("%s: its lock is held by pid %d (%s): nothing can be "
		      "done before that ends",
		    ip, holder->pid, holder->line);
	else
		warnx("%s: its lock is held by a process that cannot be seen",
		    ip);
}

/*
 * The lock was refused: the monitor has it, or another process, or the lease
 * has ended meanwhile.
 */
static void
refused(struct reap *r, const struct statedir *dir, const struct stored *s,
    const char *ip, const struct holder *holder)
{
	struct stored fresh;
	int error = errno;

	store_map(dir, s->name, STORE_READ, &fresh);
	store_unmap(&fresh);
	if (fresh.live && r->ip == 0)
		return;
	r->found++;
	if (fresh.error == ENOENT)
		return;
	r->left++;
	if (error != EADDRINUSE)
		warnc(error, "%s", ip);
	else if (fresh.live)
		warnx("%s: its monitor lives: end that instead", ip);
	else if (!unattended(r))
		report_holder(ip, holder);
}

/*
 * Tear the lease down, and remove the record if the verdict frees the address.
 * 0; -1 with errno when the record cannot be removed: it keeps the address.
 */
static int
finish(const struct reap *r, const struct statedir *dir, const struct stored *s,
    struct teardown *out)
{
	const struct teardown_policy how = { .among = AMONG_ALL,
		.sig = r->o->sig,
		.grace = r->o->grace,
		.dry_run = r->o->dry_run };
	struct sockdiag *diag = sockdiag_open();

	teardown(s, diag, &how, out);
	sockdiag_close(diag);
	if (!proof_frees(out->verdict))
		return 0;
	if (s->error == EISDIR) {
		errno = EISDIR;
		return -1;
	}
	return r->o->dry_run ? 0 : store_remove(dir, s, out->held);
}

/*
 * While we have the lock no other process can finish the lease.  One may have
 * done so just before, and a newer lease have its name: so map it again.
 */
static int
reap_one(const struct statedir *dir, struct stored *s, void *arg)
{
	struct reap *r = arg;
	struct holder holder;
	struct teardown out;
	struct stored fresh;
	char ip[16];
	int lock;

	if (r->ip != 0 && r->ip != s->ip)
		return 0;
	text_address(s->ip, ip);
	lock = take_lock(r, s, &holder);
	if (lock == -1) {
		refused(r, dir, s, ip, &holder);
		return 0;
	}
	r->found++;
	store_map(dir, s->name, STORE_END, &fresh);
	if (fresh.error == ENOENT) {
		close(lock);
		return 0;
	}
	if (finish(r, dir, &fresh, &out) == -1) {
		warn("%s: cannot be removed", printable_copy(fresh.path));
		r->failed = true;
	} else {
		report(r, ip, &out);
	}
	store_unmap(&fresh);
	if (out.verdict >= VERDICT_HELD)
		r->left++;
	teardown_free(&out);
	close(lock);
	return 0;
}

static int
run(struct options *o, char *argv[])
{
	struct reap r = { .o = o };

	if (o->all == (argv[0] != NULL))
		errx(EXIT_PORTLEASE, "reap: give addresses, or --all");
	for (; *argv != NULL; argv++) {
		r.ip = getopts_lease(&cmd_reap, *argv);
		r.found = 0;
		(void)records_each(view_netns(), reap_one, &r);
		if (r.found == 0)
			errx(EXIT_PORTLEASE, "reap: %s: no such lease of yours",
			    *argv);
	}
	if (o->all && !o->dry_run)
		records_sweep(view_netns());
	if (o->all)
		(void)records_each(view_netns(), reap_one, &r);
	if (o->dry_run)
		return 0;
	return r.failed ? EXIT_PORTLEASE : r.left > 0;
}

const struct command cmd_reap = {
	"reap",
	CMD_REAP,
	"reap [options] IP ... | --all",
	"finish what a lost monitor left",
	run,
	NULL,
	OPERANDS_LEASES,
};
