#!/bin/sh
# SPDX-License-Identifier: ISC
# Two copies of one server with fixed ports, side by side, under two leases.
# The second leaves a sleep behind that inherited its listeners.  Fails when
# anything is not as it should be.  BUILD: the build directory.
set -eu

build=$(cd "${BUILD:-build}" && pwd)
work=$(mktemp -d)
export PORTLEASE_DIR="$work/state"
PATH="$build:$build/guests:$PATH"
one='' two=''

# The monitors outlive this script just long enough to end what runs.
cleanup() {
	status=$?
	trap - EXIT
	for front in $one $two; do
		kill -TERM "$front" 2>/dev/null || :
		wait "$front" 2>/dev/null || :
	done
	[ "$status" = 0 ] || cat "$work"/*.err >&2 || :
	rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

say() {
	printf '\n# %s\n' "$*"
}

# start NAME [option ...]: its first line is the address, its last "ready".
start() {
	mkfifo "$work/$1"
	# shellcheck disable=SC2016 # expanded by the shell inside the lease
	portlease run -v -- sh -c 'echo "$PORTLEASE_IP"; exec "$@"' sh \
		fixedport -i "$@" >"$work/$1" 2>"$work/$1.err" &
}

# address FD: what the server there was leased, once it is ready.
address() {
	read -r ip <&"$1"
	while read -r line <&"$1"; do
		case $line in
		ready*)
			echo "$ip"
			return
			;;
		esac
	done
	return 1
}

# expect WORDS IN_WHAT
expect() {
	case $2 in
	*"$1"*) ;;
	*)
		echo "demo: expected \"$1\" here" >&2
		exit 1
		;;
	esac
}

# ask NAME COMMAND ...: the server of that name must answer.
ask() {
	name=$1
	shift
	echo "\$ $*"
	answer=$("$@")
	echo "$answer"
	expect "$name pid" "$answer"
}

# verdict NAME STATUS: what portlease said, and what it must have said.
verdict() {
	text=$(cat "$work/$1.err")
	echo "$1: exit status $2"
	echo "$text"
	case $text in
	*CLEAN* | *COOLING*) ;;
	*) expect CLEAN "$text" ;;
	esac
	[ "$2" -eq 0 ]
}

mkdir -m 700 "$PORTLEASE_DIR"
say 'Two servers, both on ports 9925, 9926, 1883, 8883 and [::]:9933'
echo '$ portlease run -v -- fixedport -i one &'
start one
one=$!
exec 3<"$work/one"
echo '$ portlease run -v -- fixedport -i two -x "sleep 600" &'
start two -x 'sleep 600'
two=$!
exec 4<"$work/two"
first=$(address 3)
second=$(address 4)
portlease ps

say 'Each answers its own clients, on localhost inside its lease'
ask one portlease exec --lease "$first" -- client localhost 9925
ask two portlease exec --lease "$second" -- client localhost 9925
ask one portlease exec --lease "$first" -- client ::1 9933
ask two portlease exec --lease "$second" -- client ::1 9933

say 'and on its leased address from outside'
ask one client "$first" 9926
ask two client "$second" 9926

say 'SIGTERM to both; the sleep that two left behind holds its listeners'
status=0
kill -TERM "$one"
wait "$one" || status=$?
one=''
verdict one "$status"
kill -TERM "$two"
wait "$two" || status=$?
two=''
verdict two "$status"
expect 'sleep 600' "$text"
expect 9926 "$text"

say 'Nothing is left'
echo '$ portlease ps'
left=$(portlease ps)
echo "$left"
case $left in *127.*) exit 1 ;; esac
