/* SPDX-License-Identifier: ISC */
/*
 * A stopped process shows so in /proc.  A frozen one does not, in every
 * kernel: for that there is a limit above all that a teardown may take.
 */
#include "run/stalled.h"
#include "base/clock.h"
#include "kernel/procfs.h"

#include <stdio.h>

enum {
	LOOK = 1000, /* milliseconds between looks */
	STOPPED = 2000, /* milliseconds beyond the grace, for one that is */
	LONGEST = 60000 /* milliseconds beyond two of them, for any */
};

int
stalled_timeout(const struct stalled *s)
{
	return s->asked == 0 ? -1 : LOOK;
}

static void
explain(pid_t pid, char state, char text[static STALLED_TEXT])
{
	struct procfs_status status = { 0 };

	(void)procfs_status(pid, &status);
	if (status.tracer != 0)
		(void)snprintf(text, STALLED_TEXT,
		    "its monitor, pid %d, is stopped by pid %d, which traces "
		    "it: end that, and the monitor ends the lease",
		    pid, status.tracer);
	else if (state == 'T')
		(void)snprintf(text, STALLED_TEXT,
		    "its monitor, pid %d, is stopped: with 'kill -CONT %d' it "
		    "ends the lease",
		    pid, pid);
	else
		(void)snprintf(text, STALLED_TEXT,
		    "its monitor, pid %d, does not go on (state %c): thaw it, "
		    "or end it with 'kill -KILL %d' and call 'portlease reap'",
		    pid, state, pid);
}

bool
stalled_over(const struct stalled *s, char text[static STALLED_TEXT])
{
	int64_t waited = clock_ms() - s->asked;
	struct procfs_stat st;
	bool stopped;

	if (s->asked == 0 || waited < s->grace + STOPPED ||
	    procfs_stat(s->monitor, &st) == -1 || procfs_dead(&st))
		return false;
	stopped = st.state == 'T' || st.state == 't';
	if (!stopped && waited < 2 * s->grace + LONGEST)
		return false;
	explain(s->monitor, st.state, text);
	return true;
}
