#!/bin/sh
# SPDX-License-Identifier: ISC
# A job of a CI service in a lease; action.yml and gitlab.yml call it.
#
# job.sh install: build portlease from the tree that this file is in and put it
#	into PATH, unless it is there.
# job.sh run: run PORTLEASE_RUN in a lease, keep what is known of it in the
#	directory PORTLEASE_RESULTS, and fail when it leaves something behind.
#	PORTLEASE_SHELL ("sh -e") runs it.  portlease itself reads more options
#	from PORTLEASE_OPTIONS.  The exit status is portlease's.
set -eu

die() {
	echo "job.sh: $*" >&2
	exit 125
}

install() {
	if command -v portlease >/dev/null; then
		return
	fi
	tree=$(cd "$(dirname "$0")/../.." && pwd)
	prefix=${PORTLEASE_PREFIX:-${RUNNER_TEMP:-/tmp}/portlease}
	as_root=
	[ "$(id -u)" = 0 ] || as_root=sudo
	"$tree/tests/deps.sh" --missing build 2>/dev/null ||
		$as_root "$tree/tests/deps.sh" build
	make -C "$tree" -j"$(nproc)" B="$prefix/build" PREFIX="$prefix" all install
	if [ -n "${GITHUB_PATH:-}" ]; then
		echo "$prefix/bin" >>"$GITHUB_PATH"
	else
		echo "portlease is in $prefix/bin"
	fi
}

# last MEMBER: its value in the last status line, without quotes.
last() {
	sed -n "\$s/.*\"$1\":\"*\\([^\",}]*\\).*/\\1/p" "$results/status"
}

# The findings of the log as annotations of GitHub, which reads standard output.
annotate() {
	sed -n -e 's/%/%25/g' \
		-e '/: straggler: /s/^/::error title=portlease::/p' \
		-e '/: uncovered: /s/^/::warning title=portlease::/p' \
		"$results/log"
}

# Markdown; an indented line of it cannot end the block that it is in.
summarize() {
	if [ "$leaked" = true ]; then
		echo '### portlease: something was left behind'
	else
		echo '### portlease'
	fi
	echo
	echo '| address | verdict | exit status | of the command |'
	echo '| --- | --- | --- | --- |'
	echo "| $(last address) | $verdict | $status | $(last command_status) |"
	echo
	sed 's/^/    /' "$results/log"
}

report() {
	verdict=$(last verdict)
	leaked=$(last leaked)
	cat "$results/log" >&2
	if [ -n "${GITHUB_OUTPUT:-}" ]; then
		annotate
		printf '%s\n' "verdict=$verdict" "leaked=${leaked:-false}" \
			"address=$(last address)" >>"$GITHUB_OUTPUT"
	fi
	summarize >"$results/summary.md"
	if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then
		cat "$results/summary.md" >>"$GITHUB_STEP_SUMMARY"
	fi
}

run() {
	: "${PORTLEASE_RUN:?is the command to run}"
	results=${PORTLEASE_RESULTS:-portlease-results}
	mkdir -p "$results"
	rm -f "$results/record"
	: >"$results/log"
	: >"$results/status"
	status=0
	# shellcheck disable=SC2086 # words
	portlease run -v --on-leak fail --record "$results/record" \
		--status-file "$results/status" --log-file "$results/log" \
		-- ${PORTLEASE_SHELL:-sh -e} -c "$PORTLEASE_RUN" || status=$?
	report
	exit "$status"
}

case ${1:-} in
install | run) "$1" ;;
*) die 'usage: job.sh install | run' ;;
esac
