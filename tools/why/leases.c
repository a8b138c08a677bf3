/* SPDX-License-Identifier: ISC */
#include "why/leases.h"
#include "store/records.h"
#include "store/recquery.h"

#include <stdlib.h>

/* Takes the mapping over. */
static int
add(const struct statedir *dir, struct stored *s, void *arg)
{
	struct leases *all = arg;
	struct stored *list;

	(void)dir;
	if (s->record == NULL || s->past)
		return 0;
	list = reallocarray(all->list, all->n + 1, sizeof(*list));
	if (list == NULL)
		return -1;
	all->list = list;
	all->list[all->n++] = *s;
	s->record = NULL;
	return 0;
}

int
leases_read(struct leases *all, uint64_t netns)
{
	*all = (struct leases){ 0 };
	return records_each(netns, add, all);
}

void
leases_free(struct leases *all)
{
	for (size_t i = 0; i < all->n; i++)
		store_unmap(&all->list[i]);
	free(all->list);
	*all = (struct leases){ 0 };
}

const struct stored *
leases_of(const struct leases *all, const struct sockdiag_socket *s)
{
	for (size_t i = 0; i < all->n; i++) {
		const struct terms *t = &all->list[i].terms;

		if (!(t->flags & TERMS_ADOPTED) && slice_contains(t, &s->local))
			return &all->list[i];
	}
	for (size_t i = 0; i < all->n; i++)
		if (recquery_knows(all->list[i].record, s->cookie))
			return &all->list[i];
	return NULL;
}

const struct stored *
leases_at(const struct leases *all, uint32_t ip)
{
	for (size_t i = 0; i < all->n; i++)
		if (slice_holds(&all->list[i].terms, ip))
			return &all->list[i];
	return NULL;
}
