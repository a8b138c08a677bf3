/* SPDX-License-Identifier: ISC */
#include "look.h"

#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A mapping for writing, shared, of a removed file in the directory. */
static bool
removed_record(const char *line, const char *directory)
{
	static const char gone[] = " (deleted)\n";
	const char *perms = strchr(line, ' ');
	size_t len = strlen(line);

	return perms != NULL && perms[2] == 'w' && perms[4] == 's' &&
	       strstr(line, directory) != NULL && len >= strlen(gone) &&
	       strcmp(line + len - strlen(gone), gone) == 0;
}

static bool
is_tool(const char *pid)
{
	char path[288], exe[4096];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%s/exe", pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = '\0';
	return strlen(exe) > 10 &&
	       strcmp(exe + strlen(exe) - 10, "/portlease") == 0;
}

static bool
maps_removed(const char *pid, const char *directory)
{
	char path[288], line[4352];
	bool found = false;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	f = fopen(path, "re");
	while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL)
		found = removed_record(line, directory);
	if (f != NULL)
		(void)fclose(f);
	found = found && !is_tool(pid);
	if (found)
		printf("observer: pid %s maps a removed record: %s", pid, line);
	return found;
}

unsigned int
mappings_removed(const char *directory)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	unsigned int n = 0;

	if (proc == NULL)
		err(1, "/proc");
	while ((entry = readdir(proc)) != NULL)
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			n += maps_removed(entry->d_name, directory);
	(void)closedir(proc);
	return n;
}
