/* SPDX-License-Identifier: ISC */
#include "base/clock.h"
#include "base/text.h"
#include "cmd/who_print.h"

#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>

double
who_age(uint64_t when)
{
	double age = (double)clock_ms() / 1e3 - (double)when / 1e9;

	return age > 0 ? age : 0;
}

const char *
who_user(uid_t uid)
{
	static char name[32];

	(void)snprintf(name, sizeof(name), "user %u", uid);
	return name;
}

static void
print_socket(const struct found *f)
{
	const struct sockdiag_socket *s = &f->socket;
	char end[TEXT_ENDPOINT], ip[INET_ADDRSTRLEN];

	printf("%s %s %s", s->protocol == IPPROTO_TCP ? "tcp" : "udp",
	    text_endpoint(&s->local, end), sockdiag_state_name(s->state));
	if (f->count > 1)
		printf(", %u connections", f->count);
	else if (s->remote.port != 0)
		printf(", peer %s", text_endpoint(&s->remote, end));
	if (f->lease != NULL)
		printf(", lease %s", text_address(f->lease->ip, ip));
	if (f->opened)
		printf(", asked %s, for %.1f s",
		    text_endpoint(&f->opener.asked, end),
		    who_age(f->opener.when));
	if (s->queued > 0)
		printf(", %u %s accept", s->queued,
		    s->queued == 1 ? "waits for" : "wait for");
	putchar('\n');
	if (f->opened)
		printf("  opened by pid %d (%s) with %s, %.1f s ago\n",
		    f->opener.pid, f->opener.path,
		    recquery_call(f->opener.call), who_age(f->opener.when));
	else if (f->lease != NULL)
		printf("  opened by: not recorded\n");
}

/* The first holding of a process; the others add their descriptors. */
static size_t
print_holder(const struct found *f, size_t i)
{
	const struct holding *h = &f->holders[i];
	const struct process *p = h->process;
	size_t k = i + 1;

	if (p == NULL) {
		printf("  held by no process that can be seen\n");
		return k;
	}
	while (k < f->nholders && f->holders[k].process == p)
		k++;
	printf("  held by pid %d (%s) of %s, started %.1f s ago, descriptor%s",
	    p->pid, p->line, who_user(p->uid),
	    who_age(process_monotonic(p->start)), k > i + 1 ? "s" : "");
	for (size_t n = i; n < k; n++)
		printf(" %d", f->holders[n].fd);
	putchar('\n');
	return k;
}

static void
print_whys(const struct holding *h)
{
	char text[RULES_TEXT];

	for (size_t i = 0; i < h->nwhys; i++) {
		printf("    why: %s\n", rules_why(h->whys[i], &h->facts, text));
		printf(
		    "    do:  %s\n", rules_todo(h->whys[i], &h->facts, text));
	}
}

void
who_text(const struct look *look)
{
	for (size_t i = 0; i < look->n; i++) {
		const struct found *f = &look->list[i];

		print_socket(f);
		for (size_t k = 0; k < f->nholders;) {
			const struct holding *h = &f->holders[k];

			k = print_holder(f, k);
			print_whys(h);
		}
	}
}
