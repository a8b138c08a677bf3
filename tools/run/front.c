/* SPDX-License-Identifier: ISC */
/*
 * caller --- front --- monitor --- command.  The stub of the command is
 * forked by the monitor before that calls setsid(2): only so can the command
 * stay in the foreground group of the caller's terminal.
 */
#include "run/front.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/ipc.h"
#include "base/printable.h"
#include "claim/cancel.h"
#include "claim/orphans.h"
#include "kernel/procfs.h"
#include "lease/terms.h"
#include "store/coverage.h"
#include "store/enter.h"
#include "store/statedir.h"
#include "trap/filter.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* Signals that the front leaves to their usual effect on itself. */
static const int untouched[] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGSEGV,
	SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGCHLD };

/* What the command gets back of the caller's signals. */
struct signals {
	sigset_t mask;
	struct sigaction child;
};

/* Where SIGCHLD is ignored, no exit status can be had (waitpid(2)). */
static void
take_signals(struct signals *before)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t set;

	(void)sigaction(SIGCHLD, &usual, &before->child);

	sigfillset(&set);
	for (size_t i = 0; i < sizeof(untouched) / sizeof(*untouched); i++)
		sigdelset(&set, untouched[i]);
	(void)sigprocmask(SIG_SETMASK, &set, &before->mask);
}

static void
give_signals(const struct signals *before)
{
	(void)sigaction(SIGCHLD, &before->child, NULL);
	(void)sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

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

/* The command must not inherit it, unless it is one of its own first three. */
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
open_status_file(const char *path)
{
	int fd, copy;

	if (path[0] == '\0')
		return -1;
	fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_CLOEXEC, 0666);
	copy = fd == -1 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FD_END);
	if (copy == -1)
		err(EXIT_PORTLEASE, "--status-file %s", printable_copy(path));
	close(fd);
	return copy;
}

/* A lease inside one whose net lies below us: ours must pass it, too. */
static bool
under_net(void)
{
	const char *text = getenv("PORTLEASE_TERMS");
	struct terms outer;

	return text != NULL && terms_parse(&outer, text) &&
	       outer.flags & (TERMS_TRAP | TERMS_MARKED);
}

/* All that can be refused is refused here, before anything is leased. */
static void
prepare(struct ipc_request *r, struct statedir *dir, const struct options *o,
    char *const argv[])
{
	char shim[PATH_MAX];
	int fd;

	memset(r, 0, sizeof(*r));
	r->options = *o;
	if (o->trap)
		r->options.terms.flags |= TERMS_TRAP;
	if (under_net())
		r->options.terms.flags |= TERMS_MARKED;
	find_owner(r);
	r->foreground = in_foreground();
	if (getcwd(r->cwd, sizeof(r->cwd)) == NULL)
		(void)strlcpy(r->cwd, "/", sizeof(r->cwd));
	join_line(r->line, sizeof(r->line), argv);
	if (enter_shim(shim, sizeof(shim)) == -1)
		err(EXIT_PORTLEASE, "cannot preload %s", shim);
	if (statedir_open(dir) == -1)
		err(EXIT_PORTLEASE, "state directory %s", dir->path);
	(void)strlcpy(r->state, dir->path, sizeof(r->state)); /* shorter */
	if (o->record[0] == '\0')
		return;
	fd = open(o->record, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC, 0600);
	if (fd == -1)
		err(EXIT_PORTLEASE, "--record %s", printable_copy(o->record));
	close(fd);
}

/* In the child: wait for the lease, then become the command. */
static _Noreturn void
become_command(int channel, const struct ipc_request *r, char *argv[],
    const struct signals *before)
{
	struct ipc_start go;

	if (!r->foreground)
		(void)setpgid(0, 0);
	if (r->options.trap)
		filter_install(channel);
	if (recv(channel, &go, sizeof(go), 0) != (ssize_t)sizeof(go) ||
	    fault("stub.go") == -1)
		_exit(EXIT_PORTLEASE);
	if (fault("stub.environment") == -1 || enter_lease(&go) == -1) {
		warn("environment");
		_exit(EXIT_PORTLEASE);
	}
	enter_note_uncovered(go.record, argv[0], r->options.trap);
	give_signals(before);
	(void)execvp(argv[0], argv);
	warn("%s", printable_copy(argv[0]));
	_exit(errno == ENOENT || errno == ENOTDIR ? EXIT_NOT_FOUND
						  : EXIT_NOT_EXECUTABLE);
}

