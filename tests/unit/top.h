/* SPDX-License-Identifier: ISC */
/* A state directory of the test's own, which PORTLEASE_DIR names. */
#ifndef TOP_H
#define TOP_H

extern char top[64]; /* its path */

/* As .init and .fini of a test. */
void top_make(void);
void top_remove(void);

#endif
