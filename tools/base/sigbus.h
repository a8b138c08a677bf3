/* SPDX-License-Identifier: ISC */
/*
 * A program of the lease may cut the record short while we have it mapped.
 * Then what is gone reads as zeros here, record_valid says no from then on,
 * and we live: see SIGBUS in mmap(2).
 */
#ifndef SIGBUS_H
#define SIGBUS_H

/*
 * For the rest of the process, which must not block SIGBUS: a blocked one
 * kills.
 */
void sigbus_install(void);

#endif
