/* SPDX-License-Identifier: ISC */
/* The formats of ps and show: a table of functions each, chosen once. */
#ifndef REPORT_H
#define REPORT_H

#include "cmd/view.h"

struct report {
	void (*list)(const struct view *views, size_t n); /* ps */
	void (*detail)(const struct view *view); /* show */
};

extern const struct report report_text, report_json;

/* Write "9925-9927,1883" of the terms into text. */
void report_ports(const struct terms *t, char *text, size_t size);

#endif
