/* SPDX-License-Identifier: ISC */
/* No locale, no allocation. */
#include "kernel/procparse.h"
#include "base/fail.h"
#include "base/printable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* PF_EXITING in Linux, include/linux/sched.h. */
enum { EXITING = 4 };

/* comm may hold spaces and parentheses; no field after it does. */
int
procfs_parse_stat(const char *text, struct procfs_stat *stat)
{
	const char *left = strchr(text, '(');
	const char *right = strrchr(text, ')');
	unsigned int flags;
	size_t len;

	memset(stat, 0, sizeof(*stat));
	if (left == NULL || right == NULL || right < left ||
	    sscanf(text, "%d", &stat->pid) != 1 ||
	    sscanf(right + 1,
		" %c %d %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d"
		" %*d %*d %ld %*d %" SCNu64,
		&stat->state, &stat->ppid, &flags, &stat->threads,
		&stat->start) != 5)
		return fail(EBADMSG);
	stat->exiting = flags & EXITING;
	len = (size_t)(right - left - 1);
	if (len >= sizeof(stat->comm))
		len = sizeof(stat->comm) - 1;
	memcpy(stat->comm, left + 1, len);
	printable_line(stat->comm);
	return 0;
}

char
procfs_parse_state(const char *text)
{
	const char *end = strrchr(text, ')');

	return end != NULL && end[1] == ' ' ? end[2] : 'X';
}

const char *
procfs_parse_value(const char *text, const char *key)
{
	size_t len = strlen(key);

	while (strncmp(text, key, len) != 0) {
		text = strchr(text, '\n');
		if (text == NULL)
			return NULL;
		text++;
	}
	return text + len;
}

/* The last of a line of numbers; otherwise when there is none. */
static pid_t
last_number(const char *line, pid_t otherwise)
{
	pid_t n = otherwise;
	int used = 0;

	while (line != NULL && *line != '\n' &&
	       sscanf(line, "%*[ \t]%d%n", &n, &used) == 1)
		line += used;
	return n;
}

/* A kernel without pid namespaces has no NSpid: then the pid is the pid. */
static uint64_t
mask(const char *text)
{
	return text != NULL ? strtoull(text, NULL, 16) : 0;
}

int
procfs_parse_status(const char *text, struct procfs_status *status)
{
	const char *tgid = procfs_parse_value(text, "Tgid:");
	const char *pid = procfs_parse_value(text, "Pid:");
	const char *tracer = procfs_parse_value(text, "TracerPid:");
	const char *uid = procfs_parse_value(text, "Uid:");

	memset(status, 0, sizeof(*status));
	if (tgid == NULL || pid == NULL || tracer == NULL || uid == NULL ||
	    sscanf(tgid, "%d", &status->tgid) != 1 ||
	    sscanf(pid, "%d", &status->inner) != 1 ||
	    sscanf(tracer, "%d", &status->tracer) != 1 ||
	    sscanf(uid, "%u %u", &status->uid, &status->euid) != 2)
		return fail(EBADMSG);
	status->pending = mask(procfs_parse_value(text, "SigPnd:")) |
			  mask(procfs_parse_value(text, "ShdPnd:"));
	status->inner =
	    last_number(procfs_parse_value(text, "NSpid:"), status->inner);
	return 0;
}

/*
 * "ID PARENT MAJ:MIN ROOT POINT FLAGS ... - TYPE SOURCE OPTIONS".  Any hidepid
 * that is shown hides something: the kernel leaves out hidepid=0.
 */
int
procfs_parse_mount(const char *line)
{
	const char *tail = strstr(line, " - ");
	char point[8], type[8], options[256];

	if (tail == NULL || sscanf(line, "%*s %*s %*s %*s %7s", point) != 1 ||
	    strcmp(point, "/proc") != 0)
		return -1;
	if (sscanf(tail, " - %7s %*s %255s", type, options) != 2 ||
	    strcmp(type, "proc") != 0)
		return 1;
	return strstr(options, "hidepid=") != NULL;
}

/* The last argument ends with a NUL; setproctitle leaves many. */
size_t
procfs_join_arguments(char *text, size_t len)
{
	while (len > 0 && text[len - 1] == '\0')
		len--;
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\0')
			text[i] = ' ';
	text[len] = '\0';
	printable_line(text);
	return len;
}

/* A character of UTF-8 is cut off whole. */
void
procfs_cut_line(char *line, size_t size, const char *text, bool whole)
{
	size_t len = strlen(text);

	if (whole && len < size) {
		(void)strlcpy(line, text, size);
		return;
	}
	if (len > size - sizeof("..."))
		len = size - sizeof("...");
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	(void)strlcpy(line, text, len + 1);
	(void)strlcpy(line + len, "...", size - len);
}

bool
procfs_search_environ(struct environ_search *s, char c)
{
	if (c == '\0') {
		bool found = !s->other && s->at == s->len;

		s->at = 0;
		s->other = false;
		return found;
	}
	if (!s->other && s->at < s->len &&
	    c == (s->at < s->name_len ? s->name[s->at]
				      : s->value[s->at - s->name_len]))
		s->at++;
	else
		s->other = true;
	return false;
}
