/* SPDX-License-Identifier: ISC */
#include "why/descent.h"
#include "kernel/procfs.h"
#include "why/facts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The process that opened a socket, which may be gone. */
struct origin {
	pid_t pid;
	uint64_t when; /* it was opened, CLOCK_MONOTONIC, ns; 0 unknown */
	const struct process *process; /* NULL: gone */
	const char *exe; /* its program, perhaps only the end of the path */
};

static bool
same_start(uint64_t a, uint64_t b)
{
	return a == 0 || b == 0 || a == b;
}

static struct origin
origin_in_record(struct look *look, const struct opener *opener)
{
	struct origin o = {
		.pid = opener->pid, .when = opener->when, .exe = opener->path
	};
	const struct process *p = processes_get(&look->processes, opener->pid);

	if (p != NULL && p->start != 0 && same_start(opener->start, p->start) &&
	    (p->state != 'Z' || p->headless)) {
		o.process = p;
		o.exe = p->exe;
	}
	return o;
}

/* The oldest of its holders. */
static struct origin
origin_of_holders(struct look *look, const struct found *f)
{
	size_t n;
	const struct descriptor *d = facts_holders(look, f->socket.inode, &n);
	struct origin o = { 0 };

	for (size_t i = 0; i < n; i++) {
		const struct process *p =
		    processes_get(&look->processes, d[i].pid);

		if (p != NULL &&
		    (o.process == NULL || p->start < o.process->start ||
			(p->start == o.process->start &&
			    p->pid < o.process->pid)))
			o = (struct origin){
				.pid = p->pid, .process = p, .exe = p->exe
			};
	}
	return o;
}

static bool
is_self(const struct origin *o, const struct opener *opener,
    const struct process *p)
{
	return o->pid == p->pid &&
	       (opener == NULL || same_start(opener->start, p->start));
}

/* Did it run already when the socket was opened?  Start times are in ticks. */
static bool
older(const struct process *p, const struct origin *o)
{
	uint64_t tick = 1000000000U / (uint64_t)sysconf(_SC_CLK_TCK);

	return o->when != 0 && p->start != 0 &&
	       process_monotonic(p->start) + tick < o->when;
}

/* Copy the image of this process; false when the record has none. */
static bool
image_of(const struct record *r, const struct process *p, struct image *image)
{
	for (size_t i = 0; i < RECORD_IMAGES; i++)
		if (recquery_image(r, i, image) && image->pid == p->pid &&
		    same_start(image->start, p->start))
			return true;
	return false;
}

/* Is the process one of the lease, as far as its own traces say? */
static bool
is_member(
    struct look *look, const struct stored *lease, const struct process *p)
{
	struct image image;

	return image_of(lease->record, p, &image) ||
	       processes_descends(
		   &look->processes, p->pid, lease->record->identity.monitor) ||
	       procfs_environ_has(p->pid, "PORTLEASE_RECORD=", lease->path) ==
		   1;
}

/* Paths of which one may have lost its front; NULL where none is known. */
static bool
same_program(const char *a, const char *b)
{
	size_t la = strlen(a), lb = b != NULL ? strlen(b) : 0,
	       n = la < lb ? la : lb;

	return n > 0 && strcmp(a + la - n, b + lb - n) == 0;
}

static bool
called_exec(
    const struct found *f, const struct process *p, const struct origin *o)
{
	struct image image;

	if (f->lease != NULL && image_of(f->lease->record, p, &image))
		return !(image.flags & IMAGE_FORKED);
	return !same_program(p->exe, o->exe);
}

/* Can it not have inherited the socket? */
static bool
unrelated(struct look *look, const struct found *f, const struct process *p,
    const struct origin *o)
{
	if (older(p, o))
		return true;
	if (processes_descends(&look->processes, p->pid, o->pid))
		return false;
	if (f->opened)
		return !is_member(look, f->lease, p);
	return p->parent != 1 && !same_program(p->exe, o->exe) &&
	       o->process != NULL && o->process->session != p->session;
}

static void
name_origin(const struct origin *o, char *text, size_t size)
{
	if (o->process != NULL)
		(void)snprintf(
		    text, size, "pid %d (%s)", o->pid, o->process->line);
	else
		(void)snprintf(text, size, "pid %d (%.180s)", o->pid,
		    o->exe != NULL && o->exe[0] ? o->exe : "unknown");
}

void
descent_find(struct look *look, const struct found *f, struct holding *h)
{
	const struct opener *opener = f->opened ? &f->opener : NULL;
	const struct process *p = h->process;
	struct facts *facts = &h->facts;
	struct origin o = opener != NULL ? origin_in_record(look, opener)
					 : origin_of_holders(look, f);

	facts->descent = DESCENT_SELF;
	if (is_self(&o, opener, p))
		return;
	name_origin(&o, facts->origin, sizeof(facts->origin));
	facts->origin_gone = o.process == NULL;
	if (unrelated(look, f, p, &o))
		facts->descent = DESCENT_RECEIVED;
	else if (called_exec(f, p, &o))
		facts->descent = DESCENT_EXEC;
	else
		facts->descent = DESCENT_FORK;
}

bool
descent_kin(struct look *look, pid_t a, pid_t b)
{
	const struct process *x = processes_get(&look->processes, a);
	const struct process *y = processes_get(&look->processes, b);

	return a == b || processes_descends(&look->processes, a, b) ||
	       processes_descends(&look->processes, b, a) ||
	       (x != NULL && y != NULL && x->parent == y->parent &&
		   x->parent > 1);
}
