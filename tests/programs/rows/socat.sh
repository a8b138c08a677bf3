#!/bin/sh
# SPDX-License-Identifier: ISC
# socat: a child for every connection, which tells who is at both ends.
#: needs socat
#: ports 9926
. "${0%/*}/../row.sh"

start() {
	# shellcheck disable=SC2016 # the child's shell expands it
	exec socat TCP6-LISTEN:9926,ipv6only=0,reuseaddr,fork \
		SYSTEM:'echo $TOKEN $SOCAT_PEERADDR $SOCAT_SOCKADDR $SOCAT_SOCKPORT'
}

ask() {
	ours "$(socat -u "$@" -)"
}

check() {
	ask TCP:127.0.0.1:9926
	ask 'TCP:[::1]:9926'
	ask TCP:localhost:9926
	reaches socat -u TCP:127.0.0.3:9926 -
	ask TCP:127.0.0.1:9926,bind=127.0.0.7
	ask TCP:127.0.0.1:9926,sourceport=20200,reuseaddr
}

row "$@"
