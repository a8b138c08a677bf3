/* SPDX-License-Identifier: ISC */
/*
 * A member with two witnesses, the record and the mark in its environment, on
 * an address where nothing listens.
 */
#include "proof/teardown.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static struct stored stored = { .fd = -1,
	.terms = {
	    .leased = 0x7f4d5401, .nports = 1, .ports = { { 9926, 9926 } } } };
static struct sockdiag *diag;
static pid_t member;

/* Known when it has called exec: the pipe is closed then. */
static pid_t
start_member(const char *script)
{
	char mark[PATH_MAX + 32], c;
	char *const env[] = { mark, NULL };
	struct procfs_stat st;
	struct image image = { 0 };
	int done[2];
	pid_t pid;

	(void)snprintf(mark, sizeof(mark), "PORTLEASE_RECORD=%s", stored.path);
	cr_assert_eq(pipe(done), 0);
	pid = fork();
	if (pid == 0) {
		close(done[0]);
		(void)dup2(done[1], 1);
		close(done[1]);
		(void)execle("/bin/sh", "sh", "-c", script, (char *)NULL, env);
		_exit(127);
	}
	close(done[1]);
	cr_assert_eq(read(done[0], &c, 1), 1);
	close(done[0]);
	cr_assert_eq(procfs_stat(pid, &st), 0);
	image.pid = pid;
	image.start = st.start;
	(void)procfs_namespace("pid", &image.pidns);
	cr_assert_lt(record_image(stored.record, &image), RECORD_IMAGES);
	return pid;
}

static void
make_lease(void)
{
	(void)snprintf(stored.path, sizeof(stored.path),
	    "/tmp/portlease-unit-%d.record", (int)getpid());
	stored.fd = -1;
	stored.record = calloc(1, sizeof(*stored.record));
	diag = sockdiag_open();
	cr_assert(stored.record != NULL && diag != NULL);
	stored.record->magic = stored.record->end = RECORD_MAGIC;
	stored.record->version = RECORD_VERSION;
	stored.record->size = sizeof(*stored.record);
	stored.record->terms = stored.terms;
}

static void
end_lease(void)
{
	if (member > 0)
		(void)kill(member, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	free(stored.record);
	sockdiag_close(diag);
}

/* The signal that ended it, or 0. */
static int
signal_of(pid_t pid)
{
	int status = 0;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static const struct teardown_policy ask = {
	.among = AMONG_ALL, .sig = SIGTERM, .grace = 60000
};

Test(teardown, a_member_is_asked_and_the_address_is_clean, .init = make_lease,
    .fini = end_lease)
{
	struct teardown end;

	member = start_member("echo; exec sleep 60");
	teardown(&stored, diag, &ask, &end);
	cr_expect_eq(end.verdict, VERDICT_CLEAN);
	cr_expect_eq(end.asked.n, 1);
	cr_expect_eq(end.left.n, 0);
	teardown_free(&end);
	cr_expect_eq(signal_of(member), SIGTERM);
	member = 0;
}

Test(teardown, one_that_does_not_listen_is_killed_after_one_grace,
    .init = make_lease, .fini = end_lease)
{
	struct teardown_policy how = ask;
	struct stragglers stragglers = { 0 };
	struct teardown end;
	char why[96];

	how.grace = 10;
	how.stragglers = &stragglers;
	member = start_member("trap '' TERM; echo; while :; do sleep 60; done");
	teardown(&stored, diag, &how, &end);
	proof_reason(&end.evidence, why, sizeof(why));
	cr_expect_eq(
	    end.verdict, VERDICT_CLEAN, "%s: %s", proof_name(end.verdict), why);
	teardown_free(&end);
	cr_assert_geq(stragglers.n, 1);
	cr_expect_eq(signal_of(member), SIGKILL);
	member = 0;
}

Test(teardown, a_dry_run_signals_nobody, .init = make_lease, .fini = end_lease)
{
	struct teardown_policy how = ask;
	struct teardown end;

	how.dry_run = true;
	member = start_member("echo; exec sleep 60");
	teardown(&stored, diag, &how, &end);
	cr_expect_eq(end.verdict, VERDICT_HELD);
	cr_expect_eq(end.evidence.processes, 1);
	teardown_free(&end);
	/* The first signal that is fatal is the one that it died of. */
	cr_assert_eq(kill(member, SIGKILL), 0);
	cr_expect_eq(signal_of(member), SIGKILL);
	member = 0;
}

Test(teardown, descendants_that_did_not_end_hold_the_address,
    .init = make_lease, .fini = end_lease)
{
	struct teardown_policy how = ask;
	struct teardown end;

	how.stuck = 2;
	teardown(&stored, diag, &how, &end);
	cr_expect_eq(end.verdict, VERDICT_HELD);
	cr_expect_eq(end.evidence.processes, 2);
}

Test(teardown, what_sock_diag_does_not_show_is_unknown, .init = make_lease,
    .fini = end_lease)
{
	struct teardown end;

	errno = EPERM;
	teardown(&stored, NULL, &ask, &end);
	cr_expect_eq(end.verdict, VERDICT_UNKNOWN);
	cr_expect_eq(end.evidence.sockets_unseen, EPERM);
}

Test(teardown, a_damaged_record_is_unknown, .init = make_lease,
    .fini = end_lease)
{
	struct teardown end;

	stored.record->end = 0;
	teardown(&stored, diag, &ask, &end);
	cr_expect_eq(end.verdict, VERDICT_UNKNOWN);
	cr_expect(end.evidence.damaged);
}

/* A program that opens the record like the shim. */
static int
enter(void)
{
	return open(stored.path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
}

/* The record as a file, mapped for reading alone. */
static void
store_lease(void)
{
	int fd = open(stored.path, O_RDWR | O_CREAT | O_TRUNC, 0600);

	cr_assert_eq(write(fd, stored.record, sizeof(*stored.record)),
	    (ssize_t)sizeof(*stored.record));
	close(fd);
	free(stored.record);
	stored.fd = open(stored.path, O_RDONLY | O_CLOEXEC);
	stored.counted = true;
	stored.record = mmap(
	    NULL, sizeof(*stored.record), PROT_READ, MAP_SHARED, stored.fd, 0);
	cr_assert(stored.record != MAP_FAILED);
}

static void
unstore_lease(void)
{
	(void)munmap(stored.record, sizeof(*stored.record));
	close(stored.fd);
	stored.record = NULL;
	end_lease();
}

/* Otherwise a program would come in between the look and the end. */
Test(teardown, nobody_comes_in_once_the_members_are_counted, .init = make_lease,
    .fini = unstore_lease)
{
	struct teardown end;
	int fd;

	store_lease();
	teardown(&stored, diag, &ask, &end);
	cr_assert_eq(end.verdict, VERDICT_CLEAN);
	cr_assert(end.held);
	cr_expect_eq(enter(), -1);
	cr_expect_eq(errno, EWOULDBLOCK);
	store_let_go(&stored);
	fd = enter();
	cr_expect_neq(fd, -1);
	teardown_free(&end);
	/* Nor is it held while a process has it open for writing. */
	teardown(&stored, diag, &ask, &end);
	cr_expect_eq(end.verdict, VERDICT_UNKNOWN);
	cr_expect_not(end.held);
	teardown_free(&end);
	close(fd);
	cr_expect_eq(unlink(stored.path), 0);
}
