/* SPDX-License-Identifier: ISC */
#include "faults.h"
#include "scenes.h"

#include <sys/wait.h>

#include <stdio.h>
#include <string.h>

enum { NAMES = 16, NAME = 12 };

/* Names, and how often each occurs. */
struct counts {
	struct {
		char name[NAME];
		unsigned int n;
	} of[NAMES];
};

static void
count(struct counts *c, const char *name)
{
	size_t i = 0;

	while (
	    i < NAMES - 1 && c->of[i].n > 0 && strcmp(c->of[i].name, name) != 0)
		i++;
	(void)snprintf(c->of[i].name, NAME, "%s", name);
	c->of[i].n++;
}

static void
print_counts(const struct counts *c, int width)
{
	char text[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < NAMES && c->of[i].n > 0; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len,
		    "%s%s %u", i == 0 ? "" : ", ", c->of[i].name, c->of[i].n);
	printf(" %-*s", width, text);
}

static void
count_status(struct counts *c, int status)
{
	char name[NAME];

	if (status == -1)
		(void)snprintf(name, NAME, "hung");
	else if (WIFSIGNALED(status))
		(void)snprintf(
		    name, NAME, "SIG%s", sigabbrev_np(WTERMSIG(status)));
	else
		(void)snprintf(name, NAME, "%d", WEXITSTATUS(status));
	count(c, name);
}

static bool
same(const struct call *a, const struct call *b)
{
	return a->scene == b->scene && strcmp(a->name, b->name) == 0;
}

/* The row of the call of the first fault; returns how many are its. */
static size_t
print_row(const struct fault *faults, const struct result *results, size_t n)
{
	struct counts hits = { 0 }, ends = { 0 };
	unsigned int left = 0, hit = 0;
	size_t i;

	for (i = 0; i < n && same(&faults[i].call, &faults[0].call); i++) {
		left += results[i].wrong[0] != '\0';
		if (!results[i].hit)
			continue;
		hit++;
		count(&hits, faults[i].what);
		count_status(&ends, results[i].status);
	}
	printf("  %-16s %4u", faults[0].call.name, hit);
	print_counts(&hits, 46);
	print_counts(&ends, 30);
	printf(" %s\n", left > 0 ? "SOMETHING" : "nothing");
	return i;
}

void
print_table(const struct fault *faults, const struct result *results, size_t n)
{
	size_t scene = scenes_n, i = 0;

	while (i < n) {
		if (faults[i].call.scene != scene) {
			scene = faults[i].call.scene;
			printf("\n%s\n  %-16s %4s %-46s %-30s %s\n",
			    scenes[scene].process, "call", "hits", "faults",
			    "how the command ended", "left");
		}
		i += print_row(faults + i, results + i, n - i);
	}
}
