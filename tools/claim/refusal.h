/* SPDX-License-Identifier: ISC */
/*
 * Why an address cannot be had, in one line for people.  Pure: the caller
 * gathers the facts, and names the holders of sockets (evidence_holders).
 */
#ifndef REFUSAL_H
#define REFUSAL_H

#include "proof/evidence.h"

enum { REFUSAL_TEXT = 512 };

/* sock_diag failed with that errno. */
void refusal_unproven(bool adopted, int error, char text[static REFUSAL_TEXT]);

/* A stranger has a declared port on every address. */
void refusal_foreign(
    const struct leftover *stranger, char text[static REFUSAL_TEXT]);

/* A stranger has the port of portlease's lock. */
void refusal_lock(
    const struct leftover *stranger, char text[static REFUSAL_TEXT]);

/* No slice, after so many attempts; port: one that was refused, or 0. */
void refusal_exhausted(
    int attempts, uint16_t port, char text[static REFUSAL_TEXT]);

/* What is known of the tenant of an address that stayed busy. */
struct refusal_tenant {
	uint32_t ip;
	const struct evidence *left; /* at the last look */
	bool reaping; /* its monitor is lost, and it is being ended */
	const char *reaped; /* the last word of that, "" none */
	const char *command; /* of the lease there, "" unknown */
	unsigned int seconds; /* until TIME_WAIT is over */
};
void refusal_busy(
    const struct refusal_tenant *tenant, char text[static REFUSAL_TEXT]);

#endif
