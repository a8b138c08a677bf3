/* SPDX-License-Identifier: ISC */
/* How a monitor comes to its lease. */
#include "base/msg.h"
#include "base/printable.h"
#include "claim/pool.h"
#include "kernel/procfs.h"
#include "run/commandpid.h"
#include "run/monitor.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void
read_request(struct monitor *m)
{
	struct ipc_request *r = &m->request;

	if (pread(FD_REQUEST, r, sizeof(*r), 0) != (ssize_t)sizeof(*r))
		errx(EXIT_PORTLEASE, "monitor: this is for portlease itself");
	if (r->options.ready_cmd[0] != '\0' &&
	    (m->env = ipc_environment()) == NULL)
		err(EXIT_PORTLEASE, "monitor: no environment");
	close(FD_REQUEST);
	status_open(&m->status);
	m->dir.fd = FD_STATE;
	(void)strlcpy(m->dir.path, r->state, sizeof(m->dir.path));
	for (int fd = FD_CONTROL; fd < FD_REQUEST; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	m->control = FD_CONTROL;
}

static void
open_signals(struct monitor *m)
{
	sigset_t set;

	sigfillset(&set);
	sigdelset(&set, SIGBUS); /* sigbus.h */
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signals == -1)
		err(EXIT_PORTLEASE, "signalfd");
}

static void
open_owner(struct monitor *m)
{
	pid_t owner = m->request.options.owner;

	m->owner = -1;
	if (owner == OWNER_NOBODY)
		return;
	m->owner = procfs_pidfd(owner, m->request.owner_start);
	if (m->owner == -1 && errno == ESRCH)
		errx(EXIT_PORTLEASE, "the owner, pid %d, is gone", owner);
	/* Nothing else would end a lease without a command. */
	if (m->owner == -1 && m->request.command == 0)
		err(EXIT_PORTLEASE, "the owner, pid %d, cannot be watched",
		    owner);
	if (m->owner == -1)
		warn("the owner, pid %d, cannot be watched", owner);
}

/* A front that is still there ends by the signal that cancelled the claim. */
static void
claim_address(struct monitor *m)
{
	struct cancel cancel = { .control = m->control,
		.signals = m->signals,
		.owner = m->owner,
		.ending = m->request.options.sig };
	struct ipc_exit end = { 0 };

	if (cancel_watch(&cancel) == -1)
		err(EXIT_PORTLEASE, "epoll");
	if (pool_claim(&m->claim, &m->request.options, &m->dir, &cancel) == 0) {
		cancel_close(&cancel);
		if (m->claim.said[0] != '\0')
			msg_line("%s", m->claim.said);
		return;
	}
	msg_line("%s", m->claim.why);
	end.sig = cancel.sig;
	if (end.sig != 0)
		(void)ipc_send(m->control, &end, sizeof(end));
	exit(EXIT_PORTLEASE);
}

/* Before the command exists: the stub that becomes it has its pid. */
static void
write_pid(const struct monitor *m)
{
	const char *path = m->request.options.pid_file;

	if (path[0] != '\0' &&
	    commandpid_write(path, m->request.command) == -1) {
		warn("--pid-file %s", printable_copy(path));
		(void)store_remove(&m->dir, &m->claim.stored, false);
		exit(EXIT_PORTLEASE);
	}
}

static void
publish(struct monitor *m)
{
	struct claim *c = &m->claim;
	struct ipc_start *start = &m->start;

	store_identify(&c->stored, &m->request);
	if (store_publish(&m->dir, &c->stored) == -1)
		err(EXIT_PORTLEASE, "cannot publish a record in %s",
		    printable_copy(m->dir.path));
	if (ipc_fill_start(start, &c->terms, c->stored.path) == -1)
		errx(EXIT_PORTLEASE, "too many ports and addresses");
	(void)strlcpy(
	    start->name, m->request.options.name, sizeof(start->name));
	(void)strlcpy(m->outcome.ip, start->ip, sizeof(m->outcome.ip));
	write_pid(m);
	if (m->request.options.verbose)
		msg_line("%s: leased; record %s", start->ip, start->record);
	m->status.ip = start->ip;
	status_leased(&m->status, &m->request, &c->terms, start->record);
	setproctitle("-portlease: monitor %s: %s", start->ip, m->request.line);
}

/* Before the command exists, so that it is given NOTIFY_SOCKET. */
static void
begin_startup(struct monitor *m)
{
	const struct options *o = &m->request.options;
	struct startup_plan plan = { .options = o,
		.start = &m->start,
		.terms = &m->claim.terms,
		.record = m->claim.stored.record,
		.diag = m->claim.diag,
		.root = getpid(),
		.notify = -1,
		.env = m->env,
		.cwd = m->request.cwd };

	if (!startup_wanted(o))
		return;
	plan.notify = sdnotify_open(m->start.notify);
	if (plan.notify == -1 ||
	    watch_begin(&m->watch, &plan, &m->status) == -1)
		err(EXIT_PORTLEASE, "cannot wait until it is ready");
}

/*
 * Without a command the front prints the lease and exits.  Its caller may wait
 * for the end of our stderr, so that is closed.  When the front is gone
 * already, the monitor's loop finds out.
 */
static void
hand_over(struct monitor *m)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	m->state = LIFE_LEASED;
	m->outcome.commandless = true;
	if (ipc_send(m->control, &m->start, sizeof(m->start)) == 0) {
		close(m->control);
		m->control = -1;
	}
	if (m->request.options.log_file[0] == '\0')
		(void)dup2(null, STDERR_FILENO);
}

void
monitor_begin(struct monitor *m)
{
	pid_t command;

	read_request(m);
	command = m->request.command;
	if (procfs_check() == -1)
		errx(EXIT_PORTLEASE,
		    "/proc is missing or of another pid namespace: "
		    "'mount -t proc proc /proc' in this one");
	open_signals(m);
	open_owner(m);
	if (m->request.options.trap &&
	    notifier_take(&m->trap, FD_STUB, command) == -1)
		errx(EXIT_PORTLEASE, "--trap: %s", m->trap.why);
	claim_address(m);
	publish(m);
	if (command != 0)
		begin_startup(m);
	notifier_begin(&m->trap, &m->claim.terms, m->claim.stored.record);
	if (command == 0)
		hand_over(m);
	else
		(void)ipc_send(FD_STUB, &m->start, sizeof(m->start));
	close(FD_STUB);
}
