#!/bin/sh
# SPDX-License-Identifier: ISC
# Python's subprocess: after a thousand children, which are vforked and so run
# the hooks in the memory of their parent, the parent is what it was.
#: needs python3
#: ports 9925 9926
. "${0%/*}/../row.sh"

start() {
	exec python3 "$PROGRAMS/servers/children.py" "$TOKEN"
}

check() {
	for port in 9925 9926; do
		ours "$(python3 "$PROGRAMS/servers/ask.py" tcp 127.0.0.1 $port)"
	done
}

row "$@"
