/* SPDX-License-Identifier: ISC */
/* Every state and event of a lease, row by row. */
#include "run/lifecycle.h"

#include <criterion/criterion.h>
#include <stddef.h>

enum { MAIN, TREE };

/* Of MAIN, whether it was asked to end or not. */
static const struct row {
	enum life_state state;
	enum life_event event;
	enum life_state next;
	enum life_action action;
} rows[] = {
	{ LIFE_RUNNING, LIFE_ASKED, LIFE_RUNNING, LIFE_ASK_COMMAND },
	{ LIFE_RUNNING, LIFE_KILLED, LIFE_RUNNING, LIFE_KILL_COMMAND },
	{ LIFE_RUNNING, LIFE_COMMAND_EXITED, LIFE_SETTLING, LIFE_ENTER },
	{ LIFE_RUNNING, LIFE_TREE_EXITED, LIFE_FINISHED, LIFE_ENTER },
	{ LIFE_RUNNING, LIFE_TIME_UP, LIFE_KILLING, LIFE_KILL_TREE },
	{ LIFE_TREE, LIFE_ASKED, LIFE_ENDING, LIFE_ASK_TREE },
	{ LIFE_TREE, LIFE_KILLED, LIFE_KILLING, LIFE_KILL_TREE },
	{ LIFE_TREE, LIFE_COMMAND_EXITED, LIFE_TREE, LIFE_IGNORE },
	{ LIFE_TREE, LIFE_TREE_EXITED, LIFE_FINISHED, LIFE_ENTER },
	{ LIFE_TREE, LIFE_TIME_UP, LIFE_TREE, LIFE_IGNORE },
	{ LIFE_SETTLING, LIFE_ASKED, LIFE_SETTLING, LIFE_IGNORE },
	{ LIFE_SETTLING, LIFE_KILLED, LIFE_SETTLING, LIFE_IGNORE },
	{ LIFE_SETTLING, LIFE_COMMAND_EXITED, LIFE_SETTLING, LIFE_IGNORE },
	{ LIFE_SETTLING, LIFE_TREE_EXITED, LIFE_FINISHED, LIFE_ENTER },
	{ LIFE_SETTLING, LIFE_TIME_UP, LIFE_ENDING, LIFE_ASK_STRAGGLERS },
	{ LIFE_ENDING, LIFE_ASKED, LIFE_ENDING, LIFE_IGNORE },
	{ LIFE_ENDING, LIFE_KILLED, LIFE_ENDING, LIFE_IGNORE },
	{ LIFE_ENDING, LIFE_COMMAND_EXITED, LIFE_ENDING, LIFE_IGNORE },
	{ LIFE_ENDING, LIFE_TREE_EXITED, LIFE_FINISHED, LIFE_ENTER },
	{ LIFE_ENDING, LIFE_TIME_UP, LIFE_KILLING, LIFE_KILL_TREE },
	{ LIFE_KILLING, LIFE_ASKED, LIFE_KILLING, LIFE_IGNORE },
	{ LIFE_KILLING, LIFE_KILLED, LIFE_KILLING, LIFE_IGNORE },
	{ LIFE_KILLING, LIFE_COMMAND_EXITED, LIFE_KILLING, LIFE_IGNORE },
	{ LIFE_KILLING, LIFE_TREE_EXITED, LIFE_FINISHED, LIFE_ENTER },
	{ LIFE_KILLING, LIFE_TIME_UP, LIFE_FINISHED, LIFE_GIVE_UP },
	{ LIFE_LEASED, LIFE_ASKED, LIFE_FINISHED, LIFE_ENTER },
	{ LIFE_LEASED, LIFE_KILLED, LIFE_FINISHED, LIFE_ENTER },
	{ LIFE_LEASED, LIFE_COMMAND_EXITED, LIFE_LEASED, LIFE_IGNORE },
	{ LIFE_LEASED, LIFE_TREE_EXITED, LIFE_LEASED, LIFE_IGNORE },
	{ LIFE_LEASED, LIFE_TIME_UP, LIFE_LEASED, LIFE_IGNORE },
	{ LIFE_FINISHED, LIFE_ASKED, LIFE_FINISHED, LIFE_IGNORE },
	{ LIFE_FINISHED, LIFE_KILLED, LIFE_FINISHED, LIFE_IGNORE },
	{ LIFE_FINISHED, LIFE_COMMAND_EXITED, LIFE_FINISHED, LIFE_IGNORE },
	{ LIFE_FINISHED, LIFE_TREE_EXITED, LIFE_FINISHED, LIFE_IGNORE },
	{ LIFE_FINISHED, LIFE_TIME_UP, LIFE_FINISHED, LIFE_IGNORE },
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

static void
expect(const struct row *row, bool until_tree, bool asked)
{
	struct life_step step =
	    lifecycle_step(row->state, row->event, until_tree, asked);

	cr_expect(step.next == row->next && step.action == row->action,
	    "state %d, event %d, until tree %d, asked %d: %d by %d", row->state,
	    row->event, until_tree, asked, step.next, step.action);
}

Test(lifecycle, every_step)
{
	bool seen[LIFE_STATES][LIFE_EVENTS] = { 0 };

	for (size_t i = 0; i < ROWS; i++) {
		cr_expect(!seen[rows[i].state][rows[i].event], "row %zu", i);
		seen[rows[i].state][rows[i].event] = true;
		expect(&rows[i], MAIN, false);
		expect(&rows[i], MAIN, true);
	}
	cr_expect_eq((int)ROWS, LIFE_STATES * LIFE_EVENTS);
}

Test(lifecycle, until_tree_differs_only_when_the_command_exits)
{
	static const struct row stays = { LIFE_RUNNING, LIFE_COMMAND_EXITED,
		LIFE_TREE, LIFE_ENTER },
				asked = { LIFE_RUNNING, LIFE_COMMAND_EXITED,
					LIFE_ENDING, LIFE_ASK_TREE };

	for (size_t i = 0; i < ROWS; i++) {
		bool exits = rows[i].state == LIFE_RUNNING &&
			     rows[i].event == LIFE_COMMAND_EXITED;

		expect(exits ? &stays : &rows[i], TREE, false);
		expect(exits ? &asked : &rows[i], TREE, true);
	}
}

/* Whatever happens, a lease that was asked to end comes to an end. */
Test(lifecycle, time_alone_finishes_what_was_asked_to_end)
{
	for (int tree = MAIN; tree <= TREE; tree++) {
		for (int i = 0; i < LIFE_FINISHED; i++) {
			enum life_state state = (enum life_state)i;
			int n = 0;

			state =
			    lifecycle_step(state, LIFE_ASKED, tree, true).next;
			while (state != LIFE_FINISHED && n++ < LIFE_STATES)
				state = lifecycle_step(
				    state, LIFE_TIME_UP, tree, true)
					    .next;
			cr_expect_eq(state, LIFE_FINISHED, "from %d", i);
		}
	}
}

Test(lifecycle, deadlines)
{
	static const struct {
		enum life_state state;
		int64_t unasked, asked;
	} deadlines[] = {
		{ LIFE_RUNNING, 0, 7000 },
		{ LIFE_TREE, 0, 0 },
		{ LIFE_SETTLING, 1500, 1500 },
		{ LIFE_ENDING, 0, 7000 },
		{ LIFE_KILLING, 11000, 11000 },
		{ LIFE_LEASED, 0, 0 },
		{ LIFE_FINISHED, 0, 0 },
	};

	for (size_t i = 0; i < LIFE_STATES; i++) {
		cr_expect_eq(lifecycle_deadline(deadlines[i].state, 1000, 0),
		    deadlines[i].unasked, "state %zu", i);
		cr_expect_eq(lifecycle_deadline(deadlines[i].state, 1000, 7000),
		    deadlines[i].asked, "state %zu", i);
	}
}
