/* SPDX-License-Identifier: ISC */
/*
 * Processes of our own, and what is known of them: who is the lease's, and
 * who is not.
 */
#include "base/clock.h"
#include "kernel/procfs.h"
#include "kernel/reclock.h"
#include "proof/ending.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CALLERS = 200, INODE = 1 };

static struct stored stored;
static int until[2]; /* children live until its end is closed */

static void
make_record(void)
{
	(void)snprintf(stored.path, sizeof(stored.path),
	    "/tmp/portlease-unit-%d.record", (int)getpid());
	stored.fd = -1;
	stored.record = calloc(1, sizeof(*stored.record));
	cr_assert_not_null(stored.record);
	cr_assert_eq(pipe2(until, O_CLOEXEC), 0);
}

static void
remove_record(void)
{
	close(until[1]);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	free(stored.record);
}

static void
list_image(pid_t pid)
{
	struct procfs_stat st;
	struct image image = { .pid = pid };

	cr_assert_eq(procfs_stat(pid, &st), 0);
	image.start = st.start;
	(void)procfs_namespace("pid", &image.pidns);
	cr_assert_lt(record_image(stored.record, &image), RECORD_IMAGES);
}

static const struct member *
find(const struct members *m, pid_t pid)
{
	static const struct member none;

	for (size_t i = 0; i < m->n; i++)
		if (m->list[i].pid == pid)
			return &m->list[i];
	return &none;
}

/* A child that does nothing, but holds what we hold. */
static pid_t
child(void)
{
	pid_t pid = fork();
	char c;

	if (pid == 0) {
		close(until[1]);
		(void)!read(until[0], &c, 1);
		_exit(0);
	}
	cr_assert_gt(pid, 0);
	return pid;
}

/* While it calls exec, a process shows no environment. */
static void
await_exec(pid_t pid)
{
	int rounds = 1000000;
	char line[64];

	while (rounds-- > 0 && (procfs_cmdline(pid, line, sizeof(line)) == -1 ||
				   strncmp(line, "sleep ", 6) != 0))
		(void)sched_yield();
}

/* A marked shell, and the pid that its script says; 0 none. */
static pid_t
marked_family(pid_t *parent, const char *script)
{
	char mark[PATH_MAX + 32], text[32] = "";
	char *const env[] = { mark, NULL };
	int out[2];

	(void)snprintf(mark, sizeof(mark), "PORTLEASE_RECORD=%s", stored.path);
	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	*parent = fork();
	if (*parent == 0) {
		(void)dup2(out[1], 1);
		(void)execle("/bin/sh", "sh", "-c", script, (char *)NULL, env);
		_exit(127);
	}
	close(out[1]);
	cr_assert_geq(read(out[0], text, sizeof(text) - 1), 0);
	close(out[0]);
	return (pid_t)strtol(text, NULL, 10);
}

static const char family[] =
    "sleep 60 >/dev/null & echo $!; exec sleep 61 >/dev/null";

Test(members, a_parent_vouches_for_its_child, .init = make_record,
    .fini = remove_record)
{
	pid_t parent, pid = marked_family(&parent, family);
	struct members m;

	await_exec(parent);
	await_exec(pid);
	list_image(parent);
	cr_assert_eq(members_find(&m, &stored, NULL, AMONG_ALL), 0);
	cr_expect_eq(
	    find(&m, parent)->witnesses, WITNESS_RECORD | WITNESS_MARK);
	cr_expect_eq(find(&m, pid)->witnesses, WITNESS_MARK | WITNESS_PARENT);
	members_free(&m);
	cr_expect_eq(ending_kill(&stored, NULL, clock_ms() + 10000), 2);
}

/* A pid below the one that we are, and free. */
static pid_t
lower_pid(void)
{
	for (pid_t pid = getpid() - 1; pid > 300; pid--)
		if (kill(pid, 0) == -1 && errno == ESRCH)
			return pid;
	cr_skip_test("all pids below are taken");
	return 0;
}

/* As after a wrap of the pids. */
Test(members, so_does_one_with_a_higher_pid, .init = make_record,
    .fini = remove_record)
{
	char script[256];
	struct members m;
	pid_t parent, pid, wanted = lower_pid();

	(void)snprintf(script, sizeof(script),
	    "exec " BUILD_DIR "/guests/reuse %d sh -c 'echo $$ >&2; exec sleep "
	    "60' 2>&1 >/dev/null",
	    wanted);
	pid = marked_family(&parent, script);
	if (pid != wanted)
		cr_skip_test("pids cannot be chosen");
	await_exec(pid);
	list_image(parent);
	cr_assert_eq(members_find(&m, &stored, NULL, AMONG_ALL), 0);
	cr_expect_eq(find(&m, pid)->witnesses, WITNESS_MARK | WITNESS_PARENT);
	cr_expect_eq(ending_ask(&m, SIGTERM, 10000), 0);
	members_free(&m);
}

