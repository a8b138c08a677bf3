/* SPDX-License-Identifier: ISC */
/* Which calls a process makes: what strace says of a life without a fault. */
#include "faults.h"
#include "remains.h"
#include "scenes.h"
#include "shot.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The name of the call that a line of the log is about; false without. */
static bool
name_of(const char *line, char name[static CALL_NAME])
{
	size_t len = 0;

	while (islower((unsigned char)line[len]) || line[len] == '_' ||
	       isdigit((unsigned char)line[len]))
		len++;
	if (len == 0 || len >= CALL_NAME || line[len] != '(')
		return false;
	(void)snprintf(name, CALL_NAME, "%.*s", (int)len, line);
	return true;
}

static bool
begins(const char *line, const char *text)
{
	return strncmp(line, text, strlen(text)) == 0;
}

/* Is it an execve(2) that has happened? */
static bool
executed(const char *line)
{
	const char *end = strchr(line, '\n');

	return begins(line, "execve(") && memcmp(end - 4, " = 0", 4) == 0;
}

/* How many lines before this one are about the call of that name? */
static unsigned int
before(const char *log, const char *line, const char *name)
{
	char other[CALL_NAME];
	unsigned int n = 0;

	for (; log < line; log = strchr(log, '\n') + 1)
		n += name_of(log, other) && strcmp(other, name) == 0;
	return n;
}

/* How many count. */
static size_t
list_calls(const struct scene *s, const char *log, struct call *call, int out)
{
	bool within = s->from == NULL;
	const char *next;
	size_t n = 0;

	for (const char *line = log; (next = strchr(line, '\n')) != NULL;
	     line = next + 1) {
		within = within || begins(line, s->from);
		if (!name_of(line, call->name))
			continue;
		call->nth = before(log, line, call->name) + 1;
		if (within && write(out, call, sizeof(*call)) == -1)
			err(1, "write");
		n += within;
		if ((executed(line) && s->execs) ||
		    (within && s->until != NULL && begins(line, s->until)))
			break;
		call->loading = (call->loading || executed(line)) &&
				!begins(line, FAULTS_MAIN);
	}
	return n;
}

void
survey_scene(size_t scene, int out)
{
	static struct shot shot;
	const struct scene *s = &scenes[scene];
	struct played played = { .ip = "" };
	struct call call;
	char wrong[256];

	memset(&shot, 0, sizeof(shot));
	memset(&call, 0, sizeof(call)); /* its padding is written, too */
	call.scene = scene;
	call.loading = s->forks == 0;
	shot.forks = s->forks;
	s->play(&shot, &played);
	shot_end(&shot);
	if (list_calls(s, shot.log, &call, out) == 0 || call.loading)
		errx(1, "%s: its calls are not in the log", s->process);
	remains_end(played.ip, wrong, sizeof(wrong));
	if (played.status != 0 || wrong[0] != '\0')
		errx(1, "%s: status %x without a fault; %s", s->process,
		    (unsigned int)played.status, wrong);
}
