/* SPDX-License-Identifier: ISC */
#include "claim/refusal.h"
#include "base/text.h"
#include "kernel/addrlock.h"

#include <stdio.h>
#include <string.h>

enum { HOLDER_TEXT = HOLDER_LINE + 32 };

/* "pid 42 (server)". */
static const char *
holder(const struct leftover *left, char text[static HOLDER_TEXT])
{
	if (left->holder.pid == 0)
		(void)strlcpy(
		    text, "a process that cannot be seen", HOLDER_TEXT);
	else
		(void)snprintf(text, HOLDER_TEXT, "pid %d (%s)",
		    left->holder.pid, left->holder.line);
	return text;
}

void
refusal_unproven(bool adopted, int error, char text[static REFUSAL_TEXT])
{
	(void)snprintf(text, REFUSAL_TEXT, "%s be proven free: sock_diag: %s",
	    adopted ? "the address cannot" : "no address can", strerror(error));
}

void
refusal_foreign(const struct leftover *stranger, char text[static REFUSAL_TEXT])
{
	char by[HOLDER_TEXT];

	(void)snprintf(text, REFUSAL_TEXT,
	    "%sport %u is taken on every address by %s: end it, or leave the "
	    "port out of --ports",
	    stranger->socket.protocol == IPPROTO_UDP ? "UDP " : "",
	    stranger->socket.local.port, holder(stranger, by));
}

void
refusal_lock(const struct leftover *stranger, char text[static REFUSAL_TEXT])
{
	char by[HOLDER_TEXT];

	(void)snprintf(text, REFUSAL_TEXT,
	    "port %d, which portlease needs, is taken%s by %s", ADDRLOCK_PORT,
	    stranger->blocks ? " on every address" : "", holder(stranger, by));
}

void
refusal_exhausted(int attempts, uint16_t port, char text[static REFUSAL_TEXT])
{
	int n = snprintf(
	    text, REFUSAL_TEXT, "no free address after %d attempts", attempts);

	if (port != 0)
		(void)snprintf(text + n, REFUSAL_TEXT - (size_t)n,
		    ": port %u is taken by a socket that cannot be seen", port);
}

void
refusal_busy(
    const struct refusal_tenant *tenant, char text[static REFUSAL_TEXT])
{
	const struct evidence *e = tenant->left;
	const struct leftover *held = evidence_held(e);
	char ip[INET_ADDRSTRLEN], by[HOLDER_TEXT];

	text_address(tenant->ip, ip);
	if (held != NULL)
		(void)snprintf(text, REFUSAL_TEXT,
		    "%s: port %u is still held by %s", ip,
		    held->socket.local.port, holder(held, by));
	else if (e->ports_held > 0)
		(void)snprintf(text, REFUSAL_TEXT,
		    "%s: port %u is still taken by a socket that cannot be "
		    "seen",
		    ip, e->port);
	else if (e->ports_waiting > 0)
		(void)snprintf(text, REFUSAL_TEXT,
		    "%s: port %u is in TIME_WAIT for %u more seconds: give "
		    "--wait %us, or let its server set SO_REUSEADDR",
		    ip, e->port, tenant->seconds, tenant->seconds + 1);
	else if (tenant->reaping)
		(void)snprintf(text, REFUSAL_TEXT,
		    "%s: still held by what a lost lease left, which is being "
		    "ended",
		    ip);
	else if (tenant->reaped[0] != '\0')
		(void)strlcpy(text, tenant->reaped, REFUSAL_TEXT);
	else
		(void)snprintf(text, REFUSAL_TEXT,
		    "%s: still held by another lease%s%s", ip,
		    tenant->command[0] != '\0' ? ": " : "", tenant->command);
}
