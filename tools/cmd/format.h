/* SPDX-License-Identifier: ISC */
/* The formats of ps and show: a table of functions each, chosen once. */
#ifndef FORMAT_H
#define FORMAT_H

#include "cmd/view.h"

struct format {
	void (*list)(const struct view *views, size_t n); /* ps */
	void (*detail)(const struct view *view); /* show */
};

extern const struct format format_text, format_json;

/* Write "9925-9927,1883" of the terms into text. */
void format_ports(const struct terms *t, char *text, size_t size);

#endif
