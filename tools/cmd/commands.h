/* SPDX-License-Identifier: ISC */
/* A command is a row: its name, its usage, its function. */
#ifndef COMMANDS_H
#define COMMANDS_H

struct command {
	const char *name;
	const char *usage; /* behind "portlease " */
	const char *help; /* one line */
	/* argv[0] is the command's name; returns the exit status. */
	int (*run)(const struct command *self, int argc, char *argv[]);
};

extern const struct command cmd_run, cmd_exec, cmd_acquire, cmd_release,
    cmd_reap, cmd_ps, cmd_show, cmd_wait;

#endif
