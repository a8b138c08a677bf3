/* SPDX-License-Identifier: ISC */
#include "cmd/commands.h"

#include <string.h>

const struct command *const commands[] = { &cmd_run, &cmd_exec, &cmd_acquire,
	&cmd_release, &cmd_reap, &cmd_ps, &cmd_show, &cmd_ip, &cmd_pid,
	&cmd_wait, &cmd_who };

const size_t commands_n = sizeof(commands) / sizeof(*commands);

_Static_assert(sizeof(commands) / sizeof(*commands) <= COMMANDS_MAX,
    "portlease.c has no room for all");

const struct command *
commands_find(const char *name)
{
	for (size_t i = 0; i < commands_n; i++)
		if (strcmp(name, commands[i]->name) == 0)
			return commands[i];
	return NULL;
}
