/* SPDX-License-Identifier: ISC */
/* The file that tells others the process id of the command. */
#ifndef COMMANDPID_H
#define COMMANDPID_H

#include <sys/types.h>

/* Write pid and a newline to a file that appears whole.  0; -1 with errno. */
int commandpid_write(const char *path, pid_t pid);

/* Remove the file, unless another process id is in it. */
void commandpid_remove(const char *path, pid_t pid);

#endif
