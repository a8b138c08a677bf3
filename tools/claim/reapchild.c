/* SPDX-License-Identifier: ISC */
/*
 * Its end is the end of its output, since it starts nothing that could keep
 * the pipe open.  When nobody reads any more, its lines go nowhere.
 */
#include "claim/reapchild.h"
#include "base/clock.h"
#include "base/options.h"
#include "base/text.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void
reapchild_exec(uint32_t ip, int sig, int64_t grace, int out, char *const env[])
{
	char wait[32], number[16], address[INET_ADDRSTRLEN] = "--all";
	char quiet[] = "-q";
	char *args[] = { (char[]){ "portlease" }, (char[]){ "reap" },
		(char[]){ "-g" }, wait, (char[]){ "-s" }, number, address,
		ip == 0 ? quiet : NULL, NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	(void)snprintf(wait, sizeof(wait), "%lldms", (long long)grace);
	(void)snprintf(number, sizeof(number), "%d", sig);
	if (ip != 0)
		text_address(ip, address);
	(void)setsid();
	(void)signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	if (out == -1)
		out = null;
	if (null != -1 && dup2(null, 0) != -1 && dup2(out, 1) != -1 &&
	    dup2(out, 2) != -1 && close_range(3, ~0U, 0) == 0 &&
	    chdir("/") == 0)
		(void)execve("/proc/self/exe", args, env);
	_exit(EXIT_PORTLEASE);
}

int
reapchild_start(
    struct reapchild *r, const char *dir, uint32_t ip, int sig, int64_t grace)
{
	char place[PATH_MAX + 16];
	char *env[] = { place, NULL };
	int ends[2];

	(void)snprintf(place, sizeof(place), "PORTLEASE_DIR=%s", dir);
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) == -1)
		return -1;
	r->said = (struct tail){ 0 };
	r->pid = fork();
	if (r->pid == 0)
		reapchild_exec(ip, sig, grace, ends[1], env);
	close(ends[1]);
	r->fd = ends[0];
	if (r->pid != -1)
		return 0;
	close(r->fd);
	r->pid = 0;
	return -1;
}

static void
reap(struct reapchild *r)
{
	int status = 0;

	(void)waitpid(r->pid, &status, 0);
	r->failed = WIFEXITED(status) && WEXITSTATUS(status) == EXIT_PORTLEASE;
	reapchild_leave(r);
}

void
reapchild_wait(struct reapchild *r, int wake, int64_t ms)
{
	struct pollfd pfds[] = { { .fd = r->fd, .events = POLLIN },
		{ .fd = wake, .events = POLLIN } };
	int64_t end = clock_ms() + ms;

	while (ms > 0 && poll(pfds, 2, (int)ms) == 1 && pfds[1].revents == 0) {
		if (tail_read(&r->said, r->fd)) {
			reap(r);
			return;
		}
		ms = end - clock_ms();
	}
}

void
reapchild_line(const struct reapchild *r, char line[static TAIL_SIZE])
{
	static const char prefix[] = "portlease: ";
	char text[TAIL_SIZE], *at = text, *next;

	memcpy(text, r->said.text, sizeof(text));
	line[0] = '\0';
	while ((next = tail_line(&at)) != NULL) {
		if (strncmp(next, prefix, sizeof(prefix) - 1) == 0)
			next += sizeof(prefix) - 1;
		(void)strlcpy(line, next, TAIL_SIZE);
	}
}

void
reapchild_leave(struct reapchild *r)
{
	if (r->pid == 0)
		return;
	close(r->fd);
	r->pid = 0;
}
