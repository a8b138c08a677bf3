/* SPDX-License-Identifier: ISC */
/* One line, and status 125, for options that are not taken. */
#ifndef OPTREFUSE_H
#define OPTREFUSE_H

#include "cmd/commands.h"
#include "cmd/optrows.h"

/* Begin the line with that, so that people know where to look. */
void optrefuse_in(const char *prefix);

/* what is no option of the command, or, with missing, lacks its argument. */
_Noreturn void optrefuse_option(
    const struct command *command, const char *what, bool missing);

/* arg is no value for the row. */
_Noreturn void optrefuse_value(
    const struct command *command, const struct optrow *row, const char *arg);

#endif
