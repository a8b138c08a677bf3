/* SPDX-License-Identifier: ISC */
#include "cmd/optrefuse.h"
#include "base/options.h"
#include "base/parse.h"
#include "base/printable.h"
#include "base/suggest.h"
#include "lease/terms.h"

#include <err.h>
#include <stdio.h>
#include <string.h>

enum { HINT = 128 };

static const char *in = "";

void
optrefuse_in(const char *prefix)
{
	in = prefix;
}

/* The name in "--NAME" or "--NAME=..."; "" for anything else. */
static const char *
long_name(const char *arg, char name[static HINT])
{
	if (strncmp(arg, "--", 2) != 0)
		return "";
	(void)strlcpy(name, arg + 2, HINT);
	name[strcspn(name, "=")] = '\0';
	return name;
}

/* Is it an option of another command? */
static bool
is_elsewhere(const char *name)
{
	for (int i = 0; i < optrows_n; i++)
		if (strcmp(optrows[i].name, name) == 0)
			return true;
	return false;
}

static const char *
similar(const struct command *command, const char *name)
{
	const char *names[OPTROWS_MAX];
	size_t n = 0;

	for (int i = 0; i < optrows_n; i++)
		if (optrows[i].commands & command->bit)
			names[n++] = optrows[i].name;
	return *name != '\0' ? suggest(name, names, n) : NULL;
}

void
optrefuse_option(const struct command *command, const char *what, bool missing)
{
	char room[HINT];
	const char *name = long_name(what, room), *near = NULL;

	if (missing)
		errx(EXIT_PORTLEASE,
		    "%s%s: an argument is missing after '%s'; see portlease %s "
		    "--help",
		    in, command->name, printable_copy(what), command->name);
	if (!is_elsewhere(name))
		near = similar(command, name);
	if (near != NULL)
		errx(EXIT_PORTLEASE,
		    "%s%s: unknown option '%s': is --%s meant?", in,
		    command->name, printable_copy(what), near);
	errx(EXIT_PORTLEASE, "%s%s: %s '%s'; see portlease %s --help", in,
	    command->name,
	    is_elsewhere(name) ? "it has no option" : "unknown option",
	    printable_copy(what), command->name);
}

/* "5" was meant to be a duration. */
static void
hint_duration(const char *arg, char hint[static HINT])
{
	char seconds[32];

	if (snprintf(seconds, sizeof(seconds), "%ss", arg) <
		(int)sizeof(seconds) &&
	    parse_duration(seconds) >= 0)
		(void)snprintf(hint, HINT, ": write %s", seconds);
}

static const char *
fault_of(const char *entry)
{
	unsigned long port = 0;
	size_t digits = strspn(entry, "0123456789");

	if (*entry == '\0')
		return "is empty";
	for (const char *p = entry; p < entry + digits && port < 65536; p++)
		port = port * 10 + (unsigned long)(*p - '0');
	if (entry[digits] == '\0')
		return port == 0 ? "is no port" : "is above 65535";
	return entry[digits] == '-' && digits > 0 ? "is no range of ports"
						  : "is no number";
}

/* The first entry of a list of ports that is none by itself. */
static void
hint_ports(const char *arg, char hint[static HINT])
{
	char entry[24];
	struct terms t;

	for (const char *at = arg;; at += strlen(entry) + 1) {
		size_t len = strcspn(at, ",");

		(void)strlcpy(
		    entry, at, len < sizeof(entry) ? len + 1 : sizeof(entry));
		if (!terms_parse_ports(&t, entry)) {
			(void)snprintf(hint, HINT, ": '%s' %s",
			    printable_copy(entry), fault_of(entry));
			return;
		}
		if (at[len] == '\0')
			return;
	}
}

void
optrefuse_value(
    const struct command *command, const struct optrow *row, const char *arg)
{
	char hint[HINT] = "";

	if (row->kind == DURATION || row->kind == LIMIT)
		hint_duration(arg, hint);
	if (row->kind == PORTS)
		hint_ports(arg, hint);
	errx(EXIT_PORTLEASE, "%s%s: --%s: '%s' is not %s%s", in, command->name,
	    row->name, printable_copy(arg), row->expected, hint);
}
