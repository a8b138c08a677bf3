/* SPDX-License-Identifier: ISC */
/*
 * A state machine: what happens is a trigger, what to do about it a table.
 *
 *	RUNNING   the command runs
 *	TREE      it has exited, and with --until tree the rest may go on
 *	SETTLING  it has exited; workers often end just after their parent
 *	ENDING    what was still there has been asked to end
 *	KILLING   the grace is over
 *	LEASED    there is no command: the owner, or release, ends the lease
 *	FINISHED  no descendant is left, or none that can be ended
 *
 * SIGKILL at any point leaves the record and the processes: `reap` goes on
 * from there.
 */
#include "run/monitor.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/ipc.h"
#include "base/msg.h"
#include "claim/pool.h"
#include "kernel/procfs.h"
#include "kernel/proctree.h"
#include "lease/terms.h"
#include "proof/stragglers.h"
#include "ready/explain.h"
#include "ready/watch.h"
#include "run/conclude.h"
#include "store/identity.h"
#include "trap/notifier.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	SETTLE_WAIT = 500, /* until who is still there is a straggler */
	KILL_WAIT = 2000, /* for SIGKILL to do its work */
	KILL_AGAIN = 10 /* between rounds, against fork storms */
};

enum state {
	RUNNING,
	TREE,
	SETTLING,
	ENDING,
	KILLING,
	LEASED,
	FINISHED,
	STATES
};

enum trigger { ASKED, COMMAND_GONE, TREE_GONE, TIME_UP, TRIGGERS };

struct monitor {
	struct ipc_request request;
	struct statedir dir;
	struct claim claim;
	struct outcome outcome;
	enum state state;
	int64_t deadline; /* clock_ms, 0 none: when TIME_UP happens */
	int64_t grace_end; /* clock_ms, 0 while nobody asked */
	int sig; /* that asked first */
	struct ipc_start go; /* what the command was told */
	char **env; /* of the front, for a probe; NULL without */
	struct status status;
	struct watch vigil;
	struct notifier trap;
	int signals; /* signalfd */
	int control; /* to the front, -1 when it is gone */
	int owner; /* pidfd, -1 nobody */
};

/* Signals that start the clock of ending when somebody sends them. */
static bool
ends(const struct monitor *m, int sig)
{
	return sig == SIGTERM || sig == SIGINT || sig == SIGQUIT ||
	       sig == m->request.options.sig;
}

static void
start_grace(struct monitor *m, int sig)
{
	if (m->grace_end != 0)
		return;
	m->sig = sig;
	m->grace_end = clock_ms() + m->request.options.grace;
	m->claim.stored.record->identity.until =
	    (uint64_t)m->grace_end * 1000000;
}

/* Our own child, not reaped yet: its pid is still its own. */
static void
signal_command(const struct monitor *m, int sig)
{
	(void)kill(m->request.command, sig);
}

static void
ask_command(struct monitor *m)
{
	m->deadline = m->grace_end;
	signal_command(m, m->sig);
	signal_command(m, SIGCONT);
}

static void
ask_tree(struct monitor *m)
{
	m->state = ENDING;
	m->deadline = m->grace_end;
	(void)proctree_signal(m->sig);
}

/* With --until tree the rest may stay, and was not left by mistake. */
static void
command_gone(struct monitor *m)
{
	if (m->request.options.until == UNTIL_MAIN) {
		m->state = SETTLING;
		m->deadline = clock_ms() + SETTLE_WAIT;
	} else if (m->grace_end == 0) {
		m->state = TREE;
		m->deadline = 0;
	} else {
		ask_tree(m);
	}
}

/* Whoever is still there now is a straggler. */
static void
note_stragglers(struct monitor *m)
{
	struct procfs_stat *list;
	ssize_t n = proctree_descendants(getpid(), &list);

	if (n > 0)
		stragglers_note(&m->outcome.stragglers, list, (size_t)n,
		    m->claim.diag, &m->claim.terms, m->claim.stored.record);
	free(list);
}

