/* SPDX-License-Identifier: ISC */
/* The record is asked, since ps(1) knows monitors by their title alone. */
#include "lost.h"

#include "store/records.h"
#include "story.h"

#include "store/lease.h"

#include <criterion/criterion.h>
#include <signal.h>

static int
note_monitor(const struct statedir *dir, struct stored *s, void *arg)
{
	(void)dir;
	cr_assert_not_null(s->record);
	*(pid_t *)arg = s->record->identity.monitor;
	return 1;
}

pid_t
lost_find(void)
{
	pid_t pid = 0;

	(void)records_each(lease_netns(), note_monitor, &pid);
	cr_assert_gt(pid, 1);
	return pid;
}

void
lost_kill(void)
{
	pid_t pid = lost_find();

	story_signal_pid(pid, SIGKILL);
	story_gone(pid);
}
