/* SPDX-License-Identifier: ISC */
/* A pid alone is nobody: each stands beside its start time (procfs.h). */
#include "store/identity.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t
start_of(pid_t pid)
{
	struct procfs_stat st;

	return pid != 0 && procfs_stat(pid, &st) == 0 ? st.start : 0;
}

void
identity_write(
    struct record *record, const struct ipc_request *r, uint64_t netns)
{
	struct identity *id = &record->identity;
	struct timespec now;

	record->magic = record->end = RECORD_MAGIC;
	record->version = RECORD_VERSION;
	record->size = sizeof(*record);
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)procfs_boot_id(id->boot);
	(void)procfs_namespace("pid", &id->pidns);
	id->netns = netns;
	id->monitor = getpid();
	id->start = start_of(id->monitor);
	id->owner = r->options.owner;
	id->owner_start = r->owner_start;
	id->command = r->command;
	id->command_start = start_of(r->command);
	id->since = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
	(void)strlcpy(id->line, r->line, sizeof(id->line)); /* same size */
}

bool
identity_past(const struct identity *id, const char boot[static PROCFS_BOOT_ID])
{
	return id->boot[0] != '\0' && boot[0] != '\0' &&
	       strncmp(id->boot, boot, sizeof(id->boot)) != 0;
}
