#!/bin/sh
# SPDX-License-Identifier: ISC
# asyncio with host=None: 0.0.0.0 and [::] apart, on one port; and UDP.
#: needs python3
#: ports 9926
#: udp 9927
. "${0%/*}/../row.sh"

start() {
	exec python3 "$PROGRAMS/servers/streams.py" "$TOKEN"
}

check() {
	for host in 127.0.0.1 ::1 localhost; do
		ours "$(python3 "$PROGRAMS/servers/ask.py" tcp "$host" 9926)"
	done
	reaches python3 "$PROGRAMS/servers/ask.py" tcp 127.0.0.9 9926
	for host in 127.0.0.1 ::1; do
		ours "$(python3 "$PROGRAMS/servers/ask.py" udp "$host" 9927)"
	done
}

row "$@"
