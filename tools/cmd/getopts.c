/* SPDX-License-Identifier: ISC */
/* getopt_long(3) does the splitting; it stops at the first operand. */
#include "cmd/getopts.h"
#include "base/parse.h"
#include "base/printable.h"
#include "base/text.h"
#include "base/words.h"
#include "cmd/optrefuse.h"
#include "cmd/optrows.h"
#include "kernel/addrlock.h"
#include "lease/terms.h"
#include "store/lease.h"

#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Values of getopt_long(3): a letter, or LONG + the row's index. */
enum { LONG = 256 };

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

/* An address, or that of the lease with this name; 0 for neither. */
static uint32_t
address_of(const char *text)
{
	uint32_t ip = parse_address(text);
	struct stored s;

	if (ip == 0 && name_valid(text) &&
	    lease_named(NULL, &s, text, STORE_READ)) {
		ip = s.ip;
		store_unmap(&s);
	}
	return ip;
}

static bool
store_name(char name[static NAME_SIZE], const char *arg)
{
	char cwd[PATH_MAX];

	if (strcmp(arg, "auto") == 0 && getcwd(cwd, sizeof(cwd)) != NULL) {
		name_of_directory(cwd, name);
		return true;
	}
	return name_valid(arg) && strlcpy(name, arg, NAME_SIZE) < NAME_SIZE;
}

static bool
store_number(int *n, const char *arg, int least, int most)
{
	const char *error;

	*n = (int)strtonum(arg, least, most, &error);
	return error == NULL;
}

/* False when arg is not of the row's kind. */
static bool
store(const struct optrow *row, void *field, const char *arg)
{
	int64_t *ms = field;
	int *n = field;
	uint32_t *ip = field;

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
		return store_number(n, arg, 0, INT_MAX);
	case STATUS:
		return store_number(n, arg, 1, UINT8_MAX);
	case PORTS:
		return terms_parse_ports(field, arg);
	case ADDRESS:
		return (*ip = parse_address(arg)) != 0;
	case LEASE:
		return (*ip = address_of(arg)) != 0;
	case NAME:
		return store_name(field, arg);
	case TEXT:
		return *arg && strlcpy(field, arg, row->size) < row->size;
	case FILE_PATH:
		return store_path(field, row->size, arg);
	case HEADING:
	case HELP:
		break;
	}
	return false;
}

/* Text in a column that ends at the 80th, from the 30th on in later lines. */
static void
print_wrapped(const char *text)
{
	enum { WIDTH = 50 };

	while (strlen(text) > WIDTH) {
		int n = WIDTH;

		while (n > 0 && text[n] != ' ')
			n--;
		printf("%.*s\n%30s", n, text, "");
		text += n + 1;
	}
	puts(text);
}

static void
print_option(const struct optrow *row)
{
	char left[48];

	(void)snprintf(left, sizeof(left), "%c%c%s --%s%s%s",
	    row->letter ? '-' : ' ', row->letter ? row->letter : ' ',
	    row->letter ? "," : " ", row->name, row->metavar ? " " : "",
	    row->metavar ? row->metavar : "");
	if (strlen(left) > 27)
		printf("  %s\n%30s", left, "");
	else
		printf("  %-28s", left);
	print_wrapped(row->help);
}

static void
print_help(const struct command *command)
{
	const char *heading = NULL;

	printf("usage: portlease %s\n", command->usage);
	for (int i = 0; i < optrows_n; i++) {
		if (optrows[i].kind == HEADING)
			heading = optrows[i].name;
		if (!(optrows[i].commands & command->bit))
			continue;
		if (heading != NULL)
			printf("\n%s\n", heading);
		heading = NULL;
		print_option(&optrows[i]);
	}
	printf("\nSee portlease(1).\n");
	exit(0);
}

/* What getopt_long(3) wants, made of the rows of this command. */
static void
make_getopt(unsigned int bit, struct option longs[static OPTROWS_MAX + 1],
    char shorts[static 2 * OPTROWS_MAX + 3])
{
	size_t n = 0, s = 0;

	shorts[s++] = '+';
	shorts[s++] = ':';
	for (int i = 0; i < optrows_n; i++) {
		const struct optrow *row = &optrows[i];

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

static const struct optrow *
row_of(int c)
{
	int i = 0;

	while (c < LONG && optrows[i].letter != c)
		i++;
	return &optrows[c < LONG ? i : c - LONG];
}

/* What getopt_long(3) did not take: a letter, or a word. */
static _Noreturn void
refuse(const struct command *command, int c, char *argv[])
{
	char letter[] = { '-', (char)optopt, '\0' };

	optrefuse_option(command,
	    optopt > 0 && optopt < LONG ? letter : argv[optind - 1], c == ':');
}

static char **
parse(struct options *o, const struct command *command, char *argv[])
{
	struct option longs[OPTROWS_MAX + 1];
	char shorts[2 * OPTROWS_MAX + 3];
	int argc = 0, c;

	while (argv[argc] != NULL)
		argc++;
	make_getopt(command->bit, longs, shorts);
	opterr = 0;
	optind = 1;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct optrow *row;

		if (c == '?' || c == ':')
			refuse(command, c, argv);
		row = row_of(c);
		if (row->kind == HELP)
			print_help(command);
		if (!store(row, (char *)o + row->offset, optarg))
			optrefuse_value(command, row, optarg);
	}
	return argv + optind;
}

/* What the variable says comes first: the command line has the last word. */
static void
parse_variable(struct options *o, const struct command *command)
{
	enum { WORDS = 128 };
	const char *text = getenv(OPTIONS_VARIABLE);
	char *words[WORDS + 1] = { (char[]){ "" } }, *copy, **operands;

	if (text == NULL || (copy = strdup(text)) == NULL)
		return;
	if (words_split(copy, words + 1, WORDS) == -1)
		errx(EXIT_PORTLEASE, OPTIONS_VARIABLE ": %s",
		    errno == E2BIG ? "too many words"
				   : "a quote is not closed");
	optrefuse_in(OPTIONS_VARIABLE ": ");
	operands = parse(o, command, words);
	if (*operands != NULL)
		errx(EXIT_PORTLEASE, OPTIONS_VARIABLE ": '%s' is no option",
		    printable_copy(*operands));
	optrefuse_in("");
	free(copy);
}

char **
getopts(struct options *o, const struct command *command, char *argv[])
{
	if (command->bit == CMD_RUN)
		parse_variable(o, command);
	return parse(o, command, argv);
}

uint32_t
getopts_lease(const struct command *command, const char *text)
{
	uint32_t ip = address_of(text);
	const char *error;

	if (ip != 0)
		return ip;
	(void)strtonum(text, 1, UINT16_MAX, &error);
	if (error == NULL)
		errx(EXIT_PORTLEASE,
		    "%s: '%s' is a port: portlease who %s names its holders",
		    command->name, text, text);
	if (name_valid(text))
		errx(EXIT_PORTLEASE,
		    "%s: no lease has the name %s; see portlease ps",
		    command->name, text);
	errx(EXIT_PORTLEASE,
	    "%s: '%s' is neither an address in 127.0.0.0/8 nor a name",
	    command->name, printable_copy(text));
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

	if (o->replace && o->name[0] == '\0')
		errx(EXIT_PORTLEASE, "%s: --replace goes with --name",
		    command->name);
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
