/* SPDX-License-Identifier: ISC */
/*
 * What the front has inherited for the command: pipes, sockets and locks that
 * are to end when the command closes them, not when the lease does.
 */
#ifndef INHERITED_H
#define INHERITED_H

/*
 * Close all descriptors but stderr, `keep`, and those of a file that this
 * process has locked (F_SETLK, fcntl(2)): the command could not inherit that
 * lock, and it would end.  0 and 1 are /dev/null then.
 */
void inherited_close(int keep);

#endif
