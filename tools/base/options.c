/* SPDX-License-Identifier: ISC */
/*
 * The table of options and its parser, on top of getopt_long(3), which stops
 * at the first operand.
 */
#include "base/options.h"
#include "base/parse.h"
#include "base/printable.h"
#include "base/text.h"
#include "kernel/addrlock.h"
#include "lease/terms.h"

#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Harper's: MQTT, MQTT over TLS, operations, HTTP, HTTPS, replication. */
#define DEFAULT_PORTS "1883,8883,9925-9927,9932,9933"

struct row {
	const char *name;
	char letter;
	const char *metavar; /* NULL: takes no argument */
	unsigned int commands;
	bool (*set)(struct options *, const char *);
	const char *help;
	const char *expected; /* what a bad argument should have been */
};

static bool
set_ports(struct options *o, const char *arg)
{
	return terms_parse_ports(&o->terms, arg);
}

static bool
set_ip(struct options *o, const char *arg)
{
	o->ip = parse_address(arg);
	return o->ip != 0;
}

static bool
set_ip_arg(struct options *o, const char *arg)
{
	return *arg != '\0' &&
	       strlcpy(o->ip_arg, arg, sizeof(o->ip_arg)) < sizeof(o->ip_arg);
}

static bool
set_wait(struct options *o, const char *arg)
{
	o->wait = parse_duration(arg);
	return o->wait >= 0;
}

static bool
set_owner(struct options *o, const char *arg)
{
	const char *error;

	o->owner = (pid_t)strtonum(arg, 0, INT_MAX, &error);
	return error == NULL;
}

static bool
set_grace(struct options *o, const char *arg)
{
	o->grace = parse_duration(arg);
	return o->grace >= 0;
}

static bool
set_signal(struct options *o, const char *arg)
{
	o->sig = parse_signal(arg);
	return o->sig > 0;
}

static bool
set_until(struct options *o, const char *arg)
{
	o->until_tree = strcmp(arg, "tree") == 0;
	return o->until_tree || strcmp(arg, "main") == 0;
}

static bool
set_on_leak(struct options *o, const char *arg)
{
	static const char *const names[] = { "warn", "fail", "ignore" };

	for (unsigned int i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(arg, names[i]) == 0) {
			o->on_leak = (enum on_leak)i;
			return true;
		}
	}
	return false;
}

static bool
set_record(struct options *o, const char *arg)
{
	char cwd[PATH_MAX];
	int n;

	if (*arg == '/')
		n = snprintf(o->record, sizeof(o->record), "%s", arg);
	else if (*arg != '\0' && getcwd(cwd, sizeof(cwd)) != NULL)
		n = snprintf(o->record, sizeof(o->record), "%s/%s", cwd, arg);
	else
		return false;
	return n > 0 && (size_t)n < sizeof(o->record);
}

static bool
set_ready_listen(struct options *o, const char *arg)
{
	return terms_parse_ports(&o->awaited, arg);
}

static bool
set_ready_cmd(struct options *o, const char *arg)
{
	return *arg != '\0' && strlcpy(o->ready_cmd, arg,
				   sizeof(o->ready_cmd)) < sizeof(o->ready_cmd);
}

static bool
set_ready_notify(struct options *o, const char *arg)
{
	(void)arg;
	return o->ready_notify = true;
}

static bool
set_idle_limit(struct options *o, const char *arg)
{
	o->idle_limit = strcmp(arg, "0") == 0 ? 0 : parse_duration(arg);
	return o->idle_limit >= 0;
}

static bool
set_cap(struct options *o, const char *arg)
{
	o->cap = strcmp(arg, "0") == 0 ? 0 : parse_duration(arg);
	return o->cap >= 0;
}

static bool
set_status_fd(struct options *o, const char *arg)
{
	const char *error;

	o->status_fd = (int)strtonum(arg, 0, INT_MAX, &error);
	return error == NULL;
}

static bool
set_status_file(struct options *o, const char *arg)
{
	return *arg != '\0' &&
	       strlcpy(o->status_file, arg, sizeof(o->status_file)) <
		   sizeof(o->status_file);
}

static bool
set_trap(struct options *o, const char *arg)
{
	(void)arg;
	o->terms.flags |= TERMS_TRAP;
	return o->trap = true;
}

static bool
set_verbose(struct options *o, const char *arg)
{
	(void)arg;
	return o->verbose = true;
}

static bool
set_quiet(struct options *o, const char *arg)
{
	(void)arg;
	return o->quiet = true;
}

