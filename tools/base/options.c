/* SPDX-License-Identifier: ISC */
#include "base/options.h"
#include "lease/terms.h"

#include <signal.h>

void
options_default(struct options *o)
{
	*o = (struct options){
		.owner = OWNER_DEFAULT,
		.wait = WAIT_DEFAULT,
		.grace = 10000,
		.sig = SIGTERM,
		.idle_limit = 60000,
		.cap = 1200000,
		.status_fd = -1,
		.leak_status = EXIT_LEAK,
	};
	(void)terms_parse_ports(&o->terms, OPTIONS_PORTS);
}
