/* SPDX-License-Identifier: ISC */
/*
 * The life of a lease as a table, pure: in this state, on this event, do that
 * and go to that state.  monitor.c makes the events and carries out the
 * actions.
 */
#ifndef LIFECYCLE_H
#define LIFECYCLE_H

#include <stdbool.h>
#include <stdint.h>

enum life_state {
	LIFE_RUNNING, /* the command runs */
	LIFE_TREE, /* --until tree: it has exited, its descendants may go on */
	LIFE_SETTLING, /* it has exited; workers often end just after it */
	LIFE_ENDING, /* what was still there has been asked to end */
	LIFE_KILLING, /* the grace is over */
	LIFE_LEASED, /* there is no command: the lease waits to be ended */
	LIFE_FINISHED, /* no descendant is left, or none that can be ended */
	LIFE_STATES
};

enum life_event {
	LIFE_ASKED, /* the lease is to end: a signal, or its owner is gone */
	LIFE_KILLED, /* its caller has killed what it takes for the command */
	LIFE_COMMAND_EXITED,
	LIFE_TREE_EXITED, /* no descendant is left */
	LIFE_TIME_UP, /* the deadline of the state has passed */
	LIFE_EVENTS
};

enum life_action {
	LIFE_IGNORE, /* not even the state changes */
	LIFE_ENTER, /* the next state, and nothing else */
	LIFE_ASK_COMMAND, /* signal the command */
	LIFE_KILL_COMMAND, /* SIGKILL */
	LIFE_ASK_TREE, /* signal every descendant */
	LIFE_ASK_STRAGGLERS, /* the same, but note them first */
	LIFE_KILL_TREE, /* note them, then SIGKILL, again and again */
	LIFE_GIVE_UP /* some cannot be ended */
};

struct life_step {
	enum life_state next;
	enum life_action action;
};

/*
 * What to do.  until_tree: the lease lasts until the last descendant exits;
 * asked: it has been asked to end.
 */
struct life_step lifecycle_step(
    enum life_state state, enum life_event event, bool until_tree, bool asked);

/*
 * When the time of a state that is entered now is up; 0 never.  grace_end is
 * 0 until the lease is asked to end.  All in milliseconds of clock_ms.
 */
int64_t lifecycle_deadline(
    enum life_state state, int64_t now, int64_t grace_end);

#endif