static struct evidence
evidence_of(int fd, enum left_kind kind)
{
	struct evidence e = { .nleft = 1, .left = { { .kind = kind } } };
	char path[64], text[64] = "";

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	cr_assert_gt(readlink(path, text, sizeof(text) - 1), 0);
	cr_assert_eq(sscanf(text, "socket:[%u]", &e.left[0].socket.inode), 1);
	return e;
}

static const struct {
	enum left_kind kind;
	bool listed;
	unsigned int witnesses;
} rows[] = {
	{ LEFT_LEASE, true, WITNESS_RECORD | WITNESS_SOCKET },
	{ LEFT_LEASE, false, WITNESS_SOCKET },
	{ LEFT_RECORD, true, WITNESS_RECORD },
	{ LEFT_RECORD, false, WITNESS_RECORD },
	{ LEFT_FOREIGN, true, WITNESS_RECORD },
	{ LEFT_FOREIGN, false, 0 },
};

Test(members, the_record_is_one_witness_and_a_stranger_none,
    .init = make_record, .fini = remove_record)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t listed = child(), other = child();
	struct evidence e;
	struct members m;

	list_image(listed);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		e = evidence_of(fd, rows[i].kind);
		cr_assert_eq(members_find(&m, &stored, &e, AMONG_ALL), 0);
		cr_expect_eq(
		    find(&m, rows[i].listed ? listed : other)->witnesses,
		    rows[i].witnesses, "row %zu", i);
		members_free(&m);
	}
}

/* Every one of them is as good as proven. */
Test(members, of_many_who_ask_for_the_end_none_is_ended, .init = make_record,
    .fini = remove_record)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), file, done[2];
	struct evidence e = evidence_of(fd, LEFT_LEASE);
	struct members m;
	pid_t holder;
	char c;

	stored.fd =
	    open(stored.path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	cr_assert(stored.fd != -1 && pipe2(done, O_CLOEXEC) == 0);
	for (int i = 0; i < CALLERS; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			close(until[1]);
			file = open(stored.path, O_RDWR);
			c = reclock_ask(file, &holder) == 0 ? 'y' : 'n';
			(void)!write(done[1], &c, 1);
			(void)!read(until[0], &c, 1);
			_exit(0);
		}
		cr_assert_gt(pid, 0);
		cr_assert_eq(read(done[0], &c, 1), 1);
		cr_assert_eq(c, 'y');
		list_image(pid);
	}
	cr_assert_eq(members_find(&m, &stored, &e, AMONG_ALL), 0);
	cr_expect_eq(m.n, 0, "%zu", m.n);
	members_free(&m);
	cr_expect_eq(unlink(stored.path), 0);
	close(stored.fd);
}

Test(members, who_cannot_be_looked_at_is_not_gone, .init = make_record,
    .fini = remove_record)
{
	struct rlimit before, few;
	struct members m = { 0 }, none;
	struct member one = { .witnesses = WITNESS_RECORD | WITNESS_MARK };
	struct procfs_stat st;

	one.pid = child();
	list_image(one.pid);
	cr_assert_eq(procfs_stat(one.pid, &st), 0);
	one.start = st.start;
	m.list = &one;
	m.n = 1;
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 3;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	cr_expect_eq(ending_wait(&m, 50), 1);
	cr_expect_eq(ending_ask(&m, SIGTERM, 50), 1);
	cr_expect_eq(members_find(&none, &stored, NULL, AMONG_ALL), -1);
	cr_expect_eq(errno, EMFILE);
	cr_expect_eq(members_find(&none, &stored, NULL, AMONG_IMAGES), -1);
	cr_expect_eq(errno, EMFILE);
	cr_expect_eq(ending_kill(&stored, NULL, clock_ms() + 10000), 0);
	members_exclude_callers(&m, &stored);
	cr_expect_eq(m.n, 1);
	cr_expect_not(members_proven(&one));
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
	one.witnesses = WITNESS_RECORD | WITNESS_MARK;
	cr_expect_eq(ending_ask(&m, SIGTERM, 10000), 0);
}
