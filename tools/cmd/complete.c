/* SPDX-License-Identifier: ISC */
#include "cmd/complete.h"
#include "base/name.h"
#include "base/printable.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "cmd/optrows.h"
#include "store/lease.h"
#include "store/records.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* The word that is completed. */
struct word {
	const char *text; /* so far */
	const char *before; /* "--until=" when it is behind that, else "" */
	int before_len;
};

static void
offer(const struct word *w, const char *candidate, const char *about)
{
	char line[128];

	if (strncmp(candidate, w->text, strlen(w->text)) != 0)
		return;
	(void)snprintf(line, sizeof(line), "%s", about); /* cut: for people */
	printable_line(line);
	printf("%.*s%s\t%s\n", w->before_len, w->before, candidate, line);
}

static int
offer_commands(const struct word *w)
{
	for (size_t i = 0; i < commands_n; i++)
		offer(w, commands[i]->name, commands[i]->help);
	return COMPLETE_WORDS;
}

static int
offer_first(const struct word *w)
{
	offer(w, "help", "list commands, or the options of one");
	offer(w, "--help", "list commands");
	offer(w, "--version", "print the version");
	return offer_commands(w);
}

static int
offer_options(const struct word *w, const struct command *command)
{
	char name[64];

	for (int i = 0; i < optrows_n; i++) {
		if (!(optrows[i].commands & command->bit))
			continue;
		(void)snprintf(name, sizeof(name), "--%s", optrows[i].name);
		offer(w, name, optrows[i].help);
	}
	return COMPLETE_WORDS;
}

/* The words of "main|tree". */
static int
offer_choices(const struct word *w, const char *choices)
{
	char one[32];

	for (size_t n; *choices != '\0'; choices += n + (choices[n] == '|')) {
		n = strcspn(choices, "|");
		(void)snprintf(one, sizeof(one), "%.*s", (int)n, choices);
		offer(w, one, "");
	}
	return COMPLETE_WORDS;
}

static int
offer_signals(const struct word *w)
{
	for (int n = 1; n < SIGRTMIN; n++)
		if (sigabbrev_np(n) != NULL)
			offer(w, sigabbrev_np(n), sigdescr_np(n));
	return COMPLETE_WORDS;
}

enum { NAMES_ONLY = 1, ADDRESSES_TOO };

struct leases {
	const struct word *word;
	int kinds;
};

/* The record is others' to write: its strings may lack their ends. */
static int
offer_lease(uint32_t ip, const struct identity *id, void *arg)
{
	const struct leases *l = arg;
	char name[NAME_SIZE], line[RECORD_COMMAND], address[INET_ADDRSTRLEN];

	(void)snprintf(
	    name, sizeof(name), "%.*s", (int)sizeof(id->name), id->name);
	(void)snprintf(
	    line, sizeof(line), "%.*s", (int)sizeof(id->line) - 1, id->line);
	if (l->kinds == ADDRESSES_TOO)
		offer(l->word, text_address(ip, address), line);
	if (name_valid(name))
		offer(l->word, name, line);
	return 0;
}

static int
offer_leases(const struct word *w, int kinds)
{
	struct leases l = { w, kinds };

	(void)records_identities(NULL, lease_netns(), offer_lease, &l);
	return COMPLETE_WORDS;
}

static int
offer_name(const struct word *w)
{
	offer(w, "auto", "of the worktree or directory");
	return offer_leases(w, NAMES_ONLY);
}

/* The value of an option. */
static int
offer_value(const struct word *w, const struct optrow *row)
{
	switch (row->kind) {
	case CHOICE:
		return offer_choices(w, row->metavar);
	case SIGNAL:
		return offer_signals(w);
	case LEASE:
		return offer_leases(w, ADDRESSES_TOO);
	case NAME:
		return offer_name(w);
	case FILE_PATH:
		return COMPLETE_FILE;
	default: /* numbers, and texts of which some are files */
		return strcmp(row->metavar, "FILE") == 0 ? COMPLETE_FILE
							 : COMPLETE_WORDS;
	}
}

static const struct optrow *
row_of_letter(const struct command *command, char letter)
{
	for (int i = 0; i < optrows_n; i++)
		if (optrows[i].letter == letter &&
		    optrows[i].commands & command->bit)
			return &optrows[i];
	return NULL;
}

