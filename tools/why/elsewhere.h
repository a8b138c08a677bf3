/* SPDX-License-Identifier: ISC */
/*
 * The sockets of other network namespaces.  sock_diag answers for the one in
 * which its socket was made, so we enter each for a moment, setns(2), which
 * root may.
 */
#ifndef ELSEWHERE_H
#define ELSEWHERE_H

#include "why/look.h"

/*
 * Adds those that sockdiag_at finds there.  Namespaces that may not be entered
 * are passed over.  0; -1 with errno.
 */
int elsewhere_sockets(const struct target *target, struct sockets *out);

#endif
