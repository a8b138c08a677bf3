#!/bin/sh
# SPDX-License-Identifier: ISC
# Node: http, net, dgram, and a child that gets an empty environment.
#: needs node
#: ports 9925 9926 9932
#: udp 9927
. "${0%/*}/../row.sh"

start() {
	exec node "$PROGRAMS/servers/server.mjs" "$TOKEN"
}

check() {
	ours "$(node "$PROGRAMS/servers/client.mjs")"
}

row "$@"
