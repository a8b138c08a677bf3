#!/bin/sh
# SPDX-License-Identifier: ISC
# socat: a child for every datagram.
#: needs socat python3
#: udp 9927
. "${0%/*}/../row.sh"

start() {
	# shellcheck disable=SC2016 # the child's shell expands it
	exec socat UDP-RECVFROM:9927,fork \
		SYSTEM:'read -r _; echo $TOKEN $SOCAT_PEERADDR $SOCAT_SOCKADDR $SOCAT_SOCKPORT'
}

check() {
	for host in 127.0.0.1 127.0.0.1; do
		ours "$(python3 "$PROGRAMS/servers/ask.py" udp $host 9927)"
	done
	reaches python3 "$PROGRAMS/servers/ask.py" udp 127.0.0.4 9927
}

row "$@"
