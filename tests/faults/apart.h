/* SPDX-License-Identifier: ISC */
#ifndef APART_H
#define APART_H

/*
 * Go on as a process of a pid namespace of our own, with its own /proc, so
 * that the tools see few processes, and the same number every time.  Where
 * that cannot be had, go on as we are.  What is left in the namespace at our
 * end dies; so do we when our parent does.  Before arena_enter().
 */
void apart_enter(void);

#endif
