/* SPDX-License-Identifier: ISC */
/*
 * Refuse what can be refused, spawn the monitor, pass signals on to it, and
 * end as the command ended.
 */
#include "run/front.h"
#include "base/clock.h"
#include "base/printable.h"
#include "claim/cancel.h"
#include "claim/orphans.h"
#include "kernel/procfs.h"
#include "lease/terms.h"
#include "run/inherited.h"
#include "run/spawn.h"
#include "run/stalled.h"
#include "store/enter.h"
#include "store/statedir.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct front {
	struct ipc_request request;
	pid_t monitor;
	int control; /* to the monitor */
	int sig; /* the last signal that was passed on, 0 none */
	struct stalled stalled;
};

/* Are we in the foreground group of our terminal? */
static bool
in_foreground(void)
{
	int tty = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);
	pid_t group;

	if (tty == -1)
		return false;
	group = tcgetpgrp(tty);
	close(tty);
	return group == getpgrp();
}

static void
join_line(char *line, size_t size, char *const argv[])
{
	line[0] = '\0';
	for (size_t i = 0; argv[i] != NULL; i++) {
		if (i > 0)
			(void)strlcat(line, " ", size);
		(void)strlcat(line, argv[i], size); /* cut: for people */
	}
	printable_line(line);
}

static void
find_owner(struct ipc_request *r)
{
	struct procfs_stat st;
	pid_t owner = r->options.owner;

	if (owner == OWNER_NOBODY)
		return;
	if (owner == OWNER_DEFAULT) {
		owner = getppid();
		if (owner <= 1 || procfs_stat(owner, &st) == -1)
			owner = OWNER_NOBODY;
	} else if (procfs_stat(owner, &st) == -1) {
		errx(EXIT_PORTLEASE, "--owner %d: no such process", owner);
	}
	r->options.owner = owner;
	r->owner_start = owner == OWNER_NOBODY ? 0 : st.start;
}

/* The command must not inherit the descriptor, unless it is one of 0 to 2. */
static int
open_status_fd(int fd)
{
	int copy = -1;

	if (fd == -1)
		return -1;
	copy = fcntl(fd, F_DUPFD_CLOEXEC, FD_END);
	if (copy == -1)
		err(EXIT_PORTLEASE, "--status-fd %d", fd);
	if ((fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY)
		errx(
		    EXIT_PORTLEASE, "--status-fd %d: not open for writing", fd);
	if (fd > STDERR_FILENO)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	return copy;
}

/* Not blocking: a FIFO that nobody reads is refused. */
static int
open_output(const char *option, const char *path, int flag)
{
	int fd, copy;

	if (path[0] == '\0')
		return -1;
	fd = open(
	    path, O_WRONLY | O_CREAT | flag | O_NONBLOCK | O_CLOEXEC, 0666);
	copy = fd == -1 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FD_END);
	if (copy == -1)
		err(EXIT_PORTLEASE, "%s %s", option, printable_copy(path));
	close(fd);
	return copy;
}

static void
check_record_file(const char *path)
{
	int fd;

	if (path[0] == '\0')
		return;
	fd = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd == -1)
		err(EXIT_PORTLEASE, "--record %s", printable_copy(path));
	close(fd);
}

/* Inside a lease with a filter, our own calls must carry its mark, too. */
static uint32_t
trap_flags(const struct options *o)
{
	const char *text = getenv("PORTLEASE_TERMS");
	uint32_t flags = o->trap ? TERMS_TRAP : 0;
	struct terms outer;

	if (text != NULL && terms_parse(&outer, text) &&
	    outer.flags & (TERMS_TRAP | TERMS_BYPASS))
		flags |= TERMS_BYPASS;
	return flags;
}

/* All that can be refused is refused here, before anything is leased. */
static void
prepare(struct ipc_request *r, struct statedir *dir, const struct options *o,
    char *const argv[])
{
	char shim[PATH_MAX];

	memset(r, 0, sizeof(*r));
	r->options = *o;
	r->options.terms.flags |= trap_flags(o);
	r->front = getpid();
	find_owner(r);
	if (getcwd(r->cwd, sizeof(r->cwd)) == NULL)
		(void)strlcpy(r->cwd, "/", sizeof(r->cwd));
	join_line(r->line, sizeof(r->line), argv);
	if (enter_shim(shim, sizeof(shim)) == -1)
		err(EXIT_PORTLEASE, "cannot preload %s", printable_copy(shim));
	if (statedir_open(dir) == -1)
		err(EXIT_PORTLEASE, "state directory %s",
		    printable_copy(dir->path));
	(void)strlcpy(r->state, dir->path, sizeof(r->state)); /* shorter */
	check_record_file(o->record);
}

