/* SPDX-License-Identifier: ISC */
/* Neither can fail: the families are known, and the room is enough. */
#include "base/text.h"

#include <arpa/inet.h>
#include <stdio.h>

char *
text_address(uint32_t ip, char text[static INET_ADDRSTRLEN])
{
	struct in_addr in = { .s_addr = htonl(ip) };

	(void)inet_ntop(AF_INET, &in, text, INET_ADDRSTRLEN);
	return text;
}

char *
text_endpoint(const struct endpoint *ep, char text[static TEXT_ENDPOINT])
{
	char host[INET6_ADDRSTRLEN] = "";
	bool v4 = ep->family == AF_INET;

	if (v4)
		(void)text_address(endpoint_ip4(ep), host);
	else
		(void)inet_ntop(AF_INET6, &ep->addr, host, sizeof(host));
	(void)snprintf(text, TEXT_ENDPOINT, v4 ? "%s:%u" : "[%s]:%u", host,
	    (unsigned int)ep->port);
	return text;
}
