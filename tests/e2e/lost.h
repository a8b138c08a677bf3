/* SPDX-License-Identifier: ISC */
/* Monitors that get lost, found in the record of the only lease there is. */
#ifndef LOST_H
#define LOST_H

#include <sys/types.h>

/* Its pid. */
pid_t lost_find(void);
/* SIGKILL, and it is gone. */
void lost_kill(void);

#endif
