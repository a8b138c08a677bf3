/* SPDX-License-Identifier: ISC */
/* The record has one writer for its report: the monitor. */
#include "tell.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
tell(struct record *r, const char *format, ...)
{
	char *report = r->release.report;
	size_t size = sizeof(r->release.report), used = strnlen(report, size);
	char line[1024];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(line, sizeof(line), format, ap); /* cut: for people */
	va_end(ap);
	warnx("%s", line);
	if (used + strlen(line) + 2 <= size)
		(void)snprintf(report + used, size - used, "%s\n", line);
}
