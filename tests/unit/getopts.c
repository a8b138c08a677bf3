/* SPDX-License-Identifier: ISC */
/* Options, each kind of value, and the address in the command's own words. */
#include "cmd/getopts.h"
#include "lease/terms.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The first operand. */
static const char *
parse(struct options *o, const struct command *command, char *line)
{
	char *argv[32];
	int argc = 0;

	for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	argv[argc] = NULL;
	options_default(o);
	return getopts(o, command, argv)[0];
}

Test(getopts, a_value_of_each_kind)
{
	struct options o;
	char line[] = "run -p 80,90-99 --ip 127.0.0.5 --owner 0 -g2m -s INT "
		      "--until=tree --on-leak ignore --record /tmp/record "
		      "--idle-limit 0 --ready-cmd true --trap -- server -q";

	cr_expect_str_eq(parse(&o, &cmd_run, line), "server");
	cr_expect(terms_declares(&o.terms, 95) && !terms_declares(&o.terms, 1));
	cr_expect_eq(o.ip, 0x7f000005);
	cr_expect_eq(o.owner, OWNER_NOBODY);
	cr_expect_eq(o.grace, 120000);
	cr_expect_eq(o.sig, SIGINT);
	cr_expect_eq(o.until, UNTIL_TREE);
	cr_expect_eq(o.on_leak, ON_LEAK_IGNORE);
	cr_expect_str_eq(o.record, "/tmp/record");
	cr_expect_eq(o.idle_limit, 0);
	cr_expect_eq(o.cap, 1200000);
	cr_expect_str_eq(o.ready_cmd, "true");
	cr_expect(o.trap && !o.quiet);
}

/* Parse in a child: its exit status, and in text what it wrote on stderr. */
static int
refusal(const char *line, char *text, size_t size)
{
	char copy[64];
	struct options o;
	int pipes[2], status;
	size_t n = 0;
	ssize_t part;
	pid_t child;

	cr_assert_eq(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		(void)dup2(pipes[1], STDERR_FILENO);
		(void)strlcpy(copy, line, sizeof(copy));
		(void)parse(&o, &cmd_run, copy);
		_exit(0);
	}
	close(pipes[1]);
	while ((part = read(pipes[0], text + n, size - 1 - n)) > 0)
		n += (size_t)part;
	close(pipes[0]);
	text[n] = '\0';
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

Test(getopts, one_line_says_what_is_wrong)
{
	static const struct {
		const char *line, *text;
	} rows[] = {
		{ "run --grace 5", "run: --grace: '5' is not a number with ms, "
				   "s, m or h: write 5s\n" },
		{ "run --cap 1d",
		    "run: --cap: '1d' is not a number with ms, s, "
		    "m or h, or 0\n" },
		{ "run --until mai",
		    "run: --until: 'mai' is not main or tree\n" },
		{ "run --until main|tree",
		    "run: --until: 'main|tree' is not main or tree\n" },
		{ "run --on-leak=",
		    "run: --on-leak: '' is not warn, fail or ignore\n" },
		{ "run --owner -1",
		    "run: --owner: '-1' is not a process id, or 0\n" },
		{ "run --status-file=",
		    "run: --status-file: '' is not a file\n" },
		{ "run --lease 127.0.0.1", "run: it has no option '--lease'; "
					   "see portlease run --help\n" },
		{ "run -x",
		    "run: unknown option '-x'; see portlease run --help\n" },
		{ "run -p", "run: an argument is missing after '-p'; see "
			    "portlease run --help\n" },
	};
	char text[256];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		cr_expect_eq(refusal(rows[i].line, text, sizeof(text)),
		    EXIT_PORTLEASE, "%s", rows[i].line);
		cr_expect(strstr(text, rows[i].text) != NULL, "%s: '%s'",
		    rows[i].line, text);
	}
}

Test(getopts, ip_is_taken_from_the_command)
{
	struct options o;
	char *joined[] = { (char[]){ "--NODE_HOSTNAMES=no" },
		(char[]){ "--NODE_HOSTNAME=127.0.0.5" }, NULL };
	char *apart[] = { (char[]){ "--NODE_HOSTNAME" },
		(char[]){ "127.0.0.6" }, NULL };

	options_default(&o);
	(void)strcpy(o.ip_arg, "NODE_HOSTNAME");
	getopts_ip_arg(&o, joined);
	cr_expect_eq(o.ip, 0x7f000005);
	getopts_ip_arg(&o, apart);
	cr_expect_eq(o.ip, 0x7f000006);
}

Test(getopts, a_missing_ip_exits_125, .exit_code = EXIT_PORTLEASE)
{
	struct options o;
	char *none[] = { (char[]){ "--NODE_HOSTNAME" }, NULL };

	options_default(&o);
	(void)strcpy(o.ip_arg, "NODE_HOSTNAME");
	getopts_ip_arg(&o, none);
}
