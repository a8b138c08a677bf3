/* SPDX-License-Identifier: ISC */
#include "remains.h"
#include "scenes.h"
#include "tests/arena/arena.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { ROUNDS = 20, MOMENT = 50, ROUND = 500 /* milliseconds */ };

/* Text of limited size. */
struct text {
	char *at;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static void
complain(struct text *text, const char *format, ...)
{
	size_t used = strlen(text->at);
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text->at + used, text->size - used, format, ap);
	va_end(ap);
}

/*
 * A process that is about to end needs a moment; those of an orphan end by the
 * reaper.  A lease whose monitor died only after the look of the reaper is an
 * orphan the next time.
 */
static void
reap(struct text *text)
{
	bool none = false;
	int status = -1;

	for (int i = 0; i < ROUNDS && !(none && status == 0); i++) {
		(void)arena_quiet(i == 0 ? MOMENT : ROUND);
		status = scenes_reap();
		none = arena_quiet(ROUND);
	}
	if (status != 0)
		complain(text, "reap: status %x; ", (unsigned int)status);
	if (!none)
		complain(text, "processes; ");
}

static void
lease(const char *ip, struct text *text)
{
	int status = scenes_lease(ip);

	if (status != 0)
		complain(text, "new lease: status %x; ", (unsigned int)status);
	if (!arena_quiet(SHOT_LIMIT))
		complain(text, "processes of the new lease; ");
}

/* Complain of all files but the history, and remove them. */
static void
look_at_files(struct text *text)
{
	DIR *dir = opendir(arena_state());
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0 &&
		    strncmp(entry->d_name, "history-", 8) != 0) {
			complain(text, "file %s; ", entry->d_name);
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
		}
	if (dir != NULL)
		closedir(dir);
	else
		complain(text, "no state directory; ");
}

/* Sockets that have an inode belong to somebody (proc_net_tcp.txt). */
static void
look_at_sockets(const char *protocol, struct text *text)
{
	char path[64], line[512], address[64];
	unsigned long inode;
	FILE *list;

	(void)snprintf(path, sizeof(path), "/proc/self/net/%s", protocol);
	list = fopen(path, "re");
	while (list != NULL && fgets(line, sizeof(line), list) != NULL)
		if (sscanf(line, "%*s %63s %*s %*s %*s %*s %*s %*s %*s %lu",
			address, &inode) == 2 &&
		    inode != 0)
			complain(text, "%s socket %s; ", protocol, address);
	if (list != NULL)
		(void)fclose(list);
}

void
remains_end(const char *ip, char *at, size_t size)
{
	static const char *const protocols[] = { "tcp", "tcp6", "udp", "udp6" };
	struct text text = { at, size };

	at[0] = '\0';
	reap(&text);
	lease(ip, &text);
	look_at_files(&text);
	for (size_t i = 0; i < 4 && arena_private(); i++)
		look_at_sockets(protocols[i], &text);
	if (!arena_kill(SHOT_LIMIT))
		complain(&text, "processes that SIGKILL does not end; ");
}