/* A part is too much for the limit of a file's size. */
static bool
put(int fd, const void *data, size_t len)
{
	ssize_t n = write(fd, data, len);

	if (n >= 0 && n < (ssize_t)len)
		errno = EFBIG;
	return n == (ssize_t)len;
}

static int
request_file(const struct ipc_request *r)
{
	int fd = memfd_create("portlease request", MFD_CLOEXEC);

	if (fd == -1 || !put(fd, r, sizeof(*r)))
		return -1;
	for (char **e = environ; r->options.ready_cmd[0] != '\0' && *e; e++)
		if (!put(fd, *e, strlen(*e) + 1))
			return -1;
	return fd;
}

/* What does not fit below the limit is EINVAL to fcntl(2), EBADF to dup2(2). */
static int
crowded(void)
{
	if (errno == EINVAL || errno == EBADF)
		errno = EMFILE;
	return -1;
}

/* Move descriptors to where the re-executed monitor finds them. */
static int
place(const int fds[FD_END - FD_CONTROL])
{
	int high[FD_END - FD_CONTROL];
	int low = open("/dev/null", O_RDWR | O_CLOEXEC);
	int null = fcntl(low, F_DUPFD_CLOEXEC, FD_END);

	for (int i = 0; i < FD_END - FD_CONTROL; i++)
		if (fds[i] != -1 &&
		    (high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FD_END)) == -1)
			return crowded();
	for (int i = 0; i < FD_END - FD_CONTROL; i++) {
		if (fds[i] == -1)
			(void)close(FD_CONTROL + i);
		else if (dup2(high[i], FD_CONTROL + i) == -1)
			return crowded();
	}
	if (null == -1)
		return crowded();
	if (dup2(null, 0) == -1 || dup2(null, 1) == -1)
		return -1;
	return close_range(FD_END, ~0U, 0);
}

/* Fork the stub and return our end of its channel. */
static int
fork_stub(struct ipc_request *r, char *argv[], const struct signals *before)
{
	int stub[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, stub) == -1)
		err(EXIT_PORTLEASE, "socketpair");
	if (argv == NULL)
		return stub[0];
	r->command = fork();
	if (r->command == -1)
		err(EXIT_PORTLEASE, "fork");
	if (r->command == 0) {
		close(stub[0]);
		become_command(stub[1], r, argv, before);
	}
	return stub[0];
}

/*
 * In the child: fork the stub, leave the session, start over with a clean
 * environment.  Children, and the mark of a subreaper, survive execve(2).
 * Without a command nothing of the caller's stays open for the life of the
 * lease: it may wait for the end of our stderr.
 */
static _Noreturn void
become_monitor(int control, const struct statedir *dir, struct ipc_request *r,
    const int status[2], char *argv[], const struct signals *before)
{
	char title[256] = { 0 }; /* room for setproctitle(3) */
	char *args[] = { (char[]){ "portlease" }, (char[]){ IPC_MONITOR },
		title, NULL };
	char *clean[2] = { NULL };
	char self[PATH_MAX];
	int fds[FD_END - FD_CONTROL];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argv != NULL && prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		err(EXIT_PORTLEASE, "PR_SET_CHILD_SUBREAPER");
	memset(title, ' ', sizeof(title) - 1);
	fds[FD_STUB - FD_CONTROL] = fork_stub(r, argv, before);
	fds[FD_CONTROL - FD_CONTROL] = control;
	fds[FD_STATE - FD_CONTROL] = dir->fd;
	fds[FD_STATUS - FD_CONTROL] = status[0];
	fds[FD_STATUS_FILE - FD_CONTROL] = status[1];
	fds[FD_REQUEST - FD_CONTROL] = request_file(r);
	fault_environment(clean);
	if (fds[FD_REQUEST - FD_CONTROL] == -1)
		err(EXIT_PORTLEASE, "cannot write to the monitor");
	if (fault("front.placed") == -1 || setsid() == -1 || chdir("/") == -1 ||
	    n <= 0 || place(fds) == -1)
		err(EXIT_PORTLEASE, "monitor");
	self[n] = '\0';
	(void)execve(self, args, clean);
	(void)execve("/proc/self/exe", args, clean); /* it was replaced */
	err(EXIT_PORTLEASE, "monitor: %s", self);
}

