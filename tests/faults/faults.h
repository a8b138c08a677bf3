/* SPDX-License-Identifier: ISC */
/* What is tried, and what came of it. */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>
#include <stddef.h>

enum { CALL_NAME = 24 };

/* One call in the life of a process. */
struct call {
	size_t scene; /* an index into scenes[] */
	char name[CALL_NAME];
	unsigned int nth; /* of this name, from 1 */
	bool loading; /* made by the dynamic loader */
};

struct fault {
	struct call call;
	const char *what; /* shot.fault */
};

struct result {
	size_t fault; /* an index */
	int status; /* of the command, as from waitpid(2); -1 it hung */
	bool hit;
	char wrong[256]; /* for people, "" nothing */
};

/* A job of a crew: play a scene without a fault, and write each call to out.
 * Exits with a line when anything is wrong even so. */
void survey_scene(size_t scene, int out);

/* A row a call: faults in the order of scenes and calls, and their results. */
void print_table(
    const struct fault *faults, const struct result *results, size_t n);

#endif
