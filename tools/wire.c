/* SPDX-License-Identifier: ISC */
/* The one message that several send. */
#include "wire.h"
#include "../shim/terms.h"

#include <errno.h>
#include <string.h>

int
wire_go(struct go *go, const struct terms *t, const char *record)
{
	memset(go, 0, sizeof(*go));
	options_address_text(t->leased, go->ip);
	(void)strlcpy(go->record, record, sizeof(go->record)); /* same size */
	if (terms_format(t, go->terms, sizeof(go->terms)) > 0)
		return 0;
	errno = E2BIG;
	return -1;
}
