/* SPDX-License-Identifier: ISC */
/*
 * See story.h.  One loop, turn(), moves everything: it reads what the started
 * commands say and reaps whoever has ended, orphans included, so that nothing
 * that is being waited for can block on a full pipe or stay a zombie.
 */
#include "story.h"

#include "stage.h"
#include "witness.h"

#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PATHS = 32, PATIENCE = 300000, LOOK_AGAIN = 5 };

struct stage stage;

/* Paths that were given out, to last as long as the stage. */
static struct {
	char list[PATHS][128];
	size_t n;
} paths;

int
story_patience(void)
{
	const char *asked = getenv("STORY_PATIENCE");

	return asked != NULL ? atoi(asked) : PATIENCE;
}

static long long
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static struct run *
run_of(pid_t pid)
{
	size_t i;

	for (i = 0; i < stage.nruns; i++)
		if (stage.runs[i].pid == pid && !stage.runs[i].ended)
			return &stage.runs[i];
	return NULL;
}

/* False when there is no child left to wait for. */
static bool
reap(void)
{
	struct signalfd_siginfo si;
	struct run *r;
	pid_t pid;
	int status;

	(void)!read(stage.child, &si, sizeof(si)); /* many deaths, one signal */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		r = run_of(pid);
		if (r != NULL) {
			r->status = status;
			r->ended = true;
		}
	}
	return pid == 0;
}

static void
read_text(struct run *r, int which)
{
	char **text = which == 0 ? &r->out : &r->err;
	size_t offset = (size_t)(stage.heard[r - stage.runs][which] - *text);
	char buf[4096];
	ssize_t n;

	n = read(r->fd[which], buf, sizeof(buf));
	if (n == -1 && errno == EAGAIN)
		return;
	if (n <= 0) { /* EIO is how a terminal says that nobody is left */
		close(r->fd[which]);
		r->fd[which] = -1;
		return;
	}
	*text = realloc(*text, r->len[which] + (size_t)n + 1);
	cr_assert_not_null(*text);
	memcpy(*text + r->len[which], buf, (size_t)n);
	r->len[which] += (size_t)n;
	(*text)[r->len[which]] = '\0';
	stage.heard[r - stage.runs][which] = *text + offset;
}

/* One round of the loop; timeout in milliseconds.  As reap(). */
static bool
turn(int timeout)
{
	struct pollfd fds[2 + 2 * RUNS];
	struct pollfd *texts = fds + 2;
	size_t i, n = 2 * stage.nruns;

	fds[0] = (struct pollfd){ .fd = stage.child, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = stage.watched, .events = POLLIN };
	for (i = 0; i < n; i++)
		texts[i] = (struct pollfd){
			.fd = stage.runs[i / 2].fd[i % 2],
			.events = POLLIN,
		};
	(void)poll(fds, (nfds_t)(2 + n), timeout);
	for (i = 0; i < n; i++)
		if (texts[i].revents != 0)
			read_text(&stage.runs[i / 2], (int)(i % 2));
	return reap();
}

/* What is already in the pipes of a command that has ended. */
static void
drain(struct run *r)
{
	size_t before;
	int which;

	for (which = 0; which < 2; which++)
		do {
			before = r->len[which];
			if (r->fd[which] != -1)
				read_text(r, which);
		} while (r->len[which] != before);
}

static void
give_up(const struct run *r, const char *words)
{
	cr_assert_fail("waited in vain for \"%s\" from pid %d (%s %d)\n"
		       "-- stdout:\n%s\n-- stderr:\n%s",
	    words, (int)r->pid, r->ended ? "ended" : "alive", r->status, r->out,
	    r->err);
}

static const char *
await(struct run *r, int which, const char *words)
{
	const char **from = &stage.heard[r - stage.runs][which];
	long long deadline = now() + story_patience();
	const char *found, *end;

	for (;;) {
		found = strstr(*from, words);
		end = found != NULL ? strchr(found, '\n') : NULL;
		if (end != NULL || (found != NULL && r->fd[which] == -1)) {
			*from = found + strlen(words);
			return found;
		}
		if (r->fd[which] == -1 || now() >= deadline)
			give_up(r, words);
		turn((int)(deadline - now() + 1));
	}
}

const char *
story_says(struct run *r, const char *words)
{
	return await(r, 0, words);
}

const char *
story_warns(struct run *r, const char *words)
{
	return await(r, 1, words);
}