static void
end_stragglers(struct monitor *m)
{
	note_stragglers(m);
	start_grace(m, m->request.options.sig);
	ask_tree(m);
}

static void
kill_tree(struct monitor *m)
{
	if (m->state != KILLING) {
		note_stragglers(m);
		m->state = KILLING;
		m->deadline = clock_ms() + KILL_WAIT;
	}
	(void)proctree_signal(SIGKILL);
}

static void
give_up(struct monitor *m)
{
	m->outcome.stuck = true;
	m->state = FINISHED;
}

static void
finish(struct monitor *m)
{
	m->state = FINISHED;
}

static void (*const actions[STATES][TRIGGERS])(struct monitor *) = {
	[RUNNING] = { ask_command, command_gone, finish, kill_tree },
	[TREE] = { ask_tree, NULL, finish, NULL },
	[SETTLING] = { NULL, NULL, finish, end_stragglers },
	[ENDING] = { NULL, NULL, finish, kill_tree },
	[KILLING] = { NULL, NULL, finish, give_up },
	[LEASED] = { finish, NULL, NULL, NULL },
	[FINISHED] = { NULL, NULL, NULL, NULL },
};

static void
happen(struct monitor *m, enum trigger trigger)
{
	if (actions[m->state][trigger] != NULL)
		actions[m->state][trigger](m);
}

/* The first one who asks sets the clock; the next ones change nothing. */
static void
ask(struct monitor *m, int sig, const char *why)
{
	if (m->grace_end != 0)
		return;
	start_grace(m, sig);
	watch_stop(&m->vigil);
	status_ending(&m->status, why);
	happen(m, ASKED);
}

/* Whoever is not ready ends as always. */
static void
turn_boot(struct monitor *m)
{
	if (!watch_handle(&m->vigil) || m->vigil.boot.verdict == READY_READY)
		return;
	m->outcome.unready = explain_status(&m->vigil.boot);
	ask(m, m->request.options.sig, "not ready");
}

/* Nobody asked it to. */
static void
ended_by_itself(struct monitor *m)
{
	if (m->grace_end == 0)
		status_ending(&m->status, "command exited");
	if (watch_exited(&m->vigil, &m->outcome.end))
		m->outcome.unready = explain_status(&m->vigil.boot);
}

static void
reaped(struct monitor *m, const siginfo_t *info)
{
	bool killed = info->si_code != CLD_EXITED;

	(void)fault("monitor.gone");
	if (startup_reaped(&m->vigil.boot, info->si_pid, info))
		return;
	stragglers_reaped(
	    &m->outcome.stragglers, info->si_pid, killed, info->si_status);
	if (info->si_pid != m->request.command)
		return;
	m->outcome.end = (struct ipc_exit){ killed ? 0 : info->si_status,
		killed ? info->si_status : 0 };
	m->claim.stored.record->identity.command = 0;
	if (m->request.options.until == UNTIL_MAIN)
		ended_by_itself(m);
	happen(m, COMMAND_GONE);
}

/* ECHILD is the kernel's word that no descendant exists. */
static void
reap_children(struct monitor *m)
{
	siginfo_t info;

	if (m->request.command == 0)
		return;
	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == -1) {
			if (errno != ECHILD)
				return;
			if (m->request.options.until == UNTIL_TREE)
				ended_by_itself(m);
			happen(m, TREE_GONE);
			return;
		}
		if (info.si_pid == 0)
			return;
		reaped(m, &info);
	}
}

static void
read_signals(struct monitor *m)
{
	struct signalfd_siginfo info;

	while (read(m->signals, &info, sizeof(info)) == sizeof(info))
		if (info.ssi_signo != SIGCHLD)
			ask(m, m->request.options.sig, "signal");
}

static void
front_gone(struct monitor *m)
{
	close(m->control);
	m->control = -1;
	ask(m, m->request.options.sig, "caller gone");
}

