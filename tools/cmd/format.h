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

#endif
