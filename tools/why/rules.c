/* SPDX-License-Identifier: ISC */
/*
 * The texts are templates.  In braces they name a fact: {pid}, {origin},
 * {peer}, {left}, {tracer}, {owner}, {share}, {strangers}.
 */
#include "why/rules.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

static bool
held(const struct facts *f)
{
	return f->pid != 0;
}

static bool
waits(const struct facts *f)
{
	return !f->elsewhere && f->state == TCP_TIME_WAIT;
}

/* The program has closed it, and the kernel finishes. */
static bool
closing(const struct facts *f)
{
	return !held(f) && !f->elsewhere &&
	       (f->state == TCP_FIN_WAIT1 || f->state == TCP_FIN_WAIT2 ||
		   f->state == TCP_CLOSING || f->state == TCP_LAST_ACK);
}

/* Open, and held by no process that was seen. */
static bool
unheld(const struct facts *f)
{
	return !held(f) && !f->elsewhere && !waits(f) && !closing(f);
}

static bool
elsewhere(const struct facts *f)
{
	return f->elsewhere;
}

static bool
untried(const struct facts *f)
{
	return waits(f) && f->blocks == BLOCKS_UNTRIED;
}

static bool
blocks_nobody(const struct facts *f)
{
	return waits(f) && f->blocks == BLOCKS_NOBODY;
}

static bool
blocks_some(const struct facts *f)
{
	return waits(f) && f->blocks == BLOCKS_SOME;
}

static bool
blocks_all(const struct facts *f)
{
	return waits(f) && f->blocks == BLOCKS_ALL;
}

static bool
unseen(const struct facts *f)
{
	return unheld(f) && f->hidden;
}

static bool
ring(const struct facts *f)
{
	return unheld(f) && !f->hidden && f->rings;
}

static bool
in_flight(const struct facts *f)
{
	return unheld(f) && !f->hidden && !f->rings;
}

static bool
core_dump(const struct facts *f)
{
	return held(f) && f->dumping;
}

static bool
uninterruptible(const struct facts *f)
{
	return held(f) && f->process_state == 'D' && !f->dumping;
}

static bool
traced(const struct facts *f)
{
	return held(f) && f->process_state == 't';
}

static bool
stopped(const struct facts *f)
{
	return held(f) && f->process_state == 'T';
}

static bool
headless(const struct facts *f)
{
	return held(f) && f->headless;
}

static bool
received(const struct facts *f)
{
	return held(f) && f->descent == DESCENT_RECEIVED;
}

static bool
inherited_exec(const struct facts *f)
{
	return held(f) && f->descent == DESCENT_EXEC;
}

static bool
fork_left(const struct facts *f)
{
	return held(f) && f->descent == DESCENT_FORK && f->origin_gone;
}

static bool
forked(const struct facts *f)
{
	return held(f) && f->descent == DESCENT_FORK && !f->origin_gone;
}

static bool
close_wait(const struct facts *f)
{
	return held(f) && f->state == TCP_CLOSE_WAIT;
}

static bool
left_session(const struct facts *f)
{
	return held(f) && f->left_session;
}

static bool
ignores(const struct facts *f)
{
	return held(f) && f->ignores;
}

static bool
shared_stranger(const struct facts *f)
{
	return !f->elsewhere && f->strangers > 0;
}

static bool
shared(const struct facts *f)
{
	return !f->elsewhere && f->sharers > 0 && f->strangers == 0;
}

static bool
wildcard(const struct facts *f)
{
	return held(f) && f->wildcard;
}

static bool
always(const struct facts *f)
{
	(void)f;
	return true;
}

#define CLOSED "closed; the kernel keeps the connection with {peer} for {left}"

