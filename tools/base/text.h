/* SPDX-License-Identifier: ISC */
/* How addresses and endpoints are written, wherever they are told. */
#ifndef TEXT_H
#define TEXT_H

#include "lease/slice.h"

/* "127.1.2.3" of an address in host byte order.  Returns text. */
char *text_address(uint32_t ip, char text[static INET_ADDRSTRLEN]);

/* "127.0.0.1:80", "[::1]:80", by the endpoint's family.  Returns text. */
enum { TEXT_ENDPOINT = INET6_ADDRSTRLEN + 10 };
char *text_endpoint(const struct endpoint *ep, char text[static TEXT_ENDPOINT]);

#endif