/* Returns the last one, 0 none. */
static int
pass_on(int signals, int control, bool foreground)
{
	struct signalfd_siginfo info;
	struct ipc_signal out;

	memset(&out, 0, sizeof(out)); /* its padding travels, too */
	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		out.sig = (int)info.ssi_signo;
		out.terminal = foreground && info.ssi_code > 0;
		(void)send(control, &out, sizeof(out), MSG_NOSIGNAL);
	}
	return out.sig;
}

/*
 * Pass signals on until the monitor answers: what recv(2) says of that, and
 * in *sig the last signal, if any.
 */
static ssize_t
attend(int control, bool foreground, void *answer, size_t size, int *sig)
{
	sigset_t set;
	struct pollfd fds[2] = { { .fd = control, .events = POLLIN },
		{ .events = POLLIN } };
	int passed;
	ssize_t n;

	(void)sigprocmask(SIG_SETMASK, NULL, &set);
	fds[1].fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	for (;;) {
		if (poll(fds, 2, -1) == -1 && errno != EINTR)
			return -1;
		(void)fault("front.attends");
		passed = pass_on(fds[1].fd, control, foreground);
		*sig = passed != 0 ? passed : *sig;
		if (fds[0].revents == 0)
			continue;
		n = recv(control, answer, size, 0);
		/* It left a signal of ours unread: its word comes next. */
		if (n == -1 && (errno == EINTR || errno == ECONNRESET))
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

/* The monitor ended without a word to us: on an error that it printed? */
static int
lost(pid_t monitor)
{
	int status = 0;

	(void)waitpid(monitor, &status, 0);
	if (!WIFEXITED(status))
		warnx("the monitor was lost: 'portlease reap --all' finishes "
		      "what it left");
	return EXIT_PORTLEASE;
}

/* Fork the monitor; returns the front's end of the control channel. */
static int
start(struct ipc_request *r, struct statedir *dir, char *argv[], pid_t *monitor)
{
	int status[2] = { open_status_fd(r->options.status_fd),
		open_status_file(r->options.status_file) };
	struct signals before;
	int control[2];

	take_signals(&before);
	if (fault("front.start") == -1 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) ==
		-1)
		err(EXIT_PORTLEASE, "socketpair");
	*monitor = fork();
	if (*monitor == -1)
		err(EXIT_PORTLEASE, "fork");
	if (*monitor == 0) {
		close(control[0]);
		become_monitor(control[1], dir, r, status, argv, &before);
	}
	(void)fault("front.forked");
	close(control[1]);
	close(dir->fd);
	return control[0];
}

int
front_run(const struct options *o, char *argv[])
{
	struct ipc_request r;
	struct statedir dir;
	struct ipc_exit end;
	int64_t begun = clock_ms();
	pid_t monitor;
	int control, sig = 0;

	prepare(&r, &dir, o, argv);
	control = start(&r, &dir, argv, &monitor);
	orphans_finish(o, begun);
	if (attend(control, r.foreground, &end, sizeof(end), &sig) !=
	    (ssize_t)sizeof(end))
		return lost(monitor);
	(void)waitpid(monitor, NULL, 0);
	return mirror(&end);
}

int
front_acquire(const struct options *o, struct ipc_start *go, pid_t *monitor)
{
	char *line[] = { (char[]){ "(acquired)" }, NULL };
	struct ipc_request r;
	struct statedir dir;
	int64_t begun = clock_ms();
	union {
		struct ipc_start go;
		struct ipc_exit end;
	} answer;
	int control, sig = 0;
	ssize_t n;

	prepare(&r, &dir, o, line);
	r.foreground = false;
	control = start(&r, &dir, NULL, monitor);
	orphans_finish(o, begun);
	n = attend(control, false, &answer, sizeof(answer), &sig);
	if (n == (ssize_t)sizeof(answer.end))
		return 128 + answer.end.sig;
	if (n != (ssize_t)sizeof(answer.go))
		return lost(*monitor);
	*go = answer.go;
	(void)fault("acquire.given");
	if (!cancel_ends(sig, o->sig))
		return 0;
	(void)kill(*monitor, SIGTERM); /* it had not heard any more */
	return 128 + sig;
}
