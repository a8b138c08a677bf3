/* SPDX-License-Identifier: ISC */
/*
 * The end of its output is its end: it starts nothing that could keep the
 * pipe open.  Should nobody read any more, its lines go nowhere.
 */
#include "claim/reapchild.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/options.h"
#include "base/printable.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void
become(int out, const struct statedir *dir, uint32_t ip, int sig, int64_t grace)
{
	char wait[32], number[16], address[16], place[PATH_MAX + 16];
	char *args[] = { (char[]){ "portlease" }, (char[]){ "reap" },
		(char[]){ "-g" }, wait, (char[]){ "-s" }, number, address,
		NULL };
	char *env[3] = { place, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	(void)snprintf(wait, sizeof(wait), "%lldms", (long long)grace);
	(void)snprintf(number, sizeof(number), "%d", sig);
	(void)snprintf(place, sizeof(place), "PORTLEASE_DIR=%s", dir->path);
	text_address(ip, address);
	fault_environment(env + 1);
	(void)setsid();
	(void)signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (null == -1 || dup2(null, 0) == -1 || dup2(out, 1) == -1 ||
	    dup2(out, 2) == -1 || close_range(3, ~0U, 0) == -1)
		_exit(EXIT_PORTLEASE);
	(void)execve("/proc/self/exe", args, env);
	_exit(EXIT_PORTLEASE);
}

int
reapchild_start(struct reapchild *f, const struct statedir *dir, uint32_t ip,
    int sig, int64_t grace)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	f->len = 0;
	f->said[0] = '\0';
	f->pid = fault("adopt.finisher") == -1 ? -1 : fork();
	if (f->pid == 0)
		become(ends[1], dir, ip, sig, grace);
	close(ends[1]);
	f->fd = ends[0];
	if (f->pid != -1)
		return 0;
	close(f->fd);
	f->pid = 0;
	return -1;
}

/* Keep the end of what it says. */
static void
keep(struct reapchild *f, const char *text, size_t n)
{
	size_t over = f->len + n > sizeof(f->said) - 1
			  ? f->len + n - (sizeof(f->said) - 1)
			  : 0;

	memmove(f->said, f->said + over, f->len - over);
	memcpy(f->said + f->len - over, text, n);
	f->len += n - over;
	f->said[f->len] = '\0';
}

/* Take in what there is; true at its end. */
static bool
ended(struct reapchild *f)
{
	char text[128];
	ssize_t n;

	while ((n = read(f->fd, text, sizeof(text))) > 0)
		keep(f, text, (size_t)n);
	return n == 0 || (errno != EAGAIN && errno != EINTR);
}

static void
bury(struct reapchild *f)
{
	int status = 0;

	(void)waitpid(f->pid, &status, 0);
	f->failed = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_PORTLEASE;
	reapchild_leave(f);
}

void
reapchild_wait(struct reapchild *f, int wake, int64_t ms)
{
	struct pollfd pfds[] = { { .fd = f->fd, .events = POLLIN },
		{ .fd = wake, .events = POLLIN } };
	int64_t end = clock_ms() + ms;

	while (ms > 0 && poll(pfds, 2, (int)ms) == 1 && pfds[1].revents == 0) {
		if (ended(f)) {
			bury(f);
			return;
		}
		ms = end - clock_ms();
	}
}

const char *
reapchild_line(struct reapchild *f)
{
	static const char prefix[] = "portlease: ";
	char *line;

	while (f->len > 0 && f->said[f->len - 1] == '\n')
		f->said[--f->len] = '\0';
	line = strrchr(f->said, '\n');
	line = line != NULL ? line + 1 : f->said;
	if (strncmp(line, prefix, sizeof(prefix) - 1) == 0)
		line += sizeof(prefix) - 1;
	printable_line(line);
	return line;
}

void
reapchild_leave(struct reapchild *f)
{
	if (f->pid == 0)
		return;
	close(f->fd);
	f->pid = 0;
}