/* Start the monitor, with a command or without; line is its name for people. */
static void
begin(struct front *f, const struct options *o, char *const line[],
    char *command[])
{
	int64_t begun = clock_ms();
	struct statedir dir;
	int fds[FD_END];

	prepare(&f->request, &dir, o, line);
	f->request.foreground = command != NULL && in_foreground();
	fds[FD_STATE] = dir.fd;
	fds[FD_STATUS] = open_status_fd(o->status_fd);
	fds[FD_STATUS_FILE] =
	    open_output("--status-file", o->status_file, O_TRUNC);
	fds[FD_LOG] = open_output("--log-file", o->log_file, O_APPEND);
	f->control = spawn_monitor(&f->request, fds, command, &f->monitor);
	f->stalled.monitor = f->monitor;
	f->stalled.grace = o->grace;
	close(dir.fd);
	orphans_finish(o, begun);
}

static void
pass_signals(struct front *f, int signals)
{
	struct signalfd_siginfo info;
	struct ipc_signal out;

	memset(&out, 0, sizeof(out)); /* its padding travels, too */
	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		f->sig = out.sig = (int)info.ssi_signo;
		out.terminal = f->request.foreground && info.ssi_code > 0;
		(void)ipc_send(f->control, &out, sizeof(out));
		if (f->stalled.asked == 0 &&
		    cancel_ends(f->sig, f->request.options.sig))
			f->stalled.asked = clock_ms();
	}
}

/* Our end says nothing of the command's. */
static void
say_goodbye(const struct front *f)
{
	struct ipc_signal bye;

	memset(&bye, 0, sizeof(bye));
	(void)ipc_send(f->control, &bye, sizeof(bye));
}

static void
give_up_stalled(const struct front *f)
{
	char text[STALLED_TEXT];

	if (!stalled_over(&f->stalled, text))
		return;
	say_goodbye(f);
	errx(EXIT_PORTLEASE, "this lease does not end: %s", text);
}

/* Pass signals on until the monitor answers.  What recv(2) returns. */
static ssize_t
wait_for_monitor(struct front *f, void *answer, size_t size)
{
	sigset_t set;
	struct pollfd fds[2] = { { .fd = f->control, .events = POLLIN },
		{ .events = POLLIN } };
	ssize_t n;

	(void)sigprocmask(SIG_SETMASK, NULL, &set);
	fds[1].fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fds[1].fd == -1) {
		say_goodbye(f);
		err(EXIT_PORTLEASE, "signalfd");
	}
	for (;;) {
		if (poll(fds, 2, stalled_timeout(&f->stalled)) == -1 &&
		    ipc_again(errno))
			continue;
		pass_signals(f, fds[1].fd);
		give_up_stalled(f);
		if (fds[0].revents == 0)
			continue;
		n = recv(f->control, answer, size, 0);
		/* It closed with a signal unread; its answer is still there. */
		if (n == -1 && (errno == ECONNRESET || ipc_again(errno)))
			continue;
		return n;
	}
}

/* End as the command did.  The core is the command's, not ours. */
static int
mirror(const struct ipc_exit *end)
{
	static const struct rlimit none = { 0, 0 };
	sigset_t set;

	if (end->sig == 0)
		return end->status;
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)signal(end->sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, end->sig);
	(void)sigprocmask(SIG_UNBLOCK, &set, NULL);
	(void)raise(end->sig);
	return 128 + end->sig; /* pid 1, which no signal of its own ends */
}

/* The monitor ended without an answer: on an error that it printed? */
static int
lost(const struct front *f)
{
	int status = 0;

	say_goodbye(f); /* should the monitor still be there, it ends */
	close(f->control);
	(void)waitpid(f->monitor, &status, 0);
	if (!WIFEXITED(status))
		warnx("the monitor was lost: 'portlease reap --all' finishes "
		      "what it left");
	return EXIT_PORTLEASE;
}

int
front_run(const struct options *o, char *argv[])
{
	struct front f = { 0 };
	struct ipc_exit end;

	begin(&f, o, argv, argv);
	inherited_close(f.control);
	if (wait_for_monitor(&f, &end, sizeof(end)) != (ssize_t)sizeof(end))
		return lost(&f);
	(void)waitpid(f.monitor, NULL, 0);
	return mirror(&end);
}

int
front_acquire(const struct options *o, struct ipc_start *start, pid_t *monitor)
{
	char *line[] = { (char[]){ "(acquired)" }, NULL };
	struct front f = { 0 };
	union {
		struct ipc_start start;
		struct ipc_exit end;
	} answer;
	ssize_t n;

	begin(&f, o, line, NULL);
	n = wait_for_monitor(&f, &answer, sizeof(answer));
	if (n == (ssize_t)sizeof(answer.end))
		return 128 + answer.end.sig;
	if (n != (ssize_t)sizeof(answer.start))
		return lost(&f);
	*start = answer.start;
	*monitor = f.monitor;
	if (!cancel_ends(f.sig, o->sig))
		return 0;
	(void)kill(f.monitor, SIGTERM); /* its lease came before the signal */
	return 128 + f.sig;
}
