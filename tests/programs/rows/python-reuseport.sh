#!/bin/sh
# SPDX-License-Identifier: ISC
# SO_REUSEPORT: natively all copies start, and answer each other's clients.
#: needs python3
#: ports 9926
#: natively shares
. "${0%/*}/../row.sh"

start() {
	exec python3 "$PROGRAMS/servers/reuseport.py" "$TOKEN"
}

check() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		ours "$(python3 "$PROGRAMS/servers/ask.py" tcp localhost 9926)"
	done
}

row "$@"
