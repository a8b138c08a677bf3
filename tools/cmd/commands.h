/* SPDX-License-Identifier: ISC */
/* A command is a row: its name, its options, its usage, its function. */
#ifndef COMMANDS_H
#define COMMANDS_H

#include <stddef.h>

/* The commands as bits, for the rows of the table of options. */
enum {
	CMD_RUN = 1,
	CMD_EXEC = 2,
	CMD_REAP = 4,
	CMD_PS = 8,
	CMD_SHOW = 16,
	CMD_ACQUIRE = 32,
	CMD_RELEASE = 64,
	CMD_WAIT = 128,
	CMD_IP = 256,
	CMD_PID = 512,
	CMD_WHO = 1024,
	CMD_ALL = 2047
};

/* What follows the options, for completions. */
enum operands {
	OPERANDS_NONE,
	OPERANDS_LEASE, /* one address or name */
	OPERANDS_LEASES,
	OPERANDS_COMMAND /* a program and its arguments */
};

struct options;

struct command {
	const char *name;
	unsigned int bit;
	const char *usage; /* behind "portlease " */
	const char *help; /* one line */
	/* With what follows the options, up to NULL; returns the exit status.
	 */
	int (*run)(struct options *o, char *argv[]);
	void (*prepare)(void); /* before options are parsed, or NULL */
	enum operands operands;
};

/* The table of commands, in the order of the help. */
extern const struct command *const commands[];
extern const size_t commands_n; /* at most COMMANDS_MAX */
enum { COMMANDS_MAX = 16 };

/* NULL when there is none of this name. */
const struct command *commands_find(const char *name);

extern const struct command cmd_run, cmd_exec, cmd_acquire, cmd_release,
    cmd_reap, cmd_ps, cmd_show, cmd_ip, cmd_pid, cmd_wait, cmd_who;

#endif
