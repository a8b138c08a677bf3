/* SPDX-License-Identifier: ISC */
/* Values that people write: on the command line, and as names of files. */
#ifndef PARSE_H
#define PARSE_H

#include <stdint.h>

/* Milliseconds of "500ms", "30s", "2m", "1h"; -1 when malformed. */
int64_t parse_duration(const char *text);

/* The host-order address of "127.1.2.3"; 0 when it is none in 127/8. */
uint32_t parse_address(const char *text);

/* A signal by name ("TERM", "sigterm") or number; -1 when there is none. */
int parse_signal(const char *text);

#endif
