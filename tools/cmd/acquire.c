/* SPDX-License-Identifier: ISC */
/* portlease acquire: a lease for a script. */
#include "base/printable.h"
#include "cmd/getopts.h"
#include "run/front.h"
#include "store/enter.h"

#include <err.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The variables of a lease, in the order of printing. */
static const char *const names[] = { "LD_PRELOAD", "PORTLEASE_RECORD",
	"PORTLEASE_TERMS", "PORTLEASE_IP", "PORTLEASE_NAME" };

/* In single quotes, with those inside written as '\''. */
static void
print_quoted(const char *text)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	}
	putchar('\'');
}

static void
print_sh(void)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i]);

		if (value == NULL)
			continue;
		printf("export %s=", names[i]);
		print_quoted(value);
		puts(";");
	}
}

static bool
print_json(const struct ipc_start *start)
{
	json_t *env = json_object(), *lease;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (getenv(names[i]) != NULL)
			json_object_set_new(
			    env, names[i], json_string(getenv(names[i])));
	lease = json_pack("{s:i, s:s, s:s, s:o}", "version", 1, "address",
	    start->ip, "record", start->record, "environment", env);
	if (lease == NULL) {
		warnx("acquire: a variable that is not UTF-8 is no JSON");
		return false;
	}
	(void)json_dumpf(lease, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(lease);
	return true;
}

/* For the exit handler, which a forked monitor inherits. */
static struct {
	pid_t pid; /* of the process that prints */
	bool json;
} output;

/* `eval` of an empty output succeeds: make it fail as we do. */
static void
print_failure(int status, void *arg)
{
	(void)arg;
	if (status != 0 && getpid() == output.pid && !output.json)
		printf("(exit %d)\n", status);
}

/* End the lease again if the caller cannot be told of it. */
static int
hand_out(const struct ipc_start *start, pid_t monitor)
{
	bool printed = true;

	if (output.json)
		printed = print_json(start);
	else
		print_sh();
	if (printed && fflush(stdout) == 0)
		return 0;
	(void)kill(monitor, SIGTERM);
	return EXIT_PORTLEASE;
}

static void
prepare(void)
{
	output.pid = getpid();
	(void)on_exit(print_failure, NULL);
}

static int
run(struct options *o, char *argv[])
{
	struct ipc_start start;
	pid_t monitor;
	int rc;

	if (argv[0] != NULL)
		errx(EXIT_PORTLEASE, "acquire: '%s': it takes no command",
		    printable_copy(argv[0]));
	if (o->sh && o->json)
		errx(EXIT_PORTLEASE, "acquire: --sh or --json, not both");
	getopts_ports(o, &cmd_acquire);
	output.json = o->json;
	rc = front_acquire(o, &start, &monitor);
	if (rc != 0)
		return rc;
	if (enter_lease(&start) == -1)
		err(EXIT_PORTLEASE, "acquire: environment");
	return hand_out(&start, monitor);
}

const struct command cmd_acquire = {
	"acquire",
	CMD_ACQUIRE,
	"acquire [options] [--sh | --json]",
	"lease for a script; ends with release, or with its owner",
	run,
	prepare,
	OPERANDS_NONE,
};