static const struct rule {
	const char *name;
	bool (*holds)(const struct facts *);
	const char *why;
	const char *todo;
} rules[WHYS] = {
	[WHY_ELSEWHERE] = { "elsewhere", elsewhere,
	    "it is in another network namespace, and blocks nothing in this "
	    "one",
	    "nothing; to reach it, nsenter -t {pid} -n" },
	[WHY_TIME_WAIT] = { "time-wait", untried,
	    CLOSED "; whether that blocks a bind could not be tried",
	    "wait, or set SO_REUSEADDR before bind" },
	[WHY_TIME_WAIT_NOBODY] = { "time-wait-blocks-nobody", blocks_nobody,
	    CLOSED "; that blocks no bind", "nothing" },
	[WHY_TIME_WAIT_SOME] = { "time-wait-blocks-some", blocks_some,
	    CLOSED "; until then a bind without SO_REUSEADDR fails",
	    "set SO_REUSEADDR before bind, or wait" },
	[WHY_TIME_WAIT_ALL] = { "time-wait-blocks-all", blocks_all,
	    CLOSED "; until then every bind fails, because the closed socket "
		   "had no SO_REUSEADDR",
	    "wait; set SO_REUSEADDR in the program that had the port, too" },
	[WHY_CLOSING] = { "closing", closing,
	    "closed here, but {peer} keeps its end open",
	    "end or close the other end; the kernel gives up after a minute" },
	[WHY_UNSEEN] = { "unseen", unseen,
	    "it was made by user {owner}, and some processes may not be looked "
	    "at",
	    "ask again as root, or as that user" },
	[WHY_RING] = { "io-uring", ring,
	    "no descriptor of any process has it; a request in flight in an "
	    "io_uring may, or a message (SCM_RIGHTS) that nobody has read",
	    "end the process with the io_uring, or the one that is to read "
	    "the message" },
	[WHY_IN_FLIGHT] = { "in-flight", in_flight,
	    "no process has it: it is in a message (SCM_RIGHTS) that nobody "
	    "has read",
	    "end the process that is to read the message; ss -xp lists Unix "
	    "sockets" },
	[WHY_CORE_DUMP] = { "core-dump", core_dump,
	    "pid {pid} has crashed and writes a core dump; its sockets close "
	    "after that",
	    "wait; ulimit -c 0 avoids the dump" },
	[WHY_UNINTERRUPTIBLE] = { "uninterruptible", uninterruptible,
	    "pid {pid} waits inside the kernel (state D), where no signal "
	    "reaches it",
	    "see /proc/{pid}/wchan and the file system or device that it "
	    "waits for" },
	[WHY_TRACED] = { "traced", traced,
	    "pid {pid} is stopped by its tracer, pid {tracer}",
	    "let pid {tracer} go on or detach" },
	[WHY_STOPPED] = { "stopped", stopped,
	    "pid {pid} is stopped; all signals but SIGKILL wait for SIGCONT",
	    "kill -CONT {pid}" },
	[WHY_HEADLESS] = { "thread-outlives-leader", headless,
	    "the main thread of pid {pid} has exited and looks like a zombie, "
	    "but another thread lives",
	    "kill {pid}; let the program end by exit, not pthread_exit" },
	[WHY_RECEIVED] = { "received", received,
	    "passed on to pid {pid} (SCM_RIGHTS) after {origin} had opened it",
	    "end pid {pid}, or let it close what it received" },
	[WHY_EXEC] = { "inherited-exec", inherited_exec,
	    "pid {pid} inherited it through exec from {origin}, which opened "
	    "it without SOCK_CLOEXEC",
	    "end pid {pid}; set SOCK_CLOEXEC in the program that opens it" },
	[WHY_FORK_LEFT] = { "inherited-fork-left", fork_left,
	    "pid {pid} inherited it by fork from {origin}, which has exited",
	    "end pid {pid}; let its parent wait for its workers" },
	[WHY_FORK] = { "inherited-fork", forked,
	    "pid {pid} shares it with {origin}, of which it is a fork",
	    "end {origin}, which is to end its workers" },
	[WHY_CLOSE_WAIT] = { "close-wait", close_wait,
	    "{peer} has closed the connection, pid {pid} has not",
	    "let pid {pid} close at the end of input" },
	[WHY_DAEMON] = { "daemon", left_session,
	    "pid {pid} is a daemon: it has left its parent and its session",
	    "stop it by its own command, or kill {pid}" },
	[WHY_DEAF] = { "ignores-term", ignores, "pid {pid} ignores SIGTERM",
	    "kill -KILL {pid}" },
	[WHY_SHARED_STRANGER] = { "shared-with-strangers", shared_stranger,
	    "SO_REUSEPORT: {strangers} OF STRANGERS listen here, too; this one "
	    "gets {share} of the connections",
	    "end the others, or give each a port or a lease of its own" },
	[WHY_SHARED] = { "shared", shared,
	    "SO_REUSEPORT: {sharers} of the same lease or program listen here, "
	    "too; this one gets {share} of the connections",
	    "nothing, if they are meant to share" },
	[WHY_WILDCARD] = { "wildcard", wildcard,
	    "a server outside all leases, on a wildcard: it has the port on "
	    "every address",
	    "stop pid {pid}, or bind it to one address" },
	[WHY_MEANT] = { "meant", always,
	    "its process runs, and nothing says that it is not meant to",
	    "end pid {pid} to free it" },
};

