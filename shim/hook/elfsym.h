/* SPDX-License-Identifier: ISC */
/*
 * Finds functions behind this shared object in the order of the loader, by
 * reading symbol tables (elf(5)): what dlsym(3) with RTLD_NEXT finds.  The
 * shim hides dlsym itself.
 */
#ifndef ELFSYM_H
#define ELFSYM_H

#include <stdbool.h>
#include <stddef.h>

struct elfsym {
	const char *name;
	bool anywhere; /* not only behind the shim: for the vDSO */
	void *found; /* NULL: nowhere */
};

/* Fill in the next definition of each.  Asks the loader once. */
void elfsym_next(struct elfsym *wanted, size_t n);

/* The path of the shim as the loader knows it; NULL unknown. */
const char *elfsym_shim(void);

#endif
