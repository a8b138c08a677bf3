#!/bin/sh
# SPDX-License-Identifier: ISC
# The house rules that a program can check.  lint.sh COMPILER-FLAGS
set -eu
cd "$(dirname "$0")/.."
jobs=$(nproc)

tidy='-*,bugprone-*,-bugprone-easily-swappable-parameters'
tidy=$tidy,-bugprone-reserved-identifier,-bugprone-sizeof-expression
tidy="$tidy,-bugprone-narrowing-conversions,clang-analyzer-*"
tidy=$tidy,-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling
tidy="$tidy,-clang-analyzer-valist.*,-clang-analyzer-optin.performance.Padding"

# step NAME COMMAND ...: say what is checked, and stop at the first failure.
step() {
	echo "  lint: $1"
	shift
	"$@"
}

step 'folders include downwards' tests/layers.sh
step 'README files name every source' tests/readmes.sh
step 'sizes of files and functions' tests/sizes.sh
step 'clang-format' clang-format --dry-run -Werror \
	shim/*/*.[ch] tools/*/*.[ch] tests/*/*.[ch]
step 'cppcheck' cppcheck --quiet --error-exitcode=1 --inline-suppr --std=c11 \
	-j "$jobs" --enable=warning,portability -D_GNU_SOURCE -D__x86_64__ \
	-Ishim -Itools shim tools
# shellcheck disable=SC2016 # the inner shell expands it
tidy_all() {
	printf '%s\n' shim/*/*.c tools/*/*.c |
		xargs -P "$jobs" -n 8 sh -c 'flags=$1; checks=$2; shift 2
			clang-tidy --quiet --warnings-as-errors="*" \
				--checks="$checks" "$@" -- $flags 2>/dev/null' \
			sh "$1 -DVERSION=\"\"" "$tidy"
}
step 'clang-tidy' tidy_all "$1"
step 'manual pages' mandoc -T lint -W warning tools/man/*.[1-9]
step 'shell scripts' shellcheck .ci/run tools/portlease-runtime \
	tools/npm/worker-node tools/completions/portlease.bash \
	tools/ci/job.sh tests/*.sh
step 'shell scripts of the programs' shellcheck -x -P SCRIPTDIR \
	tests/programs/row.sh tests/programs/rows/*.sh
