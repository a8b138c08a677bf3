/* SPDX-License-Identifier: ISC */
/* What is told of how a straggler ended. */
#include "proof/stragglers.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t
child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	return pid;
}

static const char *
text_of(const struct stragglers *s, const struct record *r)
{
	static char text[STRAGGLER_TEXT];
	const struct straggler *one = &s->list[0];

	stragglers_text(one, r, procfs_alive(one->pid, one->start), text);
	return text;
}

/* Of a process that is not our child /proc alone tells. */
Test(stragglers, one_that_lives_is_not_said_to_have_ended)
{
	struct record *r = calloc(1, sizeof(*r));
	struct stragglers s = { 0 };
	struct terms t = { .leased = 0x7f500301 };
	struct procfs_stat st;
	pid_t pid = child();
	siginfo_t info;

	cr_assert_eq(procfs_stat(pid, &st), 0);
	stragglers_note(&s, &st, 1, NULL, &t, r);
	cr_expect_not_null(strstr(text_of(&s, r), "; not ended"));
	cr_assert_eq(kill(pid, SIGKILL), 0);
	cr_assert_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	cr_expect_not_null(strstr(text_of(&s, r), "; ended"));
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_expect_not_null(strstr(text_of(&s, r), "; ended"));
	stragglers_reaped(&s, pid, true, SIGKILL);
	cr_expect_not_null(strstr(text_of(&s, r), "; ended by SIGKILL"));
	free(r);
}

/* They are noted when they are asked, and again when they are killed. */
Test(stragglers, one_that_does_not_fit_counts_once)
{
	enum { MORE = 6 };
	static struct procfs_stat all[STRAGGLERS + MORE];
	struct record *r = calloc(1, sizeof(*r));
	struct stragglers s = { 0 };
	struct terms t = { .leased = 0x7f500301 };

	for (size_t i = 0; i < STRAGGLERS + MORE; i++) /* beyond pid_max */
		all[i] = (struct procfs_stat){ .pid = (1 << 23) + (pid_t)i,
			.start = 7 };
	for (int i = 0; i < 2; i++)
		stragglers_note(&s, all, STRAGGLERS + MORE, NULL, &t, r);
	cr_expect_eq(s.n, (size_t)STRAGGLERS);
	cr_expect_eq(s.more, (size_t)MORE);
	free(s.others);
	free(r);
}
