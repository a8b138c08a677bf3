/* SPDX-License-Identifier: ISC */
#include "run/lifecycle.h"

enum {
	SETTLE = 500, /* milliseconds, after which a process is a straggler */
	KILL = 10000 /* milliseconds for SIGKILL to work on a busy machine */
};

/* What is not listed is LIFE_IGNORE. */
static const struct life_step steps[LIFE_STATES][LIFE_EVENTS] = {
	[LIFE_RUNNING] = {
		[LIFE_ASKED] = { LIFE_RUNNING, LIFE_ASK_COMMAND },
		[LIFE_KILLED] = { LIFE_RUNNING, LIFE_KILL_COMMAND },
		[LIFE_COMMAND_EXITED] = { LIFE_SETTLING, LIFE_ENTER },
		[LIFE_TREE_EXITED] = { LIFE_FINISHED, LIFE_ENTER },
		[LIFE_TIME_UP] = { LIFE_KILLING, LIFE_KILL_TREE },
	},
	[LIFE_TREE] = {
		[LIFE_ASKED] = { LIFE_ENDING, LIFE_ASK_TREE },
		[LIFE_KILLED] = { LIFE_KILLING, LIFE_KILL_TREE },
		[LIFE_TREE_EXITED] = { LIFE_FINISHED, LIFE_ENTER },
	},
	[LIFE_SETTLING] = {
		[LIFE_TREE_EXITED] = { LIFE_FINISHED, LIFE_ENTER },
		[LIFE_TIME_UP] = { LIFE_ENDING, LIFE_ASK_STRAGGLERS },
	},
	[LIFE_ENDING] = {
		[LIFE_TREE_EXITED] = { LIFE_FINISHED, LIFE_ENTER },
		[LIFE_TIME_UP] = { LIFE_KILLING, LIFE_KILL_TREE },
	},
	[LIFE_KILLING] = {
		[LIFE_TREE_EXITED] = { LIFE_FINISHED, LIFE_ENTER },
		[LIFE_TIME_UP] = { LIFE_FINISHED, LIFE_GIVE_UP },
	},
	[LIFE_LEASED] = {
		[LIFE_ASKED] = { LIFE_FINISHED, LIFE_ENTER },
		[LIFE_KILLED] = { LIFE_FINISHED, LIFE_ENTER },
	},
};

/* With --until tree what the command leaves was not left by mistake. */
static const struct life_step tree_stays = { LIFE_TREE, LIFE_ENTER },
			      tree_asked = { LIFE_ENDING, LIFE_ASK_TREE };

struct life_step
lifecycle_step(
    enum life_state state, enum life_event event, bool until_tree, bool asked)
{
	struct life_step step = steps[state][event];

	if (step.action == LIFE_IGNORE)
		step.next = state;
	else if (event == LIFE_COMMAND_EXITED && until_tree)
		step = asked ? tree_asked : tree_stays;
	return step;
}

int64_t
lifecycle_deadline(enum life_state state, int64_t now, int64_t grace_end)
{
	switch (state) {
	case LIFE_RUNNING:
	case LIFE_ENDING:
		return grace_end;
	case LIFE_SETTLING:
		return now + SETTLE;
	case LIFE_KILLING:
		return now + KILL;
	default:
		return 0;
	}
}
