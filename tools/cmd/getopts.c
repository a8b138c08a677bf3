/* SPDX-License-Identifier: ISC */
/*
 * An option is a row: its names, the commands that take it, the kind of its
 * value, and the field of struct options where the value goes.  getopt_long(3)
 * does the splitting; it stops at the first operand.
 */
#include "cmd/getopts.h"
#include "base/parse.h"
#include "base/printable.h"
#include "base/text.h"
#include "kernel/addrlock.h"
#include "lease/terms.h"

#include <err.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum kind {
	HELP,
	FLAG, /* no argument */
	CHOICE, /* a word of the metavar; its index is the value */
	DURATION,
	LIMIT, /* a duration, or a bare 0 */
	SIGNAL,
	NUMBER, /* from 0 */
	PORTS,
	ADDRESS,
	TEXT, /* not empty, and not cut */
	FILE_PATH /* made absolute */
};

struct row {
	const char *name;
	char letter;
	const char *metavar; /* NULL: takes no argument */
	unsigned int commands;
	enum kind kind;
	size_t offset, size; /* of the field */
	const char *help;
	const char *expected; /* what a bad argument should have been */
};

/* The offset and size of a field; only a field of this type compiles. */
#define MEMBER(name) (((struct options *)0)->name)
#define FIELD(type, name)                                                      \
	offsetof(struct options, name) +                                       \
	    0 * sizeof(char[__builtin_types_compatible_p(                      \
				type, __typeof__(MEMBER(name)))                \
				? 1                                            \
				: -1]),                                        \
	    sizeof(MEMBER(name))

#define A_DURATION "a number with ms, s, m or h"
#define PORT_LIST  "a list of up to 32 ports and ranges, as 9925-9927,1883"

static const struct row rows[] = {
	{ "ports", 'p', "PORTS", CMD_RUN | CMD_ACQUIRE, PORTS,
	    FIELD(struct terms, terms),
	    "declared ports (default " OPTIONS_PORTS ")", PORT_LIST },
	{ "ip", 0, "IP", CMD_RUN | CMD_ACQUIRE, ADDRESS, FIELD(uint32_t, ip),
	    "adopt this address instead of leasing a slice",
	    "an address in 127.0.0.0/8" },
	{ "ip-arg", 0, "NAME", CMD_RUN, TEXT, FIELD(char[], ip_arg),
	    "adopt the address in the command's own --NAME=IP", "a name" },
	{ "lease", 0, "IP", CMD_EXEC, ADDRESS, FIELD(uint32_t, ip),
	    "the lease to enter (default: the only one)", "a leased address" },
	{ "wait", 0, "TIME", CMD_RUN | CMD_ACQUIRE, DURATION,
	    FIELD(int64_t, wait),
	    "how long an address may take to be free (30s)", A_DURATION },
	{ "owner", 0, "PID", CMD_RUN | CMD_ACQUIRE, NUMBER, FIELD(pid_t, owner),
	    "end the lease when this process dies (the parent; 0: nobody)",
	    "a process id, or 0" },
	{ "grace", 'g', "TIME", CMD_RUN | CMD_ACQUIRE | CMD_REAP, DURATION,
	    FIELD(int64_t, grace), "time to end before SIGKILL (10s)",
	    A_DURATION },
	{ "signal", 's', "SIGNAL", CMD_RUN | CMD_ACQUIRE | CMD_REAP, SIGNAL,
	    FIELD(int, sig), "how to ask processes to end (TERM)",
	    "a signal's name or number" },
	{ "until", 0, "main|tree", CMD_RUN, CHOICE, FIELD(enum until, until),
	    "lease ends with the command, or its last descendant (main)",
	    "main or tree" },
	{ "on-leak", 0, "warn|fail|ignore", CMD_RUN | CMD_ACQUIRE, CHOICE,
	    FIELD(enum on_leak, on_leak),
	    "what a leak does (warn); fail exits 123", "warn, fail or ignore" },
	{ "record", 0, "FILE", CMD_RUN | CMD_ACQUIRE, FILE_PATH,
	    FIELD(char[], record), "keep a copy of the record", "a file" },
	{ "sh", 0, NULL, CMD_ACQUIRE, FLAG, FIELD(bool, sh),
	    "print shell commands for eval (default)", NULL },
	{ "ready-listen", 0, "PORTS", CMD_RUN | CMD_ACQUIRE, PORTS,
	    FIELD(struct terms, awaited),
	    "ready when the lease listens on all of them", PORT_LIST },
	{ "listen", 0, "PORTS", CMD_WAIT, PORTS, FIELD(struct terms, awaited),
	    "ready when the lease listens on all of them", PORT_LIST },
	{ "ready-cmd", 0, "CMD", CMD_RUN | CMD_WAIT, TEXT,
	    FIELD(char[], ready_cmd),
	    "ready when sh -c CMD, run inside the lease, exits 0",
	    "a command of at most 1023 bytes" },
	{ "ready-notify", 0, NULL, CMD_RUN, FLAG, FIELD(bool, ready_notify),
	    "ready when it sends READY=1 to $NOTIFY_SOCKET", NULL },
	{ "idle-limit", 0, "TIME", CMD_RUN | CMD_WAIT, LIMIT,
	    FIELD(int64_t, idle_limit),
	    "hung when all of it sleeps so long (60s; 0: never)",
	    A_DURATION ", or 0" },
	{ "cap", 0, "TIME", CMD_RUN | CMD_WAIT, LIMIT, FIELD(int64_t, cap),
	    "not ready when it takes longer (20m; 0: never)",
	    A_DURATION ", or 0" },
	{ "status-fd", 0, "N", CMD_RUN, NUMBER, FIELD(int, status_fd),
	    "write what happens there, as lines of JSON", "a descriptor" },
	{ "status-file", 0, "FILE", CMD_RUN, TEXT, FIELD(char[], status_file),
	    "the same, to a file", "a file" },
	{ "trap", 0, NULL, CMD_RUN, FLAG, FIELD(bool, trap),
	    "catch static programs, Go and raw system calls, too", NULL },
	{ "all", 'a', NULL, CMD_REAP, FLAG, FIELD(bool, all),
	    "every orphan of yours", NULL },
	{ "dry-run", 'n', NULL, CMD_REAP, FLAG, FIELD(bool, dry_run),
	    "say what would be done", NULL },
	{ "json", 'j', NULL, CMD_ACQUIRE | CMD_PS | CMD_SHOW, FLAG,
	    FIELD(bool, json), "print JSON", NULL },
	{ "verbose", 'v', NULL, CMD_RUN | CMD_ACQUIRE | CMD_WAIT, FLAG,
	    FIELD(bool, verbose), "say what is leased and how it ended", NULL },
	{ "quiet", 'q', NULL,
	    CMD_RELEASE | CMD_RUN | CMD_ACQUIRE | CMD_REAP | CMD_WAIT, FLAG,
	    FIELD(bool, quiet), "say nothing but errors", NULL },
	{ "help", 'h', NULL, CMD_ALL, HELP, 0, 0, "print this and exit", NULL },
};