static bool
set_json(struct options *o, const char *arg)
{
	(void)arg;
	return o->json = true;
}

static bool
set_sh(struct options *o, const char *arg)
{
	(void)arg;
	return o->sh = true;
}

static bool
set_all(struct options *o, const char *arg)
{
	(void)arg;
	return o->all = true;
}

static bool
set_dry_run(struct options *o, const char *arg)
{
	(void)arg;
	return o->dry_run = true;
}

static const struct row rows[] = {
	{ "ports", 'p', "PORTS", FOR_RUN | FOR_ACQUIRE, set_ports,
	    "declared ports (default " DEFAULT_PORTS ")",
	    "a list of up to 32 ports and ranges, as 9925-9927,1883" },
	{ "ip", 0, "IP", FOR_RUN | FOR_ACQUIRE, set_ip,
	    "adopt this address instead of leasing a slice",
	    "an address in 127.0.0.0/8" },
	{ "ip-arg", 0, "NAME", FOR_RUN, set_ip_arg,
	    "adopt the address in the command's own --NAME=IP", "a name" },
	{ "lease", 0, "IP", FOR_EXEC, set_ip,
	    "the lease to enter (default: the only one)", "a leased address" },
	{ "wait", 0, "TIME", FOR_RUN | FOR_ACQUIRE, set_wait,
	    "how long an address may take to be free (30s)",
	    "a number with ms, s, m or h" },
	{ "owner", 0, "PID", FOR_RUN | FOR_ACQUIRE, set_owner,
	    "end the lease when this process dies (the parent; 0: nobody)",
	    "a process id, or 0" },
	{ "grace", 'g', "TIME", FOR_RUN | FOR_ACQUIRE | FOR_REAP, set_grace,
	    "time to end before SIGKILL (10s)", "a number with ms, s, m or h" },
	{ "signal", 's', "SIGNAL", FOR_RUN | FOR_ACQUIRE | FOR_REAP, set_signal,
	    "how to ask processes to end (TERM)", "a signal's name or number" },
	{ "until", 0, "main|tree", FOR_RUN, set_until,
	    "lease ends with the command, or its last descendant (main)",
	    "main or tree" },
	{ "on-leak", 0, "warn|fail|ignore", FOR_RUN | FOR_ACQUIRE, set_on_leak,
	    "what a leak does (warn); fail exits 123", "warn, fail or ignore" },
	{ "record", 0, "FILE", FOR_RUN | FOR_ACQUIRE, set_record,
	    "keep a copy of the record", "a file" },
	{ "sh", 0, NULL, FOR_ACQUIRE, set_sh,
	    "print shell commands for eval (default)", NULL },
	{ "ready-listen", 0, "PORTS", FOR_RUN | FOR_ACQUIRE, set_ready_listen,
	    "ready when the lease listens on all of them",
	    "a list of up to 32 ports and ranges, as 9925-9927,1883" },
	{ "listen", 0, "PORTS", FOR_WAIT, set_ready_listen,
	    "ready when the lease listens on all of them",
	    "a list of up to 32 ports and ranges, as 9925-9927,1883" },
	{ "ready-cmd", 0, "CMD", FOR_RUN | FOR_WAIT, set_ready_cmd,
	    "ready when sh -c CMD, run inside the lease, exits 0",
	    "a command of at most 1023 bytes" },
	{ "ready-notify", 0, NULL, FOR_RUN, set_ready_notify,
	    "ready when it sends READY=1 to $NOTIFY_SOCKET", NULL },
	{ "idle-limit", 0, "TIME", FOR_RUN | FOR_WAIT, set_idle_limit,
	    "hung when all of it sleeps so long (60s; 0: never)",
	    "a number with ms, s, m or h, or 0" },
	{ "cap", 0, "TIME", FOR_RUN | FOR_WAIT, set_cap,
	    "not ready when it takes longer (20m; 0: never)",
	    "a number with ms, s, m or h, or 0" },
	{ "status-fd", 0, "N", FOR_RUN, set_status_fd,
	    "write what happens there, as lines of JSON", "a descriptor" },
	{ "status-file", 0, "FILE", FOR_RUN, set_status_file,
	    "the same, to a file", "a file" },
	{ "trap", 0, NULL, FOR_RUN, set_trap,
	    "catch static programs, Go and raw system calls, too", NULL },
	{ "all", 'a', NULL, FOR_REAP, set_all, "every orphan of yours", NULL },
	{ "dry-run", 'n', NULL, FOR_REAP, set_dry_run, "say what would be done",
	    NULL },
	{ "json", 'j', NULL, FOR_ACQUIRE | FOR_PS | FOR_SHOW, set_json,
	    "print JSON", NULL },
	{ "verbose", 'v', NULL, FOR_RUN | FOR_ACQUIRE | FOR_WAIT, set_verbose,
	    "say what is leased and how it ended", NULL },
	{ "quiet", 'q', NULL,
	    FOR_RELEASE | FOR_RUN | FOR_ACQUIRE | FOR_REAP | FOR_WAIT,
	    set_quiet, "say nothing but errors", NULL },
};

