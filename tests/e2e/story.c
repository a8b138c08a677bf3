/* SPDX-License-Identifier: ISC */
/*
 * See story.h.  One loop, turn(), moves everything: it reads what the started
 * commands say and reaps whoever has ended, orphans included, so that nothing
 * that is being waited for can block on a full pipe or stay a zombie.
 */
#include "story.h"

#include "witness.h"

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { RUNS = 64, PATHS = 32, PATIENCE = 300000 };

/* One stage per process: Criterion runs every test in its own. */
static struct {
	char dir[64];
	char state[80];
	struct run runs[RUNS];
	const char *heard[RUNS][2]; /* how far each text has been waited for */
	size_t nruns;
	int child; /* signalfd for SIGCHLD */
	int watched; /* pidfd of somebody else's child, or -1 */
} stage;

/* What has been given out, to last as long as the stage. */
static struct {
	char paths[PATHS][128];
	char ips[RUNS][16];
	size_t npaths, nips;
} given;

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
hear(struct run *r, int which)
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
			hear(&stage.runs[i / 2], (int)(i % 2));
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
				hear(r, which);
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

void
story_tell(struct run *r, const char *line)
{
	size_t len = strlen(line);

	cr_assert_eq(write(r->in, line, len), (ssize_t)len);
}

void
story_signal_pid(pid_t pid, int sig)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	cr_assert_neq(fd, -1, "pid %d: %s", (int)pid, strerror(errno));
	cr_expect_eq(syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0), 0);
	close(fd);
}

void
story_signal(const struct run *r, int sig)
{
	cr_expect_eq(syscall(SYS_pidfd_send_signal, r->pidfd, sig, NULL, 0), 0,
	    "signal %d to pid %d: %s", sig, (int)r->pid, strerror(errno));
}

void
story_signal_group(const struct run *r, int sig)
{
	cr_assert_not(r->ended); /* or the number may be somebody else's */
	cr_expect_eq(killpg(r->pid, sig), 0);
}

void
story_hang_up(struct run *r)
{
	close(r->in);
	close(r->fd[0]);
	r->in = -1;
	r->fd[0] = -1;
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

/* nohup(1), a shell in the background and Criterion leave signals ignored. */
static void
default_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child, between fork and exec. */
static void
become(const char *const argv[], const int fds[3], bool terminal)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	default_signals();
	if (terminal) {
		setsid();
		ioctl(fds[0], TIOCSCTTY, 0);
	} else {
		setpgid(0, 0);
	}
	dup2(fds[0], 0);
	dup2(fds[1], 1);
	dup2(fds[2], 2);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static struct run *
begin(const char *const argv[], const int theirs[3], bool terminal)
{
	struct run *r = &stage.runs[stage.nruns];

	cr_assert_lt(stage.nruns, RUNS);
	r->pid = fork();
	cr_assert_neq(r->pid, -1);
	if (r->pid == 0)
		become(argv, theirs, terminal);
	if (!terminal)
		setpgid(r->pid, r->pid); /* whoever of the two is faster */
	r->pidfd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	cr_assert_neq(r->pidfd, -1);
	r->out = calloc(1, 1);
	r->err = calloc(1, 1);
	stage.heard[stage.nruns][0] = r->out;
	stage.heard[stage.nruns][1] = r->err;
	stage.nruns++;
	return r;
}

static void
unblock(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

struct run *
story_start(const char *const argv[])
{
	struct run *r;
	int in[2], out[2], err[2];

	cr_assert_eq(pipe2(in, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(err, O_CLOEXEC), 0);
	r = begin(argv, (const int[]){ in[0], out[1], err[1] }, false);
	close(in[0]);
	close(out[1]);
	close(err[1]);
	r->in = in[1];
	r->fd[0] = out[0];
	r->fd[1] = err[0];
	unblock(out[0]);
	unblock(err[0]);
	return r;
}

struct run *
story_terminal(const char *const argv[])
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios mode;
	struct run *r;
	int tty;

	cr_assert_neq(master, -1);
	cr_assert_eq(grantpt(master), 0);
	cr_assert_eq(unlockpt(master), 0);
	tty = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
	cr_assert_neq(tty, -1);
	tcgetattr(tty, &mode);
	mode.c_lflag &= (tcflag_t)~ECHO;
	tcsetattr(tty, TCSANOW, &mode);
	r = begin(argv, (const int[]){ tty, tty, tty }, true);
	close(tty);
	r->in = fcntl(master, F_DUPFD_CLOEXEC, 0);
	r->fd[0] = master;
	r->fd[1] = -1;
	unblock(master);
	return r;
}

struct run *
story_run(const char *const argv[])
{
	struct run *r = story_start(argv);

	close(r->in);
	r->in = -1;
	story_end(r);
	return r;
}

const char *
story_path(const char *name)
{
	char *path = given.paths[given.npaths++];

	cr_assert_lt(given.npaths, PATHS);
	(void)snprintf(path, sizeof(*given.paths), "%s/%s", stage.dir, name);
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

long
story_number(const char *text, const char *words)
{
	const char *found = strstr(text, words);

	return found != NULL ? strtol(found + strlen(words), NULL, 10) : -1;
}

const char *
story_ip(struct run *r)
{
	char *ip = given.ips[given.nips++];
	const char *line = story_says(r, "ip ");

	cr_assert_lt(given.nips, RUNS);
	cr_assert_eq(sscanf(line, "ip %15s", ip), 1);
	return ip;
}

void
story_has_all(const char *text, const char *const words[])
{
	for (; *words != NULL; words++)
		cr_expect_not_null(
		    strstr(text, *words), "no \"%s\" in: %s", *words, text);
}

const char *
story_at(const char *ip, const char *port)
{
	static char names[8][32];
	static size_t next;
	char *name = names[next++ % 8];

	(void)snprintf(name, sizeof(*names), "%s:%s", ip, port);
	return name;
}

void
story_left_nothing(void)
{
	struct run *ps;

	story_quiet();
	ps = RUN(PORTLEASE, "ps");
	cr_expect_null(strstr(ps->out, "127."), "%s", ps->out);
}

unsigned int
story_count(const char *text, const char *words)
{
	unsigned int n = 0;

	while ((text = strstr(text, words)) != NULL) {
		text += strlen(words);
		n++;
	}
	return n;
}

void
story_begin(void)
{
	static const char *const ours[] = { "LD_PRELOAD", "PORTLEASE_RECORD",
		"PORTLEASE_TERMS", "PORTLEASE_IP", "PORTLEASE_SHIM" };
	const char *tmp = getenv("TMPDIR");
	sigset_t child;
	size_t i;

	for (i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		unsetenv(ours[i]);
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
