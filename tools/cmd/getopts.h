/* SPDX-License-Identifier: ISC */
/*
 * The command line: one table of options, a row an option.  A bad one ends the
 * program with one line on stderr and status 125.
 */
#ifndef GETOPTS_H
#define GETOPTS_H

#include "base/options.h"
#include "cmd/commands.h"

/* More options of `run`, from the environment; words.h says how it is split. */
#define OPTIONS_VARIABLE "PORTLEASE_OPTIONS"

/*
 * Parse the options of a command from argv[1] on, up to the first operand.
 * Returns the operands, of which the last is NULL.  --help prints the usage and
 * the options on stdout and exits 0.
 */
char **getopts(struct options *o, const struct command *command, char *argv[]);

/*
 * The operand of a command that is an address in 127/8, or the name of a lease:
 * its address, host byte order.
 */
uint32_t getopts_lease(const struct command *command, const char *text);

/* Set o->ip from --NAME=IP or --NAME IP in argv, where NAME is o->ip_arg. */
void getopts_ip_arg(struct options *o, char *const argv[]);

/*
 * Complete the declared ports: add those of --ready-listen, so that no
 * stranger can answer there, and refuse the port of the address lock where
 * that lies on an adopted address itself.
 */
void getopts_ports(struct options *o, const struct command *command);

#endif
