#!/bin/sh
# SPDX-License-Identifier: ISC
# OpenJDK: its HTTP server, sockets, channels and datagrams; a child process
# with an empty environment is the client.
#: needs java $BUILT/Server.class
#: ports 9925 9926 9932
#: udp 9927
. "${0%/*}/../row.sh"

start() {
	exec java -Xshare:auto -Xmx64m -XX:TieredStopAtLevel=1 -cp "$BUILT" \
		Server "$TOKEN"
}

check() {
	ours "$(java -Xmx64m -XX:TieredStopAtLevel=1 -cp "$BUILT" Client)"
}

row "$@"