/* The row of "--NAME" or "--NAME=...", which may be cut if it is unique. */
static const struct optrow *
row_of_name(const struct command *command, const char *name)
{
	size_t len = strcspn(name, "=");
	const struct optrow *found = NULL;
	bool unique = true;

	for (int i = 0; i < optrows_n; i++) {
		const struct optrow *row = &optrows[i];

		if (!(row->commands & command->bit) ||
		    strncmp(row->name, name, len) != 0)
			continue;
		if (row->name[len] == '\0')
			return row;
		unique = found == NULL;
		found = row;
	}
	return unique ? found : NULL;
}

/* The option of this word whose value is the next word; NULL for none. */
static const struct optrow *
row_that_waits(const struct command *command, const char *word)
{
	const struct optrow *row = NULL;

	if (word[1] == '-') {
		row = row_of_name(command, word + 2);
		if (strchr(word, '=') != NULL)
			return NULL;
		return row != NULL && row->metavar != NULL ? row : NULL;
	}
	while (*++word != '\0') {
		row = row_of_letter(command, *word);
		if (row == NULL)
			return NULL;
		if (row->metavar != NULL)
			return word[1] == '\0' ? row : NULL;
	}
	return NULL;
}

static int
offer_operand(const struct word *w, const struct command *command, int nth)
{
	switch (command->operands) {
	case OPERANDS_LEASE:
		return nth == 0 ? offer_leases(w, ADDRESSES_TOO)
				: COMPLETE_WORDS;
	case OPERANDS_LEASES:
		return offer_leases(w, ADDRESSES_TOO);
	case OPERANDS_COMMAND:
	case OPERANDS_NONE:
		break;
	}
	return COMPLETE_WORDS;
}

/* The index of the first operand among n words, or n; waits: as above, for the
 * last word. */
static int
first_operand(const struct command *command, char *const words[], int n,
    const struct optrow **waits)
{
	int i;

	*waits = NULL;
	for (i = 1; i < n; i++) {
		if (strcmp(words[i], "--") == 0)
			return i + 1;
		if (words[i][0] != '-' || words[i][1] == '\0')
			return i;
		*waits = row_that_waits(command, words[i]);
		if (*waits != NULL && ++i < n)
			*waits = NULL;
	}
	return n;
}

/* "--NAME=..." */
static int
offer_attached(struct word *w, const struct command *command)
{
	const struct optrow *row = row_of_name(command, w->text + 2);

	if (row == NULL || row->metavar == NULL)
		return COMPLETE_WORDS;
	w->before = w->text;
	w->before_len = (int)strcspn(w->text, "=") + 1;
	w->text += w->before_len;
	return offer_value(w, row);
}

static int
offer_to(const struct command *command, char *const words[], int n)
{
	struct word w = { .text = words[n], .before = "" };
	const struct optrow *waits;
	int first = first_operand(command, words, n, &waits);
	bool ended = first < n || strcmp(words[n - 1], "--") == 0;

	if (waits != NULL)
		return offer_value(&w, waits);
	if (!ended && strncmp(w.text, "--", 2) == 0 && strchr(w.text, '='))
		return offer_attached(&w, command);
	if (!ended && w.text[0] == '-')
		return offer_options(&w, command);
	if (command->operands != OPERANDS_COMMAND)
		return offer_operand(&w, command, n - first);
	printf("%d\n", first);
	return COMPLETE_COMMAND;
}

int
complete(char *const argv[])
{
	const struct command *command;
	struct word w = { .before = "" };
	int n = 0; /* index of the last word */

	if (argv[0] != NULL && strcmp(argv[0], "--") == 0)
		argv++;
	if (argv[0] == NULL)
		return COMPLETE_WORDS;
	while (argv[n + 1] != NULL)
		n++;
	w.text = argv[n];
	if (n == 0)
		return offer_first(&w);
	if (strcmp(argv[0], "help") == 0)
		return n == 1 ? offer_commands(&w) : COMPLETE_WORDS;
	command = commands_find(argv[0]);
	return command == NULL ? COMPLETE_WORDS : offer_to(command, argv, n);
}