size_t
rules_of(const struct facts *f, enum why whys[static WHYS])
{
	size_t n = 0;

	for (size_t i = 0; i < WHY_MEANT; i++)
		if (rules[i].holds(f))
			whys[n++] = (enum why)i;
	if (n == 0)
		whys[n++] = WHY_MEANT;
	return n;
}

const char *
rules_name(enum why why)
{
	return rules[why].name;
}

static void
sockets_text(unsigned int n, char *text, size_t size)
{
	(void)snprintf(text, size, "%u %s", n, n == 1 ? "socket" : "sockets");
}

/* The text of the fact whose name, of len bytes, is in a template. */
static void
fact(const struct facts *f, const char *name, size_t len, char *text,
    size_t size)
{
	char pid[16], tracer[16], owner[16], left[24], share[24], sharers[32],
	    strangers[32];
	const struct {
		const char *name, *text;
	} values[] = {
		{ "pid", pid },
		{ "tracer", tracer },
		{ "owner", owner },
		{ "left", left },
		{ "share", share },
		{ "sharers", sharers },
		{ "strangers", strangers },
		{ "origin", f->origin[0] ? f->origin : "another process" },
		{ "peer", f->peer[0] ? f->peer : "its peer" },
	};

	(void)snprintf(pid, sizeof(pid), "%d", f->pid);
	(void)snprintf(tracer, sizeof(tracer), "%d", f->tracer);
	(void)snprintf(owner, sizeof(owner), "%u", f->owner);
	(void)snprintf(left, sizeof(left), "%.1f s", f->left / 1000.0);
	(void)snprintf(share, sizeof(share), "1/%u", f->sharers + 1);
	sockets_text(f->sharers, sharers, sizeof(sharers));
	sockets_text(f->strangers, strangers, sizeof(strangers));
	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++)
		if (strlen(values[i].name) == len &&
		    strncmp(values[i].name, name, len) == 0)
			(void)strlcat(text, values[i].text, size);
}

static char *
fill(const char *template, const struct facts *f, char text[static RULES_TEXT])
{
	char piece[RULES_TEXT];
	size_t n;

	text[0] = '\0';
	while (*template != '\0') {
		n = strcspn(template, "{");
		(void)strlcpy(piece, template,
		    n + 1 < sizeof(piece) ? n + 1 : sizeof(piece));
		(void)strlcat(text, piece, RULES_TEXT);
		template += n;
		if (*template != '{')
			continue;
		n = strcspn(++template, "}");
		fact(f, template, n, text, RULES_TEXT);
		template += n + 1;
	}
	return text;
}

char *
rules_why(enum why why, const struct facts *f, char text[static RULES_TEXT])
{
	return fill(rules[why].why, f, text);
}

char *
rules_todo(enum why why, const struct facts *f, char text[static RULES_TEXT])
{
	return fill(rules[why].todo, f, text);
}
