/* SPDX-License-Identifier: ISC */
/*
 * The event loop: what poll(2) and waitid(2) show becomes an event of
 * lifecycle.h, whose action is carried out here.
 *
 * SIGKILL at any point leaves the record and the processes: `reap` goes on
 * from there.
 */
#include "run/monitor.h"
#include "base/clock.h"
#include "base/msg.h"
#include "kernel/proctree.h"
#include "kernel/reclock.h"
#include "proof/stragglers.h"
#include "ready/explain.h"
#include "run/commandpid.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Milliseconds between rounds of SIGKILL, against fork storms. */
enum { KILL_AGAIN = 10 };

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

struct tree {
	struct procfs_stat *list; /* from the heap */
	size_t n;
};

static void
drop_caller(pid_t pid, void *arg)
{
	struct tree *t = arg;
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		if (t->list[i].pid != pid)
			t->list[n++] = t->list[i];
	t->n = n;
}

/*
 * Every descendant that is there now is a straggler, but for `portlease
 * release`, which a script of the lease calls: that waits for us.
 */
static void
note_stragglers(struct monitor *m)
{
	struct tree t;
	ssize_t n = proctree_descendants(getpid(), &t.list);

	t.n = n > 0 ? (size_t)n : 0;
	if (t.n > 0)
		reclock_callers(m->claim.stored.fd, drop_caller, &t);
	if (t.n > 0)
		stragglers_note(&m->outcome.stragglers, t.list, t.n,
		    m->claim.diag, &m->claim.terms, m->claim.stored.record);
	free(t.list);
}

static void
act(struct monitor *m, enum life_action action)
{
	if (action != LIFE_IGNORE && action != LIFE_ENTER)
		conclude_note(&m->outcome, &m->claim);
	switch (action) {
	case LIFE_ASK_COMMAND:
		signal_command(m, m->sig);
		signal_command(m, SIGCONT);
		break;
	case LIFE_KILL_COMMAND:
		signal_command(m, SIGKILL);
		break;
	case LIFE_ASK_STRAGGLERS:
		note_stragglers(m);
		start_grace(m, m->request.options.sig);
		__attribute__((fallthrough));
	case LIFE_ASK_TREE:
		(void)proctree_signal(m->sig);
		break;
	case LIFE_KILL_TREE:
		note_stragglers(m);
		(void)proctree_signal(SIGKILL);
		break;
	case LIFE_GIVE_UP:
		m->outcome.stuck = true;
		break;
	case LIFE_IGNORE:
	case LIFE_ENTER:
		break;
	}
}

static void
handle(struct monitor *m, enum life_event event)
{
	struct life_step step = lifecycle_step(m->state, event,
	    m->request.options.until == UNTIL_TREE, m->grace_end != 0);

	if (step.action == LIFE_IGNORE)
		return;
	m->state = step.next;
	act(m, step.action);
	m->deadline = lifecycle_deadline(m->state, clock_ms(), m->grace_end);
}

/* The first request starts the grace; later ones change nothing. */
static void
end(struct monitor *m, enum life_event event, int sig, const char *why)
{
	if (m->grace_end != 0)
		return;
	start_grace(m, sig);
	watch_stop(&m->watch);
	status_ending(&m->status, why);
	handle(m, event);
}

static void
ask(struct monitor *m, int sig, const char *why)
{
	end(m, LIFE_ASKED, sig, why);
}

/* A server that does not become ready is ended like any other. */
static void
handle_startup(struct monitor *m)
{
	if (!watch_handle(&m->watch) || m->watch.startup.verdict == READY_READY)
		return;
	m->outcome.unready = explain_status(&m->watch.startup);
	ask(m, m->request.options.sig, "not ready");
}

static void
note_exit(struct monitor *m)
{
	if (m->grace_end == 0)
		status_ending(&m->status, "command exited");
	if (watch_exited(&m->watch, &m->outcome.end))
		m->outcome.unready = explain_status(&m->watch.startup);
}

static void
reaped(struct monitor *m, const siginfo_t *info)
{
	bool killed = info->si_code != CLD_EXITED;

	if (startup_reaped(&m->watch.startup, info->si_pid, info))
		return;
	stragglers_reaped(
	    &m->outcome.stragglers, info->si_pid, killed, info->si_status);
	if (info->si_pid != m->request.command)
		return;
	m->outcome.end = (struct ipc_exit){ killed ? 0 : info->si_status,
		killed ? info->si_status : 0 };
	m->claim.stored.record->identity.command = 0;
	if (m->request.options.until == UNTIL_MAIN)
		note_exit(m);
	handle(m, LIFE_COMMAND_EXITED);
}

