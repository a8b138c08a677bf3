#!/bin/sh
# SPDX-License-Identifier: ISC
# proxychains, which hides connect: its clients reach the server through a
# SOCKS proxy.
#: needs python3 proxychains4 $BUILT/identity-64
#: ports 9925 9926
. "${0%/*}/../row.sh"

start() {
	python3 "$PROGRAMS/servers/socks.py" 9925 &
	proxy=$!
	"$BUILT/identity-64" 9926 "$TOKEN" &
	server=$!
	status=0
	trap 'kill $server' TERM
	wait $server || status=$?
	# A signal ends the wait before it ends the server.
	if [ $status -gt 128 ]; then
		status=0
		wait $server || status=$?
	fi
	kill $proxy || :
	wait $proxy || :
	exit $status
}

check() {
	printf '%s\n' strict_chain '[ProxyList]' 'socks5 127.0.0.1 9925' >conf
	ours "$(proxychains4 -q -f conf \
		python3 "$PROGRAMS/servers/ask.py" tcp 127.0.0.1 9926)"
}

row "$@"