int
story_end(struct run *r)
{
	long long deadline = now() + story_patience();

	while (!r->ended) {
		if (now() >= deadline)
			give_up(r, "its end");
		turn((int)(deadline - now() + 1));
	}
	drain(r);
	return r->status;
}

void
story_gone(pid_t pid)
{
	long long deadline = now() + story_patience();
	struct pollfd end = { .events = POLLIN };

	end.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	stage.watched = end.fd;
	while (end.fd != -1 && poll(&end, 1, 0) == 0) {
		cr_assert_lt(now(), deadline, "pid %d stays", (int)pid);
		turn((int)(deadline - now() + 1));
	}
	stage.watched = -1;
	if (end.fd != -1)
		close(end.fd);
}

void
story_wait(const char *what, bool (*holds)(const void *), const void *arg)
{
	long long deadline = now() + story_patience();

	while (!holds(arg)) {
		cr_assert_lt(now(), deadline, "waited in vain for %s", what);
		turn(LOOK_AGAIN);
	}
}

void
story_quiet(void)
{
	long long deadline = now() + story_patience();
	size_t i;

	while (reap()) {
		cr_assert_lt(now(), deadline, "somebody has stayed");
		turn((int)(deadline - now() + 1));
	}
	for (i = 0; i < stage.nruns; i++)
		drain(&stage.runs[i]);
}

const char *
story_path(const char *name)
{
	char *path = paths.list[paths.n++];

	cr_assert_leq(paths.n, PATHS);
	(void)snprintf(path, sizeof(*paths.list), "%s/%s", stage.dir, name);
	return path;
}

const char *
story_state(void)
{
	return stage.state;
}

void
story_give(uid_t uid)
{
	cr_assert_eq(chown(stage.dir, uid, (gid_t)uid), 0);
	cr_assert_eq(chown(stage.state, uid, (gid_t)uid), 0);
}

/* Of the lease, the service manager or the login that the suite runs in. */
static void
forget_environment(void)
{
	char name[64];

	for (size_t i = 0; environ[i] != NULL;) {
		(void)snprintf(name, sizeof(name), "%.*s",
		    (int)strcspn(environ[i], "="), environ[i]);
		if (strncmp(name, "PORTLEASE_", 10) == 0 ||
		    strcmp(name, "LD_PRELOAD") == 0 ||
		    strcmp(name, "NOTIFY_SOCKET") == 0 ||
		    strcmp(name, "XDG_RUNTIME_DIR") == 0)
			unsetenv(name);
		else
			i++;
	}
}

void
story_begin(void)
{
	const char *tmp = getenv("TMPDIR");
	sigset_t child;

	forget_environment();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* ignored, it leaves no status */
	umask(022);
	(void)snprintf(stage.dir, sizeof(stage.dir), "%s/portlease-e2e-XXXXXX",
	    tmp != NULL ? tmp : "/tmp"); /* too long: mkdtemp says so */
	cr_assert_not_null(mkdtemp(stage.dir));
	cr_assert_eq(chmod(stage.dir, 0755), 0);
	(void)snprintf(stage.state, sizeof(stage.state), "%s/state", stage.dir);
	cr_assert_eq(mkdir(stage.state, 0700), 0);
	setenv("PORTLEASE_DIR", stage.state, 1);
	cr_assert_eq(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	stage.watched = -1;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	stage.child = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	cr_assert_neq(stage.child, -1);
}

/* A child of ours that nobody has reaped yet cannot be somebody else. */
static void
end_children(void)
{
	pid_t pid = 0;

	while ((pid = witness_child(getpid(), pid)) > 0)
		kill(pid, SIGKILL);
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

/* Orphans become our children only when their parent is gone: in rounds. */
void
story_finish(void)
{
	long long deadline = now() + story_patience();
	size_t i;

	for (i = 0; i < stage.nruns; i++)
		if (!stage.runs[i].ended)
			story_signal(&stage.runs[i], SIGKILL);
	do
		end_children();
	while (turn(50) && now() < deadline);
	if (stage.dir[0] != '\0')
		nftw(stage.dir, discard, 16, FTW_DEPTH | FTW_PHYS);
}

void
story_skip(const char *why, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, why);
	(void)vsnprintf(text, sizeof(text), why, ap);
	va_end(ap);
	story_finish();
	cr_skip_test("%s", text);
	abort();
}