/* waitid(2) fails with ECHILD only when no descendant exists. */
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
				note_exit(m);
			handle(m, LIFE_TREE_EXITED);
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

static bool
has(uint64_t pending, int sig)
{
	return pending >> (sig - 1) & 1;
}

/* Does a signal that the front passes on ask the lease to end? */
static bool
ends(const struct monitor *m, int sig)
{
	return sig == SIGTERM || sig == SIGINT || sig == SIGQUIT ||
	       sig == m->request.options.sig;
}

static bool
owner_dies(const struct monitor *m)
{
	pid_t owner = m->request.options.owner;
	struct procfs_status status;
	struct procfs_stat stat;

	return m->owner != -1 &&
	       (procfs_stat(owner, &stat) == -1 || procfs_dying(&stat) ||
		   procfs_status(owner, &status) == -1 ||
		   has(status.pending, SIGKILL));
}

/* A signal that it had no time to pass on; 0 none. */
static int
pending_at_front(const struct monitor *m)
{
	static const int asking[] = { SIGTERM, SIGINT, SIGQUIT };
	struct procfs_status status;

	if (procfs_status(m->request.front, &status) == -1)
		return 0;
	if (has(status.pending, m->request.options.sig))
		return m->request.options.sig;
	for (size_t i = 0; i < sizeof(asking) / sizeof(*asking); i++)
		if (has(status.pending, asking[i]))
			return asking[i];
	return 0;
}

/*
 * A caller that kills what it has started means the command.  But one that
 * asked first is only impatient; and one that dies together with the front, as
 * a whole process group does, means nothing by it.
 */
static void
front_gone(struct monitor *m)
{
	int sig = pending_at_front(m);

	close(m->control);
	m->control = -1;
	if (sig != 0)
		ask(m, sig, "signal");
	else if (m->bye || owner_dies(m))
		ask(m, m->request.options.sig, "caller gone");
	else
		end(m, LIFE_KILLED, m->request.options.sig, "killed");
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
	if (in.sig == 0) {
		m->bye = true;
		return;
	}
	/* The terminal has sent it to the command's group already. */
	if (in.terminal)
		return;
	if (ends(m, in.sig) && m->grace_end == 0)
		ask(m, in.sig, "signal");
	else if (m->state == LIFE_RUNNING)
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
	int64_t end = earlier(m->deadline, startup_deadline(&m->watch.startup)),
		left;

	if (end == 0)
		return -1;
	left = end - clock_ms();
	if (m->state == LIFE_KILLING && left > KILL_AGAIN)
		left = KILL_AGAIN;
	return left > 0 ? (int)left : 0;
}

static void
handle_timeout(struct monitor *m)
{
	if (m->deadline != 0 && clock_ms() >= m->deadline)
		handle(m, LIFE_TIME_UP);
	else if (m->state == LIFE_KILLING)
		(void)proctree_signal(SIGKILL);
}

static void
loop(struct monitor *m)
{
	reap_children(m);
	while (m->state != LIFE_FINISHED) {
		struct pollfd fds[] = {
			{ .fd = m->signals, .events = POLLIN },
			{ .fd = m->control, .events = POLLIN },
			{ .fd = m->owner, .events = POLLIN },
			{ .fd = startup_fd(&m->watch.startup),
			    .events = POLLIN },
			{ .fd = m->trap.listener, .events = POLLIN },
		};

		/* Short of memory: nobody else frees the lease, so go on. */
		if (poll(fds, 5, timeout_of(m)) == -1 && errno != EINTR)
			clock_sleep(1);
		if (notifier_handle(&m->trap, fds[4].revents))
			msg(m->claim.stored.record, "%s: %s", m->start.ip,
			    m->trap.why);
		if (fds[1].revents)
			read_control(m);
		if (fds[2].revents)
			owner_gone(m);
		if (fds[0].revents)
			read_signals(m);
		reap_children(m);
		handle_startup(m);
		handle_timeout(m);
	}
}

int
monitor_main(void)
{
	static struct monitor m = { .trap.listener = -1 };
	struct ipc_exit end;

	monitor_begin(&m);
	loop(&m);
	if (m.request.options.pid_file[0] != '\0')
		commandpid_remove(
		    m.request.options.pid_file, m.request.command);
	end = conclude(&m.outcome, &m.request.options, &m.claim, &m.status);
	if (m.control != -1)
		(void)ipc_send(m.control, &end, sizeof(end));
	return 0;
}
