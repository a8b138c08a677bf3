/* SPDX-License-Identifier: ISC */
/*
 * /proc/PID/task/TID/{stat,syscall,wchan}, and for connections under way what
 * the kernel has in SYN_SENT, named as the record says it was asked for.
 */
#include "ready/blocked.h"
#include "kernel/procfs.h"
#include "ready/activity.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DIALLING = 64 };

/* A connection that nobody has answered yet. */
struct dialling {
	uint32_t inode;
	char to[TEXT_ENDPOINT];
};

struct search {
	const struct terms *terms;
	const struct record *record;
	struct dialling dialling[DIALLING];
	size_t n;
};

/*
 * Calls that a thread waits in.  Those that wait for descriptors may wait for
 * a connection.
 */
static const struct {
	long number;
	const char *name;
	bool descriptors;
} calls[] = {
#define CALL(name, descriptors)                                                \
	{                                                                      \
		SYS_##name, #name, descriptors                                 \
	}
	CALL(connect, true),
#ifdef SYS_poll
	CALL(poll, true),
	CALL(select, true),
	CALL(epoll_wait, true),
	CALL(pause, false),
#endif
	CALL(ppoll, true),
	CALL(pselect6, true),
	CALL(epoll_pwait, true),
	CALL(io_uring_enter, true),
	CALL(futex, false),
	CALL(nanosleep, false),
	CALL(clock_nanosleep, false),
	CALL(restart_syscall, false),
	CALL(rt_sigsuspend, false),
	CALL(rt_sigtimedwait, false),
	CALL(wait4, false),
	CALL(waitid, false),
	CALL(accept, false),
	CALL(accept4, false),
	CALL(read, false),
	CALL(readv, false),
	CALL(write, false),
	CALL(writev, false),
	CALL(recvfrom, false),
	CALL(recvmsg, false),
	CALL(sendto, false),
	CALL(sendmsg, false),
	CALL(openat, false),
	CALL(flock, false),
	CALL(fcntl, false),
	CALL(ioctl, false),
	CALL(fsync, false),
	CALL(fdatasync, false),
	CALL(msgrcv, false),
	CALL(semop, false),
	CALL(semtimedop, false),
#undef CALL
};

static bool
waits_for_descriptors(const char *name)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (strcmp(calls[i].name, name) == 0)
			return calls[i].descriptors;
	return false;
}

void
blocked_call(long number, char *name, size_t size)
{
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (calls[i].number == number) {
			(void)strlcpy(name, calls[i].name, size);
			return;
		}
	}
	(void)snprintf(name, size, "system call %ld", number);
}

/* As the program asked for it: by the record, else by arithmetic. */
static void
name_peer(const struct search *search, const struct sockdiag_socket *s,
    char to[static TEXT_ENDPOINT])
{
	const struct record *r = search->record;
	struct endpoint peer = s->remote;
	struct sockcall entry;

	peer.family = s->family; /* what slice_asked goes by */

	if (recquery_event(r, s->cookie, EVENT_CONNECT, &entry))
		peer = entry.asked;
	else
		peer = slice_asked(search->terms, &peer, NULL);
	text_endpoint(&peer, to);
}

static void
find_dialling(struct search *search, struct sockdiag *diag)
{
	struct sockets all = { 0 };

	(void)sockdiag_tcp(diag, 0, 0, &all);
	for (size_t i = 0; i < all.n && search->n < DIALLING; i++) {
		const struct sockdiag_socket *s = &all.list[i];

		if (s->state != TCP_SYN_SENT || s->inode == 0)
			continue;
		search->dialling[search->n].inode = s->inode;
		name_peer(search, s, search->dialling[search->n++].to);
	}
	sockets_free(&all);
}

/* The connection that a process waits for, or NULL. */
static const struct dialling *
dialling_of(const struct search *search, pid_t pid)
{
	const struct dialling *found = NULL;
	uint32_t *inodes;
	ssize_t n = procfs_sockets(pid, &inodes);

	for (ssize_t i = 0; i < n && found == NULL; i++)
		for (size_t j = 0; j < search->n; j++)
			if (search->dialling[j].inode == inodes[i])
				found = &search->dialling[j];
	free(inodes);
	return found;
}

/* The first line of a file of a thread. */
static void
read_line(
    const struct blocked_thread *t, const char *name, char *text, size_t size)
{
	(void)procfs_read(
	    text, size, "/proc/%d/task/%d/%s", t->pid, t->tid, name);
	text[strcspn(text, "\n")] = '\0';
}

static void
read_thread(struct blocked_thread *t)
{
	char text[512], *end;
	long number;

	read_line(t, "stat", text, sizeof(text));
	t->state = procfs_parse_state(text);
	read_line(t, "wchan", text, sizeof(text));
	if (strcmp(text, "0") != 0)
		(void)strlcpy(t->wchan, text, sizeof(t->wchan)); /* cut */
	read_line(t, "syscall", text, sizeof(text));
	number = strtol(text, &end, 10);
	if (end != text && number >= 0)
		blocked_call(number, t->call, sizeof(t->call));
}

static bool
same(const struct blocked_thread *a, const struct blocked_thread *b)
{
	return a->pid == b->pid && a->state == b->state &&
	       strcmp(a->call, b->call) == 0 && strcmp(a->wchan, b->wchan) == 0;
}

static void
add_thread(struct search *search, struct blocked *found, pid_t pid, pid_t tid)
{
	struct blocked_thread s = { .pid = pid, .tid = tid, .threads = 1 };
	const struct dialling *held;

	read_thread(&s);
	for (size_t i = 0; i < found->n; i++) {
		if (same(&found->list[i], &s)) {
			found->list[i].threads++;
			return;
		}
	}
	if (found->n == BLOCKED_MAX) {
		found->more++;
		return;
	}
	(void)procfs_cmdline(pid, s.line, sizeof(s.line));
	held = waits_for_descriptors(s.call) ? dialling_of(search, pid) : NULL;
	if (held != NULL)
		memcpy(s.awaits, held->to, sizeof(s.awaits));
	found->list[found->n++] = s;
}

void
blocked_find(struct blocked *s, pid_t root, pid_t exclude,
    struct sockdiag *diag, const struct terms *terms,
    const struct record *record)
{
	struct search search = { .terms = terms, .record = record };
	struct sample tree;

	memset(s, 0, sizeof(*s));
	if (diag != NULL)
		find_dialling(&search, diag);
	tree = activity_threads(root, record, exclude);
	for (size_t i = 0; i < tree.n; i++)
		add_thread(
		    &search, s, tree.threads[i].pid, tree.threads[i].tid);
	free(tree.threads);
}

static const char *
state_text(char state)
{
	return state == 'T'   ? "stopped by a signal"
	       : state == 't' ? "stopped by a debugger"
	       : state == 'D' ? "waiting for a device"
	       : state == 'R' ? "running"
			      : "asleep";
}

void
blocked_text(const struct blocked_thread *s, char *text, size_t size)
{
	bool in = s->call[0] != '\0' && s->state != 'T' && s->state != 't';

	(void)snprintf(text, size, "%s%s%s%s%s%s%s",
	    in ? "in " : state_text(s->state), in ? s->call : "",
	    s->awaits[0] != '\0' ? ", connecting to " : "", s->awaits,
	    s->wchan[0] != '\0' ? " (" : "", s->wchan,
	    s->wchan[0] != '\0' ? ")" : "");
}
