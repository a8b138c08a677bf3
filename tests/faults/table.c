/* SPDX-License-Identifier: ISC */
/*
 * Lets everything that can go wrong go wrong once: the processes of a lease
 * are killed at every system call that they make, and every call that can
 * fail fails, one fault a life.  Whatever the command came to, `reap --all`
 * and a new lease of the address must leave no process, no socket and no
 * state file but the history.
 *
 * table BUILD-DIRECTORY [N]                        one case in N
 * table BUILD-DIRECTORY PROCESS CALL NTH FAULT     one case, as it is printed
 */
#include "calls.h"
#include "crew.h"
#include "faults.h"
#include "remains.h"
#include "scenes.h"
#include "shot.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OFTEN = 16 /* calls of one name */ };

/* Written by the main process alone, before it forks. */
static struct fault *faults;
static size_t nfaults;

static struct result *results; /* as many */
static unsigned int failed, missed;

static void
add_fault(const struct call *call, const char *what)
{
	faults = reallocarray(faults, nfaults + 1, sizeof(*faults));
	if (faults == NULL)
		err(1, NULL);
	faults[nfaults++] = (struct fault){ *call, what };
}

/* Does this call fail with its i-th error of n? */
static bool
fails(const struct call *call, unsigned int i, unsigned int n)
{
	switch (scenes[call->scene].trial) {
	case TRIAL_ONE:
		return call->nth % (n + 1) == i;
	case TRIAL_TWO:
		return call->nth % n == i && call->nth <= OFTEN;
	default:
		return true;
	}
}

/* What the loader cannot do is no matter of ours. */
static void
take_call(const void *result)
{
	const struct call *call = result;
	const char *const *errors = calls_errors(call->name);
	unsigned int n = 0;

	while (errors[n] != NULL && !call->loading)
		n++;
	for (unsigned int i = 0; i < n; i++)
		if (fails(call, i, n))
			add_fault(call, errors[i]);
	if (scenes[call->scene].trial != TRIAL_ONE || call->nth % (n + 1) == n)
		add_fault(call, "KILL");
}

static void
try(size_t job, int out)
{
	static struct shot shot;
	const struct fault *f = &faults[job];
	const struct scene *s = &scenes[f->call.scene];
	struct played played = { .ip = "" };
	struct result r;

	memset(&r, 0, sizeof(r)); /* its padding is written, too */
	shot = (struct shot){ .forks = s->forks,
		.call = f->call.name,
		.nth = f->call.nth,
		.fault = f->what };
	s->play(&shot, &played);
	shot_end(&shot);
	r.fault = job;
	r.status = played.status;
	r.hit = shot.hit;
	remains_end(played.ip, r.wrong, sizeof(r.wrong));
	if (played.status == -1 || !shot.ended)
		(void)snprintf(r.wrong, sizeof(r.wrong), "it hangs");
	if (write(out, &r, sizeof(r)) == -1)
		err(1, "write");
}

static void
take_result(const void *result)
{
	const struct result *r = result;
	const struct fault *f = &faults[r->fault];

	results[r->fault] = *r;
	missed += !r->hit;
	failed += r->wrong[0] != '\0';
	if (r->wrong[0] != '\0')
		printf("'%s' %s %u %s: %s\n", scenes[f->call.scene].process,
		    f->call.name, f->call.nth, f->what, r->wrong);
	(void)fflush(stdout);
}

/* By scene, by call, by fault. */
static int
compare(const void *one, const void *other)
{
	const struct fault *a = one, *b = other;
	int names = strcmp(a->call.name, b->call.name);
	int whats = strcmp(a->what, b->what);

	if (a->call.scene != b->call.scene)
		return a->call.scene < b->call.scene ? -1 : 1;
	if (names != 0 || whats != 0)
		return names != 0 ? names : whats;
	return a->call.nth < b->call.nth ? -1 : 1;
}

/* Every call in every scene; of all faults one of so many. */
static void
find_faults(size_t every)
{
	size_t kept = 0;

	if (crew_run(scenes_n, survey_scene, sizeof(struct call), take_call) ==
	    -1)
		errx(1, "a life without faults went wrong");
	qsort(faults, nfaults, sizeof(*faults), compare);
	for (size_t i = every / 2; i < nfaults; i += every)
		faults[kept++] = faults[i];
	nfaults = kept;
}

static void
name_fault(char *argv[])
{
	struct call call = { .nth = (unsigned int)strtoul(argv[2], NULL, 10) };

	while (call.scene < scenes_n &&
	       strcmp(scenes[call.scene].process, argv[0]) != 0)
		call.scene++;
	if (call.scene == scenes_n)
		errx(2, "%s: no such process", argv[0]);
	(void)snprintf(call.name, sizeof(call.name), "%s", argv[1]);
	add_fault(&call, argv[3]);
}

int
main(int argc, char *argv[])
{
	long every = argc == 3 ? strtol(argv[2], NULL, 10) : 1;

	if ((argc != 2 && argc != 3 && argc != 6) || every < 1)
		errx(2, "usage: table BUILD-DIRECTORY "
			"[N | PROCESS CALL NTH FAULT]");
	scenes_begin(argv[1]);
	if (argc == 6)
		name_fault(argv + 2);
	else
		find_faults((size_t)every);
	results = calloc(nfaults, sizeof(*results));
	if (results == NULL)
		err(1, NULL);
	if (crew_run(nfaults, try, sizeof(struct result), take_result) == -1)
		failed++;
	print_table(faults, results, nfaults);
	printf("\n%zu cases, %u of them not reached; %u left something\n",
	    nfaults, missed, failed);
	return failed > 0;
}
