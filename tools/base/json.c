/* SPDX-License-Identifier: ISC */
/* One way to write a value, wherever it is told. */
#include "base/json.h"

json_t *
json_ports(const struct terms *t)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < t->nports; i++)
		json_array_append_new(list,
		    json_pack("[i, i]", t->ports[i].first, t->ports[i].last));
	return list;
}