static void
read_control(struct monitor *m)
{
	struct ipc_signal in;
	ssize_t n = recv(m->control, &in, sizeof(in), MSG_DONTWAIT);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof(in)) {
		front_gone(m);
		return;
	}
	/* The terminal has sent it to the command's group already. */
	if (in.terminal)
		return;
	if (ends(m, in.sig) && m->grace_end == 0)
		ask(m, in.sig, "signal");
	else if (m->state == RUNNING)
		signal_command(m, in.sig);
}

static void
owner_gone(struct monitor *m)
{
	close(m->owner);
	m->owner = -1;
	ask(m, m->request.options.sig, "owner gone");
}

/* The earlier one of two deadlines, of which 0 is none. */
static int64_t
earlier(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

static int
timeout_of(const struct monitor *m)
{
	int64_t end = earlier(m->deadline, startup_deadline(&m->vigil.boot)),
		left;

	if (end == 0)
		return -1;
	left = end - clock_ms();
	if (m->state == KILLING && left > KILL_AGAIN)
		left = KILL_AGAIN;
	return left > 0 ? (int)left : 0;
}

static void
on_timeout(struct monitor *m)
{
	if (m->deadline != 0 && clock_ms() >= m->deadline)
		happen(m, TIME_UP);
	else if (m->state == KILLING)
		kill_tree(m);
}

/* Short of memory or interrupted, but still the only one who frees it. */
static void
breathe(void)
{
	static const struct timespec moment = { .tv_nsec = 1000000 };

	if (errno != EINTR)
		(void)nanosleep(&moment, NULL);
}

static void
loop(struct monitor *m)
{
	(void)fault("monitor.running");
	reap_children(m);
	while (m->state != FINISHED) {
		struct pollfd fds[] = {
			{ .fd = m->signals, .events = POLLIN },
			{ .fd = m->control, .events = POLLIN },
			{ .fd = m->owner, .events = POLLIN },
			{ .fd = startup_fd(&m->vigil.boot), .events = POLLIN },
			{ .fd = m->trap.listener, .events = POLLIN },
		};

		if (fault("monitor.poll") == -1 ||
		    poll(fds, 5, timeout_of(m)) == -1)
			breathe();
		if (notifier_handle(&m->trap, fds[4].revents))
			msg(m->claim.stored.record, "%s: %s", m->go.ip,
			    m->trap.why);
		if (fds[1].revents)
			read_control(m);
		if (fds[2].revents)
			owner_gone(m);
		if (fds[0].revents)
			read_signals(m);
		reap_children(m);
		turn_boot(m);
		on_timeout(m);
	}
}

static void
read_request(struct monitor *m)
{
	struct ipc_request *r = &m->request;

	if (fault("monitor.request") == -1 ||
	    pread(FD_REQUEST, r, sizeof(*r), 0) != (ssize_t)sizeof(*r))
		errx(EXIT_PORTLEASE, "monitor: this is for portlease itself");
	if (r->options.ready_cmd[0] != '\0')
		m->env = ipc_environment();
	if (r->options.ready_cmd[0] != '\0' && m->env == NULL)
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
watch(struct monitor *m)
{
	const struct ipc_request *r = &m->request;
	sigset_t set;

	sigfillset(&set);
	sigdelset(&set, SIGBUS); /* salvage.h */
	(void)sigprocmask(SIG_SETMASK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	m->signals = fault("monitor.watch") == -1
			 ? -1
			 : signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signals == -1)
		err(EXIT_PORTLEASE, "signalfd");
	m->owner = -1;
	if (r->options.owner == OWNER_NOBODY)
		return;
	m->owner = procfs_pidfd(r->options.owner, r->owner_start);
	if (m->owner == -1 && errno == ESRCH)
		errx(EXIT_PORTLEASE, "the owner, pid %d, is gone",
		    r->options.owner);
	if (m->owner == -1)
		warn("the owner, pid %d, cannot be watched", r->options.owner);
}

/* Before the command exists, so that it is given NOTIFY_SOCKET. */
static void
begin_boot(struct monitor *m)
{
	const struct options *o = &m->request.options;
	struct startup_plan plan = { .options = o,
		.go = &m->go,
		.terms = &m->claim.terms,
		.record = m->claim.stored.record,
		.diag = m->claim.diag,
		.root = getpid(),
		.notify = -1,
		.env = m->env,
		.cwd = m->request.cwd };

	if (m->request.command == 0 || !startup_wanted(o))
		return;
	plan.notify = sdnotify_open(m->go.notify);
	if (plan.notify == -1 ||
	    watch_begin(&m->vigil, &plan, &m->status) == -1)
		err(EXIT_PORTLEASE, "cannot wait until it is ready");
}

/* Without a command the front takes the lease, and goes. */
static void
hand_over(struct monitor *m)
{
	const struct ipc_start *go = &m->go;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	m->state = LEASED;
	m->outcome.commandless = true;
	if (send(m->control, go, sizeof(*go), MSG_NOSIGNAL) == -1)
		ask(m, m->request.options.sig, "caller gone");
	close(m->control);
	m->control = -1;
	(void)dup2(null, STDERR_FILENO);
}

/* A claimant who is there to be told ends by the signal that he got. */
static void
claim(struct monitor *m)
{
	struct cancel who = { .control = m->control,
		.signals = m->signals,
		.owner = m->owner,
		.ending = m->request.options.sig };
	struct ipc_exit end = { 0 };

	if (cancel_watch(&who) == -1)
		err(EXIT_PORTLEASE, "epoll");
	if (pool_claim(&m->claim, &m->request.options, &m->dir, &who) == 0) {
		cancel_close(&who);
		return;
	}
	msg_line("%s", m->claim.why);
	end.sig = who.sig;
	if (end.sig != 0)
		(void)send(m->control, &end, sizeof(end), MSG_NOSIGNAL);
	exit(EXIT_PORTLEASE);
}

/* Claim, write the record, and only then let the command exist. */
static void
begin(struct monitor *m)
{
	struct ipc_start *go = &m->go;

	if (m->request.options.trap &&
	    notifier_take(&m->trap, FD_STUB, m->request.command) == -1)
		errx(EXIT_PORTLEASE, "--trap: %s", m->trap.why);
	claim(m);
	identity_write(m->claim.stored.record, &m->request, m->claim.netns);
	if (store_publish(&m->dir, &m->claim.stored) == -1)
		err(EXIT_PORTLEASE, "cannot publish a record in %s",
		    m->dir.path);
	(void)fault("record.published");
	if (ipc_fill_start(go, &m->claim.terms, m->claim.stored.path) == -1)
		errx(EXIT_PORTLEASE, "too many ports and addresses");
	(void)strlcpy(m->outcome.ip, go->ip, sizeof(m->outcome.ip));
	conclude_begun(&m->outcome, &m->request.options, go);
	m->status.ip = go->ip;
	status_leased(&m->status, &m->request, &m->claim.terms, go->record);
	setproctitle("-portlease: monitor %s: %s", go->ip, m->request.line);
	begin_boot(m);
	notifier_begin(&m->trap, &m->claim.terms, m->claim.stored.record);
	if (m->request.command == 0)
		hand_over(m);
	else if (fault("monitor.go") == 0)
		(void)send(FD_STUB, go, sizeof(*go), MSG_NOSIGNAL);
	close(FD_STUB);
}

int
monitor_main(void)
{
	static struct monitor m = { .trap.listener = -1 };
	struct ipc_exit end;

	read_request(&m);
	watch(&m);
	begin(&m);
	loop(&m);
	end = conclude(&m.outcome, &m.request.options, &m.claim);
	status_verdict(
	    &m.status, proof_name(m.outcome.verdict), m.outcome.reason, &end);
	if (m.control != -1 && fault("monitor.ended") == 0)
		(void)send(m.control, &end, sizeof(end), MSG_NOSIGNAL);
	return 0;
}
