/* SPDX-License-Identifier: ISC */
/*
 * At a terminal: an interactive bash with job control types the commands and
 * the test types the keys.  Relies on termios(3)'s usual control characters.
 */
#include "story.h"
#include "witness.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

STORIES(terminal);

#define CTRL_C "\x03"
#define CTRL_Z "\x1a"

static struct run *
shell(void)
{
	struct run *sh;

	setenv("PS1", "$ ", 1);
	setenv("HISTFILE", "/dev/null", 1);
	setenv("LC_ALL", "C", 1);
	sh = story_terminal((const char *const[]){
	    "bash", "--noediting", "--norc", "--noprofile", "-i", NULL });
	story_tell(sh, "echo at your service\n");
	story_says(sh, "at your service");
	return sh;
}

/* The front of the only job that the shell has. */
static pid_t
front_of(const struct run *sh)
{
	pid_t front = witness_child(sh->pid, 0);

	cr_assert_gt(front, 1);
	return front;
}

static bool
is_stopped(const void *pid)
{
	return witness_state(*(const pid_t *)pid) == 'T';
}

Test(terminal, ctrl_c_reaches_the_command_once)
{
	struct run *sh = shell();

	story_tell(sh, PORTLEASE " run -g 60s " GUEST("tally") "\n");
	story_says(sh, "ready");
	story_tell(sh, CTRL_C);
	story_says(sh, "got INT");
	story_signal_pid(front_of(sh), SIGUSR2); /* after all of the former */
	story_says(sh, "got USR2");
	story_tell(sh, "quit\n");
	story_tell(sh, "echo status=$?\n");
	story_says(sh, "status=0");
	cr_expect_eq(story_count(sh->out, "got INT"), 1, "%s", sh->out);
	cr_expect_eq(story_count(sh->out, "got USR2"), 1, "%s", sh->out);
}

Test(terminal, a_signal_to_the_front_alone_reaches_the_command_once)
{
	struct run *sh = shell();

	story_tell(sh, PORTLEASE " run -g 60s " GUEST("tally") "\n");
	story_says(sh, "ready");
	story_signal_pid(front_of(sh), SIGINT);
	story_says(sh, "got INT");
	story_signal_pid(front_of(sh), SIGTERM);
	story_says(sh, "got TERM");
	story_tell(sh, "quit\n");
	story_tell(sh, "echo status=$?\n");
	story_says(sh, "status=0");
	cr_expect_eq(story_count(sh->out, "got INT"), 1, "%s", sh->out);
}

Test(terminal, ctrl_c_ends_a_command_as_it_would_natively)
{
	struct run *sh = shell();

	story_tell(sh, PORTLEASE " run sh -c 'echo ready; exec sleep 600'\n");
	story_says(sh, "ready");
	story_tell(sh, CTRL_C);
	story_tell(sh, "echo status=$?\n");
	story_says(sh, "status=130");
}

Test(terminal, ctrl_z_stops_the_command_and_fg_continues_it)
{
	struct run *sh = shell();
	pid_t pid;

	story_tell(sh, PORTLEASE " run " GUEST("tally") "\n");
	pid = (pid_t)story_number(story_says(sh, "ready"), "pid ");
	story_tell(sh, CTRL_Z);
	story_says(sh, "Stopped");
	story_until(is_stopped, &pid);
	story_tell(sh, "echo meanwhile\n");
	story_says(sh, "meanwhile");
	cr_expect_eq(witness_state(pid), 'T');
	story_tell(sh, "fg\n");
	story_says(sh, "got CONT");
	story_tell(sh, "quit\n");
	story_tell(sh, "echo status=$?\n");
	story_says(sh, "status=0");
	cr_expect_eq(story_count(sh->out, "got INT"), 0, "%s", sh->out);
}

Test(terminal, ctrl_z_works_twice)
{
	struct run *sh = shell();
	pid_t pid;
	int i;

	story_tell(sh, PORTLEASE " run " GUEST("tally") "\n");
	pid = (pid_t)story_number(story_says(sh, "ready"), "pid ");
	for (i = 0; i < 2; i++) {
		story_tell(sh, CTRL_Z);
		story_says(sh, "Stopped");
		story_until(
		    is_stopped, &pid); /* or it reads what is for the shell */
		story_tell(sh, "fg\n");
		story_says(sh, "got CONT");
	}
	story_tell(sh, CTRL_C);
	story_says(sh, "got INT");
	story_tell(sh, "quit\n");
	story_tell(sh, "echo status=$?\n");
	story_says(sh, "status=0");
}

Test(terminal, a_stopped_command_can_be_continued_in_the_background)
{
	struct run *sh = shell();

	story_tell(sh, PORTLEASE " run " GUEST("fixedport") " 9926\n");
	story_says(sh, "ready");
	story_tell(sh, CTRL_Z);
	story_says(sh, "Stopped");
	story_tell(sh, "bg\n");
	story_tell(sh, PORTLEASE " exec " GUEST("client") " localhost 9926\n");
	story_says(sh, "fixedport pid");
	story_tell(sh, "kill %1; wait %1; echo status=$?\n");
	story_says(sh, "status=0");
}

/* As kill %1 of a shell does it: SIGTERM, and then SIGCONT. */
Test(terminal, a_stopped_command_can_be_ended)
{
	struct run *sh = shell();
	pid_t front, pid;

	story_tell(sh, PORTLEASE " run " GUEST("fixedport") " 9926\n");
	pid = (pid_t)story_number(story_says(sh, "ready"), "pid ");
	front = front_of(sh);
	story_tell(sh, CTRL_Z);
	story_says(sh, "Stopped");
	story_until(is_stopped, &pid);
	story_signal_pid(front, SIGTERM);
	story_signal_pid(front, SIGCONT);
	story_gone(front);
	cr_expect(strchr("Z", witness_state(pid)) != NULL); /* or gone */
	story_tell(sh, PORTLEASE " ps; echo nothing more\n");
	story_says(sh, "nothing more");
	cr_expect_null(strstr(sh->out, "127."), "%s", sh->out);
}

Test(terminal, keys_do_not_reach_a_command_in_the_background)
{
	struct run *sh = shell();
	pid_t front, job;

	story_tell(
	    sh, PORTLEASE " run -g 60s " GUEST("tally") " </dev/null &\n");
	story_says(sh, "ready");
	front = front_of(sh);
	/* The echo of what is typed has the quotes. */
	story_tell(sh, "sh -c 'echo in \"front\" pid $$; exec sleep 600'\n");
	job = (pid_t)story_number(story_says(sh, "in front"), "pid ");
	story_tell(sh, CTRL_C);
	story_gone(job);
	story_signal_pid(front, SIGUSR1);
	story_says(sh, "got USR1");
	cr_expect_eq(story_count(sh->out, "got INT"), 0, "%s", sh->out);
}

Test(terminal, the_command_may_read_and_write_the_terminal)
{
	struct run *sh = shell();

	story_tell(sh, PORTLEASE " run sh -c 'echo ready; read x; stty -a "
				 ">/dev/null && echo \"you typed $x\"'\n");
	story_says(sh, "ready");
	story_tell(sh, "a line\n");
	story_says(sh, "you typed a line");
}

Test(terminal, when_it_hangs_up_the_lease_ends)
{
	struct run *sh = shell();

	story_tell(sh, PORTLEASE " run " GUEST("fixedport") "\n");
	story_says(sh, "ready");
	story_hang_up(sh);
	story_left_nothing();
}
