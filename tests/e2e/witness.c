/* SPDX-License-Identifier: ISC */
/*
 * See witness.h.  Every answer of ss is one socket per line:
 *
 *	LISTEN 0 128 127.80.3.1:9926 0.0.0.0:* users:(("node",pid=42,fd=18))
 */
#include "witness.h"

#include "story.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* See proc(5): pid (comm) state ppid ...; comm may hold anything. */
static bool
stat_of(pid_t pid, char *state, int *parent)
{
	char path[32], line[512], *end = NULL;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f == NULL)
		return false;
	if (fgets(line, sizeof(line), f) != NULL)
		end = strrchr(line, ')');
	fclose(f);
	return end != NULL && sscanf(end, ") %c %d", state, parent) == 2;
}

pid_t
witness_parent(pid_t pid)
{
	char state;
	int parent;

	return stat_of(pid, &state, &parent) ? parent : -1;
}

char
witness_state(pid_t pid)
{
	char state;
	int parent;

	return stat_of(pid, &state, &parent) ? state : '\0';
}

bool
witness_alive(pid_t pid)
{
	char state = witness_state(pid);

	return state != '\0' && state != 'Z';
}

pid_t
witness_child(pid_t parent, pid_t after)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t pid, next = 0;

	cr_assert_not_null(proc);
	while ((entry = readdir(proc)) != NULL) {
		pid = (pid_t)strtol(entry->d_name, NULL, 10);
		if (pid > after && (next == 0 || pid < next) &&
		    witness_parent(pid) == parent)
			next = pid;
	}
	closedir(proc);
	return next;
}

bool
witness_has(pid_t pid, const char *kind)
{
	char path[64], target[256];
	struct dirent *entry;
	bool has = false;
	ssize_t n;
	DIR *fds;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	fds = opendir(path);
	while (fds != NULL && !has && (entry = readdir(fds)) != NULL) {
		n = readlinkat(
		    dirfd(fds), entry->d_name, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		has = strstr(target, kind) != NULL;
	}
	if (fds != NULL)
		closedir(fds);
	return has;
}

static bool
lies_in(const char *name, const char *start)
{
	static const char mapped[] = "[::ffff:";

	if (strncmp(name, mapped, sizeof(mapped) - 1) == 0)
		name += sizeof(mapped) - 1;
	return strncmp(name, start, strlen(start)) == 0;
}

static void
count(struct sockets *s, const char *line, const char *start)
{
	char name[64];
	size_t len = strlen(s->strays);

	if (sscanf(line, "%*s %*s %*s %63s", name) == 1 &&
	    lies_in(name, start)) {
		s->inside++;
		return;
	}
	s->outside++;
	(void)snprintf(s->strays + len, sizeof(s->strays) - len, "%s\n", line);
}

static struct sockets
look(pid_t pid, const char *start)
{
	struct sockets s = { 0 };
	struct run *ss = RUN("ss", "-Htuanp");
	char *line, *rest = ss->out, tag[32];

	cr_assert_eq(ss->status, 0, "ss: %s", ss->err);
	(void)snprintf(tag, sizeof(tag), "pid=%d,", (int)pid);
	while ((line = strsep(&rest, "\n")) != NULL)
		if (strstr(line, tag) != NULL)
			count(&s, strchr(line, ' '), start);
	return s;
}

struct sockets
witness_slice(pid_t pid, const char *ip)
{
	char start[20];

	(void)snprintf(start, sizeof(start), "%s", ip);
	strrchr(start, '.')[1] = '\0';
	return look(pid, start);
}

struct sockets
witness_address(pid_t pid, const char *ip)
{
	char start[20];

	(void)snprintf(start, sizeof(start), "%s", ip);
	return look(pid, start);
}

bool
witness_listens(const char *name)
{
	struct run *ss = RUN("ss", "-Htln");
	char word[80];

	(void)snprintf(word, sizeof(word), " %s ", name);
	return strstr(ss->out, word) != NULL;
}
