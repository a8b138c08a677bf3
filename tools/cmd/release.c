/* SPDX-License-Identifier: ISC */
/*
 * portlease release: ask a monitor to end its lease, wait for its exit, and
 * print what it left in the record, which stays mapped when the monitor has
 * removed the file.
 */
#include "base/clock.h"
#include "base/printable.h"
#include "cmd/getopts.h"
#include "cmd/view.h"
#include "kernel/procfs.h"
#include "kernel/reclock.h"
#include "proof/evidence.h"
#include "run/stalled.h"
#include "store/lease.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

static void
print_report(const struct record *r)
{
	char report[RECORD_REPORT];

	memcpy(report, r->release.report, sizeof(report));
	report[sizeof(report) - 1] = '\0';
	for (char *line = strtok(report, "\n"); line != NULL;
	     line = strtok(NULL, "\n")) {
		printable_line(line);
		warnx("%s", line);
	}
}

/* Its record goes before its last words are in it. */
static _Noreturn void
monitor_lost(const struct stored *s, const char *ip)
{
	struct stat st;

	if (fstat(s->fd, &st) == 0 && st.st_nlink == 0)
		errx(EXIT_PORTLEASE,
		    "%s: the monitor was lost after it had freed the address",
		    ip);
	errx(EXIT_PORTLEASE,
	    "%s: the monitor was lost: 'portlease reap %s' finishes what it "
	    "left",
	    ip, ip);
}

/* A monitor that has exited before it was done was lost. */
static int
print_end(const struct stored *s, const char *ip, bool quiet)
{
	const struct record *r = s->record;

	if (!record_valid(r, sizeof(*r)))
		errx(EXIT_PORTLEASE,
		    "%s: has ended, but its record was damaged: 'portlease "
		    "reap %s' tells what is left",
		    ip, ip);
	if (!quiet)
		print_report(r);
	if (!atomic_load(&r->release.done))
		monitor_lost(s, ip);
	return r->release.leaked > UINT8_MAX ? EXIT_LEAK
					     : (int)r->release.leaked;
}

static int
ended_already(const char *ip, bool quiet)
{
	if (!quiet)
		warnx("%s: the lease has ended already", ip);
	return 0;
}

/* A program of the lease has locked bytes of the record that are not its. */
static _Noreturn void
locked_out(const struct stored *s, const char *ip, pid_t holder)
{
	char line[HOLDER_LINE];

	if (errno != EAGAIN && errno != EACCES)
		err(EXIT_PORTLEASE, "%s", printable_copy(s->path));
	if (holder == 0)
		errx(EXIT_PORTLEASE,
		    "%s: its record is locked by a process that cannot be "
		    "seen",
		    ip);
	if (procfs_cmdline(holder, line, sizeof(line)) == -1)
		line[0] = '\0';
	errx(EXIT_PORTLEASE,
	    "%s: its record is locked by pid %d (%s): end that first", ip,
	    holder, line);
}

/* The grace is in the record, which programs of the lease can write. */
static void
await_end(
    const struct stored *s, const char *ip, pid_t pid, struct pollfd *monitor)
{
	uint64_t grace = s->record->identity.grace;
	struct stalled stalled = { .monitor = pid, .asked = clock_ms() };
	char text[STALLED_TEXT];
	int rc;

	stalled.grace = grace < INT32_MAX ? (int64_t)grace : INT32_MAX;
	while ((rc = poll(monitor, 1, stalled_timeout(&stalled))) == 0 ||
	       (rc == -1 && errno == EINTR))
		if (stalled_over(&stalled, text))
			errx(EXIT_PORTLEASE, "%s: %s", ip, text);
}

/* Our lock on the record tells the monitor that we are no member. */
static int
release(const struct stored *s, const char *ip, bool quiet)
{
	const struct record *r = s->record;
	struct pollfd monitor = { .events = POLLIN };
	pid_t pid;

	if (reclock_ask(s->fd, &pid) == -1)
		locked_out(s, ip, pid);
	monitor.fd = lease_monitor(s, &pid);
	if (monitor.fd == -1 && errno == EXDEV)
		errx(EXIT_PORTLEASE,
		    "%s: its monitor is in another pid namespace", ip);
	if (monitor.fd == -1 && atomic_load(&r->release.done) &&
	    r->release.freed)
		return ended_already(ip, quiet);
	if (monitor.fd == -1)
		monitor_lost(s, ip);
	if (pidfd_send_signal(monitor.fd, SIGTERM, NULL, 0) == -1 &&
	    errno != ESRCH)
		err(EXIT_PORTLEASE, "%s: pid %d", ip, pid);
	await_end(s, ip, pid, &monitor);
	return print_end(s, ip, quiet);
}

/* If we have the variables of the lease, it has been there. */
static int
not_found(const char *ip, bool quiet)
{
	const char *inside = getenv("PORTLEASE_IP");

	if (inside == NULL || strcmp(inside, ip) != 0 ||
	    getenv("PORTLEASE_RECORD") == NULL)
		errx(EXIT_PORTLEASE, "release: %s: no such lease of yours", ip);
	return ended_already(ip, quiet);
}

static int
run(struct options *o, char *argv[])
{
	struct stored lease;
	const char *ip = getenv("PORTLEASE_IP");

	if (argv[0] != NULL && argv[1] != NULL)
		errx(EXIT_PORTLEASE, "release: one address at a time");
	if (argv[0] != NULL)
		ip = argv[0];
	if (ip == NULL)
		errx(EXIT_PORTLEASE,
		    "release: give an address; PORTLEASE_IP is not set");
	if (!view_find(&lease, getopts_lease(&cmd_release, ip), STORE_HOLD))
		return not_found(ip, o->quiet);
	if (lease.record == NULL)
		errx(EXIT_PORTLEASE, "release: %s: %s",
		    printable_copy(lease.path), strerror(lease.error));
	return release(&lease, ip, o->quiet);
}

const struct command cmd_release = {
	"release",
	CMD_RELEASE,
	"release [IP]",
	"end a lease from acquire: prove and report",
	run,
	NULL,
	OPERANDS_LEASE,
};