/* Values of getopt_long(3): a letter, or LONG + the row's index. */
enum { ROWS = sizeof(rows) / sizeof(*rows), LONG = 256 };

/* The index of word in "main|tree"; -1 when it is not there. */
static int
choice_of(const char *words, const char *word)
{
	size_t len = strlen(word), n;

	for (int i = 0;; i++, words += n + 1) {
		n = strcspn(words, "|");
		if (n == len && strncmp(words, word, n) == 0)
			return i;
		if (words[n] == '\0')
			return -1;
	}
}

static bool
store_path(char *field, size_t size, const char *arg)
{
	char cwd[PATH_MAX] = "";
	int n;

	if (*arg == '\0' || (*arg != '/' && getcwd(cwd, sizeof(cwd)) == NULL))
		return false;
	n = snprintf(field, size, "%s%s%s", cwd, *arg == '/' ? "" : "/", arg);
	return n > 0 && (size_t)n < size;
}

/* False when arg is not of the row's kind. */
static bool
store(const struct row *row, void *field, const char *arg)
{
	int64_t *ms = field;
	int *n = field;
	uint32_t *ip = field;
	const char *error;

	switch (row->kind) {
	case FLAG:
		return *(bool *)field = true;
	case CHOICE:
		return (*n = choice_of(row->metavar, arg)) >= 0;
	case DURATION:
		return (*ms = parse_duration(arg)) >= 0;
	case LIMIT:
		*ms = strcmp(arg, "0") == 0 ? 0 : parse_duration(arg);
		return *ms >= 0;
	case SIGNAL:
		return (*n = parse_signal(arg)) > 0;
	case NUMBER:
		*n = (int)strtonum(arg, 0, INT_MAX, &error);
		return error == NULL;
	case PORTS:
		return terms_parse_ports(field, arg);
	case ADDRESS:
		return (*ip = parse_address(arg)) != 0;
	case TEXT:
		return *arg && strlcpy(field, arg, row->size) < row->size;
	case FILE_PATH:
		return store_path(field, row->size, arg);
	case HELP:
		break;
	}
	return false;
}

static void
print_help(const struct command *command)
{
	char left[48];

	printf("usage: portlease %s\n\n", command->usage);
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];

		if (!(row->commands & command->bit))
			continue;
		(void)snprintf(left, sizeof(left), "%c%c%s --%s%s%s",
		    row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
		    row->letter ? "," : " ", row->name, row->metavar ? " " : "",
		    row->metavar ? row->metavar : "");
		printf("  %-30s %s\n", left, row->help);
	}
	printf("\nSee portlease(1).\n");
	exit(0);
}

