/* SPDX-License-Identifier: ISC */
#include "fates.h"

#include <sys/pidfd.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

unsigned int fates_monitors;

static const struct {
	const char *name;
	int weight;
} fates[FATES] = {
	[WELL] = { "ended well", 25 },
	[TERM] = { "got SIGTERM", 15 },
	[LEAK] = { "leaked a child", 15 },
	[FRONT_AFTER_TERM] = { "front killed 0-400 ms after SIGTERM", 15 },
	[FRONT] = { "front killed", 5 },
	[MONITOR] = { "monitor killed", 12 },
	[COMMAND] = { "command killed", 3 },
	[SCRIPT] = { "acquired and released", 5 },
	[OWNER] = { "owner killed", 5 },
};

enum fate
fates_draw(void)
{
	int sum = 0, n;
	enum fate f = 0;

	for (int i = 0; i < FATES; i++)
		sum += fates[i].weight;
	for (n = rand() % sum; n >= fates[f].weight; f++)
		n -= fates[f].weight;
	return f;
}

const char *
fates_name(enum fate fate)
{
	return fates[fate].name;
}

/* The only child of that process; 0 when there is none. */
static pid_t
child_of(pid_t pid)
{
	char path[64];
	int child = 0;
	FILE *f;

	(void)snprintf(
	    path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%d", &child) != 1)
		child = 0;
	fclose(f);
	return child;
}

/* By a descriptor that was right when the parent was asked once more. */
static bool
kill_child(pid_t parent, pid_t child)
{
	int fd = child > 1 ? pidfd_open(child, 0) : -1;
	bool ours = fd != -1 && child_of(parent) == child;

	if (ours)
		(void)pidfd_send_signal(fd, SIGKILL, NULL, 0);
	if (fd != -1)
		close(fd);
	return ours;
}

void
fates_strike(struct slot *s, long long now)
{
	pid_t monitor;

	s->at = 0;
	switch (s->fate) {
	case TERM:
		(void)kill(s->pid, SIGTERM);
		break;
	case FRONT_AFTER_TERM:
		(void)kill(s->pid, SIGTERM);
		s->kill = now + rand() % 401;
		break;
	case FRONT:
	case OWNER:
		(void)kill(s->pid, SIGKILL);
		break;
	case MONITOR:
		dprintf(WORDS, "orphan %u\n", s->plan.id);
		if (kill_child(s->pid, child_of(s->pid)))
			fates_monitors++;
		else
			s->at = now + AGAIN;
		break;
	case COMMAND:
		monitor = child_of(s->pid);
		if (!kill_child(monitor, child_of(monitor)))
			s->at = now + AGAIN; /* it is just being started */
		break;
	default:
		break;
	}
}
