/* SPDX-License-Identifier: ISC */
/* SIGCHLD stays blocked and is waited for with a time limit. */
#include "arena.h"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* One arena per program. */
static struct {
	char dir[64];
	bool private;
	int hush; /* /dev/null, or 0 */
	sigset_t child;
} arena;

static void
write_line(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd == -1 || write(fd, line, strlen(line)) == -1)
		warn("%s", path);
	if (fd != -1)
		close(fd);
}

bool
arena_unshare(int flags)
{
	char map[64];
	unsigned int uid = geteuid(), gid = getegid();

	if (unshare(flags) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | flags) == -1)
		return false;
	write_line("/proc/self/setgroups", "deny");
	(void)snprintf(map, sizeof(map), "%u %u 1", uid, uid);
	write_line("/proc/self/uid_map", map);
	(void)snprintf(map, sizeof(map), "%u %u 1", gid, gid);
	write_line("/proc/self/gid_map", map);
	return true;
}

static bool
raise_loopback(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	rc = fd == -1 ? -1 : ioctl(fd, SIOCSIFFLAGS, &lo);
	if (fd != -1)
		close(fd);
	return rc == 0;
}

void
arena_enter(void)
{
	(void)snprintf(arena.dir, sizeof(arena.dir), "/tmp/arena-XXXXXX");
	if (mkdtemp(arena.dir) == NULL ||
	    setenv("PORTLEASE_DIR", arena.dir, 1) == -1 ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1) == -1)
		err(1, "arena");
	arena.private = arena_unshare(CLONE_NEWNET) && raise_loopback();
	if (!arena.private)
		warnx("no network namespace of our own: sockets of others "
		      "are about");
	sigemptyset(&arena.child);
	sigaddset(&arena.child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &arena.child, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL); /* ignored, it leaves no status */
}

static int
discard(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	(void)remove(path);
	return 0;
}

void
arena_leave(void)
{
	(void)nftw(arena.dir, discard, 16, FTW_DEPTH | FTW_PHYS);
}

bool
arena_private(void)
{
	return arena.private;
}

const char *
arena_state(void)
{
	return arena.dir;
}

long long
arena_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

void
arena_hush(void)
{
	arena.hush = open("/dev/null", O_WRONLY | O_CLOEXEC);
}

/* nohup(1) and a shell in the background leave signals ignored. */
static void
default_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child. */
static _Noreturn void
become(int flags, const char *const argv[], int out)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)setpgid(0, 0);
	default_signals();
	if (arena.hush != 0)
		(void)dup2(arena.hush, STDERR_FILENO);
	if (out != -1)
		(void)dup2(out, STDOUT_FILENO);
	if (flags & ARENA_STDERR)
		(void)dup2(out, STDERR_FILENO);
	if (flags & ARENA_STOP)
		(void)raise(SIGSTOP);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	err(127, "%s", argv[0]);
}

pid_t
arena_start_as(int flags, const char *const argv[], int *out)
{
	int pipe[2] = { -1, -1 };
	pid_t pid;

	if (out != NULL && pipe2(pipe, O_CLOEXEC) == -1)
		err(1, "pipe");
	pid = fork();
	if (pid == -1)
		err(1, "fork");
	if (pid == 0)
		become(flags, argv, pipe[1]);
	if (out != NULL) {
		close(pipe[1]);
		*out = pipe[0];
	}
	return pid;
}

pid_t
arena_start(const char *const argv[], int *out)
{
	return arena_start_as(0, argv, out);
}

/* Wait for one SIGCHLD, at most until end. */
static bool
child_moves(long long end)
{
	long long left = end - arena_now();
	struct timespec ts;

	if (left <= 0)
		return false;
	ts.tv_sec = left / 1000;
	ts.tv_nsec = left % 1000 * 1000000;
	(void)sigtimedwait(&arena.child, NULL, &ts);
	return true;
}

int
arena_wait(pid_t pid, long long ms)
{
	long long end = arena_now() + ms;
	int status;
	pid_t one;

	do {
		while ((one = waitpid(-1, &status, WNOHANG)) > 0)
			if (one == pid)
				return status;
		if (one == -1)
			return -1;
	} while (child_moves(end));
	return -1;
}

int
arena_stopped(pid_t pid, long long ms)
{
	long long end = arena_now() + ms;
	int status;
	pid_t one;

	do {
		one = waitpid(pid, &status, WNOHANG | WUNTRACED | __WALL);
		if (one != 0)
			return one == pid && WIFSTOPPED(status) ? status : -1;
	} while (child_moves(end));
	return -1;
}

int
arena_run(const char *const argv[], long long ms)
{
	return arena_wait(arena_start(argv, NULL), ms);
}

bool
arena_quiet(long long ms)
{
	long long end = arena_now() + ms;
	pid_t one;

	do {
		while ((one = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (one == -1 && errno == ECHILD)
			return true;
	} while (child_moves(end));
	return false;
}

/* Those of children that have ended become ours, the next time round. */
static void
kill_children(void)
{
	char path[64];
	FILE *list;
	int pid;

	(void)snprintf(
	    path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	list = fopen(path, "re");
	while (list != NULL && fscanf(list, "%d", &pid) == 1)
		(void)kill(pid, SIGKILL);
	if (list != NULL)
		(void)fclose(list);
}

bool
arena_kill(long long ms)
{
	long long end = arena_now() + ms;

	do {
		kill_children();
	} while (!arena_quiet(10) && arena_now() < end);
	return arena_quiet(0);
}

bool
arena_hear(int fd, const char *text, long long ms, char *said, size_t size)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	long long end = arena_now() + ms;
	char part[4096];
	size_t len = 0;
	ssize_t n;

	said[0] = '\0';
	while (ms > 0 && poll(&pfd, 1, (int)ms) == 1) {
		n = read(fd, part, sizeof(part));
		if (n <= 0)
			return n == 0 && text == NULL;
		if ((size_t)n > size - 1 - len)
			n = (ssize_t)(size - 1 - len);
		memcpy(said + len, part, (size_t)n);
		len += (size_t)n;
		said[len] = '\0';
		if (text != NULL && strstr(said, text) != NULL)
			return true;
		ms = end - arena_now();
	}
	return false;
}

bool
arena_says(int fd, const char *text, long long ms)
{
	char said[4096];

	return arena_hear(fd, text, ms, said, sizeof(said));
}
