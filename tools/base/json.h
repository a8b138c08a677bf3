/* SPDX-License-Identifier: ISC */
/* Our own kinds of values as jansson's. */
#ifndef JSON_H
#define JSON_H

#include "lease/terms.h"

#include <jansson.h>

/* The declared ports: pairs of first and last.  A new reference, or NULL. */
json_t *json_ports(const struct terms *t);

#endif
