#!/bin/sh
# SPDX-License-Identifier: ISC
# All stories; for root once more as an ordinary user.  Some of root's need
# that user, too: where he cannot reach the build directory (a clone in
# /root), all of them are run from a build elsewhere.
# stories.sh BUILD-DIRECTORY [PATTERN]
set -eu

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

# They wait more than they work: eight at a time on two processors.
play() {
	"$@" "$build/tests/stories" -j8 ${pattern:+--filter "$pattern"}
}

build=$1
pattern=${2:-}
elsewhere=''
cleanup() {
	[ -z "$elsewhere" ] || rm -rf "$elsewhere"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

if [ "$(id -u)" = 0 ] && ! as_nobody test -x "$build/tests/stories"; then
	elsewhere=$(mktemp -d)
	chmod 755 "$elsewhere"
	echo "an ordinary user cannot reach $build: built in $elsewhere"
	make --no-print-directory B="$elsewhere" tests >"$elsewhere/log" ||
		{ cat "$elsewhere/log"; exit 1; }
	build=$elsewhere
fi
cd /
play env
if [ "$(id -u)" = 0 ]; then
	echo 'once more, as an ordinary user:'
	play as_nobody
fi