/* What getopt_long(3) wants, made of the rows of this command. */
static void
make_getopt(unsigned int bit, struct option longs[static ROWS + 1],
    char shorts[static 2 * ROWS + 3])
{
	size_t n = 0, s = 0;

	shorts[s++] = '+';
	shorts[s++] = ':';
	for (int i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];

		if (!(row->commands & bit))
			continue;
		longs[n++] = (struct option){ row->name,
			row->metavar ? required_argument : no_argument, NULL,
			LONG + i };
		if (row->letter == 0)
			continue;
		shorts[s++] = row->letter;
		if (row->metavar)
			shorts[s++] = ':';
	}
	longs[n] = (struct option){ 0 };
	shorts[s] = '\0';
}

static const struct row *
row_of(int c)
{
	int i = 0;

	while (c < LONG && rows[i].letter != c)
		i++;
	return &rows[c < LONG ? i : c - LONG];
}

/* Is this an option, "--NAME" or "--NAME=...", of another command? */
static bool
is_elsewhere(const char *arg)
{
	size_t len = strcspn(arg, "=");

	if (strncmp(arg, "--", 2) != 0)
		return false;
	for (size_t i = 0; i < ROWS; i++)
		if (strlen(rows[i].name) == len - 2 &&
		    strncmp(rows[i].name, arg + 2, len - 2) == 0)
			return true;
	return false;
}

/* One line for what getopt_long(3) did not take. */
static _Noreturn void
refuse(int c, const char *command, char *argv[])
{
	char letter[] = { '-', (char)optopt, '\0' };
	const char *what =
	    optopt > 0 && optopt < LONG ? letter : argv[optind - 1];

	errx(EXIT_PORTLEASE, "%s: %s '%s'; see portlease %s --help", command,
	    c == ':'             ? "an argument is missing after"
	    : is_elsewhere(what) ? "it has no option"
				 : "unknown option",
	    printable_copy(what), command);
}

char **
getopts(struct options *o, const struct command *command, char *argv[])
{
	struct option longs[ROWS + 1];
	char shorts[2 * ROWS + 3];
	int argc = 0, c;

	while (argv[argc] != NULL)
		argc++;
	make_getopt(command->bit, longs, shorts);
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct row *row;

		if (c == '?' || c == ':')
			refuse(c, command->name, argv);
		row = row_of(c);
		if (row->kind == HELP)
			print_help(command);
		if (!store(row, (char *)o + row->offset, optarg))
			errx(EXIT_PORTLEASE, "%s: --%s: '%s' is not %s",
			    command->name, row->name, printable_copy(optarg),
			    row->expected);
	}
	return argv + optind;
}

uint32_t
getopts_address(const struct command *command, const char *text)
{
	uint32_t ip = parse_address(text);

	if (ip == 0)
		errx(EXIT_PORTLEASE,
		    "%s: '%s' is not an address in 127.0.0.0/8", command->name,
		    printable_copy(text));
	return ip;
}

/* The value of --NAME=value or --NAME value at *arg; NULL for another. */
static const char *
value_of(char *const *arg, const char *name)
{
	size_t len = strlen(name);
	const char *p = arg[0];

	if (strncmp(p, "--", 2) != 0 || strncmp(p + 2, name, len) != 0)
		return NULL;
	if (p[2 + len] == '=')
		return p + 2 + len + 1;
	return p[2 + len] == '\0' ? arg[1] : NULL;
}

void
getopts_ip_arg(struct options *o, char *const argv[])
{
	const char *value = NULL;

	while (*argv != NULL && value == NULL)
		value = value_of(argv++, o->ip_arg);
	if (value == NULL)
		errx(EXIT_PORTLEASE,
		    "--ip-arg %s: the command has no --%s=ADDRESS",
		    printable_copy(o->ip_arg), printable_copy(o->ip_arg));
	o->ip = parse_address(value);
	if (o->ip == 0)
		errx(EXIT_PORTLEASE,
		    "--ip-arg %s: '%s' is not an address in 127.0.0.0/8",
		    printable_copy(o->ip_arg), printable_copy(value));
}

void
getopts_ports(struct options *o, const struct command *command)
{
	char ip[INET_ADDRSTRLEN];

	if (!terms_add_ports(&o->terms, &o->awaited))
		errx(EXIT_PORTLEASE, "%s: too many ranges of ports",
		    command->name);
	if (o->ip == 0 || addrlock_address(o->ip) != o->ip ||
	    !terms_declares(&o->terms, ADDRLOCK_PORT))
		return;
	errx(EXIT_PORTLEASE,
	    "%s: port %u of %s cannot be declared: portlease itself needs it",
	    command->name, ADDRLOCK_PORT, text_address(o->ip, ip));
}
