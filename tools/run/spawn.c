/* SPDX-License-Identifier: ISC */
#include "run/spawn.h"
#include "base/printable.h"
#include "store/enter.h"
#include "trap/filter.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Signals that keep their usual effect on the front. */
static const int untouched[] = { SIGTSTP, SIGTTIN, SIGTTOU, SIGCONT, SIGSEGV,
	SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGCHLD };

/* What the command gets back of the caller's signals. */
struct signals {
	sigset_t mask;
	struct sigaction child;
};

/* Where SIGCHLD is ignored, no exit status can be had (waitpid(2)). */
static void
block_signals(struct signals *before)
{
	struct sigaction usual = { .sa_handler = SIG_DFL };
	sigset_t set;

	(void)sigaction(SIGCHLD, &usual, &before->child);
	sigfillset(&set);
	for (size_t i = 0; i < sizeof(untouched) / sizeof(*untouched); i++)
		sigdelset(&set, untouched[i]);
	(void)sigprocmask(SIG_SETMASK, &set, &before->mask);
}

/* The stub: wait for the lease, then become the command. */
static _Noreturn void
become_command(int channel, const struct ipc_request *r, char *argv[],
    const struct signals *before)
{
	struct ipc_start start;

	if (!r->foreground)
		(void)setpgid(0, 0);
	if (r->options.trap && filter_install(channel) == -1)
		_exit(EXIT_PORTLEASE);
	if (recv(channel, &start, sizeof(start), 0) != (ssize_t)sizeof(start))
		_exit(EXIT_PORTLEASE);
	if (enter_lease(&start) == -1) {
		warn("environment");
		_exit(EXIT_PORTLEASE);
	}
	enter_note_uncovered(start.record, argv[0], r->options.trap);
	(void)sigaction(SIGCHLD, &before->child, NULL);
	(void)sigprocmask(SIG_SETMASK, &before->mask, NULL);
	(void)execvp(argv[0], argv);
	warn("%s", printable_copy(argv[0]));
	_exit(errno == ENOENT || errno == ENOTDIR ? EXIT_NOT_FOUND
						  : EXIT_NOT_EXECUTABLE);
}

/* Fork the stub, if there is a command, and return our end of its channel. */
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

/* A short write is an error: the limit of a file's size. */
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

/* A number beyond the limit is EINVAL to fcntl(2) and EBADF to dup2(2). */
static int
too_many(void)
{
	if (errno == EINVAL || errno == EBADF)
		errno = EMFILE;
	return -1;
}

/* Move descriptors to the numbers of ipc.h, and close all others but stderr. */
static int
place(const int fds[static FD_END])
{
	int high[FD_END];
	int low = open("/dev/null", O_RDWR | O_CLOEXEC);
	int null = fcntl(low, F_DUPFD_CLOEXEC, FD_END);

	for (int i = FD_CONTROL; i < FD_END; i++)
		if (fds[i] != -1 &&
		    (high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FD_END)) == -1)
			return too_many();
	for (int i = FD_CONTROL; i < FD_END; i++) {
		if (fds[i] == -1)
			(void)close(i);
		else if (dup2(high[i], i) == -1)
			return too_many();
	}
	if (null == -1)
		return too_many();
	if (dup2(null, 0) == -1 || dup2(null, 1) == -1)
		return -1;
	if (fds[FD_LOG] != -1 &&
	    (dup2(FD_LOG, STDERR_FILENO) == -1 || close(FD_LOG) == -1))
		return -1;
	return close_range(FD_END, ~0U, 0);
}

/* In the child: fork the stub, leave the session, start over. */
static _Noreturn void
become_monitor(int fds[static FD_END], struct ipc_request *r, char *argv[],
    const struct signals *before)
{
	char title[256] = { 0 }; /* room for setproctitle(3) */
	char *args[] = { (char[]){ "portlease" }, (char[]){ IPC_MONITOR },
		title, NULL };
	char *clean[] = { NULL };
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (argv != NULL && prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		err(EXIT_PORTLEASE, "PR_SET_CHILD_SUBREAPER");
	memset(title, ' ', sizeof(title) - 1);
	fds[FD_STUB] = fork_stub(r, argv, before);
	fds[FD_REQUEST] = request_file(r);
	if (fds[FD_REQUEST] == -1)
		err(EXIT_PORTLEASE, "cannot write to the monitor");
	if (setsid() == -1 || chdir("/") == -1 || n <= 0 || place(fds) == -1)
		err(EXIT_PORTLEASE, "monitor");
	self[n] = '\0';
	(void)execve(self, args, clean);
	(void)execve("/proc/self/exe", args, clean); /* it was replaced */
	err(EXIT_PORTLEASE, "monitor: %s", printable_copy(self));
}

int
spawn_monitor(
    struct ipc_request *r, int fds[static FD_END], char *argv[], pid_t *pid)
{
	struct signals before;
	int control[2];

	block_signals(&before);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control) ==
	    -1)
		err(EXIT_PORTLEASE, "socketpair");
	*pid = fork();
	if (*pid == -1)
		err(EXIT_PORTLEASE, "fork");
	if (*pid == 0) {
		close(control[0]);
		fds[FD_CONTROL] = control[1];
		become_monitor(fds, r, argv, &before);
	}
	close(control[1]);
	return control[0];
}
