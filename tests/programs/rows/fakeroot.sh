#!/bin/sh
# SPDX-License-Identifier: ISC
# Clients of fakeroot, whose library answers fstat from a lock and a
# connection, and of uid_wrapper, for which every user is root.
#: needs fakeroot python3 /usr/lib/x86_64-linux-gnu/libuid_wrapper.so
#: needs $BUILT/identity-64
#: ports 9926
. "${0%/*}/../row.sh"

start() {
	exec "$BUILT/identity-64" 9926 "$TOKEN"
}

check() {
	ours "$(fakeroot python3 "$PROGRAMS/servers/ask.py" tcp localhost 9926)"
	ours "$(LD_PRELOAD=libuid_wrapper.so UID_WRAPPER=1 UID_WRAPPER_ROOT=1 \
		python3 "$PROGRAMS/servers/ask.py" tcp localhost 9926)"
	is "$(fakeroot sh -c 'touch x; chown 7:8 x; stat -c %u:%g x')" 7:8
}

row "$@"