enum { ROWS = sizeof(rows) / sizeof(*rows), HELP = ROWS };

void
options_default(struct options *o)
{
	memset(o, 0, sizeof(*o));
	(void)terms_parse_ports(&o->terms, DEFAULT_PORTS);
	o->owner = OWNER_DEFAULT;
	o->wait = 30000;
	o->grace = 10000;
	o->sig = SIGTERM;
	o->idle_limit = 60000;
	o->cap = 1200000;
	o->status_fd = -1;
}

static void
print_help(unsigned int command, const char *usage)
{
	char left[48];

	printf("usage: portlease %s\n\n", usage);
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];

		if (!(row->commands & command))
			continue;
		(void)snprintf(left, sizeof(left), "%c%c%s --%s%s%s",
		    row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
		    row->letter ? "," : " ", row->name, row->metavar ? " " : "",
		    row->metavar ? row->metavar : "");
		printf("  %-30s %s\n", left, row->help);
	}
	printf("  %-30s %s\n\nSee portlease(1).\n", "-h, --help",
	    "print this and exit");
	exit(0);
}

/* What getopt_long(3) wants, made of the rows of this command. */
static void
make_getopt(unsigned int command, struct option longs[static ROWS + 2],
    char shorts[static 2 * ROWS + 4])
{
	size_t n = 0, s = 0;

	shorts[s++] = '+';
	shorts[s++] = ':';
	for (int i = 0; i < ROWS; i++) {
		const struct row *row = &rows[i];

		if (!(row->commands & command))
			continue;
		longs[n++] = (struct option){ row->name,
			row->metavar ? required_argument : no_argument, NULL,
			256 + i };
		if (row->letter == 0)
			continue;
		shorts[s++] = row->letter;
		if (row->metavar)
			shorts[s++] = ':';
	}
	longs[n++] = (struct option){ "help", no_argument, NULL, 256 + HELP };
	longs[n] = (struct option){ 0 };
	shorts[s++] = 'h';
	shorts[s] = '\0';
}

static int
row_of(int c)
{
	if (c >= 256)
		return c - 256;
	for (int i = 0; i < ROWS; i++)
		if (rows[i].letter == c)
			return i;
	return HELP;
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
static void
refuse(int c, const char *command, char *argv[])
{
	char letter[] = { '-', (char)optopt, '\0' };
	const char *what =
	    optopt > 0 && optopt < 256 ? letter : argv[optind - 1];

	errx(EXIT_PORTLEASE, "%s: %s '%s'; see portlease %s --help", command,
	    c == ':'             ? "an argument is missing after"
	    : is_elsewhere(what) ? "it has no option"
				 : "unknown option",
	    printable_copy(what), command);
}

static void
apply(struct options *o, const char *command, const struct row *row)
{
	if (!row->set(o, optarg))
		errx(EXIT_PORTLEASE, "%s: --%s: '%s' is not %s", command,
		    row->name, printable_copy(optarg), row->expected);
}

int
options_parse(struct options *o, unsigned int command, const char *usage,
    int argc, char *argv[])
{
	struct option longs[ROWS + 2];
	char shorts[2 * ROWS + 4];
	int c, row;

	make_getopt(command, longs, shorts);
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (c == '?' || c == ':')
			refuse(c, argv[0], argv);
		row = row_of(c);
		if (row == HELP)
			print_help(command, usage);
		apply(o, argv[0], &rows[row]);
	}
	return optind;
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
options_take_ip(struct options *o, char *const argv[])
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
options_check_ports(const struct options *o, const char *command)
{
	char ip[16];

	if (o->ip == 0 || addrlock_address(o->ip) != o->ip ||
	    !terms_declares(&o->terms, ADDRLOCK_PORT))
		return;
	text_address(o->ip, ip);
	errx(EXIT_PORTLEASE,
	    "%s: port %u of %s cannot be declared: portlease itself needs it",
	    command, ADDRLOCK_PORT, ip);
}
