/* SPDX-License-Identifier: ISC */
/*
 * Completions in the shells themselves: bash and zsh with a terminal, where
 * words are typed and TAB pressed; fish has a command that completes.
 */
#include "story.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

STORIES(completions);

#define SCRIPT(shell) BUILD_DIR "/completions/portlease." shell

/* What is typed, and how the line after TAB begins. */
static const struct row {
	const char *typed, *line;
} rows[] = {
	{ "portlease rel", "portlease release" },
	{ "portlease help acq", "portlease help acquire" },
	{ "portlease run --unt", "portlease run --until" },
	{ "portlease run --until t", "portlease run --until tree" },
	{ "portlease run --until=t", "portlease run --until=tree" },
	{ "portlease run -v --on-leak=i", "portlease run -v --on-leak=ignore" },
	{ "portlease run -s WIN", "portlease run -s WINCH" },
	{ "portlease run --name au", "portlease run --name auto" },
	{ "portlease show 127.", "portlease show $IP" },
	{ "portlease ip a-na", "portlease ip a-name" },
	{ "portlease exec --lease a-na", "portlease exec --lease a-name" },
	{ "portlease run --record unus", "portlease run --record unusual" },
	{ "portlease run --log-file=unus", "portlease run --log-file=unusual" },
	{ "portlease run -v -- odd-com", "portlease run -v -- odd-command" },
	{ "portlease run -p 80 cat unus", "portlease run -p 80 cat unusual" },
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

/* A file, a command, a lease with a name, and a shell that finds them. */
#define STAGE                                                                  \
	"cd \"$0\" && mkdir bin && touch unusual bin/odd-command && "          \
	"chmod +x bin/odd-command && cp \"$1\" bin/_portlease"
#define HERE                                                                   \
	"cd \"$0\" && PATH=\"$PWD/bin:" BUILD_DIR ":$PATH\" TERM=dumb "        \
	"INPUTRC=/dev/null PS1=$(printf 'ready\\n> '); PROMPT=$PS1; "          \
	"export PATH TERM INPUTRC PS1 PROMPT; exec \"$@\""

static struct run *
begin(const char *shell, const char *script, const char **ip)
{
	struct run *lease;
	char name[32];

	(void)snprintf(name, sizeof(name), "a-name-%d", (int)getpid());
	if (RUN(shell, "-c", "true")->status != 0)
		story_skip("no %s", shell);
	RUN("sh", "-c", STAGE, story_path(""), script);
	lease =
	    START(PORTLEASE, "run", "--name", name, TELL_IP, "sleep", "600");
	*ip = story_ip(lease);
	return lease;
}

static void
end(struct run *lease)
{
	story_signal(lease, SIGTERM);
	story_end(lease);
	story_left_nothing();
}

/* TAB, then to the begin of the line, and the line is an argument of echo. */
static void
expect_line(struct run *shell, const struct row *row, const char *ip)
{
	char keys[256], line[256];
	const char *said;

	(void)snprintf(keys, sizeof(keys), "%s\t\001echo G''OT \n", row->typed);
	story_tell(shell, keys);
	(void)snprintf(line, sizeof(line), "GOT %s", row->line);
	if (strstr(line, "$IP") != NULL)
		(void)strlcpy(strstr(line, "$IP"), ip, 16);
	said = story_says(shell, "GOT ");
	cr_expect_eq(strncmp(said, line, strlen(line)), 0, "%s: %.80s",
	    row->typed, said);
	(void)story_says(shell, "ready");
}

static void
expect_all(const char *const shell[], const char *script, const char *first)
{
	const char *ip;
	struct run *lease = begin(shell[0], script, &ip), *r;
	const char *argv[16] = { "sh", "-c", HERE, story_path("") };

	for (size_t i = 0; shell[i] != NULL; i++)
		argv[4 + i] = shell[i];
	r = story_terminal(argv);
	(void)story_says(r, "ready");
	story_tell(r, first);
	(void)story_says(r, "begun");
	(void)story_says(r, "ready");
	for (size_t i = 0; i < ROWS; i++)
		expect_line(r, &rows[i], ip);
	story_tell(r, "exit\n");
	story_end(r);
	end(lease);
}

Test(completions, of_bash)
{
	expect_all((const char *const[]){ "bash", "--norc", "--noprofile", "-i",
		       NULL },
	    SCRIPT("bash"), ". bin/_portlease; echo beg''un\n");
}

Test(completions, of_zsh)
{
	expect_all((const char *const[]){ "zsh", "-f", "-i", NULL },
	    SCRIPT("zsh"),
	    "bindkey -e; setopt no_beep no_prompt_sp; unset "
	    "zle_bracketed_paste; "
	    "fpath=($PWD/bin $fpath); autoload -U compinit; compinit -u -D; "
	    "echo beg''un\n");
}

Test(completions, of_fish)
{
	const char *ip, *want;
	struct run *lease = begin("fish", SCRIPT("fish"), &ip), *r;

	for (size_t i = 0; i < ROWS; i++) {
		r = RUN("sh", "-c", HERE, story_path(""), "fish", "--no-config",
		    "-c", "source bin/_portlease; complete -C $argv[1]",
		    rows[i].typed);
		want = strrchr(rows[i].line, ' ') + 1;
		want = strcmp(want, "$IP") == 0 ? ip : want;
		cr_expect_eq(strncmp(r->out, want, strlen(want)), 0, "%s: %s%s",
		    rows[i].typed, r->out, r->err);
	}
	end(lease);
}
