#!/bin/sh
# SPDX-License-Identifier: ISC
# A file has at most 400 lines, a function at most 40.  sizes.sh [DIRECTORY]
set -eu
cd "${1:-$(dirname "$0")/..}"

find shim tools -name '*.[ch]' | sort | xargs awk '
FNR == 1 { start = 0 }
FNR == 401 { printf "%s: more than 400 lines\n", FILENAME; failed = 1 }
/^\{$/ { start = FNR }
/^\}/ && start {
	if (FNR - start - 1 > 40) {
		printf "%s:%d: a function of %d lines\n", FILENAME, start,
		    FNR - start - 1
		failed = 1
	}
	start = 0
}
END { exit failed }
'
